//! The catalog: databases and their tables.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::scan::Seen;
use crate::sandbox::aws::{ACCOUNT, json::seconds, refusal::Refusal};

/// The catalog's databases.
#[derive(Debug, Default)]
pub(super) struct Catalog(BTreeMap<String, BTreeMap<String, Table>>);

/// A table of the catalog.
#[derive(Clone, Debug)]
pub(super) struct Table {
    seen: Seen,
    crawler: String,
    created: Timestamp,
    updated: Timestamp,
    version: u32,
    /// Since when its files are gone.
    deprecated: Option<Timestamp>,
}

/// What a crawl has changed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Changes {
    pub(super) created: usize,
    pub(super) updated: usize,
    pub(super) deleted: usize,
}

impl Catalog {
    pub(super) fn add_database(&mut self, name: &str) {
        self.0.entry(name.to_owned()).or_default();
    }

    /// Returns the tables of a database, by name.
    ///
    /// # Errors
    /// `EntityNotFoundException`.
    pub(super) fn database(&self, name: &str) -> Result<&BTreeMap<String, Table>, Refusal> {
        let found = self.0.get(name);
        found.ok_or_else(|| Refusal::new("EntityNotFoundException", format!("Database {name} not found.")))
    }

    /// Creates, updates and deprecates tables so that `database` has what `crawler` has seen.
    ///
    /// # Errors
    /// The database does not exist.
    pub(super) fn update(
        &mut self,
        database: &str,
        crawler: &str,
        seen: BTreeMap<String, Seen>,
        at: Timestamp,
    ) -> Result<Changes, Refusal> {
        self.database(database)?;
        let tables = self.0.entry(database.to_owned()).or_default();
        let mut changes = Changes::default();
        for (name, table) in tables.iter_mut() {
            if table.crawler == crawler && !seen.contains_key(name) && table.deprecated.is_none() {
                table.deprecated = Some(at);
                changes.deleted += 1;
            }
        }
        for (name, seen) in seen {
            match tables.get_mut(&name) {
                Some(table) => changes.updated += usize::from(table.see(seen, at)),
                None => {
                    tables.insert(name, Table::new(seen, crawler, at));
                    changes.created += 1;
                }
            }
        }
        Ok(changes)
    }
}

impl Table {
    fn new(seen: Seen, crawler: &str, at: Timestamp) -> Self {
        Self { seen, crawler: crawler.to_owned(), created: at, updated: at, version: 0, deprecated: None }
    }

    /// Takes over what a crawl has seen. Returns whether it was something new.
    fn see(&mut self, seen: Seen, at: Timestamp) -> bool {
        let is_new = self.seen != seen || self.deprecated.is_some();
        if is_new {
            *self = Self { seen, updated: at, version: self.version + 1, deprecated: None, ..self.clone() };
        }
        is_new
    }

    /// Returns the table as the API has it.
    pub(super) fn describe(&self, database: &str, name: &str) -> Value {
        let columns = |columns: &[(String, String)]| -> Vec<Value> {
            columns.iter().map(|(name, kind)| json!({ "Name": name, "Type": kind })).collect()
        };
        let partition_keys: Vec<_> =
            self.seen.partition_keys.iter().map(|it| (it.clone(), "string".to_owned())).collect();
        let mut parameters = json!({
            "classification": "parquet",
            "UPDATED_BY_CRAWLER": self.crawler,
            "objectCount": self.seen.files.to_string(),
        });
        if let Some(at) = self.deprecated {
            parameters["DEPRECATED_BY_CRAWLER"] = at.as_millisecond().to_string().into();
        }
        json!({
            "Name": name,
            "DatabaseName": database,
            "CatalogId": ACCOUNT,
            "CreateTime": seconds(self.created),
            "UpdateTime": seconds(self.updated),
            "VersionId": self.version.to_string(),
            "TableType": "EXTERNAL_TABLE",
            "Parameters": parameters,
            "PartitionKeys": columns(&partition_keys),
            "StorageDescriptor": {
                "Columns": columns(&self.seen.columns),
                "Location": self.seen.location,
                "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                "SerdeInfo": {
                    "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
                },
            },
        })
    }
}
