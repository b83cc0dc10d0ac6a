//! The AWS adapters against the stand-ins: real SDK clients, over the wire.

mod contests;
mod endpoints;
mod export;
mod glue;
mod latest;
mod levels;
mod readers;
mod snapshots;
mod troubles;
mod verify;

use std::sync::Arc;

use aws_config::{SdkConfig, retry::RetryConfig};
use datalake_bot::{
    adapters::aws::{Aws, Endpoints, local_config},
    clock::Clock as _,
    domain::{
        run::{Order, Run, Trigger},
        seen::{Seen, Started},
        snapshot::{Snapshot, SnapshotChoice},
        source::{Catalog, Engine, Export, LayerWork, Location, Policy, Publish, Schedule, Source},
        stage::{Intent, StageId, StageStatus},
    },
    engine::ports::{Progress, Snapshots as _, Work as _},
    sandbox::{
        aws::{ACCESS_KEY, Aws as StandIns, Pace, REGION, SECRET_KEY},
        clock::SimClock,
        faults::{Fault, Kind, Moment},
        wire::Front,
    },
};
use jiff::SignedDuration;

const NIGHT: &str = "2026-11-22T03:00:00Z";

/// The stand-ins at a frozen time, the adapters for them, and a source whose database `shop-db` is an instance.
struct World {
    front: Front,
    stand_ins: StandIns,
    aws: Aws,
    source: Source,
}

impl World {
    async fn start(pace: Pace) -> Self {
        let front = Front::new(SimClock::frozen(NIGHT.parse().unwrap()));
        let stand_ins = StandIns::start(&front, pace, Arc::new(drop)).await.unwrap();
        stand_ins.rds.add_instance("shop-db");
        stand_ins.rds.add_cluster("shop-aurora");
        stand_ins.s3.create_bucket("lake");
        stand_ins.glue.add_job("shop-normal", 1, None);
        stand_ins.glue.add_database("shop_normal");
        stand_ins.glue.add_crawler("shop-normal", "shop_normal", "s3://lake/latest/shop".parse().unwrap());
        let aws = Aws::new(&sdk(&stand_ins, RetryConfig::disabled()), Arc::new(front.clock.clone()));
        Self { front, stand_ins, aws, source: source() }
    }

    /// Lets `seconds` pass.
    fn pass(&self, seconds: i64) {
        self.front.clock.advance(SignedDuration::from_secs(seconds));
        self.stand_ins.rds.tick();
        self.stand_ins.glue.tick();
    }

    /// Returns a run of a new automated snapshot of the source, which is available.
    async fn run(&self) -> Run {
        let arn = self.stand_ins.rds.create_automated_snapshot("shop-db").unwrap();
        self.pass(60);
        let found = self.aws.find(&self.source, &SnapshotChoice::Named(arn)).await.unwrap().unwrap();
        self.run_of(&found)
    }

    fn run_of(&self, snapshot: &Snapshot) -> Run {
        let order =
            Order { trigger: Trigger::Event, requested_by: None, only: Vec::new(), layers: Vec::new(), reason: None };
        Run::new(&self.source, snapshot, &order, self.front.clock.now())
    }

    async fn look(&self, run: &Run, stage: StageId) -> Seen {
        self.aws.look(run, &self.source, stage).await
    }

    async fn begin(&self, run: &Run, stage: StageId) -> Started {
        Box::pin(self.aws.start(run, &self.source, stage, &Progress::default())).await
    }

    /// Returns a run whose export has ended well, with its files in S3.
    async fn exported(&self) -> Run {
        let run = self.run().await;
        assert!(matches!(self.begin(&run, StageId::Export).await, Started::Acted { .. }));
        self.pass(60);
        assert!(matches!(self.look(&run, StageId::Export).await, Seen::Done { .. }));
        run
    }

    /// Plants a fault in front of the next call of `operation`.
    fn once(&self, service: &'static str, operation: &str, kind: Kind) {
        self.front.faults.plant(Fault::once(service, operation, kind));
    }

    /// Returns how often `operation` was carried out.
    fn effects(&self, service: &str, operation: &str) -> usize {
        self.front.history.effects(service, operation).len()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.front.stop.cancel();
    }
}

/// The answer is lost, after the request was carried out.
fn lost_answer() -> Kind {
    Kind::Reset { at: Moment::AfterEffect }
}

fn sdk(stand_ins: &StandIns, retries: RetryConfig) -> SdkConfig {
    let at = stand_ins.endpoints.clone();
    let endpoints = Endpoints([("RDS", at.rds), ("Glue", at.glue), ("S3", at.s3)].into());
    local_config(REGION, ACCESS_KEY, SECRET_KEY, endpoints).into_builder().retry_config(retries).build()
}

/// A source that is copied, with a Normal layer only.
pub(crate) fn source() -> Source {
    Source {
        name: "shop".to_owned(),
        engine: Engine::Rds,
        identifier: "shop-db".to_owned(),
        schedule: Schedule::OnSnapshot,
        export: Export {
            to: Location { bucket: "lake".to_owned(), prefix: "raw".to_owned() },
            role_arn: "arn:aws:iam::123456789012:role/export".to_owned(),
            kms_key: "alias/export".to_owned(),
            only: Vec::new(),
        },
        publish: Publish::Copy,
        latest: Location { bucket: "lake".to_owned(), prefix: "latest/shop".to_owned() },
        expect_every: None,
        retention: None,
        classification: "c1a55".to_owned(),
        rules: Arc::default(),
        policy: Policy::default(),
        normal: LayerWork {
            glue_job: "shop-normal".to_owned(),
            catalog: Catalog::Crawler("shop-normal".to_owned()),
            output: Location { bucket: "lake".to_owned(), prefix: "normal/shop".to_owned() },
        },
        sensitive: None,
        operators: Vec::new(),
        break_glass: Vec::new(),
        people: datalake_bot::domain::access::Identities::default(),
    }
}

/// Makes `stage` one that has begun, and whose start `intent` was written for.
fn intend(run: &mut Run, stage: StageId, marker: Option<String>, handle: Option<String>) {
    let until = run.created_at + SignedDuration::from_secs(30);
    let stage = run.stages.iter_mut().find(|it| it.id == stage).unwrap();
    if stage.status == StageStatus::Pending {
        stage.status = StageStatus::Running;
        stage.attempt += 1;
    }
    stage.intent = Some(Intent { owner: "me".to_owned(), until, marker, handle });
}

/// Returns what AWS calls the state of work that is under way or done.
fn state(seen: &Seen) -> &str {
    match seen {
        Seen::Running { detail, .. } | Seen::Done { detail, .. } | Seen::Doubtful { detail, .. } => {
            detail.state.as_deref().unwrap_or("-")
        }
        Seen::Absent { .. } => "absent",
        Seen::Risky { .. } => "risky",
        Seen::Busy(_) => "busy",
        Seen::Failed(_) => "failed",
        Seen::Stopped => "stopped",
        Seen::Unclear(_) => "unclear",
    }
}
