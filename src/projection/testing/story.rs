//! Runs for tests, told as what happens to them.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    access::{Identities, Membership, Person, Who},
    approval::{Approval, ApprovalState, Subject, Verdict},
    doubt::{Doubt, Finding},
    fact::Fact,
    failure::{Class, Failure, Found, codes},
    retry::{Retry, automatic, retry},
    rollback::Rollback,
    run::{Order, Run, Trigger},
    snapshot::{Origin, Snapshot},
    source::{
        ApprovalRule, Catalog, Engine, Export, Layer, LayerWork, Location, Policy, Publish, Schedule, SensitiveLayer,
        Source,
    },
    stage::{Detail, StageId, WaitOn},
    warning::Warning,
};

/// A run, and the time in its story.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) run: Run,
    pub(crate) source: Source,
    pub(crate) now: Timestamp,
}

pub(crate) fn source(name: &str) -> Source {
    let place = |prefix: &str| Location { bucket: "lake".into(), prefix: prefix.into() };
    let work =
        |name: &str| LayerWork { glue_job: name.into(), catalog: Catalog::Crawler(name.into()), output: place(name) };
    Source {
        name: name.into(),
        engine: Engine::Rds,
        identifier: format!("{name}-db"),
        schedule: Schedule::OnSnapshot,
        export: Export { to: place("raw"), role_arn: "arn:role".into(), kms_key: "arn:key".into(), only: vec![] },
        publish: Publish::Copy,
        latest: place("latest/shop"),
        expect_every: None,
        retention: None,
        classification: "3f9a2c51d0e77b64".into(),
        rules: Arc::default(),
        policy: Policy::default(),
        normal: work("shop-normal"),
        sensitive: Some(SensitiveLayer {
            work: work("shop-sensitive"),
            approval: ApprovalRule {
                approvers: vec![Who::Group("S0PRIVACY01".into()), Who::User("UBEN".into())],
                quorum: 2,
                expires_after: SignedDuration::from_hours(8),
            },
        }),
        operators: vec![Who::Group("S0DATAOPS01".into())],
        break_glass: Vec::new(),
        people: Identities::default(),
    }
}

pub(crate) fn order(trigger: Trigger, by: Option<&str>) -> Order {
    Order { trigger, requested_by: by.map(str::to_owned), only: vec![], layers: vec![], reason: None }
}

/// A run of `shop` that UANA has asked for.
pub(crate) fn begun() -> Story {
    told(source("shop"), &order(Trigger::Slack, Some("UANA")))
}

pub(crate) fn told(source: Source, order: &Order) -> Story {
    let now: Timestamp = "2026-11-22T03:05:00Z".parse().unwrap();
    let snapshot = Snapshot {
        id: format!("rds:{}-2026-11-22-03-00", source.identifier),
        arn: format!("arn:aws:rds:ap-northeast-1:123456789012:snapshot:rds:{}-2026-11-22-03-00", source.identifier),
        taken_at: "2026-11-22T03:00:00Z".parse().unwrap(),
        available: true,
        origin: Origin::Automated,
        allocated: Some(100),
    };
    Story { run: Run::new(&source, &snapshot, order, now), source, now }
}

impl Story {
    /// After some minutes, `fact` happens if it can.
    #[must_use]
    pub(crate) fn maybe(mut self, minutes: i64, fact: &Fact) -> Self {
        self.now += SignedDuration::from_mins(minutes);
        if let Ok(run) = self.run.after(fact, self.now) {
            self.run = run;
        }
        self
    }

    /// After some minutes, `fact` happens.
    #[must_use]
    pub(crate) fn then(mut self, minutes: i64, fact: &Fact) -> Self {
        self.now += SignedDuration::from_mins(minutes);
        self.run = self.run.after(fact, self.now).unwrap();
        self
    }

    /// The open stage begins, with the turn if it is not had yet; a decision of people begins when they are asked.
    #[must_use]
    pub(crate) fn begin(self) -> Self {
        let stage = self.run.open_stage().unwrap().id;
        self.maybe(0, &Fact::TurnTaken).maybe(0, &Fact::Began { stage })
    }

    #[must_use]
    pub(crate) fn progress(self, minutes: i64, detail: Detail) -> Self {
        let stage = self.run.open_stage().unwrap().id;
        self.then(minutes, &Fact::Progressed { stage, detail })
    }

    #[must_use]
    pub(crate) fn wait(self, on: WaitOn) -> Self {
        let stage = self.run.open_stage().unwrap().id;
        self.then(1, &Fact::Waited { stage, on })
    }

    #[must_use]
    pub(crate) fn finish(self, minutes: i64, detail: Detail, warnings: &[&str]) -> Self {
        let stage = self.run.open_stage().unwrap().id;
        let warnings = warnings.iter().map(|it| (*it).into()).collect();
        self.begin().then(minutes, &Fact::Finished { stage, detail, warnings })
    }

    /// Every stage before `stage` is done.
    #[must_use]
    pub(crate) fn until(mut self, stage: StageId) -> Self {
        while self.run.open_stage().is_some_and(|it| it.id < stage) {
            self = match self.run.open_stage().unwrap().id {
                StageId::SensitiveApproval => self.ask().vote("UBEN", Verdict::Approve).vote("UCAT", Verdict::Approve),
                StageId::Export => self.finish(72, Detail { gigabytes: Some(263.0), ..Detail::default() }, &[]),
                StageId::Verify => self.finish(1, Detail { tables: Some(52), ..Detail::default() }, &[]),
                StageId::Latest => {
                    let detail = Detail { objects: Some(1840), bytes: Some(98_400_000_000), ..Detail::default() };
                    self.finish(9, Detail { removed: Some(12), ..detail }, &[])
                }
                StageId::NormalTransform | StageId::SensitiveTransform => {
                    self.finish(25, Detail { job_run_id: Some("jr_0123abcd".into()), ..Detail::default() }, &[])
                }
                StageId::Snapshot | StageId::NormalCatalog | StageId::SensitiveCatalog => {
                    self.finish(2, Detail::default(), &[])
                }
            };
        }
        self
    }

    /// Everything is done.
    #[must_use]
    pub(crate) fn end(self) -> Self {
        self.until(StageId::SensitiveCatalog).finish(4, Detail { tables: Some(52), ..Detail::default() }, &[])
    }

    #[must_use]
    pub(crate) fn fail(self, code: &str, message: &str) -> Self {
        let stage = self.run.open_stage().unwrap().id;
        self.begin().then(5, &Fact::Failed { stage, failure: Failure::new(Class::Config, code, message) })
    }

    /// The open stage fails for what the bot itself has found.
    #[must_use]
    pub(crate) fn fail_for(self, code: &str, found: Found) -> Self {
        let stage = self.run.open_stage().unwrap().id;
        self.begin().then(5, &Fact::Failed { stage, failure: Failure::found(Class::Data, code, found) })
    }

    /// The open stage succeeds, and `findings` in `layer` are warned of.
    #[must_use]
    pub(crate) fn warned(self, layer: Layer, findings: &[Finding]) -> Self {
        let stage = self.run.open_stage().unwrap().id;
        let warnings = Warning::of(findings.to_vec(), Some(layer), 2);
        self.begin().then(5, &Fact::Finished { stage, detail: Detail::default(), warnings })
    }

    #[must_use]
    pub(crate) fn ask(self) -> Self {
        let rule = &self.source.sensitive.as_ref().unwrap().approval;
        let approval = Approval::ask(&self.run, &self.source.classification, rule, self.now);
        self.maybe(0, &Fact::TurnTaken).then(0, &Fact::ApprovalAsked { approval })
    }

    /// The open stage's work is done, and a look has found what people must decide about.
    #[must_use]
    pub(crate) fn doubt(self, subject: Subject, findings: &[Finding]) -> Self {
        let story = self.begin();
        let (stage, findings) = (story.run.open_stage().unwrap().id, findings.to_vec());
        let doubt = Doubt { subject, findings };
        let approval = Approval::about(&story.run, &story.source, stage, &doubt, story.now).unwrap();
        story.then(2, &Fact::ApprovalAsked { approval })
    }

    #[must_use]
    pub(crate) fn vote(self, user: &str, verdict: Verdict) -> Self {
        let groups = ["S0PRIVACY01".to_owned()].into();
        let person = Person { user: user.into(), membership: Membership::Member, groups };
        let id = &self.run.request().unwrap().id;
        let approval = Approval::decide(&self.run, &self.source, id, &person, verdict, self.now).unwrap();
        self.then(3, &Fact::ApprovalChanged { approval })
    }

    #[must_use]
    pub(crate) fn expire(self) -> Self {
        let approval = Approval { state: ApprovalState::Expired, ..self.run.request().unwrap().clone() };
        self.then(480, &Fact::ApprovalChanged { approval })
    }

    #[must_use]
    pub(crate) fn cancel(self, by: &str) -> Self {
        self.then(1, &Fact::CancelAsked { by: by.into() })
    }

    /// RDS fails by its own fault, and the bot goes on by itself if it may.
    #[must_use]
    pub(crate) fn stumble(self) -> Self {
        let message = "An unknown internal error occurred.";
        let failure = Failure::new(Class::NewAttempt, codes::EXPORT_FAILED, message);
        let story = self.begin().then(5, &Fact::Failed { stage: StageId::Export, failure });
        match automatic(&story.run, story.now) {
            Some((_, run)) => Self { run, ..story },
            None => story,
        }
    }

    /// Somebody goes back from the run of that name to this one, a day later.
    pub(crate) fn back(self, from: &str) -> Self {
        let reason = Some("half the rows of <lessons> are missing".to_owned());
        let rollback = Rollback { from: from.parse().unwrap(), by: "UZOE".into(), at: self.now, reason };
        self.then(1440, &Fact::BroughtBack { rollback }).then(0, &Fact::TurnTaken)
    }

    /// `by` retries the run, if it can be; where that is a new attempt, the story goes on with it.
    #[must_use]
    pub(crate) fn retry(mut self, by: &str, from: Option<StageId>) -> Self {
        self.now += SignedDuration::from_mins(30);
        match retry(&self.run, from, by, self.now) {
            Ok(Retry::Same { fact, .. }) => self.then(0, &fact),
            Ok(Retry::NewAttempt { next, .. }) => Self { run: *next, ..self },
            Err(_) => self,
        }
    }
}
