//! What holds whatever happens: faults, crashes, two replicas, and people who press, cancel and retry.

use proptest::{prelude::*, sample::select};

use super::{
    Fact, Need, RunStatus, Stage, StageId, need, new_run, run_at,
    world::{End, Fate, Trouble, World},
};
use crate::domain::{approval::Verdict, stage::StageStatus, testing::APPROVERS};

/// Something that happens in the world.
#[derive(Clone, Copy, Debug)]
enum Op {
    /// A replica takes some steps.
    Steps(usize, usize, Fate),
    Crash(usize),
    Tick(i64),
    /// Nobody is there for some minutes.
    Pause(i64),
    Work(End),
    Trouble(Trouble),
    Press(&'static str, Verdict),
    Cancel,
    Retry(Option<StageId>),
    Classify(&'static str),
    /// Something is noted of a failure that stands.
    Note(bool),
}

fn ops() -> impl Strategy<Value = Op> {
    let fates = vec![Fate::Heard, Fate::Heard, Fate::AnswerLost, Fate::CallLost, Fate::Refused, Fate::Denied];
    let ends = vec![End::Done, End::Done, End::Done, End::Done, End::Failed, End::Stopped];
    let verdicts = vec![Verdict::Approve, Verdict::Approve, Verdict::Approve, Verdict::Approve, Verdict::Deny];
    prop_oneof![
        20 => (0..2_usize, 1..9_usize, select(fates)).prop_map(|(who, steps, fate)| Op::Steps(who, steps, fate)),
        2 => (0..2_usize).prop_map(Op::Crash),
        10 => (1_i64..=10).prop_map(Op::Tick),
        1 => (1_i64..900).prop_map(Op::Pause),
        8 => select(ends).prop_map(Op::Work),
        1 => any::<[bool; 3]>().prop_map(|[turn_taken, no_slot, blind]| {
            Op::Trouble(Trouble { turn_taken, no_slot, blind })
        }),
        2 => Just(Op::Trouble(Trouble::default())),
        4 => (select(&APPROVERS), select(verdicts)).prop_map(|(who, verdict)| Op::Press(who, verdict)),
        1 => Just(Op::Cancel),
        3 => prop_oneof![Just(None), select(&StageId::ALL).prop_map(Some)].prop_map(Op::Retry),
        1 => select(vec!["3f9a2c51", "another"]).prop_map(Op::Classify),
        2 => any::<bool>().prop_map(Op::Note),
    ]
}

impl World {
    fn apply(&mut self, op: Op) {
        match op {
            Op::Steps(who, steps, fate) => (0..steps).for_each(|_| self.step(who, fate)),
            Op::Crash(who) => self.crash(who),
            Op::Tick(seconds) => self.tick(seconds),
            Op::Pause(minutes) => self.pause(minutes),
            Op::Work(end) => self.end_work(end),
            Op::Trouble(trouble) => self.trouble = trouble,
            Op::Press(user, verdict) => self.press(user, verdict),
            Op::Cancel => drop(self.happens(&Fact::CancelAsked { by: "UELI".into() })),
            Op::Retry(from) => self.retry(from),
            Op::Classify(class) => self.classify(class),
            Op::Note(acknowledged) => self.note(acknowledged),
        }
    }

    /// Ten seconds in which nothing goes wrong: both replicas plan and act, work ends well, approvers press.
    fn good_turn(&mut self) {
        self.trouble = Trouble::default();
        for who in [0, 1] {
            (0..4).for_each(|_| self.step(who, Fate::Heard));
        }
        self.end_work(End::Done);
        APPROVERS.iter().for_each(|user| self.press(user, Verdict::Approve));
        self.tick(10);
    }

    /// Returns after how many good turns the run is over and everybody quiet.
    fn comes_to_rest(&mut self) -> Option<usize> {
        (0..200).find(|_| {
            self.good_turn();
            self.run.status.is_over() && self.is_quiet()
        })
    }

    /// Every stage that AWS has done has one piece of work of its last attempt; what came before `first` has none.
    fn check_works(&self, first: StageId) -> Result<(), TestCaseError> {
        let by_work = |it: &Stage| {
            let others = matches!(it.id, StageId::Snapshot | StageId::Verify | StageId::SensitiveApproval);
            it.status == StageStatus::Succeeded && !others && (it.id >= first || it.attempt > 1)
        };
        for stage in self.run.stages.iter().filter(|it| by_work(it)) {
            let of_stage = self.works.keys().filter(|(_, id, attempt)| *id == stage.id && *attempt == stage.attempt);
            prop_assert_eq!(of_stage.count(), 1, "{}", stage.id);
        }
        Ok(())
    }
}

#[test]
fn a_run_that_nothing_disturbs_succeeds_with_each_work_done_once() {
    let mut world = World::with(new_run(&[]));
    let turns = world.comes_to_rest().expect("an end");
    assert_eq!((world.run.status, world.works.len()), (RunStatus::Succeeded, 6));
    assert!(turns < 40, "{turns} turns of ten seconds");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(500)))]

    /// Within, the world fails the test when work is started twice for one attempt, or without an approval that
    /// stands, when a fact was planned that does not fit, or when a run that is not over is left alone.
    #[test]
    fn every_run_ends_once_nothing_goes_wrong_and_then_rests(
        first in select(&StageId::ALL), ops in prop::collection::vec(ops(), 0..120),
    ) {
        let mut world = World::with(run_at(first));
        for op in ops {
            world.apply(op);
        }
        prop_assert!(world.comes_to_rest().is_some(), "the run goes on and on: {:?}", world.run);
        world.check_works(first)?;
        let (rested, works) = (world.run.clone(), world.works.len());
        prop_assert_eq!(need(&rested), Need::Rest);
        (0..20).for_each(|_| world.good_turn());
        prop_assert_eq!(world.run, rested);
        prop_assert_eq!(world.works.len(), works);
    }
}
