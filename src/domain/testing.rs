//! Builders for the domain's tests: a source, runs that have come to a stage, people, the passing of time.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{
    access::{Identities, Membership, Person, Who},
    approval::{Approval, Subject, Verdict},
    doubt::{Doubt, Finding, FindingKind},
    fact::Fact,
    failure::{Class, Failure},
    plan::{Context, Timing},
    run::{Order, Run, Trigger},
    snapshot::{Origin, Snapshot},
    source::{
        ApprovalRule, Catalog, Engine, Export, Layer, LayerWork, Location, Policy, Publish, Schedule, SensitiveLayer,
        Source,
    },
    stage::{Detail, Intent, StageId},
};

/// Who has asked for every run here.
pub(super) const REQUESTER: &str = "UANA";
/// The people who may approve, by their group.
pub(super) const APPROVERS: [&str; 3] = ["UBEN", "UCAT", "UDAN"];
/// The replica that plans.
pub(super) const ME: &str = "me";

pub(super) const TIMING: Timing = Timing {
    lease: SignedDuration::from_secs(30),
    poll: SignedDuration::from_secs(10),
    reconcile_every: SignedDuration::from_secs(60),
    patience: SignedDuration::from_mins(10),
};

/// When every run here was asked for.
pub(super) fn start() -> Timestamp {
    "2026-11-22T03:05:00Z".parse().unwrap()
}

pub(super) fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

pub(super) fn mins(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// A source whose sensitive layer takes two approvals.
pub(super) fn source() -> Source {
    let place = |prefix: &str| Location { bucket: "lake".into(), prefix: prefix.into() };
    let work =
        |name: &str| LayerWork { glue_job: name.into(), catalog: Catalog::Crawler(name.into()), output: place(name) };
    Source {
        name: "shop".into(),
        engine: Engine::Rds,
        identifier: "shop-db".into(),
        schedule: Schedule::OnSnapshot,
        export: Export { to: place("raw"), role_arn: "arn:role".into(), kms_key: "arn:key".into(), only: vec![] },
        publish: Publish::Copy,
        latest: place("latest/shop"),
        expect_every: None,
        retention: None,
        classification: "3f9a2c51".into(),
        rules: Arc::default(),
        policy: Policy::default(),
        normal: work("shop-normal"),
        sensitive: Some(SensitiveLayer {
            work: work("shop-sensitive"),
            approval: ApprovalRule {
                approvers: vec![Who::Group("SPRIVACY".into())],
                quorum: 2,
                expires_after: SignedDuration::from_hours(8),
            },
        }),
        operators: vec![Who::Group("SOPS".into())],
        break_glass: Vec::new(),
        people: Identities::default(),
    }
}

pub(super) fn rule(source: &Source) -> &ApprovalRule {
    &source.sensitive.as_ref().unwrap().approval
}

/// A run that has just been asked for; without `layers`, of all.
pub(super) fn new_run(layers: &[Layer]) -> Run {
    let snapshot = Snapshot {
        id: "rds:shop-db-2026-11-22-03-00".into(),
        arn: "arn:aws:rds:ap-northeast-1:123456789012:snapshot:rds:shop-db-2026-11-22-03-00".into(),
        taken_at: "2026-11-22T03:00:00Z".parse().unwrap(),
        available: true,
        origin: Origin::Automated,
        allocated: Some(100),
    };
    let by = Some(REQUESTER.to_owned());
    let order =
        Order { trigger: Trigger::Slack, requested_by: by, only: vec![], layers: layers.to_vec(), reason: None };
    Run::new(&source(), &snapshot, &order, start())
}

/// A run that has the turn, and has done everything before `stage`.
pub(super) fn run_at(stage: StageId) -> Run {
    let mut run = after(&new_run(&[]), &[Fact::TurnTaken]);
    while let Some(open) = run.open_stage().map(|it| it.id).filter(|it| *it < stage) {
        run = if open == StageId::SensitiveApproval { approved(&asked(&run)) } else { done(&run, open) };
    }
    run
}

/// A run that has begun `stage`.
pub(super) fn begun_at(stage: StageId) -> Run {
    after(&run_at(stage), &[Fact::Began { stage }])
}

/// A run that has ended well.
pub(super) fn succeeded() -> Run {
    done(&run_at(StageId::SensitiveCatalog), StageId::SensitiveCatalog)
}

/// A run that has failed at `stage`.
pub(super) fn failed_at(stage: StageId) -> Run {
    after(&run_at(stage), &[failed(stage)])
}

/// The run as the night `days` after would have made it.
pub(super) fn days_later(run: &Run, days: i64) -> Run {
    let later = SignedDuration::from_hours(24 * days);
    let snapshot_time = run.snapshot_time + later;
    let day = snapshot_time.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y%m%d%H%M").to_string();
    let name = |it: &crate::domain::name::ExportTask| it.as_str().replace("202611220300", &day).parse().unwrap();
    let mut run = run.clone();
    (run.export_task, run.run_id) = (name(&run.export_task), name(&run.run_id));
    run.snapshot_time = snapshot_time;
    run.created_at += later;
    run.updated_at += later;
    run.finished_at = run.finished_at.map(|it| it + later);
    run.succeeded_at = run.succeeded_at.map(|it| it + later);
    for stage in &mut run.stages {
        stage.started_at = stage.started_at.map(|it| it + later);
        stage.finished_at = stage.finished_at.map(|it| it + later);
    }
    run
}

/// The run after `facts`, which happen at the start of everything.
#[track_caller]
pub(super) fn after(run: &Run, facts: &[Fact]) -> Run {
    after_at(run, facts, start())
}

#[track_caller]
pub(super) fn after_at(run: &Run, facts: &[Fact], now: Timestamp) -> Run {
    facts.iter().fold(run.clone(), |run, fact| run.after(fact, now).unwrap())
}

fn done(run: &Run, stage: StageId) -> Run {
    after(run, &[Fact::Began { stage }, finished(stage)])
}

/// The run, waiting for approval.
pub(super) fn asked(run: &Run) -> Run {
    let source = source();
    let approval = Approval::ask(run, &source.classification, rule(&source), start());
    after(run, &[Fact::ApprovalAsked { approval }])
}

/// What a look has found.
pub(super) fn doubt(subject: Subject) -> Doubt {
    let kind = match subject {
        Subject::Rows => FindingKind::FewerRows,
        Subject::Leak => FindingKind::Leaked,
        Subject::Refresh | Subject::Schema => FindingKind::NewColumn,
    };
    let table = "shop.users".to_owned();
    Doubt { subject, findings: vec![Finding { table, column: None, kind, was: None, is: None }] }
}

/// The run after two approvers have let it go on.
pub(super) fn approved(run: &Run) -> Run {
    let source = source();
    APPROVERS[..2].iter().fold(run.clone(), |run, user| {
        let id = &run.approval.as_ref().unwrap().id;
        let vote = Approval::decide(&run, &source, id, &member(user), Verdict::Approve, start());
        after(&run, &[Fact::ApprovalChanged { approval: vote.unwrap() }])
    })
}

/// A full member of the team, who is in the approvers' group if they are one.
pub(super) fn member(user: &str) -> Person {
    let groups = APPROVERS.contains(&user).then(|| "SPRIVACY".to_owned());
    Person { user: user.to_owned(), membership: Membership::Member, groups: groups.into_iter().collect() }
}

pub(super) fn finished(stage: StageId) -> Fact {
    Fact::Finished { stage, detail: Detail::default(), warnings: vec![] }
}

pub(super) fn failed(stage: StageId) -> Fact {
    Fact::Failed { stage, failure: config_failure() }
}

/// A failure that does not pass by itself.
pub(super) fn config_failure() -> Failure {
    Failure::new(Class::Config, "AccessDenied", "not allowed")
}

/// A failure that may pass.
pub(super) fn hiccup() -> Failure {
    Failure::new(Class::Transient, "Throttling", "slow down")
}

/// An intent of `owner` that binds for a lease from `now` on.
pub(super) fn intent(owner: &str, now: Timestamp) -> Intent {
    Intent { owner: owner.to_owned(), until: now + TIMING.lease, marker: None, handle: None }
}

pub(super) fn context(source: &Source, now: Timestamp) -> Context<'_> {
    // Every intent here is seen from its beginning, which is the beginning of everything.
    Context { me: ME, now, timing: &TIMING, source, intent_seen_for: now.duration_since(start()) }
}
