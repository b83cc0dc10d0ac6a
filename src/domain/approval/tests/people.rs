//! Accounts of one person, limits, approvals that are taken back, and the broken glass.

use super::{APPROVERS, Approval, ApprovalState, Refusal, Verdict, after, approved, id, member, press, voted, waiting};
use crate::domain::{
    access::{Identities, Identity},
    approval::{Ballot, Void},
    fact::Fact,
    plan::{Act, need, plan, plan_decision},
    run::{Run, RunStatus},
    seen::Seen,
    source::Source,
    stage::StageId,
    testing::{REQUESTER, after_at, asked, context, intent, mins, run_at, secs, source, start},
};

const TRANSFORM: StageId = StageId::SensitiveTransform;

/// The source, with one person of these accounts.
fn with_person(accounts: &[&str]) -> Source {
    let slack = accounts.iter().map(|it| (*it).to_owned()).collect();
    Source { people: Identities(vec![Identity { slack, cli: vec!["ana".to_owned()] }]), ..source() }
}

fn given() -> Run {
    approved(&asked(&run_at(StageId::SensitiveApproval)))
}

fn starts(run: &Run, source: &Source, now: jiff::Timestamp) -> bool {
    let absent = Seen::Absent { marker: None };
    plan(run, TRANSFORM, &absent, context(source, now)).act == Some(Act::Start(TRANSFORM))
}

#[test]
fn two_accounts_of_one_person_count_once_and_shape_as_one() {
    let run = voted(&waiting(), "UBEN", Verdict::Approve);
    let decide = |run: &Run, source: &Source, user: &str| {
        Approval::decide(run, source, &id(run), &member(user), Verdict::Approve, start())
    };
    assert_eq!(decide(&run, &with_person(&["UBEN", "UDAN"]), "UDAN"), Err(Refusal::Voted));
    assert_eq!(decide(&run, &with_person(&["UDAN", REQUESTER]), "UDAN"), Err(Refusal::OwnRun));
    assert!(decide(&run, &source(), "UDAN").is_ok());
    let mut of_cli = waiting();
    of_cli.requested_by = Some("ana".to_owned());
    assert_eq!(decide(&of_cli, &with_person(&["UBEN"]), "UBEN"), Err(Refusal::OwnRun));
    // The configuration may say so later: what was given by one person twice does not let anything start.
    assert!(starts(&given(), &source(), start()));
    assert!(!starts(&given(), &with_person(&[APPROVERS[0], APPROVERS[1]]), start()));
    assert!(!starts(&given(), &with_person(&[APPROVERS[0], REQUESTER]), start()));
}

/// What `source` says now is what counts, before anybody is told that the refresh is approved.
#[test]
fn a_request_that_a_stricter_configuration_does_not_bear_takes_no_decision_and_people_are_asked_anew() {
    let quorum = |quorum, of: Source| {
        let mut source = of;
        source.sensitive.as_mut().unwrap().approval.quorum = quorum;
        source
    };
    let next = |run: &Run, source: &Source| {
        let facts = plan_decision(run, context(source, start())).facts;
        facts.iter().any(|it| matches!(it, Fact::ApprovalVoided { why: Void::Outlived, .. }))
    };
    let mut run = asked(&run_at(StageId::SensitiveApproval));
    run.approval.as_mut().unwrap().quorum = 3;
    let run = voted(&voted(&run, "UBEN", Verdict::Approve), "UCAT", Verdict::Approve);
    let decide = |source: &Source| {
        let approval = Approval::decide(&run, source, &id(&run), &member("UDAN"), Verdict::Approve, start());
        (approval.map(|it| it.state), next(&run, source))
    };
    assert_eq!(decide(&quorum(3, source())), (Ok(ApprovalState::Approved), false));
    assert_eq!(decide(&quorum(4, source())), (Err(Refusal::Unknown), true), "more people than were asked for");
    let one_person = quorum(3, with_person(&["UBEN", "UCAT"]));
    assert_eq!(decide(&one_person), (Err(Refusal::Unknown), true), "two of the votes are one person's");
    let own = quorum(3, with_person(&["UBEN", REQUESTER]));
    assert_eq!(decide(&own), (Err(Refusal::Unknown), true), "one of the votes is the requester's");
}

#[test]
fn an_approval_is_good_until_its_limit() {
    let (run, limit) = (waiting(), start() + mins(30));
    let ballot = |until| Ballot { verdict: Verdict::Approve, reason: Some("checked".to_owned()), until };
    let decide = |run: &Run, user: &str, until| {
        Approval::decide(run, &source(), &id(run), &member(user), ballot(until), start())
    };
    assert_eq!(decide(&run, "UBEN", Some(start())), Err(Refusal::Passed));
    let approval = decide(&run, "UBEN", Some(limit)).unwrap();
    assert_eq!((approval.good_until(), approval.votes[0].reason.as_deref()), (limit, Some("checked")));
    let one = after(&run, &[Fact::ApprovalChanged { approval }]);
    let late = Approval::decide(&one, &source(), &id(&one), &member("UDAN"), Verdict::Approve, limit).unwrap();
    assert_eq!(late.state, ApprovalState::Pending, "the first one is over by then");
    let again = Approval::decide(&one, &source(), &id(&one), &member("UBEN"), Verdict::Approve, limit).unwrap();
    assert_eq!((again.state, again.missing(limit)), (ApprovalState::Pending, 1));
    // What is over limits nothing that is given later.
    assert_eq!(again.good_until(), again.expires_at);
    let again = after_at(&one, &[Fact::ApprovalChanged { approval: again }], limit);
    let back = Approval::withdraw(&again, &source(), &id(&again), "UBEN", limit).unwrap();
    assert_eq!(back.missing(limit), 2, "what is taken back is what counts, not what is over");
    let both = decide(&one, "UDAN", None).unwrap();
    let given = after(&one, &[Fact::ApprovalChanged { approval: both }]);
    assert!(starts(&given, &source(), limit - secs(1)) && !starts(&given, &source(), limit));
    let intended = Fact::Intended { stage: TRANSFORM, intent: intent("me", limit) };
    let begun = after(&given, &[Fact::Began { stage: TRANSFORM }]);
    assert!(begun.after(&intended, limit).is_err() && begun.after(&intended, limit - secs(1)).is_ok());
}

#[test]
fn why_is_said_once_by_the_voter_and_changes_nothing_else() {
    let denied = voted(&waiting(), "UBEN", Verdict::Deny);
    let explain = |run: &Run, user: &str| Approval::explain(run, &source(), &id(run), user, "no ticket");
    assert!(denied.status.is_over());
    assert_eq!(explain(&denied, "UDAN"), Err(Refusal::NothingToExplain));
    let explained = explain(&denied, "UBEN").unwrap();
    let with = after(&denied, &[Fact::ApprovalChanged { approval: explained.clone() }]);
    assert_eq!((with.status, with.approval.as_ref()), (denied.status, Some(&explained)));
    assert_eq!(explained.votes[0].reason.as_deref(), Some("no ticket"));
    assert_eq!(explain(&with, "UBEN"), Err(Refusal::NothingToExplain));
    // Nothing but a reason comes in that way.
    for edit in [
        |it: &mut Approval| it.state = ApprovalState::Approved,
        |it: &mut Approval| it.votes[0].user = "UDAN".to_owned(),
        |it: &mut Approval| it.votes[0].verdict = Verdict::Approve,
        |it: &mut Approval| it.votes.truncate(0),
    ] {
        let mut forged = explained.clone();
        edit(&mut forged);
        assert!(denied.after(&Fact::ApprovalChanged { approval: forged }, start()).is_err());
    }
    let given = given();
    let explained = explain(&given, APPROVERS[0]).unwrap();
    let with = after(&given, &[Fact::ApprovalChanged { approval: explained }]);
    assert!(starts(&with, &source(), start()), "what was approved stands");
}

#[test]
fn an_approval_can_be_taken_back_until_it_is_used() {
    let one = voted(&waiting(), "UBEN", Verdict::Approve);
    let withdraw = |run: &Run, user: &str| Approval::withdraw(run, &source(), &id(run), user, start());
    assert_eq!(withdraw(&one, "UDAN"), Err(Refusal::NothingGiven));
    let none = after(&one, &[Fact::ApprovalChanged { approval: withdraw(&one, "UBEN").unwrap() }]);
    assert_eq!(none.approval.as_ref().unwrap().missing(start()), 2);
    assert_eq!(withdraw(&none, "UBEN"), Err(Refusal::NothingGiven));
    assert!(press(&none, &member("UDAN"), Verdict::Approve, start()).unwrap().missing(start()) == 1);
    // Whoever has taken it back may give it again.
    assert!(press(&none, &member("UBEN"), Verdict::Approve, start()).is_ok());
    let (given, user) = (given(), APPROVERS[0]);
    assert!(withdraw(&given, user).is_ok());
    let by = vec![user.to_owned()];
    let voided = Fact::ApprovalVoided { subject: Default::default(), why: Void::Withdrawn, by };
    let back = after(&given, std::slice::from_ref(&voided));
    assert_eq!((back.approval.is_none(), back.past_approvals[0].state), (true, ApprovalState::Void));
    assert_eq!(need(&back), crate::domain::plan::Need::Decision);
    let intended = Fact::Intended { stage: TRANSFORM, intent: intent("me", start()) };
    let used = after(&given, &[Fact::Began { stage: TRANSFORM }, intended]);
    assert_eq!(withdraw(&used, user), Err(Refusal::NothingGiven));
    assert!(used.after(&voided, start()).is_err());
}

#[test]
fn broken_glass_starts_the_plan_that_people_were_asked_about_and_waits_for_a_review_by_somebody_else() {
    let run = asked(&run_at(StageId::SensitiveApproval));
    let broken = |reason: &str| Fact::GlassBroken { by: "UELI".into(), reason: reason.into() };
    assert!(run.after(&broken(""), start()).is_err(), "a reason is needed");
    let on = after(&run, &[broken("fraud report")]);
    assert_eq!((on.status, starts(&on, &source(), start())), (RunStatus::Running, true));
    let another = Source { classification: "another".into(), ..source() };
    assert!(!starts(&on, &another, start()), "it is bound to the plan");
    let expiry = on.approval.as_ref().unwrap().expires_at;
    assert!(!starts(&on, &source(), expiry), "and to its time");
    let reviewed = |by: &str| Fact::GlassReviewed { by: by.into() };
    assert!(on.after(&reviewed("UELI"), start()).is_err());
    let seen = after_at(&on, &[reviewed("UBEN")], start() + mins(1));
    assert_eq!(seen.break_glass.as_ref().unwrap().reviewed.as_ref().unwrap().by, "UBEN");
    assert!(seen.after(&reviewed("UDAN"), start()).is_err(), "once");
    assert!(on.after(&broken("again"), start()).is_err());
}
