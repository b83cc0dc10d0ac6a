//! What RDS makes of an export: its files, and the event at its end.

use serde_json::{Value, json};

/// The tables of the database, and how many files of data each has.
const TABLES: [(&str, usize); 3] = [("users", 2), ("orders$2026", 1), ("rückgaben", 0)];

/// Returns keys and contents, in the documented layout
/// ([file naming convention](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.FileNames.html)).
/// Nobody here reads the Parquet, so that it is none.
pub(super) fn files(task: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for (table, parts) in TABLES {
        let folder = format!("raw/{task}/shop/shop.{table}/1");
        let part = |it| (format!("{folder}/part-{it:05}-{task}-c000.gz.parquet"), format!("{table} {it} of {task}"));
        files.extend((0..parts).map(part));
        files.push((format!("{folder}/_SUCCESS"), String::new()));
    }
    let statistics = json!({ "partitioningInfo": { "numberOfPartitions": 1, "numberOfCompletedPartitions": 1 } });
    let status =
        |(table, _)| json!({ "target": format!("shop.{table}"), "status": "COMPLETE", "tableStatistics": statistics });
    let tables = json!({ "perTableStatus": TABLES.map(status) });
    let name = format!("raw/{task}/export_tables_info_{task}_from_1_to_{}.json", TABLES.len());
    files.push((name, tables.to_string()));
    let info = json!({ "exportTaskIdentifier": task, "status": "COMPLETE", "totalExportedDataInGB": 0.1 });
    files.push((format!("raw/{task}/export_info_{task}.json"), info.to_string()));
    files
}

/// Returns what RDS publishes when the export of a snapshot has ended well. Of which export, it does not say.
pub(super) fn completed(snapshot_arn: &str) -> Value {
    json!({
        "Event Source": "db-snapshot",
        "Event Time": "2026-11-22 03:10:00.000",
        "Source ID": snapshot_arn.rsplit(':').next(),
        "Source ARN": snapshot_arn,
        "Event ID":
            "http://docs.amazonwebservices.com/AmazonRDS/latest/UserGuide/USER_Events.html#RDS-EVENT-0161",
        "Event Message": "The snapshot export task completed.",
        "Tags": {},
    })
}
