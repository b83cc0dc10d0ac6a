//! Bugs that can be planted, to see that the simulation finds them. In a build that is not a test they do not exist.
//!
//! What is planted in the engine itself is called from there, one line under `cfg(test)` each; the rest is in the ports.

use jiff::SignedDuration;

use super::history::Invariant;
use crate::{
    domain::{
        access::{Membership, Person},
        fact::Fact,
        plan::{Act, Plan},
        retention::Retention,
        run::Run,
        seen::Started,
        source::Source,
        stage::{Detail, StageId, StageStatus},
    },
    engine::{
        Engine,
        ports::{Change, Progress},
    },
};

/// A bug: the first twelve are planted in the engine, the others in what its ports promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// "Recorded" is answered before anything is.
    AckBeforeRecord,
    /// A start without a clear answer is taken for one that was not heard.
    UnclearIsNothing,
    /// Work is started without an intent in the record.
    ForgetIntent,
    /// An event is believed.
    BelieveEvents,
    /// Whoever presses, it counts.
    AnybodyApproves,
    /// The Normal catalog is not looked at.
    LookAway,
    /// The sweeper forgets the runs.
    SweeperForgets,
    /// An intent binds nobody.
    NoLease,
    /// A success makes up for nothing.
    ForgetFailures,
    /// What was needed until now is removed at once.
    ForgetGrace,
    /// What a pass has left half removed stays so.
    ForgetMarks,
    /// Tables are turned whatever is published.
    TurnBack,
    /// A message is posted without an intent in the record.
    PostWithoutIntent,
    /// A post without a clear answer is not found again.
    NoLookForPost,
    /// A request that is closed is carried out again.
    CarryOutAgain,
    /// A run is written whatever its version.
    IgnoreVersion,
    /// A run is created whether it is there or not.
    IgnoreExists,
    /// The turn is given to everybody.
    TurnForAll,
    /// What is under `latest/` is not compared.
    PublishBlindly,
    /// Tables count as turned when one of them is.
    HalfSwitch,
    /// The tables of both layers are turned at once.
    TurnBoth,
    /// A record is written without its entries of the log.
    ForgetEntries,
}

impl Planted {
    /// Every bug that can be planted.
    pub const ALL: [Self; 22] = [
        Self::AckBeforeRecord,
        Self::UnclearIsNothing,
        Self::ForgetIntent,
        Self::BelieveEvents,
        Self::AnybodyApproves,
        Self::LookAway,
        Self::SweeperForgets,
        Self::NoLease,
        Self::ForgetFailures,
        Self::ForgetGrace,
        Self::ForgetMarks,
        Self::TurnBack,
        Self::PostWithoutIntent,
        Self::NoLookForPost,
        Self::CarryOutAgain,
        Self::IgnoreVersion,
        Self::IgnoreExists,
        Self::TurnForAll,
        Self::PublishBlindly,
        Self::HalfSwitch,
        Self::TurnBoth,
        Self::ForgetEntries,
    ];
}

impl Planted {
    /// Returns the invariants of which one, at least, must be seen broken when the bug is there.
    pub(super) fn breaks(self) -> &'static [Invariant] {
        match self {
            Self::AckBeforeRecord => &[Invariant::NoRequestLost],
            Self::UnclearIsNothing | Self::ForgetIntent | Self::NoLease => &[Invariant::OneJobRun, Invariant::OneCrawl],
            Self::BelieveEvents => &[Invariant::SuccessIsTrue],
            Self::AnybodyApproves => &[Invariant::Approved],
            Self::LookAway => &[Invariant::NoLeak],
            Self::SweeperForgets => &[Invariant::EveryRunEnds, Invariant::ThreadShowsEnd],
            Self::ForgetFailures => &[Invariant::MadeUpFor],
            Self::ForgetGrace => &[Invariant::NeededStays],
            Self::ForgetMarks => &[Invariant::LeftoversGo],
            Self::PostWithoutIntent | Self::NoLookForPost => &[Invariant::OneMessage],
            Self::CarryOutAgain => &[Invariant::RequestOnce],
            Self::IgnoreVersion | Self::IgnoreExists => &[Invariant::VersionGrows],
            Self::TurnForAll => &[Invariant::OneTurn],
            Self::PublishBlindly => &[Invariant::LatestForward],
            Self::TurnBack => &[Invariant::TablesForward],
            Self::HalfSwitch => &[Invariant::OneGeneration],
            Self::TurnBoth => &[Invariant::TablesApproved],
            Self::ForgetEntries => &[Invariant::Logged],
        }
    }
}

impl Engine {
    fn has(&self, fault: Planted) -> bool {
        self.planted == Some(fault)
    }

    /// Says whether a request is acknowledged and never recorded.
    pub(in crate::engine) fn acknowledges_blindly(&self) -> bool {
        self.has(Planted::AckBeforeRecord)
    }

    /// Says whether the sweeper leaves the runs out.
    pub(in crate::engine) fn forgets_runs(&self) -> bool {
        self.has(Planted::SweeperForgets)
    }

    /// Says whether the failures that a success makes up for are left alone.
    pub(in crate::engine) fn forgets_failures(&self) -> bool {
        self.has(Planted::ForgetFailures)
    }

    /// Takes what is kept for what is kept without any grace.
    pub(in crate::engine) fn shorten(&self, retention: Retention) -> Retention {
        let grace = if self.has(Planted::ForgetGrace) { SignedDuration::ZERO } else { retention.grace };
        Retention { grace, ..retention }
    }

    /// Says whether what is half removed is left alone.
    pub(in crate::engine) fn forgets_marks(&self) -> bool {
        self.has(Planted::ForgetMarks)
    }

    /// Says whether tables are turned to whatever run wants them.
    pub(in crate::engine) fn turns_back(&self) -> bool {
        self.has(Planted::TurnBack)
    }

    /// Starts again at once what has had no clear answer, without a look.
    pub(in crate::engine) async fn act_again(
        &self,
        run: &Run,
        source: &Source,
        stage: StageId,
        started: Started,
    ) -> Started {
        match started {
            Started::Unclear(_) if self.has(Planted::UnclearIsNothing) => {
                self.work.start(run, source, stage, &Progress::default()).await
            }
            Started::Unclear(_) | Started::Acted { .. } | Started::Refused(_) | Started::Failed(_) => started,
        }
    }

    /// Takes every intent for one that has been seen for long.
    pub(in crate::engine) fn lapse(&self, seen_for: SignedDuration) -> SignedDuration {
        if self.has(Planted::NoLease) { self.timing.lease } else { seen_for }
    }

    /// Leaves the intent out of a plan to start something.
    pub(in crate::engine) fn spoil(&self, plan: Plan) -> Plan {
        // The copy keeps its intent: it is what the bot does itself, and ends at once without.
        let is_work = matches!(plan.act, Some(Act::Start(stage)) if stage != StageId::Latest);
        let forgets = self.has(Planted::ForgetIntent) && is_work;
        if forgets { Plan { facts: Vec::new(), ..plan } } else { plan }
    }

    /// Says whether what the Normal catalog shows is nobody's business.
    pub(in crate::engine) fn looks_away(&self) -> bool {
        self.has(Planted::LookAway)
    }

    /// Takes whoever presses for an approver.
    pub(in crate::engine) fn mistake(&self, person: Person) -> Person {
        if !self.has(Planted::AnybodyApproves) {
            return person;
        }
        let groups = [super::scenario::APPROVERS.to_owned()].into();
        Person { membership: Membership::Member, groups, ..person }
    }

    /// Takes an event's word for it that the job of an open stage has succeeded.
    pub(in crate::engine) async fn believe_job(&self, job: &str) {
        if !self.has(Planted::BelieveEvents) {
            return;
        }
        for open in self.store.open_runs().await.unwrap_or_default() {
            let Ok(Some(run)) = self.store.run(&open.export_task).await else { continue };
            let source = self.sources.get(&run.source).expect("sources do not change");
            let Some(stage) = run.open_stage().filter(|it| it.status == StageStatus::Running) else { continue };
            let is_its = |layer| source.layer(layer).is_some_and(|it| it.glue_job == job);
            if stage.id.layer().is_some_and(is_its) {
                let fact = Fact::Finished { stage: stage.id, detail: Detail::default(), warnings: Vec::new() };
                let Some(after) = self.after(&run, &[fact]) else { continue };
                self.store.write(&[Change::Update { run: &after, was: run.version, under: None }]).await.ok();
            }
        }
    }
}
