//! What is planned for everything that can be seen of a stage, and how people's decisions are sought and kept to.

use jiff::Timestamp;
use rstest::rstest;

use super::{Act, Context, Need, Plan, WaitOn, need, plan, plan_decision, plan_turn, settle};
use crate::domain::{
    access::Who,
    approval::{Approval, ApprovalState, Subject, Verdict, Void},
    fact::Fact,
    failure::{Class, Failure, codes},
    run::{Run, RunStatus},
    seen::{Seen, Started},
    source::Source,
    stage::{Detail, Intent, Stage, StageId},
    testing::{
        APPROVERS, ME, TIMING, after, after_at, asked, begun_at, config_failure, context, doubt, failed_at, hiccup,
        intent, member, mins, new_run, run_at, secs, source, start, succeeded,
    },
};

mod exhaustive;
mod promise;
mod properties;
mod table;
mod world;

const TRANSFORM: StageId = StageId::SensitiveTransform;

/// The plan in words: the facts, the act, and when to look again.
fn told(plan: &Plan) -> String {
    let act = plan.act.map(|it| match it {
        Act::Start(_) => "start".to_owned(),
        Act::Stop(_) => "stop".to_owned(),
    });
    let again = plan.again.map(|it| format!("again {}", it.as_secs()));
    plan.facts.iter().map(fact).chain(act).chain(again).collect::<Vec<_>>().join(", ")
}

fn fact(fact: &Fact) -> String {
    match fact {
        Fact::Failed { failure, .. } => format!("failed {}", failure.code),
        Fact::Waited { .. } => "waited".into(),
        Fact::Began { .. } => "began".into(),
        Fact::Intended { .. } => "intended".into(),
        Fact::Withdrawn { .. } => "withdrawn".into(),
        Fact::Acted { .. } => "acted".into(),
        Fact::Progressed { .. } => "progressed".into(),
        Fact::Finished { .. } => "finished".into(),
        Fact::ApprovalAsked { .. } => "asked".into(),
        Fact::ApprovalChanged { approval } => format!("{:?}", approval.state).to_lowercase(),
        Fact::ApprovalVoided { .. } => "voided".into(),
        Fact::ApprovalReminded { .. } => "reminded".into(),
        Fact::Canceled => "canceled".into(),
        Fact::TurnTaken
        | Fact::Renewed { .. }
        | Fact::GivenBack { .. }
        | Fact::CancelAsked { .. }
        | Fact::Superseded
        | Fact::Retried { .. }
        | Fact::Continued { .. }
        | Fact::Acknowledged { .. }
        | Fact::Overtaken { .. }
        | Fact::GlassBroken { .. }
        | Fact::GlassReviewed { .. }
        | Fact::CatalogsSeen { .. }
        | Fact::BroughtBack { .. }
        | Fact::RolledBack { .. }
        | Fact::RollbackUndone { .. }
        | Fact::RemovalBegan
        | Fact::RemovalEnded { .. } => format!("unplanned {fact:?}"),
    }
}

fn absent() -> Seen {
    Seen::Absent { marker: None }
}

fn slot() -> WaitOn {
    WaitOn::JobSlot { message: "taken".into() }
}

/// The run, with an intent of `stage` that binds for a lease from `now` on.
fn intended(run: &Run, stage: StageId, now: Timestamp) -> Run {
    after_at(run, &[Fact::Intended { stage, intent: intent(ME, now) }], now)
}

#[test]
fn each_state_of_a_run_needs_something_until_it_is_over() {
    assert_eq!(need(&new_run(&[])), Need::Turn);
    for stage in StageId::ALL {
        let expected = if stage == StageId::SensitiveApproval { Need::Decision } else { Need::Look(stage) };
        assert_eq!(need(&run_at(stage)), expected);
        assert_eq!(need(&failed_at(stage)), Need::Rest);
        let retried = Fact::Retried { from: stage, by: "UELI".into() };
        if stage > StageId::Export {
            assert_eq!(need(&after(&failed_at(stage), &[retried])), Need::Turn);
        }
    }
    assert_eq!(need(&asked(&run_at(StageId::SensitiveApproval))), Need::Decision);
    assert_eq!(need(&succeeded()), Need::Rest);
}

#[test]
fn a_run_without_the_turn_waits_for_it_once_told_or_is_canceled() {
    let (source, run) = (source(), new_run(&[]));
    let plan = |run: &Run| plan_turn(run, "shop-b", context(&source, start()));
    assert_eq!(told(&plan(&run)), "waited, again 10");
    let waits = after(&run, &plan(&run).facts);
    assert_eq!(told(&plan(&waits)), "again 10");
    let canceled = after(&waits, &[Fact::CancelAsked { by: "UELI".into() }]);
    assert_eq!(told(&plan(&canceled)), "canceled");
}

#[test]
fn pauses_grow_with_the_wait_up_to_one_sweep() {
    let source = source();
    let run = after(&begun_at(StageId::Latest), &[Fact::Waited { stage: StageId::Latest, on: slot() }]);
    for (seconds, pause) in [(0, 10), (40, 10), (100, 25), (240, 60), (5000, 60)] {
        let plan = plan(&run, StageId::Latest, &Seen::Busy(slot()), context(&source, start() + secs(seconds)));
        assert_eq!(told(&plan), format!("again {pause}"), "after {seconds} s");
    }
}

#[test]
fn what_takes_longer_than_its_deadline_is_stuck_unless_it_has_ended() {
    let source = source();
    for stage in StageId::ALL.into_iter().filter(|it| *it != StageId::SensitiveApproval) {
        let now = start() + stage.deadline() + secs(1);
        let running = Seen::Running { handle: None, detail: Detail::default() };
        let done = Seen::Done { detail: Detail::default(), warnings: vec![] };
        for (seen, expected) in [
            (&running, "failed Stuck"),
            (&absent(), "failed Stuck"),
            (&Seen::Busy(WaitOn::StatusFiles), "failed StatusFilesMissing"),
            (&Seen::Unclear(hiccup()), "failed Stuck"),
            (&done, "finished"),
        ] {
            assert_eq!(told(&plan(&begun_at(stage), stage, seen, context(&source, now))), expected, "{stage}");
        }
        let canceled = after(&begun_at(stage), &[Fact::CancelAsked { by: "UELI".into() }]);
        let told_of = |seen| told(&plan(&canceled, stage, seen, context(&source, now)));
        assert_eq!((told_of(&running).as_str(), told_of(&absent()).as_str()), ("failed Stuck", "canceled"));
    }
}

#[test]
fn time_in_which_people_were_asked_is_no_work_also_when_what_they_were_asked_became_void() {
    let (source, stage) = (source(), StageId::NormalCatalog);
    let hours = |it: i64| start() + secs(3600 * it);
    let asked = asked(&run_at(StageId::SensitiveApproval)).approval.unwrap();
    let voided = Approval { stage, ..asked.voided(Void::Plan, &[], hours(9)) };
    let run = Run { past_approvals: vec![voided], ..begun_at(stage) };
    let told_at = |run: &Run, now| told(&plan(run, stage, &absent(), context(&source, now)));
    assert_eq!(told_at(&begun_at(stage), hours(10)), "failed Stuck");
    assert_ne!(told_at(&run, hours(10)), "failed Stuck");
    assert_eq!(told_at(&run, hours(9) + stage.deadline() + secs(1)), "failed Stuck");
}

#[test]
fn a_trouble_that_does_not_pass_is_a_failure_whether_it_is_met_in_looking_or_in_starting() {
    let (source, stage) = (source(), StageId::Export);
    let run =
        after(&intended(&begun_at(stage), stage, start()), &[Fact::Waited { stage, on: WaitOn::Trouble(hiccup()) }]);
    let in_time = context(&source, start() + TIMING.patience);
    let late = context(&source, start() + TIMING.patience + secs(1));
    let unclear = Seen::Unclear(hiccup());
    assert_eq!(told(&plan(&run, stage, &unclear, in_time)), "again 60");
    assert_eq!(told(&plan(&run, stage, &unclear, late)), "failed Throttling");
    // Nothing is given up that may have been started: that takes a look.
    assert_eq!(told(&settle(&run, stage, Started::Unclear(hiccup()), late)), "again 60");
    assert_eq!(told(&plan(&run, stage, &absent(), in_time)), "intended, start");
    assert_eq!(told(&plan(&run, stage, &absent(), late)), "failed Throttling");
    let refused = Started::Refused(WaitOn::Trouble(hiccup()));
    assert_eq!(told(&settle(&run, stage, refused.clone(), in_time)), "withdrawn, again 60");
    assert_eq!(told(&settle(&run, stage, refused, late)), "failed Throttling");
}

#[rstest]
#[case(Started::Acted { handle: Some("jr_1".into()) }, "acted")]
#[case(Started::Refused(slot()), "withdrawn, again 10")]
#[case(Started::Failed(config_failure()), "failed AccessDenied")]
#[case(Started::Unclear(hiccup()), "waited, again 10")]
#[case(Started::Unclear(config_failure()), "waited, again 10")]
fn what_came_of_a_start_is_recorded(#[case] started: Started, #[case] expected: &str) {
    let (source, stage) = (source(), StageId::NormalTransform);
    let run = intended(&begun_at(stage), stage, start());
    let plan = settle(&run, stage, started, context(&source, start() + secs(1)));
    assert_eq!(told(&plan), expected);
    after_at(&run, &plan.facts, start() + secs(1));
}

#[test]
fn what_the_bot_itself_has_done_and_somebody_has_undone_is_done_again() {
    let (source, stage) = (source(), StageId::Latest);
    let run = intended(&begun_at(stage), stage, start());
    let acted = settle(&run, stage, Started::Acted { handle: None }, context(&source, start()));
    assert_eq!(told(&acted), "again 0", "a look tells what came of it");
    let stuck = after(&run, &[Fact::Waited { stage, on: WaitOn::Trouble(hiccup()) }]);
    let acted = settle(&stuck, stage, Started::Acted { handle: None }, context(&source, start()));
    assert_eq!(told(&acted), "progressed, again 0");
    assert!(after(&stuck, &acted.facts).stage(stage).waiting.is_none(), "it is not in the way any more");
    let seen_for = |it| Context { intent_seen_for: it, ..context(&source, start() + secs(1)) };
    let lease = stage.appears_within().max(TIMING.lease);
    assert_eq!(told(&plan(&run, stage, &absent(), seen_for(lease))), "intended, start");
    assert_eq!(told(&plan(&run, stage, &absent(), seen_for(lease - secs(7)))), "again 7");
    let done = Seen::Done { detail: Detail::default(), warnings: vec![] };
    assert_eq!(told(&plan(&run, stage, &done, seen_for(secs(1)))), "finished");
}

#[test]
fn people_are_asked_waited_for_and_not_waited_for_any_longer() {
    let (source, run) = (source(), run_at(StageId::SensitiveApproval));
    let plan = |run: &Run, now| plan_decision(run, context(&source, now));
    assert_eq!(told(&plan(&run, start())), "asked");
    let waits = after(&run, &plan(&run, start()).facts);
    assert_eq!(told(&plan(&waits, start() + mins(1))), format!("again {}", 4 * 3600 - 60));
    let half = start() + mins(240);
    assert_eq!(told(&plan(&waits, half)), "reminded");
    let reminded = after_at(&waits, &plan(&waits, half).facts, half);
    assert_eq!(told(&plan(&reminded, half)), format!("again {}", 4 * 3600));
    let expiry = waits.approval.as_ref().unwrap().expires_at;
    assert_eq!(told(&plan(&waits, expiry)), "expired");
    assert_eq!(after_at(&waits, &plan(&waits, expiry).facts, expiry).status, RunStatus::Expired);
    let canceled = after(&waits, &[Fact::CancelAsked { by: "UELI".into() }]);
    assert_eq!(told(&plan(&canceled, start())), "canceled");
}

#[test]
fn an_open_request_for_another_plan_is_replaced_and_without_a_rule_nobody_is_asked() {
    let waits = asked(&run_at(StageId::SensitiveApproval));
    let reclassified = Source { classification: "new".into(), ..source() };
    let plan = plan_decision(&waits, context(&reclassified, start() + mins(1)));
    let again = after_at(&waits, &plan.facts, start() + mins(1));
    assert_eq!((again.past_approvals.len(), again.status), (1, RunStatus::WaitingApproval));
    assert!(again.approval.unwrap().is_for(&waits, "new"));
    let bare = Source { sensitive: None, ..source() };
    for run in [&waits, &run_at(StageId::SensitiveApproval)] {
        assert_eq!(told(&plan_decision(run, context(&bare, start()))), "failed SourceGone");
    }
}

#[rstest]
#[case::pending(run_at(TRANSFORM))]
#[case::begun(begun_at(TRANSFORM))]
#[case::tried_in_vain(intended(&begun_at(TRANSFORM), TRANSFORM, start()))]
fn nothing_sensitive_starts_without_an_approval_that_stands(#[case] run: Run) {
    let (source, now) = (source(), start() + mins(1));
    let plan_at = |source: &Source, now| plan(&run, TRANSFORM, &absent(), context(source, now));
    assert_eq!(plan_at(&source, now).act, Some(Act::Start(TRANSFORM)));
    let expiry = run.approval.as_ref().unwrap().expires_at;
    let reclassified = Source { classification: "new".into(), ..source.clone() };
    for (source, now) in [(&source, expiry), (&reclassified, now)] {
        let plan = plan_at(source, now);
        assert_eq!((told(&plan).as_str(), plan.act), ("voided, asked", None));
        let again = after_at(&run, &plan.facts, now);
        assert_eq!((again.status, need(&again)), (RunStatus::WaitingApproval, Need::Decision));
        assert_eq!(again.approval.unwrap().state, ApprovalState::Pending);
    }
    let bare = Source { sensitive: None, ..source };
    assert!(told(&plan_at(&bare, now)).ends_with("failed SourceGone"));
}

#[test]
fn what_was_started_under_an_approval_goes_on_when_it_runs_out() {
    let (source, run) = (source(), intended(&begun_at(TRANSFORM), TRANSFORM, start()));
    let late = context(&source, run.approval.as_ref().unwrap().expires_at);
    let running = Seen::Running { handle: Some("jr_1".into()), detail: Detail::default() };
    assert_eq!(told(&plan(&run, TRANSFORM, &running, late)), "acted, again 10");
    let catalog = run_at(StageId::SensitiveCatalog);
    assert_eq!(told(&plan(&catalog, StageId::SensitiveCatalog, &absent(), late)), "began, intended, start");
}

#[test]
fn rules_of_who_may_approve_do_not_change_what_was_approved() {
    let mut source = source();
    source.sensitive.as_mut().unwrap().approval.approvers = vec![Who::User("UNEW".into())];
    let run = run_at(TRANSFORM);
    assert_eq!(plan(&run, TRANSFORM, &absent(), context(&source, start())).act, Some(Act::Start(TRANSFORM)));
}

/// The run of which a look has found what people must decide about.
fn doubted(subject: Subject, stage: StageId) -> (Run, Seen) {
    let detail = Detail { tables: Some(3), ..Detail::default() };
    let seen = Seen::Doubtful { doubt: doubt(subject), detail, warnings: vec!["odd".into()] };
    let plan = plan(&begun_at(stage), stage, &seen, context(&source(), start()));
    assert_eq!(told(&plan), "progressed, asked");
    (after(&begun_at(stage), &plan.facts), seen)
}

fn answered(run: &Run, users: &[&str], verdict: Verdict) -> Run {
    users.iter().fold(run.clone(), |run, user| {
        let id = run.request().unwrap().id.clone();
        let approval = Approval::decide(&run, &source(), &id, &member(user), verdict, start()).unwrap();
        after(&run, &[Fact::ApprovalChanged { approval }])
    })
}

#[rstest]
#[case(Subject::Schema, StageId::Verify, 1)]
#[case(Subject::Leak, StageId::NormalCatalog, 2)]
#[case(Subject::Rows, StageId::NormalTransform, 1)]
fn what_is_doubtful_counts_when_people_have_said_so(
    #[case] subject: Subject,
    #[case] stage: StageId,
    #[case] quorum: usize,
) {
    let (source, (waits, seen)) = (source(), doubted(subject, stage));
    assert_eq!((waits.status, waits.stage, need(&waits)), (RunStatus::WaitingApproval, stage, Need::Decision));
    assert_eq!(told(&plan_decision(&waits, context(&source, start()))), format!("again {}", 4 * 3600));
    let goes_on = answered(&waits, &APPROVERS[..quorum], Verdict::Approve);
    assert_eq!((goes_on.status, need(&goes_on)), (RunStatus::Running, Need::Look(stage)));
    let next = plan(&goes_on, stage, &seen, context(&source, start()));
    assert_eq!(told(&next), "finished");
    assert_eq!(after(&goes_on, &next.facts).warnings, ["odd".into()]);
    // However long they took, a look that fails is waited out.
    let unclear = Seen::Unclear(hiccup());
    let mut late = goes_on;
    late.question.as_mut().unwrap().votes.last_mut().unwrap().at = start() + mins(700);
    assert_eq!(told(&plan(&late, stage, &unclear, context(&source, start() + mins(701)))), "waited, again 10");
    let denied = answered(&waits, &APPROVERS[..1], Verdict::Deny);
    assert_eq!(
        (denied.status, denied.error.unwrap().failure.code.as_str()),
        (RunStatus::Canceled, codes::DOUBT_DENIED)
    );
    let expiry = waits.request().unwrap().expires_at;
    let expired = after_at(&waits, &plan_decision(&waits, context(&source, expiry)).facts, expiry);
    assert_eq!((expired.status, expired.stage), (RunStatus::Expired, stage));
}

#[test]
fn an_answer_is_good_for_the_doubt_that_was_asked_about_and_for_no_other() {
    let (source, (waits, _)) = (source(), doubted(Subject::Rows, StageId::NormalTransform));
    let goes_on = answered(&waits, &APPROVERS[..1], Verdict::Approve);
    let mut worse = doubt(Subject::Rows);
    worse.findings[0].is = Some("0".into());
    let seen = |doubt| Seen::Doubtful { doubt, detail: Detail::default(), warnings: vec![] };
    let next = plan(&goes_on, StageId::NormalTransform, &seen(worse), context(&source, start()));
    assert_eq!(told(&next), "progressed, asked");
    let again = after(&goes_on, &next.facts);
    assert_eq!((again.past_approvals.len(), again.status), (1, RunStatus::WaitingApproval));
    let reclassified = Source { classification: "new".into(), ..source };
    let next = plan(&goes_on, StageId::NormalTransform, &seen(doubt(Subject::Rows)), context(&reclassified, start()));
    assert_eq!(told(&next), "progressed, asked");
    // Where the question is still open, what it was about must be looked for first.
    let voided = plan_decision(&waits, context(&reclassified, start()));
    assert_eq!(told(&voided), "voided");
    let looks = after(&waits, &voided.facts);
    assert_eq!((looks.status, need(&looks)), (RunStatus::Running, Need::Look(StageId::NormalTransform)));
    assert_eq!(looks.past_approvals[0].state, ApprovalState::Void);
}

#[test]
fn without_a_sensitive_layer_the_operators_decide() {
    let source = Source { sensitive: None, operators: vec![Who::User("UELI".into())], ..source() };
    for (subject, quorum) in [(Subject::Schema, 1), (Subject::Rows, 1), (Subject::Leak, 2)] {
        let rule = source.rule(subject).unwrap();
        assert_eq!((rule.approvers, rule.quorum), (source.operators.clone(), quorum));
    }
    assert!(source.rule(Subject::Refresh).is_none());
}
