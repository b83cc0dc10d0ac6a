//! A source with many nights behind it, of which somebody goes back over more than are looked through.

use datalake_bot::{
    adapters::{aws::dynamodb_client, store::DynamoStore},
    clock::Clock as _,
    config::Config,
    domain::{
        rollback::{Rollback, RolledBack},
        run::{Order, Run, RunStatus, Trigger},
        snapshot::{Origin, Snapshot},
        source::Source,
        stage::StageStatus,
    },
    engine::ports::{Change, Store as _},
    sandbox::world::World,
};
use jiff::{SignedDuration, Timestamp};

use crate::harness::{ANA, Bot, options};

const SOURCE: &str = "school";

/// More than any list of recent runs has.
const NIGHTS: i64 = 25;

fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

/// The record of a good run, of a snapshot that was taken `days` before `now`.
fn night(source: &Source, now: Timestamp, days: i64) -> Run {
    let taken_at = now - hours(24 * days);
    let (begun, ended) = (taken_at + hours(1), taken_at + hours(2));
    let id = format!("rds:{SOURCE}-{days}");
    let arn = format!("arn:aws:rds:ap-northeast-1:123456789012:snapshot:{id}");
    let snapshot = Snapshot { id, arn, taken_at, available: true, origin: Origin::Automated, allocated: None };
    let order = Order { trigger: Trigger::Event, requested_by: None, only: vec![], layers: vec![], reason: None };
    let mut run = Run::new(source, &snapshot, &order, begun);
    for stage in run.stages.iter_mut().filter(|it| it.status == StageStatus::Pending) {
        (stage.status, stage.attempt) = (StageStatus::Succeeded, 1);
        (stage.started_at, stage.finished_at) = (Some(begun), Some(ended));
    }
    (run.status, run.has_turn) = (RunStatus::Succeeded, false);
    (run.finished_at, run.succeeded_at) = (Some(ended), Some(ended));
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_gone_back_over_many_good_nights_is_told_how_old_the_data_is() {
    let world = World::start(options()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = Config::load(&world.write_config(folder.path(), "127.0.0.1:0").unwrap()).unwrap();
    let source = config.sources.into_iter().find(|it| it.name == SOURCE).unwrap();
    let store = DynamoStore::new(dynamodb_client(&world.sdk_config()), "datalake-runs".into(), "datalake-state".into());
    let now = world.front.clock.now();
    let mut nights: Vec<Run> = (1..=NIGHTS).rev().map(|days| night(&source, now, days)).collect();
    let (from, to, at) =
        (nights[NIGHTS as usize - 1].export_task.clone(), nights[1].export_task.clone(), now - hours(3));
    nights.last_mut().unwrap().rolled_back_to =
        Some(RolledBack { to: to.clone(), by: ANA.to_owned(), at, reason: None });
    nights[1].rollback = Some(Rollback { from, by: ANA.to_owned(), at, reason: None });
    for run in &nights {
        store.write(&[Change::Create(run)]).await.unwrap();
        store.settle(&run.export_task, run.version).await.unwrap();
    }
    let last = store.last_success(SOURCE).await.unwrap().unwrap();
    assert_eq!(last.export_task, to, "what the next run is compared with");

    let bot = Bot::start_in(world, |it| it).await;
    let told = bot.slash(ANA, &format!("/datalake status {SOURCE}")).await;
    let taken = format!("<!date^{}^", nights[1].snapshot_time.as_second());
    assert!(told.contains(&taken), "{taken} {told}");
}
