//! Who can decide what, and that no presses of whomever add up to an approval that was not given.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::{prelude::*, sample::select};
use rstest::rstest;

use super::{Approval, ApprovalState, Refusal, Verdict};
use crate::domain::{
    access::{Membership, Person},
    fact::Fact,
    run::{RetryNote, Run},
    source::Source,
    stage::StageId,
    testing::{APPROVERS, REQUESTER, after, approved, asked, member, mins, new_run, rule, run_at, secs, source, start},
};

const RETRIER: &str = "UCAT";
const IN_FORCE: &str = "3f9a2c51";

mod people;

/// A run that waits for approval; one of the approvers has retried it before.
fn waiting() -> Run {
    let mut run = run_at(StageId::SensitiveApproval);
    run.retries.push(RetryNote { by: RETRIER.into(), from: StageId::Latest, at: start() });
    asked(&run)
}

fn id(run: &Run) -> String {
    run.approval.as_ref().unwrap().id.clone()
}

fn press(run: &Run, person: &Person, verdict: Verdict, now: Timestamp) -> Result<Approval, Refusal> {
    Approval::decide(run, &source(), &id(run), person, verdict, now)
}

fn voted(run: &Run, user: &str, verdict: Verdict) -> Run {
    let approval = press(run, &member(user), verdict, start()).unwrap();
    after(run, &[Fact::ApprovalChanged { approval }])
}

fn approver(user: &str, membership: Membership) -> Person {
    Person { membership, groups: ["SPRIVACY".to_owned()].into(), ..member(user) }
}

#[test]
fn as_many_people_as_the_quorum_says_approve_and_one_denies() {
    let run = waiting();
    let one = voted(&run, "UBEN", Verdict::Approve);
    assert_eq!(one.approval.as_ref().unwrap().state, ApprovalState::Pending);
    let two = voted(&one, "UDAN", Verdict::Approve);
    assert_eq!(two.approval.unwrap().state, ApprovalState::Approved);
    assert_eq!(voted(&one, "UDAN", Verdict::Deny).approval.unwrap().state, ApprovalState::Denied);
}

#[test]
fn a_rule_that_has_become_stricter_holds_for_what_was_given_before() {
    let run = voted(&voted(&waiting(), "UBEN", Verdict::Approve), "UDAN", Verdict::Approve);
    let mut source = source();
    let approval = run.approval.as_ref().unwrap();
    for (quorum, stands) in [(1, true), (2, true), (3, false)] {
        source.sensitive.as_mut().unwrap().approval.quorum = quorum;
        assert_eq!(approval.stands_for(&run, &source, start()), stands, "{quorum}");
    }
}

#[test]
fn a_quorum_of_none_is_one() {
    let mut source = source();
    source.sensitive.as_mut().unwrap().approval.quorum = 0;
    let approval = Approval::ask(&run_at(StageId::SensitiveApproval), IN_FORCE, rule(&source), start());
    assert_eq!((approval.quorum, approval.is_new()), (1, true));
}

#[rstest]
#[case::no_approver(member("UELI"), Refusal::NotApprover)]
#[case::guest(approver("UBEN", Membership::Guest), Refusal::NotApprover)]
#[case::stranger(approver("UBEN", Membership::Stranger), Refusal::NotApprover)]
#[case::bot(approver("UBEN", Membership::Bot), Refusal::NotApprover)]
#[case::gone(approver("UBEN", Membership::Deactivated), Refusal::NotApprover)]
#[case::requester(approver(REQUESTER, Membership::Member), Refusal::OwnRun)]
#[case::retrier(member(RETRIER), Refusal::OwnRun)]
fn people_who_may_not_decide(
    #[case] person: Person,
    #[case] why: Refusal,
    #[values(Verdict::Approve, Verdict::Deny)] verdict: Verdict,
) {
    assert_eq!(press(&waiting(), &person, verdict, start()), Err(why));
}

#[test]
fn a_second_press_of_one_person_is_none() {
    let run = voted(&waiting(), "UBEN", Verdict::Approve);
    for verdict in [Verdict::Approve, Verdict::Deny] {
        assert_eq!(press(&run, &member("UBEN"), verdict, start()), Err(Refusal::Voted));
    }
}

#[test]
fn a_request_takes_verdicts_until_its_last_moment() {
    let run = waiting();
    let expiry = run.approval.as_ref().unwrap().expires_at;
    assert_eq!(expiry, start() + rule(&source()).expires_after);
    assert!(press(&run, &member("UBEN"), Verdict::Approve, expiry - secs(1)).is_ok());
    assert_eq!(press(&run, &member("UBEN"), Verdict::Approve, expiry), Err(Refusal::Expired));
}

#[rstest]
#[case(ApprovalState::Approved)]
#[case(ApprovalState::Denied)]
#[case(ApprovalState::Expired)]
fn what_is_decided_stays_so(#[case] state: ApprovalState) {
    let mut run = waiting();
    run.approval.as_mut().unwrap().state = state;
    assert_eq!(press(&run, &member("UBEN"), Verdict::Deny, start()), Err(Refusal::Decided(state)));
}

#[test]
fn buttons_of_other_requests_find_nothing() {
    let run = waiting();
    assert_eq!(Approval::run_of(&id(&run)), Some(run.export_task.clone()));
    let mut other = run_at(StageId::SensitiveApproval);
    other.attempt = 2;
    other.export_task = other.run_id.with_attempt(2);
    let other = id(&asked(&other));
    let later = Approval::ask(&run, IN_FORCE, rule(&source()), start() + mins(1)).id;
    for id in [other.as_str(), later.as_str(), "", "x", run.export_task.as_str()] {
        let pressed = Approval::decide(&run, &source(), id, &member("UBEN"), Verdict::Approve, start());
        assert_eq!(pressed, Err(Refusal::Unknown), "{id}");
    }
    for id in ["", "x", "x.y", ".", run.export_task.as_str()] {
        assert_eq!(Approval::run_of(id), None, "{id}");
    }
}

#[test]
fn a_request_for_another_plan_or_of_an_ended_run_takes_no_verdict() {
    let run = waiting();
    let person = member("UBEN");
    let under = |class: &str| {
        let source = Source { classification: class.into(), ..source() };
        Approval::decide(&run, &source, &id(&run), &person, Verdict::Approve, start())
    };
    assert!(under(IN_FORCE).is_ok());
    assert_eq!(under("another"), Err(Refusal::Unknown));
    let canceled = after(&run, &[Fact::CancelAsked { by: "UELI".into() }, Fact::Canceled]);
    assert_eq!(press(&canceled, &person, Verdict::Approve, start()), Err(Refusal::Unknown));
}

#[rstest]
#[case::as_it_was(|_: &mut Run| (), true)]
#[case::another_snapshot(|it: &mut Run| it.source_arn.push('x'), false)]
#[case::more_tables(|it: &mut Run| it.only.push("shop.users".into()), false)]
#[case::another_attempt(|it: &mut Run| it.attempt += 1, false)]
#[case::another_run(|it: &mut Run| it.run_id = it.run_id.with_attempt(9), false)]
#[case::retried_by_an_approver(|it: &mut Run| it.retries.push(RetryNote {
    by: APPROVERS[0].into(), from: StageId::SensitiveTransform, at: start(),
}), false)]
fn an_approval_stands_for_what_it_was_given_for(#[case] change: fn(&mut Run), #[case] stands: bool) {
    let mut run = approved(&asked(&run_at(StageId::SensitiveApproval)));
    change(&mut run);
    let approval = run.approval.as_ref().unwrap();
    let (source, another) = (source(), Source { classification: "another".into(), ..source() });
    assert_eq!(approval.stands_for(&run, &source, start()), stands);
    assert!(!approval.stands_for(&run, &another, start()));
    assert!(!approval.stands_for(&run, &source, approval.expires_at));
    let pending = Approval { state: ApprovalState::Pending, ..approval.clone() };
    assert!(!pending.stands_for(&run, &source, start()));
}

#[test]
fn parts_of_a_plan_cannot_run_into_each_other() {
    let plan = |only: &[&str], class: &str| {
        let mut run = new_run(&[]);
        run.only = only.iter().map(|it| (*it).to_owned()).collect();
        Approval::ask(&run, class, rule(&source()), start()).digest
    };
    let digests = [plan(&["ab", "c"], "x"), plan(&["a", "bc"], "x"), plan(&["c"], "xab"), plan(&["abc"], "x")];
    assert_eq!(digests.iter().collect::<BTreeSet<_>>().len(), 4);
}

/// What can happen around an open request.
#[derive(Clone, Debug)]
enum Op {
    Press { user: &'static str, membership: Membership, verdict: Verdict, known: bool },
    Wait(i64),
    Classify(&'static str),
}

fn ops() -> impl Strategy<Value = Op> {
    let users = vec![APPROVERS[0], APPROVERS[1], APPROVERS[2], REQUESTER, RETRIER, "UELI", "UFAY"];
    let memberships = vec![Membership::Member, Membership::Member, Membership::Guest, Membership::Stranger];
    let verdicts = vec![Verdict::Approve, Verdict::Approve, Verdict::Approve, Verdict::Deny];
    prop_oneof![
        8 => (select(users), select(memberships), select(verdicts), prop::bool::weighted(0.9))
            .prop_map(|(user, membership, verdict, known)| Op::Press { user, membership, verdict, known }),
        2 => (0_i64..400).prop_map(Op::Wait),
        1 => select(vec![IN_FORCE, "another"]).prop_map(Op::Classify),
    ]
}

proptest! {
    #[test]
    fn presses_add_up_to_what_was_given_and_to_nothing_else(
        ops in prop::collection::vec(ops(), 1..25), quorum in 1_u32..4,
    ) {
        let mut source = source();
        source.sensitive.as_mut().unwrap().approval.quorum = quorum;
        let mut run = waiting();
        run.approval = Some(Approval::ask(&run, IN_FORCE, rule(&source), start()));
        let may = |user: &str| APPROVERS.contains(&user) && user != REQUESTER && user != RETRIER;
        let (mut given, mut denied) = (BTreeSet::new(), false);
        let (mut now, mut class) = (start(), IN_FORCE);
        for op in ops {
            let (user, membership, verdict, known) = match op {
                Op::Wait(minutes) => { now += mins(minutes); continue }
                Op::Classify(next) => {
                    class = next;
                    source.classification = next.to_owned();
                    continue
                }
                Op::Press { user, membership, verdict, known } => (user, membership, verdict, known),
            };
            let before = run.approval.clone().unwrap();
            let id = if known { before.id.clone() } else { format!("{}0", before.id) };
            let person = Person { membership, ..member(user) };
            let pressed = Approval::decide(&run, &source, &id, &person, verdict, now);
            let counts = known && membership == Membership::Member && may(user) && class == IN_FORCE
                && now < before.expires_at && before.state == ApprovalState::Pending && !given.contains(user);
            prop_assert_eq!(pressed.is_ok(), counts, "{:?} by {} at {}", verdict, user, now);
            let Ok(approval) = pressed else { continue };
            match verdict {
                Verdict::Approve => { given.insert(user); }
                Verdict::Deny => denied = true,
            }
            run = run.after(&Fact::ApprovalChanged { approval }, now).unwrap();
            let state = run.approval.as_ref().unwrap().state;
            let enough = given.len() >= quorum as usize;
            prop_assert_eq!(state == ApprovalState::Approved, enough && !denied);
            prop_assert_eq!(state == ApprovalState::Denied, denied);
        }
    }
}
