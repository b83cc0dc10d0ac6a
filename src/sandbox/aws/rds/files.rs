//! The files of an export, in RDS's documented layout
//! ([file naming convention](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.FileNames.html)).

use serde_json::{Value, json};

use super::{
    database::{Database, Table},
    exports::{Export, Plan},
};
use crate::sandbox::aws::{ids, s3::S3};

/// How many tables one status file describes. RDS's own number is not documented; this one makes a small database have
/// several files.
const TABLES_PER_FILE: usize = 4;

/// Returns the tables that an export writes: those it is limited to, without those its warning says it skips.
pub(super) fn exported<'a>(export: &Export, database: &'a Database) -> Vec<&'a Table> {
    let skipped = skipped(&export.plan);
    let is_exported = |table: &&Table| {
        let name = full_name(database, table);
        let is_asked = export.only.is_empty() || export.only.iter().any(|it| *it == database.name || *it == name);
        is_asked && !skipped.contains(&name)
    };
    database.tables.iter().filter(is_exported).collect()
}

/// Writes the files of a table: `_SUCCESS`, and one or more of Parquet unless it has no rows.
///
/// # Errors
/// The bucket is gone.
pub(super) fn write_table(export: &Export, database: &Database, table: &Table, s3: &S3) -> anyhow::Result<()> {
    let name = full_name(database, table);
    // Batch 1 is the only one of a table that was not chunked.
    let folder = format!("{}/{}/{name}/1", folder(export), database.name);
    let uuid = ids::uuid(&format!("{} {name}", export.id));
    for (part, body) in table.parquet().into_iter().enumerate() {
        s3.put_encrypted(&export.bucket, &format!("{folder}/part-{part:05}-{uuid}-c000.gz.parquet"), body)?;
    }
    s3.put_encrypted(&export.bucket, &format!("{folder}/_SUCCESS"), "")?;
    Ok(())
}

/// Writes the files that describe a completed export.
///
/// # Errors
/// The bucket is gone.
pub(super) fn write_sidecars(export: &Export, database: &Database, s3: &S3) -> anyhow::Result<()> {
    let (folder, id) = (folder(export), &export.id);
    s3.put_encrypted(&export.bucket, &format!("{folder}/export_info_{id}.json"), info(export, database).to_string())?;
    for (index, tables) in exported(export, database).chunks(TABLES_PER_FILE).enumerate() {
        let first = index * TABLES_PER_FILE + 1;
        let last = first + tables.len() - 1;
        let statuses: Vec<_> = tables.iter().map(|it| status(export, database, it)).collect();
        let key = format!("{folder}/export_tables_info_{id}_from_{first}_to_{last}.json");
        s3.put_encrypted(&export.bucket, &key, json!({ "perTableStatus": statuses }).to_string())?;
    }
    Ok(())
}

fn info(export: &Export, database: &Database) -> Value {
    json!({
        "exportTaskIdentifier": export.id,
        "sourceArn": export.source_arn,
        "exportOnly": export.only,
        "snapshotTime": export.snapshot_time.to_string(),
        "taskStartTime": export.started.map(|it| it.to_string()),
        "taskEndTime": export.ended.map(|it| it.to_string()),
        "s3Bucket": export.bucket,
        "s3Prefix": export.prefix.as_deref().unwrap_or_default(),
        "exportedFilesPath": folder(export),
        "iamRoleArn": export.role,
        "kmsKeyId": export.key,
        "status": export.status().to_string(),
        "percentProgress": export.percent,
        "totalExportedDataInGB": database.gigabytes,
    })
}

fn status(export: &Export, database: &Database, table: &Table) -> Value {
    let columns = table.columns.iter().map(|column| {
        let (original, exported) = column.types();
        json!({
            "columnName": column.name,
            "originalType": original,
            "expectedExportedType": exported,
            "originalCharMaxLength": if original == "varchar" { 255 } else { 0 },
            "originalNumPrecision": 0,
            "originalDateTimePrecision": 0,
        })
    });
    let statistics = json!({
        "extractionStartTime": export.started.map(|it| it.to_string()),
        "extractionEndTime": export.ended.map(|it| it.to_string()),
        "partitioningInfo": { "numberOfPartitions": 1, "numberOfCompletedPartitions": 1 },
    });
    json!({
        // The samples that are known are of PostgreSQL, `database.schema.table`; MySQL has no schemas.
        "target": full_name(database, table),
        "status": "COMPLETE",
        "sizeGB": 0.0,
        "tableStatistics": statistics,
        "schemaMetadata": { "originalTypeMappings": columns.collect::<Vec<_>>() },
    })
}

/// Returns the tables that a warning says are skipped, as texts or as objects with a `tableName`.
fn skipped(plan: &Plan) -> Vec<String> {
    let warning = match plan {
        Plan::Complete { warning } => warning.as_deref().unwrap_or_default(),
        Plan::Fail { .. } => return Vec::new(),
    };
    let warning: Value = serde_json::from_str(warning).unwrap_or_default();
    let tables = warning["skippedTables"].as_array().map(Vec::as_slice).unwrap_or_default();
    let name = |table: &Value| table.as_str().or_else(|| table["tableName"].as_str()).map(str::to_owned);
    tables.iter().filter_map(name).collect()
}

fn folder(export: &Export) -> String {
    match &export.prefix {
        Some(prefix) => format!("{prefix}/{}", export.id),
        None => export.id.clone(),
    }
}

fn full_name(database: &Database, table: &Table) -> String {
    format!("{}.{}", database.name, table.name)
}
