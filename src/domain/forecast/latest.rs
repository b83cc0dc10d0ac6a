//! What `latest/` holds, and what of it a run takes away.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{name::ExportTask, run::Run};

/// Tables that a loss names; the rest is a number, so that a plan fits into a record.
const NAMED: usize = 20;

/// What is under `latest/` of a source, as its manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holding {
    /// There is no manifest: the bot has published nothing there.
    Unpublished,
    Published(Published),
}

/// What was published last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Name of the export task, as the manifest has it.
    pub export_task: String,
    pub snapshot_time: Option<Timestamp>,
    pub published_at: Timestamp,
    /// Objects of each table, by `database/schema.table`.
    pub tables: BTreeMap<String, u64>,
}

/// What `latest/` holds now, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Latest {
    /// It could not be looked at.
    Unknown,
    /// The bot has published nothing there. Whatever is there is removed, unless the export has it too.
    Unpublished,
    /// The data of this very run.
    Same,
    /// Another export's data, which this run replaces.
    Replaced {
        export_task: String,
        snapshot_time: Option<Timestamp>,
        published_at: Timestamp,
        /// It is of a newer snapshot: the run will stop there, for `latest/` never goes back.
        newer: bool,
        /// `None`: the export is of the whole database, and what that has is known after it only.
        loss: Option<Loss>,
    },
}

/// What is in `latest/` and not in the export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// The first of them, `database/schema.table`.
    pub tables: Vec<String>,
    /// How many more there are.
    pub more: usize,
    /// Objects of all of them.
    pub objects: u64,
}

impl Latest {
    /// Returns what becomes of `holding` by `run`; `None` is not known.
    pub(super) fn after(holding: Option<&Holding>, run: &Run) -> Self {
        let published = match holding {
            None => return Self::Unknown,
            Some(Holding::Unpublished) => return Self::Unpublished,
            Some(Holding::Published(published)) => published,
        };
        let holder = published.export_task.parse::<ExportTask>().ok();
        if holder.is_some_and(|it| it.with_attempt(1) == run.run_id) {
            return Self::Same;
        }
        Self::Replaced {
            export_task: published.export_task.clone(),
            snapshot_time: published.snapshot_time,
            published_at: published.published_at,
            newer: published.snapshot_time.is_some_and(|it| it > run.snapshot_time),
            loss: (!run.only.is_empty()).then(|| Loss::of(&published.tables, &run.only)),
        }
    }
}

impl Loss {
    /// Returns what of `tables` the export of `run` does not have; `None`: nothing, as far as its order tells.
    pub fn by(tables: &BTreeMap<String, u64>, run: &Run) -> Option<Self> {
        let loss = (!run.only.is_empty()).then(|| Self::of(tables, &run.only));
        loss.filter(|it| !it.tables.is_empty())
    }

    fn of(tables: &BTreeMap<String, u64>, only: &[String]) -> Self {
        let lost: Vec<(&String, &u64)> = tables.iter().filter(|(it, _)| !only.iter().any(|o| covers(o, it))).collect();
        Self {
            tables: lost.iter().take(NAMED).map(|(name, _)| (*name).clone()).collect(),
            more: lost.len().saturating_sub(NAMED),
            objects: lost.iter().map(|(_, objects)| **objects).sum(),
        }
    }
}

/// Says whether an export of `only` has the table at `folder`: `db/db.table` of `MySQL`, `db/schema.table` of
/// `PostgreSQL` ([exported file naming](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.FileNames.html)).
fn covers(only: &str, folder: &str) -> bool {
    let Some((database, table)) = folder.split_once('/') else { return false };
    let whole = format!("{database}.{table}");
    only == database || only == table || only == whole || whole.starts_with(&format!("{only}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_covers_its_database_schema_or_table() {
        for (only, folder, covered) in [
            ("learning", "learning/learning.users", true),
            ("learning.users", "learning/learning.users", true),
            ("learning.user", "learning/learning.users", false),
            ("learning.lessons", "learning/learning.users", false),
            ("app", "app/public.users", true),
            ("app.public", "app/public.users", true),
            ("app.public.users", "app/public.users", true),
            ("app.private", "app/public.users", false),
            ("ap", "app/public.users", false),
            ("app", "stray", false),
        ] {
            assert_eq!(covers(only, folder), covered, "{only} {folder}");
        }
    }

    #[test]
    fn a_loss_names_the_first_and_counts_the_rest() {
        let tables = (0..30).map(|it| (format!("db/db.t{it:02}"), 2)).collect();
        let loss = Loss::of(&tables, &["db.t00".to_owned()]);
        assert_eq!((loss.tables.len(), loss.more, loss.objects), (20, 9, 58));
        assert_eq!(loss.tables[0], "db/db.t01");
    }
}
