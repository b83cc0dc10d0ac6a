//! What each fact does, and when it is refused.

use jiff::Timestamp;
use rstest::rstest;

use super::{Fact, WaitOn};
use crate::domain::{
    approval::{Approval, ApprovalState, Verdict, Vote},
    failure::codes,
    run::{Run, RunStatus},
    source::Layer,
    stage::{Detail, StageId, StageStatus},
    testing::{
        APPROVERS, REQUESTER, after, after_at, asked, begun_at, failed, failed_at, finished, hiccup, intent, mins,
        new_run, rule, run_at, secs, source, start, succeeded,
    },
};

mod invariants;
mod whole;

const STAGE: StageId = StageId::NormalTransform;

fn intended(now: Timestamp) -> Fact {
    Fact::Intended { stage: STAGE, intent: intent("other", now) }
}

fn acted(handle: Option<&str>) -> Fact {
    Fact::Acted { stage: STAGE, handle: handle.map(str::to_owned) }
}

fn slot() -> WaitOn {
    WaitOn::JobSlot { message: "taken".into() }
}

fn refuses(run: &Run, fact: &Fact) -> bool {
    run.after(fact, start()).is_err()
}

fn ask(run: &Run, now: Timestamp) -> Fact {
    let source = source();
    Fact::ApprovalAsked { approval: Approval::ask(run, &source.classification, rule(&source), now) }
}

fn changed(run: &Run, change: impl FnOnce(&mut Approval)) -> Fact {
    let mut approval = run.approval.clone().unwrap();
    change(&mut approval);
    Fact::ApprovalChanged { approval }
}

fn vote(user: &str, verdict: Verdict) -> Vote {
    Vote::new(user, verdict, start())
}

#[test]
fn a_stage_begins_with_the_turn_and_counts_its_attempts() {
    let queued = new_run(&[]);
    assert!(refuses(&queued, &Fact::Began { stage: StageId::Snapshot }));
    let run = begun_at(STAGE);
    assert_eq!((run.stage, run.stage(STAGE).status, run.stage(STAGE).attempt), (STAGE, StageStatus::Running, 1));
    assert_eq!(run.stage(STAGE).started_at, Some(start()));
    // What has begun is not begun again, and nothing begins out of order.
    assert_eq!(after(&run, &[Fact::Began { stage: STAGE }]), run);
    assert!(refuses(&run, &Fact::Began { stage: StageId::NormalCatalog }));
    assert!(refuses(&run, &Fact::Began { stage: StageId::Latest }));
}

#[test]
fn the_turn_is_taken_once_and_ends_the_wait_for_it() {
    let on = WaitOn::Turn { holder: "shop-a".into() };
    let queued = after(&new_run(&[]), &[Fact::Waited { stage: StageId::Snapshot, on }]);
    let run = after(&queued, &[Fact::TurnTaken]);
    assert!(run.has_turn && run.stage(StageId::Snapshot).waiting.is_none());
    assert!(refuses(&run, &Fact::TurnTaken));
}

#[test]
fn an_intent_can_be_taken_over_until_aws_has_acted() {
    let run = after(&begun_at(STAGE), &[intended(start())]);
    assert!(run.after(&intended(start() + mins(1)), start()).is_ok());
    let acted = after(&run, &[acted(Some("jr_1"))]);
    assert!(acted.after(&intended(start()), start() + mins(60)).is_err());
    assert!(refuses(&acted, &Fact::Withdrawn { stage: STAGE, on: slot() }));
}

#[test]
fn what_is_given_back_can_be_undertaken_at_once() {
    let run = after(&begun_at(STAGE), &[intended(start())]);
    let detail = Detail { objects: Some(3), ..Detail::default() };
    let given_back = Fact::GivenBack { stage: STAGE, detail: detail.clone() };
    let free = after(&run, std::slice::from_ref(&given_back));
    assert_eq!((&free.stage(STAGE).intent, &free.stage(STAGE).detail), (&None, &detail));
    assert!(free.after(&intended(start()), start()).is_ok());
    assert!(refuses(&after(&run, &[acted(Some("jr_1"))]), &given_back), "AWS's work is not the bot's to give back");
}

#[test]
fn a_handle_that_is_known_is_not_forgotten() {
    let handle = |run: &Run| run.stage(STAGE).intent.as_ref().unwrap().handle.clone();
    let run = after(&begun_at(STAGE), &[intended(start())]);
    assert_eq!(handle(&after(&run, &[acted(None)])).as_deref(), Some(""));
    assert_eq!(handle(&after(&run, &[acted(Some("jr_1")), acted(None)])).as_deref(), Some("jr_1"));
}

#[rstest]
#[case::acted(acted(None))]
#[case::withdrawn(Fact::Withdrawn { stage: STAGE, on: slot() })]
#[case::given_back(Fact::GivenBack { stage: STAGE, detail: Detail::default() })]
#[case::renewed(Fact::Renewed { stage: STAGE, until: start(), detail: Detail::default() })]
fn what_comes_of_an_intent_needs_one(#[case] fact: Fact) {
    assert!(refuses(&begun_at(STAGE), &fact));
}

#[test]
fn a_wait_counts_from_its_first_moment_until_something_moves() {
    let since = |run: &Run| run.stage(STAGE).waiting.as_ref().map(|it| it.since);
    let withdrawn = Fact::Withdrawn { stage: STAGE, on: slot() };
    let waits = after(&begun_at(STAGE), &[intended(start()), withdrawn.clone()]);
    let later = start() + mins(5);
    // Trying again is no end of the wait; an end of it is another reason, progress, or an act that counts.
    let again = after_at(&waits, &[intended(later), withdrawn], later);
    assert_eq!(since(&again), Some(start()));
    let other = Fact::Waited { stage: STAGE, on: WaitOn::Trouble(hiccup()) };
    assert_eq!(since(&after_at(&again, &[other], later)), Some(later));
    assert_eq!(since(&after_at(&again, &[Fact::Progressed { stage: STAGE, detail: Detail::default() }], later)), None);
    let tries = after_at(&again, &[intended(later)], later);
    assert_eq!(since(&tries), Some(start()));
    assert_eq!(since(&after_at(&tries, &[acted(None)], later)), None);
    let renewed = Fact::Renewed { stage: STAGE, until: later + mins(1), detail: Detail::default() };
    assert_eq!(since(&after_at(&tries, &[renewed], later)), None);
}

#[test]
fn a_failure_ends_the_run_and_is_kept() {
    let run = failed_at(STAGE);
    assert_eq!((run.status, run.stage, run.has_turn), (RunStatus::Failed, STAGE, false));
    assert_eq!(run.error.as_ref().map(|it| it.stage), Some(STAGE));
    assert_eq!((run.failures.len(), run.failures[0].attempt), (1, 1));
    assert_eq!(run.stage(STAGE).status, StageStatus::Failed);
    assert_eq!(run.stage(StageId::NormalCatalog).status, StageStatus::Pending);
}

#[test]
fn the_last_stage_that_succeeds_ends_the_run_and_warnings_colour_its_end() {
    assert_eq!(succeeded().status, RunStatus::Succeeded);
    let last = StageId::SensitiveCatalog;
    let warned = Fact::Finished { stage: last, detail: Detail::default(), warnings: vec!["skipped".into()] };
    assert_eq!(after(&begun_at(last), &[warned]).status, RunStatus::SucceededWithWarnings);
    let normal = after(&new_run(&[Layer::Normal]), &[Fact::TurnTaken]);
    assert!(normal.stages.iter().filter(|it| it.status == StageStatus::Skipped).all(|it| it.id > STAGE));
}

#[test]
fn a_retry_keeps_the_warnings_of_the_export_that_it_keeps_and_tells_none_twice() {
    let warned = |stage, text: &str| Fact::Finished { stage, detail: Detail::default(), warnings: vec![text.into()] };
    let (export, verify) = (StageId::Export, StageId::Verify);
    let run = after(&begun_at(export), &[warned(export, "half"), Fact::Began { stage: verify }, warned(verify, "t1")]);
    let run = after(&run, &[failed(StageId::Latest), Fact::Retried { from: verify, by: "UBEN".into() }]);
    let run = after(&run, &[Fact::TurnTaken, Fact::Began { stage: verify }, warned(verify, "t1")]);
    assert_eq!(run.warnings, ["half".into(), "t1".into()]);
}

#[test]
fn a_run_is_canceled_when_somebody_has_asked_and_superseded_before_its_turn_only() {
    assert!(refuses(&run_at(STAGE), &Fact::Canceled));
    let by = |user: &str| Fact::CancelAsked { by: user.into() };
    let run = after(&run_at(STAGE), &[by("UBEN"), by("UCAT"), Fact::Canceled]);
    assert_eq!((run.status, run.canceled_by.as_deref()), (RunStatus::Canceled, Some("UBEN")));
    assert_eq!((run.stage(STAGE).status, run.error.is_none()), (StageStatus::Canceled, true));
    assert!(refuses(&run, &by("UBEN")));
    assert!(refuses(&run_at(STAGE), &Fact::Superseded));
    assert_eq!(after(&new_run(&[]), &[Fact::Superseded]).status, RunStatus::Superseded);
}

#[rstest]
#[case::work_is_no_decision(finished(StageId::SensitiveApproval))]
#[case::began(Fact::Began { stage: StageId::SensitiveApproval })]
#[case::intended(Fact::Intended { stage: StageId::SensitiveApproval, intent: intent("me", start()) })]
#[case::progressed(Fact::Progressed { stage: StageId::SensitiveApproval, detail: Detail::default() })]
fn only_votes_end_an_approval_well(#[case] fact: Fact) {
    assert!(refuses(&run_at(StageId::SensitiveApproval), &fact));
    assert!(refuses(&asked(&run_at(StageId::SensitiveApproval)), &fact));
}

#[test]
fn people_are_asked_once_with_the_turn_and_in_order() {
    let run = run_at(StageId::SensitiveApproval);
    let open = asked(&run);
    assert_eq!((open.status, open.stage), (RunStatus::WaitingApproval, StageId::SensitiveApproval));
    assert!(refuses(&open, &ask(&run, start())), "asked already");
    assert!(refuses(&run_at(STAGE), &ask(&run, start())), "not yet");
    let retried = after(
        &failed_at(StageId::SensitiveTransform),
        &[Fact::Retried { from: StageId::SensitiveApproval, by: "UELI".into() }],
    );
    assert!(refuses(&retried, &ask(&run, start())), "another run has the turn");
    let mut answered = Approval::ask(&run, "x", rule(&source()), start());
    answered.state = ApprovalState::Approved;
    assert!(refuses(&run, &Fact::ApprovalAsked { approval: answered }), "the answer is not in the question");
}

#[test]
fn people_are_asked_anew_before_anything_was_done_on_an_answer_that_has_run_out() {
    let transform = StageId::SensitiveTransform;
    let run = begun_at(transform);
    let expiry = run.approval.as_ref().unwrap().expires_at;
    let (before, later) = (expiry - secs(1), expiry + mins(1));
    let intended = |now| Fact::Intended { stage: transform, intent: intent("other", now) };
    assert!(run.after(&ask(&run, before), before).is_err(), "it stands");
    assert!(run.after(&intended(expiry), expiry).is_err(), "it does not stand any more");
    let busy = after_at(&run, &[intended(before)], before);
    let acted = after_at(&busy, &[Fact::Acted { stage: transform, handle: None }], before);
    assert!(acted.after(&ask(&run, expiry), expiry).is_err(), "it was acted on");
    let again = after_at(&busy, &[ask(&run, later)], later);
    assert_eq!((again.status, again.past_approvals.len()), (RunStatus::WaitingApproval, 1));
    assert_eq!(again.stage(StageId::SensitiveApproval).attempt, 2);
    assert_eq!((again.stage(transform).status, again.stage(transform).attempt), (StageStatus::Pending, 1));
}

#[rstest]
#[case::approved_by_nobody(|it: &mut Approval| it.state = ApprovalState::Approved)]
#[case::approved_by_one_of_two(|it: &mut Approval| { it.votes = vec![vote("UBEN", Verdict::Approve)]; it.state = ApprovalState::Approved })]
#[case::two_at_once(|it: &mut Approval| {
    it.votes = vec![vote("UBEN", Verdict::Approve), vote("UCAT", Verdict::Approve)];
    it.state = ApprovalState::Approved;
})]
#[case::approved_though_denied(|it: &mut Approval| { it.votes = vec![vote("UBEN", Verdict::Deny)]; it.state = ApprovalState::Approved })]
#[case::by_the_requester(|it: &mut Approval| it.votes = vec![vote(REQUESTER, Verdict::Approve)])]
#[case::expired_before_its_time(|it: &mut Approval| it.state = ApprovalState::Expired)]
#[case::another_plan(|it: &mut Approval| { it.votes = vec![vote("UBEN", Verdict::Approve)]; it.digest = "x".into() })]
#[case::another_quorum(|it: &mut Approval| {
    it.votes = vec![vote("UBEN", Verdict::Approve)];
    it.quorum = 1;
    it.state = ApprovalState::Approved;
})]
#[case::nothing(|_: &mut Approval| ())]
fn a_request_changes_by_one_vote_or_by_time_only(#[case] change: fn(&mut Approval)) {
    let run = asked(&run_at(StageId::SensitiveApproval));
    assert!(refuses(&run, &changed(&run, change)));
}

#[test]
fn a_denial_and_an_expiry_end_the_run_with_their_reason() {
    let run = asked(&run_at(StageId::SensitiveApproval));
    let code = |run: &Run| run.error.as_ref().map(|it| it.failure.code.clone());
    let deny = changed(&run, |it| {
        it.votes = vec![vote(APPROVERS[0], Verdict::Deny)];
        it.state = ApprovalState::Denied;
    });
    let denied = after(&run, std::slice::from_ref(&deny));
    assert_eq!((denied.status, code(&denied).as_deref()), (RunStatus::Canceled, Some(codes::APPROVAL_DENIED)));
    let expiry = run.approval.as_ref().unwrap().expires_at;
    assert!(run.after(&deny, expiry).is_err(), "too late");
    let expired = after_at(&run, &[changed(&run, |it| it.state = ApprovalState::Expired)], expiry);
    assert_eq!((expired.status, code(&expired).as_deref()), (RunStatus::Expired, Some(codes::APPROVAL_EXPIRED)));
}

#[test]
fn a_retry_fits_an_ended_run_from_a_stage_that_it_has_reached() {
    let from = |from| Fact::Retried { from, by: "UBEN".into() };
    let run = failed_at(STAGE);
    assert!(refuses(&begun_at(STAGE), &from(STAGE)), "it goes on");
    assert!(refuses(&run, &from(StageId::Export)), "that takes another name");
    assert!(refuses(&run, &from(StageId::NormalCatalog)), "not reached");
    assert!(refuses(&after(&new_run(&[]), &[Fact::Superseded]), &from(StageId::Verify)), "newer data has come");
    let retried = after(&run, &[from(StageId::Latest)]);
    assert_eq!((retried.status, retried.stage, retried.has_turn), (RunStatus::Running, StageId::Latest, false));
    assert_eq!((retried.error.is_none(), retried.finished_at, retried.failures.len()), (true, None, 1));
    let mut normal = run;
    normal.stages[6..].iter_mut().for_each(|it| it.status = StageStatus::Skipped);
    assert!(refuses(&normal, &from(StageId::SensitiveTransform)), "not in the run");
}

#[test]
fn a_run_goes_on_under_its_own_next_name_once() {
    let run = failed_at(StageId::Export);
    let next = |attempt| Fact::Continued { next: run.run_id.with_attempt(attempt) };
    assert!(refuses(&run, &next(1)) && refuses(&run, &next(3)));
    let gone_on = after(&run, &[next(2)]);
    assert!(refuses(&gone_on, &next(2)));
    assert!(refuses(&gone_on, &Fact::Retried { from: StageId::Verify, by: "UBEN".into() }));
    assert!(refuses(&begun_at(StageId::Export), &next(2)));
}
