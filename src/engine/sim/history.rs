//! What is judged: every invariant by its name, what was found broken, and counts that show the seed was no idle one.

use std::{collections::BTreeMap, time::Duration};

use super::{line::Caller, world::Truth};

/// Something that always holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Invariant {
    /// Whatever was to become a run has become one.
    NoRunLost,
    /// What was answered "recorded" is in the records, and has its outcome.
    NoRequestLost,
    /// Within 15 minutes after the faults every run is at rest.
    EveryRunEnds,
    /// A snapshot is exported once per scope and attempt.
    OneExport,
    /// A job runs once per run, layer and attempt.
    OneJobRun,
    /// A crawl runs once per run, stage and attempt.
    OneCrawl,
    /// Every message is posted once.
    OneMessage,
    /// Replies stand in a thread in the order in which things happened.
    ThreadInOrder,
    /// In the end every thread shows its run's record.
    ThreadShowsEnd,
    /// What is posted is in the record.
    DrawnFromRecord,
    /// A run's version grows by one with every write.
    VersionGrows,
    /// A run that is over stays so, unless a person retries it or rolls back to it.
    EndIsFinal,
    /// A request is carried out once.
    RequestOnce,
    /// Only the run that has its source's turn has effects.
    OneTurn,
    /// `latest/` never goes back to an older snapshot, but by a rollback.
    LatestForward,
    /// What is sensitive is touched under an approval of people who may give it.
    Approved,
    /// A catalog that shows what it must not is done with only when two people, who may, have let it pass.
    NoLeak,
    /// A superseded run is older than one that waits or has run.
    SupersededByNewer,
    /// A run that has succeeded has done all its work.
    SuccessIsTrue,
    /// What is called made up for is, by a run that has succeeded with data as new; and whatever is made up for is called
    /// so in the end.
    MadeUpFor,
    /// At rest all tables of a layer show one run: the one that the manifest names, and whose record says so.
    OneGeneration,
    /// No table is turned back to an older snapshot, but by a rollback.
    TablesForward,
    /// No table of what is sensitive is turned without an approval of people who may give it.
    TablesApproved,
    /// Nothing is removed that is published, that a run or a reader who began within the grace reads, or that is kept to
    /// go back to.
    NeededStays,
    /// What is past what is kept has been removed, a while after everything has come to its end.
    LeftoversGo,
    /// The log's chains are whole, and every effect has an entry that was there before it.
    Logged,
}

impl Invariant {
    /// Every invariant, in the order of the report.
    pub(super) const ALL: [Self; 26] = [
        Self::NoRunLost,
        Self::NoRequestLost,
        Self::EveryRunEnds,
        Self::OneExport,
        Self::OneJobRun,
        Self::OneCrawl,
        Self::OneMessage,
        Self::ThreadInOrder,
        Self::ThreadShowsEnd,
        Self::DrawnFromRecord,
        Self::VersionGrows,
        Self::EndIsFinal,
        Self::RequestOnce,
        Self::OneTurn,
        Self::LatestForward,
        Self::Approved,
        Self::NoLeak,
        Self::SupersededByNewer,
        Self::SuccessIsTrue,
        Self::MadeUpFor,
        Self::OneGeneration,
        Self::TablesForward,
        Self::TablesApproved,
        Self::NeededStays,
        Self::LeftoversGo,
        Self::Logged,
    ];
}

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Count {
    Succeeded,
    Failed,
    OtherEnds,
    /// Runs that were brought back.
    Rollbacks,
    /// Of these, those that came to their end.
    RollbacksDone,
    /// From one that had been brought back itself.
    RollbacksInARow,
    /// Whose sensitive layer people have denied.
    RollbacksDenied,
    /// Crashes while one is under way.
    RollbackCrashes,
    /// Not done, for a run of the source is under way.
    RollbacksBusy,
    /// Not done, for the export is gone.
    RollbacksToNothing,
    /// Exports, and what jobs have written of them, that were removed in full.
    Removals,
    Exports,
    JobRuns,
    Crawls,
    /// Tables that were turned.
    Tables,
    Posts,
    Calls,
    Refused,
    LostCalls,
    LostAnswers,
    Crashes,
    Pauses,
    Commands,
    Presses,
    LostEvents,
    DoubledEvents,
}

/// What has happened in a world, as the fakes have seen it.
#[derive(Debug, Default)]
pub(super) struct History {
    /// What does not hold, and how that was seen.
    pub(super) broken: Vec<(Invariant, String)>,
    /// The same, but by a call that a pause has held up for longer than the lease: nobody can tell such a call from a
    /// dead one.
    pub(super) excused: Vec<(Invariant, String)>,
    pub(super) counts: BTreeMap<Count, u64>,
    /// Lines for people to read, if they want them.
    pub(super) trace: Option<Vec<String>>,
}

impl History {
    /// Returns a history in which nothing has happened.
    pub(super) fn new(traced: bool) -> Self {
        Self { trace: traced.then(Vec::new), ..Self::default() }
    }

    /// Counts one.
    pub(super) fn add(&mut self, count: Count) {
        *self.counts.entry(count).or_default() += 1;
    }
}

impl Truth {
    /// Notes that `invariant` does not hold.
    pub(super) fn broken(&mut self, invariant: Invariant, how: String) {
        self.note(|| format!("BROKEN {invariant:?}: {how}"));
        self.history.broken.push((invariant, how));
    }

    /// Notes that an effect of `caller` breaks `invariant`; excused if the call was held up for longer than `lease`.
    pub(super) fn broken_by(&mut self, caller: Caller, lease: Duration, invariant: Invariant, how: String) {
        if caller.held > lease {
            self.note(|| format!("excused {invariant:?}: {how}"));
            self.history.excused.push((invariant, how));
        } else {
            self.broken(invariant, how);
        }
    }
}
