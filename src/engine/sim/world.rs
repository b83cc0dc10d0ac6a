//! The world of one seed: what is really there of AWS, Slack and the records, and the one place where it is kept.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard},
};

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::{
    aws::Aws,
    cleaning::Needs,
    history::History,
    planted::Planted,
    queue::Sqs,
    replica::Process,
    scenario::{Scenario, epoch},
    slack::Workspace,
    store::Records,
};
use crate::{
    domain::{name::ExportTask, source::Publish},
    engine::sources::Sources,
    projection::text::Words,
};

/// Everything that replicas and people share.
pub(super) struct World {
    pub(super) scenario: Scenario,
    pub(super) sources: Sources,
    pub(super) words: Arc<Words>,
    pub(super) planted: Option<Planted>,
    pub(super) tasks: TaskTracker,
    start: Instant,
    truth: Mutex<Truth>,
}

/// What is there, whatever the bot believes. Every fake reads and writes it; nobody else does.
pub(super) struct Truth {
    /// The right time; replicas' clocks differ from it.
    pub(super) now: Timestamp,
    pub(super) chance: Rng,
    /// The time of faults is over.
    pub(super) quiet: bool,
    pub(super) planted: Option<Planted>,
    /// People go back to older data, now and then.
    pub(super) rolls_back: bool,
    pub(super) max_concurrent_runs: usize,
    /// How far the replicas' clocks are off at the most.
    pub(super) skew: SignedDuration,
    pub(super) sources: Sources,
    pub(super) aws: Aws,
    pub(super) needs: Needs,
    pub(super) records: Records,
    pub(super) slack: Workspace,
    /// Runs whose failure another run has made up for, which their records do not say yet.
    pub(super) owed: BTreeSet<ExportTask>,
    pub(super) queue: Sqs,
    pub(super) processes: Vec<Process>,
    pub(super) history: History,
}

impl World {
    /// Returns the world of `scenario`, in which nothing has happened yet. With `traced` it keeps a readable trace.
    pub(super) fn new(scenario: Scenario, words: Arc<Words>, planted: Option<Planted>, traced: bool) -> Arc<Self> {
        let sources = Sources::new(scenario.sources());
        let truth = Truth {
            now: epoch(),
            chance: Rng::with_seed(scenario.seed ^ 0x5eed),
            quiet: false,
            planted,
            rolls_back: scenario.rolls_back,
            max_concurrent_runs: scenario.max_concurrent_runs,
            skew: scenario.skew,
            sources: sources.clone(),
            aws: Aws::default(),
            needs: Needs::default(),
            records: Records::default(),
            slack: Workspace::default(),
            owed: BTreeSet::new(),
            queue: Sqs::default(),
            processes: Vec::new(),
            history: History::new(traced),
        };
        let tasks = TaskTracker::new();
        Arc::new(Self { scenario, sources, words, planted, tasks, start: Instant::now(), truth: Mutex::new(truth) })
    }

    /// Returns the right time.
    pub(super) fn now(&self) -> Timestamp {
        epoch() + SignedDuration::try_from(self.start.elapsed()).expect("a simulation lasts hours")
    }

    /// Returns what is really there, now.
    pub(super) fn truth(&self) -> MutexGuard<'_, Truth> {
        let mut truth = self.truth.lock().expect("no fake panics while it holds the truth");
        truth.now = self.now();
        truth
    }
}

impl Truth {
    /// Says whether something happens that happens so many times in a hundred, while faults are on.
    pub(super) fn mishap(&mut self, percent: u32) -> bool {
        !self.quiet && self.chance.u32(0..100) < percent
    }

    /// Returns so many seconds, chosen by the seed.
    pub(super) fn seconds(&mut self, from: i64, to: i64) -> SignedDuration {
        SignedDuration::from_secs(self.chance.i64(from..=to))
    }

    /// Says whether `source` is published as a pointer.
    pub(super) fn is_pointer(&self, source: &str) -> bool {
        self.sources.get(source).is_some_and(|it| it.publish == Publish::Pointer)
    }

    /// Says whether `fault` is planted.
    pub(super) fn has(&self, fault: Planted) -> bool {
        self.planted == Some(fault)
    }

    /// Keeps a line of the trace, if there is one.
    pub(super) fn note(&mut self, text: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.history.trace {
            let seconds = self.now.duration_since(epoch()).as_millis() as f64 / 1000.0;
            trace.push(format!("{seconds:>10.3}  {}", text()));
        }
    }
}
