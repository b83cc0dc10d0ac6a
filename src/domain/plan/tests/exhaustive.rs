//! Every state that two replicas and two runs of one source can come to, whatever crashes and whatever gets lost.
//!
//! Each run has a job and a crawl to do, and needs the source's turn for it. A replica takes one step at a time for each
//! run (plan, record, act, say what came of it) and may crash between any two; calls and answers get lost; work shows
//! late, fails, or is not taken. Time is two things only: whether a lease is over, and whether work can be seen. A lease
//! lasts longer than what lies between plan and act, and longer than work takes to be seen: without that nothing could
//! be promised. States are told apart by what a plan depends on, so that there is an end of them.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    rc::Rc,
};

use jiff::SignedDuration;

use super::{
    Act, Detail, Fact, Need, Plan, Run, Seen, StageId, Started, Subject, TIMING, config_failure, context, doubt,
    hiccup, need, new_run, plan, plan_decision, plan_turn, settle, slot, source, start,
};
use crate::domain::{
    approval::{Approval, Verdict},
    plan::Context,
    source::Layer,
    source::Source,
    stage::StageStatus,
    testing::{APPROVERS, member},
};

const OWNERS: [&str; 2] = ["one", "two"];

/// A run, by its number, the stage and the stage's attempt.
type Key = (usize, StageId, u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Hidden,
    Running,
    /// Done, but people must say whether that counts.
    Doubtful,
    Done,
    Failed,
}

/// What a replica is about to do for a run.
#[derive(Clone, Debug)]
enum Actor {
    Idle,
    Record(Rc<Run>, Rc<Plan>),
    Act(Rc<Run>, StageId),
    Settle(StageId, Started),
}

#[derive(Clone)]
struct State {
    runs: [Rc<Run>; 2],
    turn: Option<usize>,
    works: BTreeMap<Key, Work>,
    /// By replica, then by run.
    actors: [[Actor; 2]; 2],
}

/// A state that follows, and whether it comes without anything going wrong.
type Next = (bool, State);

impl State {
    fn first() -> Self {
        let mut run = new_run(&[Layer::Normal]);
        for stage in run.stages.iter_mut().filter(|it| it.id < StageId::NormalTransform) {
            stage.status = StageStatus::Succeeded;
        }
        let (run, idle) = (Rc::new(run), || [Actor::Idle, Actor::Idle]);
        Self { runs: [Rc::clone(&run), run], turn: None, works: BTreeMap::new(), actors: [idle(), idle()] }
    }

    /// Returns everything that the future depends on.
    fn signature(&self) -> String {
        let run = |it: &Rc<Run>| {
            let stage = it.open_stage().map(|it| {
                let intent = it.intent.as_ref().map(|it| (it.owner.clone(), it.until <= start(), it.handle.is_some()));
                (it.id, it.status, it.attempt, intent, it.waiting.as_ref().map(|it| std::mem::discriminant(&it.on)))
            });
            let question = it.question.as_ref().map(|it| (it.state, it.stage));
            (it.status, it.has_turn, it.canceled_by.is_some(), stage, question)
        };
        let actor = |actor: &Actor| match actor {
            Actor::Idle => String::new(),
            Actor::Record(_, plan) => super::told(plan),
            Actor::Act(_, stage) => format!("act {stage}"),
            Actor::Settle(stage, started) => format!("settle {stage} {started:?}"),
        };
        let actors = self.actors.each_ref().map(|it| it.each_ref().map(actor));
        format!("{:?} {:?} {:?} {actors:?}", self.runs.each_ref().map(run), self.turn, self.works)
    }

    /// Returns the same state without what cannot matter any more: plans for a record that has changed, answers that
    /// nobody waits for, work of runs that are over.
    fn tidy(mut self) -> Self {
        for (replica, actors) in self.actors.iter_mut().enumerate() {
            for (run, actor) in actors.iter_mut().enumerate() {
                let matters = match actor {
                    Actor::Idle | Actor::Act(..) => true,
                    Actor::Record(read, _) => Rc::ptr_eq(read, &self.runs[run]),
                    Actor::Settle(stage, _) => {
                        let intent = self.runs[run].stage(*stage).intent.as_ref();
                        intent.is_some_and(|it| it.owner == OWNERS[replica])
                    }
                };
                if !matters {
                    *actor = Actor::Idle;
                }
            }
        }
        let runs = &self.runs;
        self.works.retain(|(run, _, _), _| !runs[*run].status.is_over());
        self
    }

    /// What is noted of a run that has failed leaves it at rest, and changes no state.
    fn notes_move_nothing(&self) {
        for run in self.runs.iter().filter(|it| it.standing_failure().is_some()) {
            let noted = [Fact::Acknowledged { by: "UELI".to_owned() }, Fact::Overtaken { by: run.export_task.clone() }];
            for fact in noted {
                let after = run.after(&fact, start()).expect("a failure that stands can be noted");
                assert_eq!((need(&after), after.has_turn, &after.stages), (Need::Rest, false, &run.stages));
            }
        }
    }

    fn is_end(&self) -> bool {
        let quiet = self.actors.iter().flatten().all(|it| matches!(it, Actor::Idle));
        quiet && self.runs.iter().all(|it| it.status.is_over())
    }

    fn next(&self, source: &Source) -> Vec<Next> {
        let mut next = Vec::new();
        for (replica, run) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            self.steps(replica, run, self.context(replica, run, source), &mut next);
            if !matches!(self.actors[replica][run], Actor::Idle) {
                next.push((false, self.with(replica, run, Actor::Idle)));
            }
        }
        self.time_passes(&mut next);
        for (key, work) in &self.works {
            let becomes = |work| {
                let mut state = self.clone();
                state.works.insert(*key, work);
                state
            };
            match work {
                Work::Hidden => next.push((true, becomes(Work::Running))),
                Work::Running => {
                    // One doubt is enough to meet everything that can come of one.
                    let doubtful = key.1 == StageId::NormalTransform && key.0 == 0;
                    next.extend([(true, becomes(Work::Done)), (false, becomes(Work::Failed))]);
                    next.extend(doubtful.then(|| (false, becomes(Work::Doubtful))));
                }
                // What people were asked about may be no more when it is looked at again.
                Work::Doubtful => next.push((false, becomes(Work::Done))),
                Work::Done | Work::Failed => {}
            }
        }
        self.people_decide(source, &mut next);
        if self.runs[0].canceled_by.is_none() && !self.runs[0].status.is_over() {
            let mut state = self.clone();
            assert!(state.happens(0, &[Fact::CancelAsked { by: "UELI".to_owned() }]), "it can be canceled");
            next.push((false, state));
        }
        next
    }

    /// Whoever is asked answers, in both ways.
    fn people_decide(&self, source: &Source, next: &mut Vec<Next>) {
        for (number, run) in self.runs.iter().enumerate() {
            let Some(request) = run.request().filter(|_| !run.status.is_over()) else { continue };
            for verdict in [Verdict::Approve, Verdict::Deny] {
                let person = member(APPROVERS[0]);
                let decided = Approval::decide(run, source, &request.id, &person, verdict, start());
                let mut state = self.clone();
                let fact = Fact::ApprovalChanged { approval: decided.expect("one answer is enough") };
                assert!(state.happens(number, &[fact]), "an answer fits");
                next.push((verdict == Verdict::Approve, state));
            }
        }
    }

    /// A lease that is over has been seen for its whole length, another one for no time.
    fn context<'a>(&self, replica: usize, run: usize, source: &'a Source) -> Context<'a> {
        let intent = self.runs[run].open_stage().and_then(|it| it.intent.as_ref());
        let over = intent.is_some_and(|it| it.until <= start());
        let intent_seen_for = if over { TIMING.lease } else { SignedDuration::ZERO };
        Context { me: OWNERS[replica], intent_seen_for, ..context(source, start()) }
    }

    fn with(&self, replica: usize, run: usize, actor: Actor) -> Self {
        let mut state = self.clone();
        state.actors[replica][run] = actor;
        state
    }

    fn steps(&self, replica: usize, run: usize, context: Context<'_>, next: &mut Vec<Next>) {
        match &self.actors[replica][run] {
            Actor::Idle => {
                let plan = self.plan(run, context);
                if !plan.facts.is_empty() || plan.act.is_some() {
                    next.push((true, self.with(replica, run, Actor::Record(Rc::clone(&self.runs[run]), plan.into()))));
                }
            }
            Actor::Record(read, plan) => {
                let mut state = self.with(replica, run, Actor::Idle);
                if Rc::ptr_eq(read, &self.runs[run]) && state.happens(run, &plan.facts) {
                    if let Some(Act::Start(stage)) = plan.act {
                        state.actors[replica][run] = Actor::Act(Rc::clone(&state.runs[run]), stage);
                    }
                    if let Some(Act::Stop(stage)) = plan.act {
                        state.works.insert(key(run, &state.runs[run], stage), Work::Failed);
                    }
                }
                next.push((true, state));
            }
            Actor::Act(read, stage) => {
                let unclear = || Started::Unclear(hiccup());
                let fates = [
                    (true, true, Started::Acted { handle: Some("h".to_owned()) }),
                    (false, true, unclear()),
                    (false, false, unclear()),
                    (false, false, Started::Refused(slot())),
                    (false, false, Started::Failed(config_failure())),
                ];
                for (good, acts, started) in fates {
                    let mut state = self.with(replica, run, Actor::Settle(*stage, started));
                    if acts {
                        let key = key(run, read, *stage);
                        assert!(state.works.insert(key, Work::Hidden).is_none(), "{key:?} is started twice");
                        assert_eq!(state.turn, Some(run), "{key:?} is started without the turn");
                    }
                    next.push((good, state));
                }
            }
            Actor::Settle(stage, started) => {
                let mut state = self.with(replica, run, Actor::Idle);
                let intent = self.runs[run].stage(*stage).intent.as_ref();
                if intent.is_some_and(|it| it.owner == OWNERS[replica]) {
                    let plan = settle(&self.runs[run], *stage, started.clone(), context);
                    assert!(state.happens(run, &plan.facts), "{:?} came of an act and does not fit", plan.facts);
                }
                next.push((true, state));
            }
        }
    }

    fn plan(&self, run: usize, context: Context<'_>) -> Plan {
        let read = &self.runs[run];
        match need(read) {
            Need::Rest => Plan::default(),
            Need::Decision => plan_decision(read, context),
            Need::Turn if read.canceled_by.is_some() => Plan { facts: vec![Fact::Canceled], ..Plan::default() },
            Need::Turn => match self.turn {
                Some(holder) if holder != run => plan_turn(read, "the other", context),
                Some(_) | None => Plan { facts: vec![Fact::TurnTaken], ..Plan::default() },
            },
            Need::Look(stage) => plan(read, stage, &self.look(key(run, read, stage)), context),
        }
    }

    fn look(&self, key: Key) -> Seen {
        let detail = Detail::default();
        match self.works.get(&key) {
            None | Some(Work::Hidden) => Seen::Absent { marker: None },
            Some(Work::Running) => Seen::Running { handle: Some("h".to_owned()), detail },
            Some(Work::Doubtful) => Seen::Doubtful { doubt: doubt(Subject::Rows), detail, warnings: Vec::new() },
            Some(Work::Done) => Seen::Done { detail, warnings: Vec::new() },
            Some(Work::Failed) => Seen::Failed(config_failure()),
        }
    }

    /// Records facts, and with them what they say of the turn; not if the turn is another's.
    fn happens(&mut self, run: usize, facts: &[Fact]) -> bool {
        let mut after = Run::clone(&self.runs[run]);
        for fact in facts {
            match after.after(fact, start()) {
                Ok(next) => after = next,
                Err(_) => return false,
            }
        }
        match (self.runs[run].has_turn, after.has_turn) {
            (false, true) if self.turn.is_some_and(|it| it != run) => return false,
            (false, true) => self.turn = Some(run),
            (true, false) => self.turn = None,
            (true, true) | (false, false) => {}
        }
        assert!(!self.runs[run].status.is_over(), "what is over does not change");
        if !facts.is_empty() {
            self.runs[run] = Rc::new(after);
        }
        true
    }

    /// Every lease runs out, and all work shows. Not while somebody is about to act: that takes less than a lease.
    fn time_passes(&self, next: &mut Vec<Next>) {
        let acts = |it: &Actor| matches!(it, Actor::Record(..) | Actor::Act(..));
        if self.actors.iter().flatten().any(acts) {
            return;
        }
        let mut state = self.clone();
        for run in &mut state.runs {
            let mut older = Run::clone(run);
            older.stages.iter_mut().filter_map(|it| it.intent.as_mut()).for_each(|it| it.until = start());
            *run = Rc::new(older);
        }
        state.works.values_mut().filter(|it| **it == Work::Hidden).for_each(|it| *it = Work::Running);
        next.push((true, state));
    }
}

fn key(number: usize, run: &Run, stage: StageId) -> Key {
    let it = run.stage(stage);
    (number, stage, it.attempt + u32::from(it.status == StageStatus::Pending))
}

/// The states found so far, and from which others each can be reached without anything going wrong.
#[derive(Default)]
struct Found {
    numbers: HashMap<String, usize>,
    before: Vec<Vec<usize>>,
    ends: Vec<usize>,
}

impl Found {
    /// Returns the number of `state`, and whether it is new.
    fn number(&mut self, state: &State) -> (usize, bool) {
        let next = self.numbers.len();
        let number = *self.numbers.entry(state.signature()).or_insert(next);
        if number == next {
            self.before.push(Vec::new());
            if state.is_end() {
                self.ends.push(number);
            }
        }
        (number, number == next)
    }

    /// Returns how many states lead to an end when nothing goes wrong any more.
    fn leading_to_an_end(&self) -> usize {
        let mut leads = vec![false; self.before.len()];
        let mut open = self.ends.clone();
        while let Some(number) = open.pop() {
            if !std::mem::replace(&mut leads[number], true) {
                open.extend(&self.before[number]);
            }
        }
        leads.iter().filter(|it| **it).count()
    }
}

#[test]
fn in_every_state_nothing_is_done_twice_and_everything_can_end() {
    let (source, first, mut found) = (source(), State::first(), Found::default());
    found.number(&first);
    let mut open = VecDeque::from([(0, first)]);
    let mut steps = 0;
    while let Some((number, state)) = open.pop_front() {
        for (good, next) in state.next(&source) {
            let next = next.tidy();
            next.notes_move_nothing();
            steps += 1;
            let (next_number, new) = found.number(&next);
            if good {
                found.before[next_number].push(number);
            }
            if new {
                open.push_back((next_number, next));
            }
        }
    }
    let states = found.before.len();
    println!("{states} states, {steps} steps between them, {} ends", found.ends.len());
    assert_eq!(found.leading_to_an_end(), states, "some state leads nowhere");
}
