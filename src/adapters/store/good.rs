//! The run of a source whose data is good, and has been so for the shortest time.

use super::{DynamoStore, Query, item, tables};
use crate::{
    domain::run::Run,
    engine::ports::{Store as _, StoreError},
};

/// Runs among which it is looked for: one that began earlier may have ended later.
const NEWEST: usize = 5;

/// What tells that a run may be it, or leads to it. What had succeeded may have been opened again by a rollback, and what
/// was rolled back from need not have succeeded. Of records of before, the status alone tells it: both kinds of success,
/// and nothing else, begin so.
const WAYS: [(&str, &str, Option<&str>); 2] = [
    ("attribute_exists(#f) OR attribute_exists(rolled_back_to)", "succeeded_at", None),
    ("begins_with(#f, :f)", "status", Some("SUCCEEDED")),
];

impl DynamoStore {
    /// As [`Store::last_success`](crate::engine::ports::Store::last_success) says.
    pub(super) async fn last_good(&self, source: &str) -> Result<Option<Run>, StoreError> {
        for filter in WAYS {
            let query = Query {
                table: &self.runs,
                index: tables::BY_SOURCE,
                attribute: tables::SOURCE,
                value: source,
                filter: Some(filter),
                forward: false,
                limit: NEWEST,
            };
            let found = self.query(query).await?.into_iter().filter_map(|it| item::read::<Run>(source, it).ok());
            let found = self.with_those_gone_back_to(found.collect()).await?;
            if let Some(last) = found.into_iter().filter(Run::is_good).max_by_key(Run::good_since) {
                return Ok(Some(last));
            }
        }
        Ok(None)
    }

    /// Returns `runs` with those that somebody has gone back to from them, however long ago these were. One that cannot be
    /// read must not hide the others.
    async fn with_those_gone_back_to(&self, mut runs: Vec<Run>) -> Result<Vec<Run>, StoreError> {
        let mut at = 0;
        while let Some(run) = runs.get(at) {
            at += 1;
            let Some(to) = run.rolled_back_to.as_ref().map(|it| it.to.clone()) else { continue };
            if runs.iter().any(|it| it.export_task == to) {
                continue;
            }
            match self.run(&to).await {
                Ok(found) => runs.extend(found),
                Err(StoreError::Unreadable(key, why)) => {
                    tracing::warn!(run = %to, "The record of {key} is left out: it cannot be read: {why}");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(runs)
    }
}
