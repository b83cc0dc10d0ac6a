//! Every sight of a stage's work, in every situation of its intent, with and without somebody who wants an end.

use rstest::rstest;

use super::{
    Class, Context, Detail, Fact, Failure, Intent, Run, Seen, StageId, Subject, TIMING, absent, after, after_at,
    begun_at, codes, config_failure, context, doubt, hiccup, intent, plan, run_at, secs, slot, source, start, told,
};

const STAGE: StageId = StageId::NormalTransform;

/// How far the stage has come, as the record tells it ten seconds after the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Pending,
    /// Begun; nobody acts.
    Free,
    /// This replica acts.
    Mine,
    /// Another one does.
    Anothers,
    /// Whoever wanted to act has not said what came of it in time.
    RunOut,
    /// AWS has confirmed the work just now.
    Confirmed,
    /// AWS has confirmed it longer ago than a lease.
    Grace,
    /// AWS has confirmed it longer ago than anybody waits.
    Gone,
}

const ALL: [Is; 8] = [Is::Pending, Is::Free, Is::Mine, Is::Anothers, Is::RunOut, Is::Confirmed, Is::Grace, Is::Gone];

fn run(is: Is) -> Run {
    let (lease, long) = (TIMING.lease, TIMING.lease + TIMING.patience);
    let (owner, ago, handle) = match is {
        Is::Pending => return run_at(STAGE),
        Is::Free => return begun_at(STAGE),
        Is::Mine => ("me", secs(0), None),
        Is::Anothers => ("other", secs(0), None),
        Is::RunOut => ("other", lease, None),
        Is::Confirmed => ("me", secs(0), Some("jr_1")),
        Is::Grace => ("me", lease, Some("jr_1")),
        Is::Gone => ("me", long, Some("jr_1")),
    };
    let intent = Intent { handle: handle.map(str::to_owned), ..intent(owner, start() - ago) };
    after(&begun_at(STAGE), &[Fact::Intended { stage: STAGE, intent }])
}

/// The plan in words; each of its facts must fit the run.
fn planned(run: &Run, seen: &Seen) -> String {
    let (source, now) = (source(), start() + secs(10));
    let seen_since = run.stage(STAGE).intent.as_ref().map(|it| it.until - TIMING.lease);
    let intent_seen_for = seen_since.map(|it| now.duration_since(it)).unwrap_or_default();
    let plan = plan(run, STAGE, seen, Context { intent_seen_for, ..context(&source, now) });
    after_at(run, &plan.facts, now);
    assert!(!plan.facts.is_empty() || plan.act.is_some() || plan.again.is_some(), "nothing leads on");
    told(&plan)
}

fn running() -> Seen {
    Seen::Running { handle: Some("jr_1".into()), detail: Detail { state: Some("RUNNING".into()), ..Detail::default() } }
}

fn done() -> Seen {
    Seen::Done { detail: Detail::default(), warnings: vec![] }
}

fn doubtful() -> Seen {
    Seen::Doubtful { doubt: doubt(Subject::Rows), detail: Detail::default(), warnings: vec![] }
}

fn risky() -> Seen {
    Seen::Risky { doubt: doubt(Subject::Leak), detail: Detail::default() }
}

fn job_failed() -> Seen {
    Seen::Failed(Failure::new(Class::NewAttempt, codes::JOB_FAILED, "boom"))
}

#[rstest]
#[case::absent(absent(), [
    "began, intended, start", "intended, start", "again 20", "again 20", "intended, start", "again 20", "again 10",
    "failed WorkLost",
])]
#[case::busy(Seen::Busy(slot()), [
    "began, waited, again 10", "waited, again 10", "waited, again 10", "waited, again 10", "waited, again 10",
    "waited, again 10", "waited, again 10", "waited, again 10",
])]
#[case::running(running(), [
    "began, progressed, again 10", "progressed, again 10", "acted, progressed, again 10",
    "acted, progressed, again 10", "acted, progressed, again 10", "progressed, again 10", "progressed, again 10",
    "progressed, again 10",
])]
#[case::done(done(), [
    "began, finished", "finished", "finished", "finished", "finished", "finished", "finished", "finished",
])]
#[case::doubtful(doubtful(), [
    "began, asked", "asked", "asked", "asked", "asked", "asked", "asked", "asked",
])]
#[case::risky(risky(), [
    "began, asked", "asked", "again 20", "again 20", "asked", "again 20", "again 10", "failed WorkLost",
])]
#[case::failed(job_failed(), [
    "began, failed JobFailed", "failed JobFailed", "failed JobFailed", "failed JobFailed", "failed JobFailed",
    "failed JobFailed", "failed JobFailed", "failed JobFailed",
])]
#[case::stopped(Seen::Stopped, [
    "began, failed JobFailed", "failed JobFailed", "failed JobFailed", "failed JobFailed", "failed JobFailed",
    "failed JobFailed", "failed JobFailed", "failed JobFailed",
])]
#[case::may_pass(Seen::Unclear(hiccup()), [
    "began, waited, again 10", "waited, again 10", "waited, again 10", "waited, again 10", "waited, again 10",
    "waited, again 10", "waited, again 10", "waited, again 10",
])]
#[case::will_not_pass(Seen::Unclear(config_failure()), [
    "began, failed AccessDenied", "failed AccessDenied", "failed AccessDenied", "failed AccessDenied",
    "failed AccessDenied", "failed AccessDenied", "failed AccessDenied", "failed AccessDenied",
])]
fn the_next_step(#[case] seen: Seen, #[case] expected: [&str; 8]) {
    assert_eq!(ALL.map(|is| planned(&run(is), &seen)), expected);
}

#[rstest]
#[case::absent(absent(), [
    "canceled", "canceled", "again 20", "again 20", "canceled", "again 20", "canceled", "canceled",
])]
#[case::busy(Seen::Busy(slot()), [
    "canceled", "canceled", "again 20", "again 20", "canceled", "again 20", "canceled", "canceled",
])]
#[case::running(running(), ["stop, again 10"; 8])]
#[case::done(done(), ["canceled"; 8])]
#[case::doubtful(doubtful(), ["canceled"; 8])]
#[case::risky(risky(), [
    "canceled", "canceled", "again 20", "again 20", "canceled", "again 20", "canceled", "canceled",
])]
#[case::failed(job_failed(), ["canceled"; 8])]
#[case::stopped(Seen::Stopped, ["canceled"; 8])]
#[case::may_pass(Seen::Unclear(hiccup()), [
    "canceled", "canceled", "waited, again 10", "waited, again 10", "waited, again 10", "waited, again 10",
    "waited, again 10", "waited, again 10",
])]
#[case::will_not_pass(Seen::Unclear(config_failure()), [
    "canceled", "canceled", "failed AccessDenied", "failed AccessDenied", "failed AccessDenied",
    "failed AccessDenied", "failed AccessDenied", "failed AccessDenied",
])]
fn the_way_to_an_end(#[case] seen: Seen, #[case] expected: [&str; 8]) {
    let wanted = |is| after(&run(is), &[Fact::CancelAsked { by: "UELI".into() }]);
    assert_eq!(ALL.map(|is| planned(&wanted(is), &seen)), expected);
}
