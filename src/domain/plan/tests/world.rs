//! A small world for the plans: a record, two replicas that share it, and AWS, where work is absent, goes on or has
//! ended, where a start is seen only a while later, and where answers get lost.
//!
//! A replica takes one step at a time (plan, record, act, say what came of it), and may crash between any two. What the
//! world leaves out is a replica that is stopped for long between plan, record and act, and goes on when it wakes up:
//! nothing in the record can tell it from one that is quick, and only AWS's own limits help there.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    Act, Detail, Fact, Intent, Need, Plan, Run, Seen, Source, Stage, StageId, Started, TIMING, context, hiccup, mins,
    need, plan, plan_decision, plan_turn, promise::Heard, secs, settle, slot, source, start,
};
use crate::domain::{
    approval::Verdict,
    failure::{Class, Failure, codes},
    plan::Context,
    retry::{Retry, retry},
    stage::StageStatus,
    testing::member,
};

/// How long after its start work can be looked at, in seconds. With what a replica takes from plan to record it must be
/// shorter than a lease, or nothing could be promised.
const LAG: i64 = 15;

/// One piece of work: the export's attempt, the stage, and the stage's attempt.
type Key = (u32, StageId, u32);

/// What AWS knows of a piece of work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    since: Timestamp,
    end: Option<End>,
}

/// How work ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Done,
    Failed,
    Stopped,
}

/// What becomes of a call that starts work.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    Heard,
    /// AWS has acted; the answer is lost.
    AnswerLost,
    /// The call is lost.
    CallLost,
    /// AWS has certainly not acted, and may later.
    Refused,
    /// AWS never will.
    Denied,
}

/// What a replica is about to do.
#[derive(Clone, Debug)]
enum Replica {
    Idle,
    Record(Box<Run>, Plan, Timestamp),
    Act(Box<Run>, StageId),
    Settle(StageId, Started),
}

/// What is in everybody's way for now.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trouble {
    pub(super) turn_taken: bool,
    pub(super) no_slot: bool,
    pub(super) blind: bool,
}

pub(super) struct World {
    pub(super) run: Run,
    pub(super) source: Source,
    pub(super) now: Timestamp,
    pub(super) trouble: Trouble,
    pub(super) works: BTreeMap<Key, Work>,
    /// What people have said, as the judge keeps it.
    pub(super) heard: Heard,
    replicas: [Replica; 2],
    /// The intent that each replica has last seen, and since when.
    sightings: [Option<(Intent, Timestamp)>; 2],
}

const OWNERS: [&str; 2] = ["one", "two"];

impl World {
    /// A world in which `run` has just come to where it is.
    pub(super) fn with(run: Run) -> Self {
        let source = source();
        Self {
            heard: Heard::before(&run, &source.classification),
            run,
            source,
            now: start(),
            trouble: Trouble::default(),
            works: BTreeMap::new(),
            replicas: [Replica::Idle, Replica::Idle],
            sightings: [None, None],
        }
    }

    /// The replica takes its next step; a call that starts work meets `fate`.
    pub(super) fn step(&mut self, replica: usize, fate: Fate) {
        self.replicas[replica] = match std::mem::replace(&mut self.replicas[replica], Replica::Idle) {
            Replica::Idle => self.plan(replica),
            Replica::Record(read, plan, _) => self.record(&read, &plan),
            Replica::Act(read, stage) => Replica::Settle(stage, self.begin(&read, stage, fate)),
            Replica::Settle(stage, started) => self.settle(replica, stage, started),
        };
    }

    pub(super) fn restart(&mut self) {
        (0..OWNERS.len()).for_each(|it| self.crash(it));
        // Another process remembers nothing.
        self.sightings = [None, None];
    }

    pub(super) fn crash(&mut self, replica: usize) {
        self.replicas[replica] = Replica::Idle;
    }

    /// Time passes, a third of a lease at the most: replicas that act renew their intents.
    pub(super) fn tick(&mut self, seconds: i64) {
        assert!(secs(seconds) <= TIMING.lease / 3);
        self.now += secs(seconds);
        for replica in 0..OWNERS.len() {
            let goes_on = match self.replicas[replica] {
                Replica::Idle | Replica::Settle(..) => true,
                Replica::Record(_, _, planned) => self.now <= planned + TIMING.lease / 3,
                Replica::Act(_, stage) => self.renew(replica, stage),
            };
            if !goes_on {
                self.crash(replica);
            }
        }
    }

    fn renew(&mut self, replica: usize, stage: StageId) -> bool {
        let until = self.now + TIMING.lease;
        let renewed = Fact::Renewed { stage, until, detail: Detail::default() };
        self.is_intended_by(OWNERS[replica], stage) && self.happens(&renewed)
    }

    /// Nobody is there for so many minutes.
    pub(super) fn pause(&mut self, minutes: i64) {
        self.restart();
        self.now += mins(minutes);
    }

    /// Another classification is put in force: the replicas start anew with it.
    pub(super) fn classify(&mut self, classification: &str) {
        self.restart();
        self.source.classification = classification.to_owned();
    }

    /// `fact` happens at the hands of somebody who has just read the record, if it fits.
    pub(super) fn happens(&mut self, fact: &Fact) -> bool {
        match self.run.after(fact, self.now) {
            Ok(run) => {
                self.run = Run { version: self.run.version + 1, ..run };
                true
            }
            Err(_) => false,
        }
    }

    /// All work that goes on ends so.
    pub(super) fn end_work(&mut self, end: End) {
        for work in self.works.values_mut().filter(|it| it.end.is_none()) {
            work.end = Some(end);
        }
    }

    pub(super) fn press(&mut self, user: &str, verdict: Verdict) {
        self.press_as(&member(user), verdict.into());
    }

    pub(super) fn retry(&mut self, from: Option<StageId>) {
        self.retry_by(from, "UELI");
    }

    pub(super) fn retry_by(&mut self, from: Option<StageId>, by: &str) {
        let retried = retry(&self.run, from, by, self.now);
        if retried.is_ok() {
            self.heard.shaped_by(by);
        }
        match retried {
            Ok(Retry::Same { fact, .. }) => assert!(self.happens(&fact), "a retry fits the run"),
            Ok(Retry::NewAttempt { fact, next, .. }) => {
                assert!(self.happens(&fact), "a new attempt fits the run");
                // Replicas that work on the record of the old attempt find that it is over.
                self.restart();
                self.run = *next;
            }
            Err(_) => {}
        }
    }

    /// Somebody takes care of the run's failure, or another run makes up for it: neither sets anything going.
    pub(super) fn note(&mut self, acknowledged: bool) {
        let by = self.run.run_id.with_attempt(99);
        let fact = if acknowledged { Fact::Acknowledged { by: "UELI".into() } } else { Fact::Overtaken { by } };
        if self.happens(&fact) {
            assert_eq!(need(&self.run), Need::Rest);
        }
    }

    /// Everybody who is in the middle of something is done with it.
    pub(super) fn is_quiet(&self) -> bool {
        self.replicas.iter().all(|it| matches!(it, Replica::Idle))
    }

    fn context(&self, replica: usize) -> Context<'_> {
        let intent_seen_for = match &self.sightings[replica] {
            Some((_, since)) => self.now.duration_since(*since),
            None => SignedDuration::ZERO,
        };
        Context { me: OWNERS[replica], intent_seen_for, ..context(&self.source, self.now) }
    }

    fn sight(&mut self, replica: usize) {
        let intent = self.run.open_stage().and_then(|it| it.intent.clone());
        let known = self.sightings[replica].take().filter(|(seen, _)| Some(seen) == intent.as_ref());
        self.sightings[replica] = known.or(intent.map(|it| (it, self.now)));
    }

    fn plan(&mut self, replica: usize) -> Replica {
        self.sight(replica);
        let context = self.context(replica);
        let planned = match need(&self.run) {
            Need::Rest => return Replica::Idle,
            Need::Turn if self.trouble.turn_taken => plan_turn(&self.run, "another", context),
            Need::Turn => Plan { facts: vec![Fact::TurnTaken], ..Plan::default() },
            Need::Decision => plan_decision(&self.run, context),
            Need::Look(stage) => plan(&self.run, stage, &self.look(stage), context),
        };
        let leads_on = !planned.facts.is_empty() || planned.act.is_some() || planned.again.is_some();
        assert!(leads_on, "a run that is not over is left alone");
        Replica::Record(Box::new(self.run.clone()), planned, self.now)
    }

    fn record(&mut self, read: &Run, plan: &Plan) -> Replica {
        if self.run.export_task != read.export_task || self.run.version != read.version {
            return Replica::Idle;
        }
        if !self.is_in_time(plan) {
            return Replica::Idle;
        }
        for fact in &plan.facts {
            assert!(self.happens(fact), "{fact:?} was planned for a run that it does not fit");
        }
        match plan.act {
            Some(Act::Start(stage)) => {
                self.judge_intent(stage);
                Replica::Act(Box::new(self.run.clone()), stage)
            }
            Some(Act::Stop(stage)) => {
                let key = key(&self.run, stage);
                if let Some(work) = self.works.get_mut(&key).filter(|it| it.end.is_none()) {
                    work.end = Some(End::Stopped);
                }
                Replica::Idle
            }
            None => Replica::Idle,
        }
    }

    /// The only plan that age may spoil is the one to start under an approval that has just run out.
    fn is_in_time(&self, plan: &Plan) -> bool {
        let fits = || plan.facts.iter().try_fold(self.run.clone(), |run, fact| run.after(fact, self.now)).is_ok();
        plan.act != Some(Act::Start(StageId::SensitiveTransform)) || fits()
    }

    fn begin(&mut self, read: &Run, stage: StageId, fate: Fate) -> Started {
        let key = key(read, stage);
        match fate {
            Fate::Heard | Fate::AnswerLost => {
                self.judge_start(read, stage);
                let before = self.works.insert(key, Work { since: self.now, end: None });
                assert!(before.is_none(), "{key:?} is started twice");
            }
            Fate::CallLost | Fate::Refused | Fate::Denied => {}
        }
        match fate {
            Fate::Heard => Started::Acted { handle: Some(format!("{key:?}")) },
            Fate::AnswerLost | Fate::CallLost => Started::Unclear(hiccup()),
            Fate::Refused => Started::Refused(slot()),
            Fate::Denied => Started::Failed(super::config_failure()),
        }
    }

    /// What came of an act gets into the record as long as it still awaits that.
    fn settle(&mut self, replica: usize, stage: StageId, started: Started) -> Replica {
        if self.is_intended_by(OWNERS[replica], stage) {
            let plan = settle(&self.run, stage, started, self.context(replica));
            for fact in &plan.facts {
                assert!(self.happens(fact), "{fact:?} came of an act but does not fit the run");
            }
        }
        Replica::Idle
    }

    fn is_intended_by(&self, owner: &str, stage: StageId) -> bool {
        self.run.stage(stage).intent.as_ref().is_some_and(|it| it.owner == owner)
    }

    fn look(&self, stage: StageId) -> Seen {
        let done = Seen::Done { detail: Detail::default(), warnings: vec![] };
        if self.trouble.blind {
            return Seen::Unclear(hiccup());
        }
        if matches!(stage, StageId::Snapshot | StageId::Verify) {
            return done;
        }
        let key = key(&self.run, stage);
        match self.works.get(&key).filter(|it| it.since + secs(LAG) <= self.now) {
            None if self.trouble.no_slot => Seen::Busy(slot()),
            None => Seen::Absent { marker: None },
            Some(Work { end: None, .. }) => {
                Seen::Running { handle: Some(format!("{key:?}")), detail: Detail::default() }
            }
            Some(Work { end: Some(End::Done), .. }) => done,
            Some(Work { end: Some(End::Failed), .. }) => {
                Seen::Failed(Failure::new(Class::NewAttempt, codes::JOB_FAILED, "boom"))
            }
            Some(Work { end: Some(End::Stopped), .. }) => Seen::Stopped,
        }
    }
}

/// By what the work of `stage` is found. A stage that waits to be begun has the number of the attempt before.
fn key(run: &Run, stage: StageId) -> Key {
    let Stage { attempt, status, .. } = run.stage(stage);
    (run.attempt, stage, attempt + u32::from(*status == StageStatus::Pending))
}
