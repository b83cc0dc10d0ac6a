//! The promise of approvals: nothing sensitive starts but under the live approvals of as many different people as it
//! takes, who may give them and have not shaped the run, for the very plan that starts; or under broken glass.
//!
//! What people have said is kept here once more, in [`Heard`], far simpler than in the record, and is what counts.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::{prelude::*, sample::select};
use rstest::rstest;

use super::{
    Run, StageId, TRANSFORM, asked, mins, run_at, start,
    world::{End, Fate, World},
};
use crate::domain::{
    access::{Identities, Identity, Membership, Person},
    approval::{Approval, ApprovalState, Ballot, Verdict, Void},
    fact::Fact,
    inspection::Inspection,
    testing::{APPROVERS, REQUESTER, approved, member},
};

/// Another account of the third approver, once the configuration says so.
const SECOND: &str = "UDAN2";

/// How long people are asked, in minutes.
const ASKED_FOR: i64 = 8 * 60;

/// What is approved: whatever tells one plan from another.
type PlanOf = (String, u32, Vec<String>, String, String);

/// What people have said.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    approvals: Vec<Said>,
    glass: Option<(String, PlanOf)>,
    shapers: BTreeSet<String>,
    /// The plan under which the last intent was recorded.
    intended: Option<PlanOf>,
}

#[derive(Clone, Debug)]
struct Said {
    user: String,
    request: String,
    plan: PlanOf,
    until: Timestamp,
    withdrawn: bool,
}

impl Heard {
    /// Returns what was said before the world began, by whoever stands in the record.
    pub(super) fn before(run: &Run, classification: &str) -> Self {
        let mut heard = Self { shapers: [REQUESTER.to_owned()].into(), ..Self::default() };
        for (request, vote) in run.approval.iter().flat_map(|it| it.votes.iter().map(move |vote| (it, vote))) {
            heard.hear(&vote.user, request, plan_of(run, classification), None);
        }
        heard
    }

    pub(super) fn shaped_by(&mut self, user: &str) {
        self.shapers.insert(user.to_owned());
    }

    fn hear(&mut self, user: &str, request: &Approval, plan: PlanOf, until: Option<Timestamp>) {
        let expiry = request.asked_at + mins(ASKED_FOR);
        let (user, request) = (user.to_owned(), request.id.clone());
        let until = until.map_or(expiry, |it| it.min(expiry));
        self.approvals.push(Said { user, request, plan, until, withdrawn: false });
    }

    /// Says whether enough people stand behind `run`'s plan at `now`.
    fn stands(&self, run: &Run, plan: &PlanOf, people: &Identities, quorum: u32, now: Timestamp) -> bool {
        let Some(request) = &run.approval else { return false };
        let is_it = |id: &str, of: &PlanOf| id == request.id && of == plan;
        if self.glass.as_ref().is_some_and(|(id, of)| is_it(id, of)) {
            return now < request.asked_at + mins(ASKED_FOR);
        }
        // Two accounts of one person have one name here.
        let joined = !people.0.is_empty();
        let person = |user: &str| if joined && user == SECOND { APPROVERS[2].to_owned() } else { user.to_owned() };
        let live = self.approvals.iter().filter(|it| !it.withdrawn && now < it.until && is_it(&it.request, &it.plan));
        let shapers: BTreeSet<String> = self.shapers.iter().map(|it| person(it)).collect();
        let behind: BTreeSet<String> = live.map(|it| person(&it.user)).filter(|it| !shapers.contains(it)).collect();
        behind.len() >= quorum.max(1) as usize
    }
}

fn plan_of(run: &Run, classification: &str) -> PlanOf {
    let differences = run.inspection().map(|it| it.sensitive_digest.clone()).unwrap_or_default();
    (run.source_arn.clone(), run.attempt, run.only.clone(), differences, classification.to_owned())
}

impl World {
    fn stands(&self) -> bool {
        let (plan, quorum) = (plan_of(&self.run, &self.source.classification), self.quorum());
        self.heard.stands(&self.run, &plan, &self.source.people, quorum, self.now)
    }

    fn quorum(&self) -> u32 {
        self.source.sensitive.as_ref().unwrap().approval.quorum
    }

    /// Judges the record of an intent to start `stage`.
    pub(super) fn judge_intent(&mut self, stage: StageId) {
        assert!(stage != TRANSFORM || self.stands(), "nobody has approved this: {:?}", self.run.approval);
        self.heard.intended = Some(plan_of(&self.run, &self.source.classification));
    }

    /// Judges what reaches AWS: it is what the intent was for.
    pub(super) fn judge_start(&self, read: &Run, stage: StageId) {
        let plan = plan_of(read, &self.source.classification);
        assert!(stage != TRANSFORM || self.heard.intended == Some(plan), "another plan starts than was intended");
    }

    /// Somebody presses; what counts is heard here too.
    pub(super) fn press_as(&mut self, person: &Person, ballot: Ballot) {
        let Some(request) = self.run.request().cloned() else { return };
        let (user, until, verdict) = (person.user.clone(), ballot.until, ballot.verdict);
        let Ok(approval) = Approval::decide(&self.run, &self.source, &request.id, person, ballot, self.now) else {
            return;
        };
        assert!(person.is_member() && person.groups.contains("SPRIVACY"), "{user} may not decide");
        if verdict == Verdict::Approve {
            self.heard.hear(&user, &request, plan_of(&self.run, &self.source.classification), until);
        }
        assert!(self.happens(&Fact::ApprovalChanged { approval }), "a verdict that counts fits the run");
        let given = self.run.approval.as_ref().is_some_and(|it| it.state == ApprovalState::Approved);
        assert!(!given || self.stands(), "approved by too few: {:?}", self.run.approval);
    }

    fn withdraw(&mut self, user: &str) {
        let Some(id) = self.run.approval.as_ref().map(|it| it.id.clone()) else { return };
        let Ok(approval) = Approval::withdraw(&self.run, &self.source, &id, user, self.now) else { return };
        let is_own = |it: &str| self.source.people.are_one(it, user);
        let by: Vec<String> = approval.votes.iter().map(|it| it.user.clone()).filter(|it| is_own(it)).collect();
        let own: BTreeSet<String> = by.iter().cloned().collect();
        let why = Void::Withdrawn;
        let voided = Fact::ApprovalVoided { subject: approval.subject, why, by };
        let pending = approval.state == ApprovalState::Pending;
        let fact = if pending { Fact::ApprovalChanged { approval } } else { voided };
        // A request whose time is over only waits to be closed: nothing is taken back there any more.
        if self.happens(&fact) {
            self.heard.approvals.iter_mut().filter(|it| own.contains(&it.user)).for_each(|it| it.withdrawn = true);
        }
    }

    fn break_glass(&mut self) {
        let Some(id) = self.run.request().map(|it| it.id.clone()) else { return };
        let plan = plan_of(&self.run, &self.source.classification);
        // As the engine does it: only for the present plan.
        let is_present = self.run.approval.as_ref().is_some_and(|it| it.is_for(&self.run, &plan.4));
        if is_present && self.happens(&Fact::GlassBroken { by: "UELI".into(), reason: "fraud report".into() }) {
            self.heard.glass = Some((id, plan));
        }
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Class(class) => return self.classify(class),
            Change::Differences(digest) => {
                let found = Inspection { sensitive_digest: digest.to_owned(), ..Inspection::default() };
                let verify = self.run.stages.iter_mut().find(|it| it.id == StageId::Verify).unwrap();
                verify.detail.inspection = Some(Box::new(found));
            }
            Change::Snapshot => self.run.source_arn.push('x'),
            Change::Tables => self.run.only.push("shop.users".to_owned()),
        }
        // Whoever has read the record before reads it again.
        self.run.version += 1;
    }

    fn identify(&mut self, joined: bool) {
        let slack = vec![APPROVERS[2].to_owned(), SECOND.to_owned()];
        let one = joined.then(|| Identity { slack, cli: Vec::new() });
        self.restart();
        self.source.people = Identities(one.into_iter().collect());
    }
}

/// A change of the plan.
#[derive(Clone, Copy, Debug)]
enum Change {
    Class(&'static str),
    Differences(&'static str),
    Snapshot,
    Tables,
}

/// Something that happens around a request.
#[derive(Clone, Copy, Debug)]
enum Op {
    Steps(usize, usize, Fate),
    Tick(i64),
    Pause(i64),
    Press { user: &'static str, membership: Membership, verdict: Verdict, minutes: Option<i64> },
    Withdraw(&'static str),
    BreakGlass,
    Change(Change),
    Identify(bool),
    Cancel,
    Retry(Option<StageId>, &'static str),
    Work(End),
}

fn users() -> impl Strategy<Value = &'static str> {
    select(vec![APPROVERS[0], APPROVERS[0], APPROVERS[1], APPROVERS[1], APPROVERS[2], SECOND, REQUESTER, "UELI"])
}

fn ops() -> impl Strategy<Value = Op> {
    let fates = vec![Fate::Heard, Fate::AnswerLost, Fate::CallLost, Fate::Refused];
    let memberships = vec![Membership::Member, Membership::Member, Membership::Member, Membership::Guest];
    let from = vec![None, Some(StageId::Verify), Some(StageId::SensitiveApproval), Some(TRANSFORM)];
    let minutes = prop::option::weighted(0.4, 0_i64..120);
    let changes = vec![Change::Class("3f9a2c51"), Change::Class("another"), Change::Snapshot, Change::Tables];
    let changes = [changes, vec![Change::Differences(""), Change::Differences("d1")]].concat();
    prop_oneof![
        20 => (0..2_usize, 1..5_usize, select(fates)).prop_map(|(who, steps, fate)| Op::Steps(who, steps, fate)),
        4 => (1_i64..=10).prop_map(Op::Tick),
        3 => (1_i64..90).prop_map(Op::Pause),
        1 => (200_i64..600).prop_map(Op::Pause),
        20 => (users(), select(memberships), prop::bool::weighted(0.05), minutes).prop_map(|(user, membership, no, minutes)| {
            Op::Press { user, membership, verdict: if no { Verdict::Deny } else { Verdict::Approve }, minutes }
        }),
        3 => users().prop_map(Op::Withdraw),
        1 => Just(Op::BreakGlass),
        3 => select(changes).prop_map(Op::Change),
        1 => any::<bool>().prop_map(Op::Identify),
        1 => Just(Op::Cancel),
        4 => (select(from), users()).prop_map(|(from, by)| Op::Retry(from, by)),
        2 => select(vec![End::Done, End::Failed]).prop_map(Op::Work),
    ]
}

fn person(user: &str, membership: Membership) -> Person {
    let other = user == SECOND;
    let of_group = member(if other { APPROVERS[2] } else { user });
    // The one who asks is an approver too: what keeps them out is that it is their run.
    let groups = if user == REQUESTER { member(APPROVERS[0]).groups } else { of_group.groups };
    Person { user: user.to_owned(), membership, groups }
}

impl World {
    fn happen(&mut self, op: Op) {
        match op {
            Op::Steps(who, steps, fate) => (0..steps).for_each(|_| self.step(who, fate)),
            Op::Tick(seconds) => self.tick(seconds),
            Op::Pause(minutes) => self.pause(minutes),
            Op::Press { user, membership, verdict, minutes } => {
                let until = minutes.map(|it| self.now + mins(it));
                self.press_as(&person(user, membership), Ballot { verdict, reason: None, until });
            }
            Op::Withdraw(user) => self.withdraw(user),
            Op::BreakGlass => self.break_glass(),
            Op::Change(change) => self.change(change),
            Op::Identify(joined) => self.identify(joined),
            Op::Cancel => drop(self.happens(&Fact::CancelAsked { by: "UELI".into() })),
            Op::Retry(from, by) => self.retry_by(from, by),
            Op::Work(end) => self.end_work(end),
        }
    }

    /// Nobody presses for a while, and nothing goes wrong.
    fn goes_on(&mut self) {
        for _ in 0..20 {
            (0..4).for_each(|_| self.step(0, Fate::Heard));
            self.tick(10);
        }
    }

    fn refreshes(&self) -> usize {
        self.works.keys().filter(|(_, stage, _)| *stage == TRANSFORM).count()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(300)))]

    /// Within, the world fails the test.
    #[test]
    fn nothing_sensitive_starts_without_as_many_live_approvals_as_it_takes(
        quorum in 1_u32..4, ops in prop::collection::vec(ops(), 0..80),
    ) {
        let mut world = World::with(run_at(StageId::SensitiveApproval));
        world.source.sensitive.as_mut().unwrap().approval.quorum = quorum;
        for op in ops {
            world.happen(op);
        }
        world.goes_on();
    }
}

/// Where a run stands when its plan changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Point {
    Asked,
    OneVote,
    Approved,
    Intended,
    Started,
}

/// Returns the world at `point`: two people must approve.
fn world_at(point: Point) -> World {
    let mut world = World::with(run_at(StageId::SensitiveApproval));
    world.step(0, Fate::Heard);
    world.step(0, Fate::Heard);
    let votes = match point {
        Point::Asked => 0,
        Point::OneVote => 1,
        Point::Approved | Point::Intended | Point::Started => 2,
    };
    APPROVERS[..votes].iter().for_each(|user| world.press(user, Verdict::Approve));
    // Plan and record, then the call.
    let steps = match point {
        Point::Asked | Point::OneVote | Point::Approved => 0,
        Point::Intended => 2,
        Point::Started => 3,
    };
    (0..steps).for_each(|_| world.step(0, Fate::Heard));
    world
}

#[rstest]
fn a_changed_plan_needs_new_approvals_wherever_it_changes(
    #[values(Point::Asked, Point::OneVote, Point::Approved, Point::Intended, Point::Started)] point: Point,
    #[values(Change::Class("another"), Change::Differences("d1"), Change::Snapshot, Change::Tables)] change: Change,
) {
    let mut world = world_at(point);
    let before = world.refreshes();
    assert_eq!(before, usize::from(point == Point::Started));
    world.change(change);
    // What people go on to say is about the new plan, or counts for nothing.
    if point == Point::OneVote {
        world.press(APPROVERS[1], Verdict::Approve);
    }
    world.goes_on();
    // A replica that has recorded its intent may go on with what it has read; `judge_start` sees that it is that.
    let went_on = point == Point::Intended && !matches!(change, Change::Class(_));
    assert_eq!(world.refreshes(), before + usize::from(went_on));
    if point < Point::Intended {
        APPROVERS[..2].iter().for_each(|user| world.press(user, Verdict::Approve));
        world.goes_on();
        assert_eq!(world.refreshes(), 1, "approved anew: {:?}", world.run);
    }
}

/// The judge is none that lets everything pass: a record in which votes stand that nobody gave is found out.
#[rstest]
#[case::votes_of_nobody(|it: &mut World| it.heard = Heard::default())]
#[case::one_person_twice(|it: &mut World| it.heard.approvals[1].user = APPROVERS[0].to_owned())]
#[case::taken_back(|it: &mut World| it.heard.approvals[1].withdrawn = true)]
#[case::over(|it: &mut World| it.heard.approvals[1].until = start())]
#[case::another_plan(|it: &mut World| it.heard.approvals[1].plan.4 = "another".to_owned())]
#[case::shaped_the_run(|it: &mut World| it.heard.shaped_by(APPROVERS[0]))]
#[should_panic(expected = "nobody has approved this")]
fn the_judge_sees_what_was_not_said(#[case] unsaid: fn(&mut World)) {
    let mut world = World::with(approved(&asked(&run_at(StageId::SensitiveApproval))));
    unsaid(&mut world);
    world.goes_on();
}
