//! What a layer's job says that it has written: its tables, with their rows and columns.
//!
//! The job that comes with the bot leaves a report in the layer's output, when all is written. A job of one's own need
//! not: then nothing is known.

use std::{cmp::Reverse, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use super::{
    doubt::{Finding, FindingKind},
    name::ExportTask,
    source::Layer,
};

/// The report of one job run, as the job has written it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The export task whose data was written.
    pub datalake_run: String,
    pub layer: String,
    /// Digest of the classification that was applied.
    pub classification: String,
    pub tables: Vec<Table>,
}

/// A table of the layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    pub database: String,
    /// The name of its folder in the export.
    pub table: String,
    pub rows: u64,
    #[serde(default)]
    pub columns: Vec<Column>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
}

/// Tables of which a record holds the rows; the rest is a number.
const MOST_COUNTED: usize = 20;

/// The rows of a layer's tables, in the record of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    /// Those that have changed most since the last good run, the most changed first.
    pub tables: Vec<Rows>,
    /// How many more tables there are.
    #[serde(default)]
    pub more: u32,
}

/// The rows of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// As RDS calls it.
    pub table: String,
    pub rows: u64,
    /// In the last good run, if it had the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<u64>,
}

impl Report {
    /// Returns the rows of each table beside those in `last`, as far as a record holds them.
    pub fn counts(&self, last: Option<&Self>) -> RowCounts {
        let was = last.map(Self::by_name).unwrap_or_default();
        let rows = |(table, rows): (String, u64)| Rows { was: was.get(&table).copied(), table, rows };
        let mut tables: Vec<Rows> = self.by_name().into_iter().map(rows).collect();
        // Of equal change the larger tables come first. A new table's rows are all new.
        tables.sort_by_key(|it| Reverse((it.was.unwrap_or(0).abs_diff(it.rows), it.rows)));
        let more = tables.split_off(tables.len().min(MOST_COUNTED)).len();
        RowCounts { tables, more: u32::try_from(more).unwrap_or(u32::MAX) }
    }

    /// Returns how many rows there are in all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|it| it.rows).sum()
    }

    /// Returns in what the report is not of what the job was to do, if it is of something else.
    pub fn differs_from(&self, run: &ExportTask, layer: Layer, classification: &str) -> Option<String> {
        let asked = [
            ("run", self.datalake_run.as_str(), run.as_str()),
            ("layer", &self.layer, layer.as_str()),
            ("classification", &self.classification, classification),
        ];
        let (what, is, was) = asked.into_iter().find(|(_, is, was)| is != was)?;
        Some(format!("the report names the {what} `{is}`, the job was given `{was}`"))
    }

    /// Returns the tables, sorted by name, that have lost more than `percent` in a hundred of the rows that they had in
    /// `last`. A table that is not there any more has lost all of them, unless another classification says so.
    pub fn falls(&self, last: &Self, percent: u32) -> Vec<Finding> {
        let rows = self.by_name();
        let reclassified = self.classification != last.classification;
        let fallen = |(table, was): (String, u64)| {
            let is = match rows.get(&table) {
                Some(is) => *is,
                None if reclassified => return None,
                None => 0,
            };
            has_fallen(was, is, percent).then(|| Finding {
                table,
                column: None,
                kind: FindingKind::FewerRows,
                was: Some(was.to_string()),
                is: Some(is.to_string()),
            })
        };
        last.by_name().into_iter().filter_map(fallen).collect()
    }

    fn by_name(&self) -> BTreeMap<String, u64> {
        self.tables.iter().map(|it| (target(&it.database, &it.table), it.rows)).collect()
    }
}

/// Returns what RDS calls the table of which `folder` is the folder in `database`: `db.table` of `MySQL`, whose folder
/// has that name already, `db.schema.table` of Postgres.
pub fn target(database: &str, folder: &str) -> String {
    let named = folder.strip_prefix(database).is_some_and(|it| it.starts_with('.'));
    if named { folder.to_owned() } else { format!("{database}.{folder}") }
}

fn has_fallen(was: u64, is: u64, percent: u32) -> bool {
    let lost = u128::from(was.saturating_sub(is));
    lost * 100 > u128::from(was) * u128::from(percent)
}

#[cfg(test)]
mod tests;
