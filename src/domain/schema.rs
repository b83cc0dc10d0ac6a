//! What an export holds, by its own status files: tables, columns and types; and what has changed since another one.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    classification::{fold, folded, split_target},
    doubt::{Finding, FindingKind},
};

/// The tables of an export. Names that differ in case only are one name here, as they are to Glue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// By their folded names.
    tables: BTreeMap<String, Table>,
    /// What RDS did not export, folded name and as written.
    skipped: BTreeMap<String, String>,
}

/// A table of an export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What RDS calls it: `db.table` of `MySQL`, `db.schema.table` of Postgres.
    pub name: String,
    /// By their folded names. None, if the files do not tell them.
    columns: BTreeMap<String, Column>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// Its type in the database, and in the export's Parquet.
    pub original: String,
    pub exported: String,
}

impl Table {
    /// Returns the table that RDS calls `name`, with its columns.
    pub fn new(name: &str, columns: impl IntoIterator<Item = Column>) -> Self {
        let columns = columns.into_iter().map(|it| (fold(&it.name), it)).collect();
        Self { name: name.to_owned(), columns }
    }

    /// Returns the columns, sorted by name.
    pub fn columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.values()
    }
}

impl Schema {
    /// Returns the schema of `tables`, with the names of those that RDS did not export.
    pub fn new(tables: impl IntoIterator<Item = Table>, skipped: impl IntoIterator<Item = String>) -> Self {
        let mut schema =
            Self { tables: tables.into_iter().map(|it| (fold(&it.name), it)).collect(), skipped: BTreeMap::new() };
        schema.skip(skipped);
        schema
    }

    /// Adds what RDS says elsewhere that it did not export.
    pub fn skip(&mut self, tables: impl IntoIterator<Item = String>) {
        for name in tables {
            self.tables.remove(&fold(&name));
            self.skipped.insert(fold(&name), name);
        }
    }

    /// Returns the tables, sorted by name.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values()
    }

    /// Returns what RDS did not export.
    pub fn skipped(&self) -> Vec<Finding> {
        self.skipped.values().map(|it| finding(FindingKind::SkippedTable, it, None)).collect()
    }

    /// Returns what is otherwise than it was in `last`: new, gone, of another type. Of what was skipped, here or there,
    /// nothing is known.
    pub fn diff(&self, last: &Self) -> Vec<Finding> {
        let new = self.tables.iter().filter(|(key, _)| !last.knows(key));
        let gone = last.tables.iter().filter(|(key, _)| !self.knows(key));
        let both = self.tables.iter().filter_map(|(key, table)| Some((last.tables.get(key)?, table)));
        let new = new.map(|(_, it)| finding(FindingKind::NewTable, &it.name, None));
        let gone = gone.map(|(_, it)| finding(FindingKind::GoneTable, &it.name, None));
        new.chain(gone).chain(both.flat_map(|(was, is)| is.diff(was))).collect()
    }

    /// Says whether the export has what the rules call `names`: a database, a table, a column. `None`: it cannot be told,
    /// as RDS has skipped it, or does not tell its columns.
    pub fn has(&self, names: &[String]) -> Option<bool> {
        let named = names.len().min(2);
        let is_of = |key: &String| {
            split_target(key).is_some_and(|(database, table)| folded(&[database, table])[..named] == names[..named])
        };
        if self.skipped.keys().any(is_of) {
            return None;
        }
        let mut tables = self.tables.iter().filter(|(key, _)| is_of(key)).map(|(_, table)| table).peekable();
        let Some(column) = names.get(2) else { return Some(tables.peek().is_some()) };
        let Some(table) = tables.next() else { return Some(false) };
        (!table.columns.is_empty()).then(|| table.columns.contains_key(column))
    }

    fn knows(&self, key: &str) -> bool {
        self.tables.contains_key(key) || self.skipped.contains_key(key)
    }
}

impl Table {
    fn diff(&self, last: &Self) -> Vec<Finding> {
        if self.columns.is_empty() || last.columns.is_empty() {
            return Vec::new();
        }
        let names: BTreeSet<&String> = self.columns.keys().chain(last.columns.keys()).collect();
        let change = |key: &String| match (last.columns.get(key), self.columns.get(key)) {
            (None, Some(is)) => Some(Finding {
                is: Some(is.original.clone()),
                ..finding(FindingKind::NewColumn, &self.name, Some(&is.name))
            }),
            (Some(was), None) => Some(Finding {
                was: Some(was.original.clone()),
                ..finding(FindingKind::GoneColumn, &self.name, Some(&was.name))
            }),
            (Some(was), Some(is)) => is.retyped(was).map(|(was, is)| Finding {
                was: Some(was.to_owned()),
                is: Some(is.to_owned()),
                ..finding(FindingKind::Retyped, &self.name, Some(&self.columns[key].name))
            }),
            (None, None) => None,
        };
        names.into_iter().filter_map(change).collect()
    }
}

impl Column {
    /// Returns the type that it had and the one that it has, if they differ.
    fn retyped<'a>(&'a self, was: &'a Self) -> Option<(&'a str, &'a str)> {
        let pairs = [(was.original.as_str(), self.original.as_str()), (&was.exported, &self.exported)];
        pairs.into_iter().find(|(was, is)| was != is)
    }
}

/// Returns the tables that RDS's `WarningMessage` says it skipped. It is JSON whose form is not documented: lists, among
/// them `skippedTables`, of texts or of objects with a name.
pub fn skipped_in(warning: &str) -> Vec<String> {
    let warning: serde_json::Value = serde_json::from_str(warning).unwrap_or_default();
    let tables = warning["skippedTables"].as_array().map(Vec::as_slice).unwrap_or_default();
    let name = |it: &serde_json::Value| it.as_str().or_else(|| it["tableName"].as_str()).map(str::to_owned);
    tables.iter().filter_map(name).collect()
}

/// Returns what was found of a table or a column.
pub fn finding(kind: FindingKind, table: &str, column: Option<&str>) -> Finding {
    Finding { table: table.to_owned(), column: column.map(str::to_owned), kind, was: None, is: None }
}

#[cfg(test)]
mod tests;
