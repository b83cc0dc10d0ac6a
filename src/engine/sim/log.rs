//! The log as it stands in the table, judged: nothing happens that it does not tell of, and its chains are whole.

use std::collections::{BTreeMap, BTreeSet};

use super::{history::Invariant, planted::Planted, world::Truth};
use crate::domain::{
    audit::{
        DOOR, Entry, Kind, Trail,
        verify::{Found, Head, verify},
    },
    run::Run,
};

/// The entries, and where the chain ends that belongs to no run.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) door: Trail,
    entries: BTreeMap<(String, u64), Entry>,
}

impl Truth {
    /// Adds what a write brings.
    pub(super) fn add_to_log(&mut self, entries: &[Entry]) {
        if self.has(Planted::ForgetEntries) && self.mishap(5) {
            return;
        }
        for entry in entries {
            let place = (entry.chain.clone(), entry.seq);
            if self.records.log.entries.insert(place, entry.clone()).is_some() {
                self.broken(Invariant::Logged, format!("{} {} is written over", entry.chain, entry.seq));
            }
        }
    }

    /// Judges that the intent of what now has an effect is in the log.
    pub(super) fn judge_logged(&mut self, run: &Run, what: &str) {
        let (chain, stage) = (run.run_id.as_str(), run.stage(run.stage));
        let is_it = |it: &Entry| {
            let has = |name: &str, value: &str| it.what.get(name).map_or(name == "export_task", |it| it == value);
            let intended = it.kind == Kind::Intended.as_str() && has("stage", stage.id.as_str());
            intended && has("attempt", &stage.attempt.to_string()) && has("export_task", run.export_task.as_str())
        };
        if !self.records.log.of(chain).any(is_it) {
            let how = format!("{what} of {}: no entry says that {} is about to begin", run.export_task, stage.id);
            self.broken(Invariant::Logged, how);
        }
    }

    /// Judges that every chain is whole, and ends where its records say.
    pub(super) fn judge_log(&mut self) {
        let head = |chain: &str, trail: &Trail, by: &str| Head {
            chain: chain.to_owned(),
            seq: trail.seq,
            hash: trail.hash.clone(),
            by: by.to_owned(),
        };
        let mut heads = vec![head(DOOR, &self.records.log.door, DOOR)];
        let runs = self.records.runs.values().map(|it| &it.run);
        heads.extend(runs.map(|it| head(it.run_id.as_str(), &it.audit, it.export_task.as_str())));
        let chains: BTreeSet<&str> = heads.iter().map(|it| it.chain.as_str()).collect();
        let broken = chains.into_iter().filter_map(|chain| {
            let heads: Vec<Head> = heads.iter().filter(|it| it.chain == chain).cloned().collect();
            let found = self.records.log.of(chain).map(|it| Found { place: it.seq, entry: Ok(it.clone()) });
            verify(chain, &found.collect::<Vec<_>>(), &heads).err()
        });
        for broken in broken.collect::<Vec<_>>() {
            self.broken(Invariant::Logged, broken.to_string());
        }
    }
}

impl Log {
    fn of(&self, chain: &str) -> impl Iterator<Item = &Entry> {
        let (first, last) = ((chain.to_owned(), 0), (chain.to_owned(), u64::MAX));
        self.entries.range(first..=last).map(|(_, entry)| entry)
    }
}
