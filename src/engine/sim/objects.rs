//! What lies in S3 of exports and of what jobs have written: how much of it was removed, by the bot or by hand.

use std::collections::BTreeMap;

use super::{aws::OBJECTS, world::Truth};
use crate::domain::{name::ExportTask, source::Location};

/// Objects below a prefix: the data, and what tells of it, which comes last in S3's order.
pub(super) const ALL: usize = OBJECTS + 1;

/// How many objects were removed, by prefix. What is not named here is whole.
#[derive(Debug, Default)]
pub(super) struct Removals(BTreeMap<String, usize>);

impl Removals {
    /// Returns how many objects below `at` are left of those that were written.
    pub(super) fn left(&self, at: &Location) -> usize {
        ALL - self.0.get(&at.url()).copied().unwrap_or_default()
    }

    /// Says whether nothing below `at` was removed.
    pub(super) fn is_whole(&self, at: &Location) -> bool {
        self.left(at) == ALL
    }

    /// Removes up to `count` objects below `at`, in S3's order.
    pub(super) fn remove(&mut self, at: &Location, count: usize) {
        let removed = self.0.entry(at.url()).or_default();
        *removed = (*removed + count).min(ALL);
    }
}

impl Truth {
    /// Somebody removes the export of a run that is good, all of it and at once.
    pub(super) fn remove_by_hand(&mut self, run: &ExportTask) {
        let Some(record) = self.records.runs.get(run).filter(|it| it.run.has_succeeded()) else { return };
        let Some(place) = self.sources.get(&record.run.source).map(|it| it.export_of(run)) else { return };
        self.note(|| format!("{run} is removed by hand"));
        self.aws.removed.remove(&place, ALL);
    }
}
