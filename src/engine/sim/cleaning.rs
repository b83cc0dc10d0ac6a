//! The cleaner, at any moment and cut off anywhere; and the judge of what it removes.
//!
//! What is needed is told by what is there, and since when, not by what the records say of it: what the manifest names, what
//! tables point at, what a run reads that is under way, what a reader may still read that began before it was replaced,
//! and the exports that are kept to go back to.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{
    history::{Count, Invariant},
    line::Line,
    objects::ALL,
    scenario::Service,
    work::failure,
    world::{Truth, World},
};
use crate::{
    domain::{
        failure::Failure,
        name::ExportTask,
        retention::Retention,
        run::Run,
        source::{Layer, Location, Publish},
    },
    engine::{
        Engine,
        cleaner::Cleaner,
        ports::{Cleaning, Cleanings, Removed, Storage, StoreError},
    },
};

/// Objects that one call removes.
const AT_ONCE: usize = 2;

/// An export that counts among the kept ones for less than this may have been given up before it did: a cleaner may be
/// paused between what it has read and what it writes, and look at what an index shows.
const LATE: SignedDuration = SignedDuration::from_mins(5);

/// The longest time between two passes of a replica when nothing goes wrong any more, in seconds.
const PAUSE: u64 = 120;

/// Since when things are needed, or were needed last.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// Since when an export is one of those that are kept to go back to.
    kept: BTreeMap<ExportTask, Timestamp>,
    /// When an export was last what is published, or what a table showed.
    left: BTreeMap<String, Timestamp>,
    /// The cleaner's own notes.
    cleanings: BTreeMap<String, Cleaning>,
}

/// Cleans up every now and then, for as long as the process lives.
pub(super) async fn clean(line: Line, engine: Arc<Engine>, stop: CancellationToken) {
    let ports = Arc::new(line.clone());
    let cleaner = Cleaner { engine, storage: Arc::clone(&ports) as _, cleanings: ports };
    while !stop.is_cancelled() {
        let pause = {
            let mut truth = line.world.truth();
            let longest = if truth.quiet { PAUSE } else { 400 };
            truth.chance.u64(10..longest)
        };
        sleep(Duration::from_secs(pause)).await;
        line.awake().await;
        cleaner.clean().await;
    }
}

impl World {
    /// Returns how long after everything has come to its end all is removed that may be: no clock is so wrong that the
    /// grace is not over by then.
    pub(super) fn cleaned_within(&self) -> Option<Duration> {
        let grace = self.scenario.retention?.grace;
        let longest = grace + grace / 4 + self.scenario.skew * 2 + LATE;
        Some(Duration::try_from(longest).unwrap_or_default() + 2 * Duration::from_secs(PAUSE))
    }
}

impl Truth {
    fn retention_of(&self, source: &str) -> Option<Retention> {
        self.sources.get(source)?.retention
    }

    /// Notes which exports are kept from now on.
    pub(super) fn note_kept(&mut self, source: &str) {
        let Some(retention) = self.retention_of(source) else { return };
        let runs = self.records.runs.values().map(|it| &it.run).filter(|it| it.source == source);
        let is_good = |it: &&Run| it.is_good() && it.next_attempt.is_none() && it.removal.is_none();
        let mut good: Vec<&Run> = runs.filter(is_good).collect();
        good.sort_by_key(|it| (it.snapshot_time, it.created_at));
        let newest = good.iter().rev().take(retention.exports as usize);
        let newest: BTreeSet<ExportTask> = newest.map(|it| it.export_task.clone()).collect();
        let belongs = |it: &ExportTask| self.records.runs.get(it).is_some_and(|it| it.run.source == source);
        let (now, kept) = (self.now, std::mem::take(&mut self.needs.kept));
        let mut kept: BTreeMap<_, _> = kept.into_iter().filter(|(it, _)| !belongs(it) || newest.contains(it)).collect();
        for name in newest {
            kept.entry(name).or_insert(now);
        }
        self.needs.kept = kept;
    }

    /// Notes that `export` is not what is published, or what a table shows, any more.
    pub(super) fn note_left(&mut self, export: &str) {
        self.needs.left.insert(export.to_owned(), self.now);
    }

    /// Judges that the record of a run says from now on that its export is being removed.
    pub(super) fn judge_mark(&mut self, before: Option<&Run>, after: &Run) {
        if after.removal.is_none() || before.is_none_or(|it| it.removal.is_some()) {
            return;
        }
        let name = &after.export_task;
        if self.needs.kept.get(name).is_some_and(|since| self.now.duration_since(*since) > LATE) {
            self.broken(Invariant::NeededStays, format!("{name} is given up and among the newest"));
        }
    }

    /// Removes some of what lies below `at`. Returns how many objects.
    fn remove_some(&mut self, at: &Location, process: usize) -> usize {
        let left = self.aws.removed.left(at);
        if !self.is_there(at) || left == 0 {
            return 0;
        }
        self.note(|| format!("p{process} REMOVES of {}", at.url()));
        self.judge_removal(at);
        self.aws.removed.remove(at, AT_ONCE);
        if self.aws.removed.left(at) == 0 {
            self.history.add(Count::Removals);
        }
        left.min(AT_ONCE)
    }

    /// Says whether anything was ever written below `at`.
    fn is_there(&self, at: &Location) -> bool {
        self.records.runs.values().any(|it| self.places(&it.run).contains(at))
    }

    /// Returns where something was written that is the run's alone.
    fn places(&self, run: &Run) -> Vec<Location> {
        let (name, source) = (&run.export_task, self.sources.get(&run.source).expect("sources do not change"));
        let export = self.aws.exports.contains_key(name.as_str()).then(|| source.export_of(name));
        let is_pointer = source.publish == Publish::Pointer;
        let has_run = |layer: &Layer| self.aws.jobs.iter().any(|it| it.is_of(name.as_str(), *layer));
        let layers = Layer::ALL.into_iter().filter(|it| is_pointer && has_run(it));
        export.into_iter().chain(layers.filter_map(|it| source.written_to(it, name))).collect()
    }

    fn judge_removal(&mut self, at: &Location) {
        let Some(name) = at.prefix.rsplit('/').next().map(str::to_owned) else { return };
        let Some(run) = self.records.runs.values().map(|it| &it.run).find(|it| it.export_task.as_str() == name) else {
            return self.broken(Invariant::NeededStays, format!("{name} is nobody's"));
        };
        let (source, is_open) = (run.source.clone(), !run.status.is_over());
        let grace = self.retention_of(&source).map(|it| it.grace - self.skew * 2);
        let since = self.needs.left.get(&name).map(|it| self.now.duration_since(*it));
        let why = if is_open {
            "a run reads it".to_owned()
        } else if self.is_published(&source, &name) {
            "it is published".to_owned()
        } else if let Some(since) = since.filter(|it| grace.is_none_or(|grace| *it <= grace)) {
            format!("readers began {}s ago", since.as_secs())
        } else {
            return;
        };
        self.broken(Invariant::NeededStays, format!("{}: {why}", at.url()));
    }

    /// Says whether the manifest of `source` names the export, or a table points at it.
    fn is_published(&self, source: &str, export: &str) -> bool {
        let manifest = self.aws.latest.get(source).and_then(|it| it.manifest.as_ref());
        manifest.is_some_and(|it| it.0 == export) || self.is_shown(source, export)
    }

    /// Judges that nothing is left of what is not needed, long after everything has come to its end.
    pub(super) fn judge_leftovers(&mut self) {
        let mut left = Vec::new();
        for run in self.records.runs.values().map(|it| &it.run) {
            let (name, source) = (&run.export_task, self.sources.get(&run.source).expect("sources do not change"));
            let is_kept = self.needs.kept.contains_key(name) || self.is_published(&run.source, name.as_str());
            if source.retention.is_none() || is_kept {
                continue;
            }
            let places = self.places(run).into_iter().map(|it| (it.url(), self.aws.removed.left(&it)));
            let there = places.filter(|(_, it)| *it > 0);
            left.extend(there.map(|(at, it)| format!("{at}: {it} of {ALL} objects are left")));
        }
        left.into_iter().for_each(|it| self.broken(Invariant::LeftoversGo, it));
    }
}

#[async_trait]
impl Storage for Line {
    async fn remove(&self, at: &Location) -> Result<Removed, Failure> {
        let process = self.process;
        let mut removed = Removed::default();
        loop {
            let some = self.call(Service::S3, |truth, _| truth.remove_some(at, process)).await.map_err(failure)?;
            if some == 0 {
                return Ok(removed);
            }
            removed.objects += some as u64;
            removed.bytes += some as u64;
        }
    }
}

#[async_trait]
impl Cleanings for Line {
    async fn cleaning(&self, source: &str) -> Result<Option<Cleaning>, StoreError> {
        self.ask(|truth| truth.needs.cleanings.get(source).cloned()).await
    }

    async fn put_cleaning(&self, cleaning: &Cleaning) -> Result<bool, StoreError> {
        let put = |truth: &mut Truth| {
            let was = truth.needs.cleanings.get(&cleaning.source).map_or(0, |it| it.version);
            let is_next = was + 1 == cleaning.version;
            if is_next {
                truth.needs.cleanings.insert(cleaning.source.clone(), cleaning.clone());
            }
            is_next
        };
        self.ask(put).await
    }
}
