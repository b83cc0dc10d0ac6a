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
    made: Made,
    created: Timestamp,
    updated: Timestamp,
    version: u32,
}

/// What a table is, and who says so.
#[derive(Clone, Debug, PartialEq)]
enum Made {
    Crawled {
        seen: Seen,
        crawler: String,
        /// Since when its files are gone.
        deprecated: Option<Timestamp>,
    },
    /// The `TableInput` of whoever has called the API.
    Given(Value),
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
            changes.deleted += usize::from(!seen.contains_key(name) && table.lose(crawler, at));
        }
        for (name, seen) in seen {
            match tables.get_mut(&name) {
                Some(table) => changes.updated += usize::from(table.see(seen, crawler, at)),
                None => {
                    let made = Made::Crawled { seen, crawler: crawler.to_owned(), deprecated: None };
                    tables.insert(name, Table::new(made, at));
                    changes.created += 1;
                }
            }
        }
        Ok(changes)
    }

    /// Creates a table as `input` says.
    ///
    /// # Errors
    /// `EntityNotFoundException`: there is no such database. `AlreadyExistsException`.
    pub(super) fn create(&mut self, database: &str, name: &str, input: Value, at: Timestamp) -> Result<(), Refusal> {
        let tables = self.tables(database)?;
        if tables.contains_key(name) {
            return Err(Refusal::new("AlreadyExistsException", "Table already exists.".to_owned()));
        }
        tables.insert(name.to_owned(), Table::new(Made::Given(input), at));
        Ok(())
    }

    /// Makes a table what `input` says, whatever it was, if `version` is its version or nothing.
    ///
    /// # Errors
    /// `EntityNotFoundException`, `ConcurrentModificationException`.
    pub(super) fn replace(
        &mut self,
        database: &str,
        name: &str,
        (input, version): (Value, Option<&str>),
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let table = self.tables(database)?.get_mut(name).ok_or_else(no_table)?;
        if version.is_some_and(|it| it != table.version.to_string()) {
            let message = "Update table failed due to concurrent modifications.";
            return Err(Refusal::new("ConcurrentModificationException", message.to_owned()));
        }
        *table = Table { made: Made::Given(input), updated: at, version: table.version + 1, ..table.clone() };
        Ok(())
    }

    /// Deletes a table.
    ///
    /// # Errors
    /// `EntityNotFoundException`.
    pub(super) fn delete(&mut self, database: &str, name: &str) -> Result<(), Refusal> {
        self.tables(database)?.remove(name).map(|_| ()).ok_or_else(no_table)
    }

    fn tables(&mut self, database: &str) -> Result<&mut BTreeMap<String, Table>, Refusal> {
        self.database(database)?;
        Ok(self.0.entry(database.to_owned()).or_default())
    }
}

fn no_table() -> Refusal {
    Refusal::new("EntityNotFoundException", "Entity Not Found".to_owned())
}

impl Table {
    fn new(made: Made, at: Timestamp) -> Self {
        Self { made, created: at, updated: at, version: 0 }
    }

    /// Marks the table as gone, if it is one of `crawler`'s and is not marked already. Returns whether it did.
    fn lose(&mut self, crawler: &str, at: Timestamp) -> bool {
        match &mut self.made {
            Made::Crawled { crawler: its, deprecated, .. } if its == crawler && deprecated.is_none() => {
                *deprecated = Some(at);
                true
            }
            Made::Crawled { .. } | Made::Given(_) => false,
        }
    }

    /// Takes over what a crawl has seen. Returns whether it was something new.
    fn see(&mut self, seen: Seen, crawler: &str, at: Timestamp) -> bool {
        let crawler = match &self.made {
            Made::Crawled { crawler, .. } => crawler.clone(),
            Made::Given(_) => crawler.to_owned(),
        };
        let made = Made::Crawled { seen, crawler, deprecated: None };
        let is_new = self.made != made;
        if is_new {
            *self = Self { made, updated: at, version: self.version + 1, created: self.created };
        }
        is_new
    }

    /// Returns the table as the API has it.
    pub(super) fn describe(&self, database: &str, name: &str) -> Value {
        let mut table = match &self.made {
            Made::Crawled { seen, crawler, deprecated } => crawled(seen, crawler, *deprecated),
            Made::Given(input) => input.clone(),
        };
        let more = json!({
            "Name": name,
            "DatabaseName": database,
            "CatalogId": ACCOUNT,
            "CreateTime": seconds(self.created),
            "UpdateTime": seconds(self.updated),
            "VersionId": self.version.to_string(),
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            table[key] = value.clone();
        }
        table
    }
}

/// Returns what a crawler writes of a table.
fn crawled(seen: &Seen, crawler: &str, deprecated: Option<Timestamp>) -> Value {
    let columns = |columns: &[(String, String)]| -> Vec<Value> {
        columns.iter().map(|(name, kind)| json!({ "Name": name, "Type": kind })).collect()
    };
    let partition_keys: Vec<_> = seen.partition_keys.iter().map(|it| (it.clone(), "string".to_owned())).collect();
    let mut parameters = json!({
        "classification": "parquet",
        "UPDATED_BY_CRAWLER": crawler,
        "objectCount": seen.files.to_string(),
    });
    if let Some(at) = deprecated {
        parameters["DEPRECATED_BY_CRAWLER"] = at.as_millisecond().to_string().into();
    }
    json!({
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        "PartitionKeys": columns(&partition_keys),
        "StorageDescriptor": {
            "Columns": columns(&seen.columns),
            "Location": seen.location,
            "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
            },
        },
    })
}
