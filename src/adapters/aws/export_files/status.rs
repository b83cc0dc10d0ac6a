//! The status files that RDS writes beside an export. Their form is not documented: what is not known is left alone,
//! and whatever may be absent is optional.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;
use tracing::warn;

use crate::domain::schema;

/// `Nov 22, 2026 3:00:00 AM`.
const IN_WORDS: &str = "%b %d, %Y %I:%M:%S %p";

/// `export_info_{task}.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Info {
    status: Option<String>,
    snapshot_time: Option<String>,
    #[serde(rename = "totalExportedDataInGB")]
    total: Option<f64>,
}

/// How an export stands, by its own file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    Complete,
    /// The file was written before the end.
    Unfinished,
    /// As the file says it.
    Broken(String),
}

/// `export_tables_info_{task}_from_{n}_to_{m}.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tables {
    per_table_status: Vec<Table>,
}

/// What the files say of one table, or of a database as a whole.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Table {
    target: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    warning_message: Option<String>,
    /// Absent on entries of databases.
    #[serde(default)]
    table_statistics: Option<IgnoredAny>,
    /// May be absent too. Read by itself, so that what is odd in it takes nothing from the rest.
    #[serde(default)]
    schema_metadata: Value,
}

/// A column, as `originalTypeMappings` tells it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mapping {
    column_name: String,
    #[serde(default)]
    original_type: String,
    #[serde(default)]
    expected_exported_type: String,
}

/// Reads the file on the export.
pub(super) fn info(bytes: &[u8]) -> Result<Info, serde_json::Error> {
    serde_json::from_slice(bytes)
}

/// Reads one of the files on its tables.
pub(super) fn tables(bytes: &[u8]) -> Result<Vec<Table>, serde_json::Error> {
    serde_json::from_slice::<Tables>(bytes).map(|it| it.per_table_status)
}

impl Info {
    /// Returns the status as the file says it. One that says nothing is of an export that has ended.
    pub(super) fn status(&self) -> &str {
        self.status.as_deref().unwrap_or("COMPLETE")
    }

    pub(super) fn state(&self) -> State {
        let status = self.status();
        match status.to_ascii_uppercase().as_str() {
            "COMPLETE" => State::Complete,
            "FAILED" | "CANCELED" => State::Broken(status.to_owned()),
            _ => State::Unfinished,
        }
    }

    /// Returns when the snapshot was taken, if the file says so in a form that can be read. A time without an offset is
    /// in UTC.
    pub(super) fn snapshot_time(&self) -> Option<Timestamp> {
        let said = self.snapshot_time.as_deref()?;
        let local = || {
            let time: DateTime = said.parse().or_else(|_| DateTime::strptime(IN_WORDS, said)).ok()?;
            TimeZone::UTC.to_timestamp(time).ok()
        };
        let time = said.parse().ok().or_else(local);
        if time.is_none() {
            warn!(said, "The snapshot's time cannot be read, so that data of any age may replace this export");
        }
        time
    }

    /// Returns the size of the data that was exported.
    pub(super) fn gigabytes(&self) -> Option<f64> {
        self.total
    }
}

impl Table {
    /// Says whether the entry is of a table: of a database there are no statistics, and its name has one part.
    pub(super) fn is_table(&self) -> bool {
        self.table_statistics.is_some() || self.target.contains('.')
    }

    /// Says whether it was exported. An entry without a status has nothing against it.
    pub(super) fn is_complete(&self) -> bool {
        self.status.as_deref().is_none_or(|it| it.eq_ignore_ascii_case("COMPLETE"))
    }

    /// Returns what RDS calls it.
    pub(super) fn target(&self) -> &str {
        &self.target
    }

    /// Returns the table with its columns, as far as they are told.
    pub(super) fn schema(&self) -> schema::Table {
        let mappings = self.schema_metadata["originalTypeMappings"].as_array().map(Vec::as_slice).unwrap_or_default();
        let column = |it: &Value| {
            let Mapping { column_name, original_type, expected_exported_type } = Mapping::deserialize(it).ok()?;
            Some(schema::Column { name: column_name, original: original_type, exported: expected_exported_type })
        };
        schema::Table::new(&self.target, mappings.iter().filter_map(column))
    }

    /// Returns what is wrong with it, if anything is: its status, RDS's own warning, or that its folder is not among
    /// `folders`.
    pub(super) fn warning(&self, folders: &BTreeSet<&str>) -> Option<String> {
        let target = &self.target;
        let said = self.warning_message.as_deref().filter(|it| !it.is_empty());
        match (self.status.as_deref().filter(|_| !self.is_complete()), said) {
            (Some(status), Some(said)) => Some(format!("{target}: {status}: {said}")),
            (Some(said), None) | (None, Some(said)) => Some(format!("{target}: {said}")),
            (None, None) if self.lacks_folder(folders) => Some(format!("{target}: no Parquet, no _SUCCESS")),
            (None, None) => None,
        }
    }

    /// `db.table` of `MySQL` lies in `db/db.table`, `db.schema.table` of Postgres in `db/schema.table`. Names with other
    /// characters are written into the path in ways that are not documented: of those nothing is said.
    fn lacks_folder(&self, folders: &BTreeSet<&str>) -> bool {
        let plain = self.target.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '_' | '$' | '.'));
        let Some((database, rest)) = self.target.split_once('.').filter(|_| plain) else { return false };
        let own = format!("{database}/{rest}");
        let whole = format!("{database}/{}", self.target);
        !folders.contains(own.as_str()) && !folders.contains(whole.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &[u8] = br#"{"perTableStatus": [
        {"target": "shop.public.users", "status": "COMPLETE", "tableStatistics": {"rows": 3},
         "schemaMetadata": {"originalTypeMappings": [{"columnName": "id", "originalType": "bigint"}]}},
        {"target": "shop.public.orders", "status": "COMPLETE", "tableStatistics": {}},
        {"target": "shop.public.odd name", "status": "COMPLETE", "tableStatistics": {}},
        {"target": "shop.public.secrets", "status": "SKIPPED", "warningMessage": "PERMISSIONS_DO_NOT_EXIST"},
        {"target": "postgres", "status": "COMPLETE", "warningMessage": "FAILED_TO_EXTRACT_TABLES_LIST_FOR_DATABASE"},
        {"target": "template1", "status": "COMPLETE", "warningMessage": null, "new": {"field": [1]}}
    ], "more": 1}"#;

    #[test]
    fn tables_are_told_from_databases_and_warn_of_what_is_wrong() {
        let tables = tables(TABLES).unwrap();
        let folders = BTreeSet::from(["shop/public.users"]);
        let is_table: Vec<bool> = tables.iter().map(Table::is_table).collect();
        assert_eq!(is_table, [true, true, true, true, false, false]);
        let warnings: Vec<String> = tables.iter().filter_map(|it| it.warning(&folders)).collect();
        assert_eq!(
            warnings,
            [
                "shop.public.orders: no Parquet, no _SUCCESS",
                "shop.public.secrets: SKIPPED: PERMISSIONS_DO_NOT_EXIST",
                "postgres: FAILED_TO_EXTRACT_TABLES_LIST_FOR_DATABASE",
            ]
        );
    }

    #[test]
    fn columns_are_read_as_far_as_they_are_told() {
        let text = br#"{"perTableStatus": [
            {"target": "shop.users", "schemaMetadata": {"originalTypeMappings": [
                {"columnName": "id", "originalType": "bigint", "expectedExportedType": "int64", "new": 1},
                {"columnName": "note"}, {"originalType": "int"}, 7]}},
            {"target": "shop.a", "schemaMetadata": null}, {"target": "shop.b", "schemaMetadata": {"x": 1}}, {"target": "shop.c"}
        ]}"#;
        let columns: Vec<Vec<String>> = tables(text)
            .unwrap()
            .iter()
            .map(|it| it.schema().columns().map(|it| format!("{} {} {}", it.name, it.original, it.exported)).collect())
            .collect();
        assert_eq!(columns, [vec!["id bigint int64", "note  "], vec![], vec![], vec![]]);
    }

    #[test]
    fn both_ways_to_lay_out_folders_are_known() {
        let table = |target: &str| Table {
            target: target.to_owned(),
            status: None,
            warning_message: None,
            table_statistics: None,
            schema_metadata: Value::Null,
        };
        let folders = BTreeSet::from(["shop/shop.users", "shop/public.orders"]);
        for (target, lacks) in
            [("shop.users", false), ("shop.public.orders", false), ("shop.orders", true), ("shop.public.users", true)]
        {
            assert_eq!(table(target).lacks_folder(&folders), lacks, "{target}");
        }
    }

    #[test]
    fn the_export_says_how_it_stands() {
        let read = |text: &str| info(text.as_bytes()).unwrap();
        for (text, state) in [
            (r#"{"status":"COMPLETE"}"#, State::Complete),
            (r#"{"status":"complete"}"#, State::Complete),
            (r#"{"percentProgress":100,"exportOnly":[]}"#, State::Complete),
            (r#"{"status":"IN_PROGRESS"}"#, State::Unfinished),
            (r#"{"status":"FAILED"}"#, State::Broken("FAILED".to_owned())),
        ] {
            assert_eq!(read(text).state(), state, "{text}");
        }
        let time =
            |text: &str| read(&format!(r#"{{"snapshotTime":"{text}"}}"#)).snapshot_time().map(|it| it.as_second());
        assert_eq!(time("2026-11-22T03:00:00.123Z"), Some(1_795_316_400));
        for text in ["2026-11-22 03:00:00", "2026-11-22T03:00:00", "Nov 22, 2026 3:00:00 AM", "2026-11-22 03:00:00Z"] {
            assert_eq!(time(text), Some(1_795_316_400), "{text}");
        }
        assert_eq!(time("yesterday"), None);
    }

    #[test]
    fn other_json_and_broken_json_cannot_be_read() {
        for bytes in [&b"{"[..], b"[]", br#"{"perTableStatus": [{"status": "COMPLETE"}]}"#, b"{}"] {
            assert!(tables(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
