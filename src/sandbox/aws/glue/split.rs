//! The job that divides a source into its layers, as the script in `deploy/glue/` does it: small, and over memory.
//!
//! It is a job's work as soon as it is given rules and a place to write to. What it is told to do wrong, it does.

use std::collections::BTreeMap;

use arrow_array::{ArrayRef, RecordBatch};
use axum::body::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use self::rules::{Rules, Shape};
use super::{JobRunArgs, S3Path, scan};
use crate::sandbox::aws::{rds, s3::S3};

mod rules;
mod values;

/// What the job does wrong.
#[derive(Clone, Debug, Default)]
pub struct Slips {
    /// Columns that it writes as they are, whatever the rules say: `table.column`, with the table's folder.
    pub leaks: Vec<String>,
    /// It writes no more rows than these of each file.
    pub keeps_rows: Option<usize>,
    /// It leaves no report.
    pub is_silent: bool,
    /// What its report says of the classification, if not what it was given.
    pub claims: Option<String>,
}

/// Where the data of a table is, and what the rules call it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Table {
    database: String,
    folder: String,
}

/// A run of the job.
struct Split<'a> {
    args: &'a JobRunArgs,
    slips: &'a Slips,
    s3: &'a S3,
    rules: Rules,
    input: S3Path,
    output: S3Path,
}

/// Says whether a job is given what it takes to divide its input.
pub(super) fn is_asked(args: &JobRunArgs) -> bool {
    ["--datalake_rules", "--datalake_output"].iter().all(|it| args.arguments.contains_key(*it))
}

/// Writes the layer's tables, removes what other runs have left, and reports.
///
/// # Errors
/// The arguments, the rules or the input are not as they must be.
pub(super) fn split(args: &JobRunArgs, slips: &Slips, s3: &S3) -> Result<(), String> {
    let path = |name: &str| -> Result<S3Path, String> {
        let given = args.arguments.get(name).ok_or_else(|| format!("GlueArgumentError: {name} is required"))?;
        given.parse().map_err(|error| format!("GlueArgumentError: {name}: {error}"))
    };
    let file = path("--datalake_rules")?;
    let text = s3.get(&file.bucket, &file.prefix).ok_or_else(|| format!("there is no {file}"))?;
    if args.arguments.get("--datalake_classification") != Some(&hex::encode(Sha256::digest(&text))) {
        return Err(format!("{file} is not the classification that the job was given"));
    }
    let rules = Rules::read(&text)?;
    Split { args, slips, s3, rules, input: path("--datalake_input")?, output: path("--datalake_output")? }.work()
}

impl Split<'_> {
    fn work(&self) -> Result<(), String> {
        self.check_manifest()?;
        let (mut written, mut reported) = (Vec::new(), Vec::new());
        for (table, keys) in self.tables() {
            let files = keys.iter().filter_map(|it| self.project(&table, it).transpose());
            let files: Vec<RecordBatch> = files.collect::<Result<_, _>>()?;
            let Some(first) = files.first() else { continue };
            let folder = format!("{}{}/{}/", self.output.folder(), table.database, table.folder);
            let folder = format!("{folder}datalake_run={}/", self.run());
            for (part, rows) in files.iter().enumerate() {
                self.put(&format!("{folder}part-{part:05}.snappy.parquet"), rds::parquet_file(rows))?;
            }
            reported.push(report_of(&table, first, files.iter().map(RecordBatch::num_rows).sum()));
            written.push(folder);
        }
        self.remove_others(&written);
        if self.slips.is_silent { Ok(()) } else { self.report(&reported) }
    }

    fn run(&self) -> &str {
        self.args.arguments.get("--datalake_run").map_or("", String::as_str)
    }

    fn layer(&self) -> &str {
        self.args.arguments.get("--datalake_layer").map_or("", String::as_str)
    }

    /// Refuses what another run has published. An export's own files are nobody else's.
    fn check_manifest(&self) -> Result<(), String> {
        if self.input.prefix.rsplit('/').next() == Some(self.run()) {
            return Ok(());
        }
        let key = format!("{}_manifest.json", self.input.folder());
        let manifest = self.s3.get(&self.input.bucket, &key).unwrap_or_default();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap_or_default();
        let holds = manifest["export_task"].as_str().unwrap_or("nothing");
        if holds == self.run() { Ok(()) } else { Err(format!("{} holds {holds}", self.input)) }
    }

    /// Returns the tables of the input that have rows, each with its files.
    fn tables(&self) -> BTreeMap<Table, Vec<String>> {
        let mut tables: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for key in self.s3.keys(&self.input.bucket, &self.input.folder()) {
            let below: Vec<&str> = key[self.input.folder().len()..].split('/').collect();
            if let ([database, folder, .., _], true) = (below.as_slice(), key.ends_with(".parquet")) {
                let table = Table { database: (*database).to_owned(), folder: (*folder).to_owned() };
                tables.entry(table).or_default().push(key);
            }
        }
        tables
    }

    /// Returns what the layer shows of a file. `None`: nothing of its table.
    fn project(&self, table: &Table, key: &str) -> Result<Option<RecordBatch>, String> {
        let file = self.s3.get(&self.input.bucket, key).unwrap_or_default();
        let rows = read(file).map_err(|error| format!("{key}: {error}"))?;
        let rows = self.slips.keeps_rows.map_or(rows.clone(), |most| rows.slice(0, most.min(rows.num_rows())));
        let schema = rows.schema();
        let columns = schema.fields().iter().zip(rows.columns());
        let shown: Vec<(&str, ArrayRef)> = columns
            .filter_map(|(field, values)| {
                let shape = self.shape(table, field.name())?;
                let values = match shape {
                    Shape::AsItIs => values.clone(),
                    Shape::Hash => values::hashed(values),
                    Shape::Mask => values::masked(values),
                };
                Some((field.name().as_str(), values))
            })
            .collect();
        if shown.is_empty() {
            return Ok(None);
        }
        RecordBatch::try_from_iter(shown).map(Some).map_err(|error| error.to_string())
    }

    fn shape(&self, table: &Table, column: &str) -> Option<Shape> {
        if self.slips.leaks.iter().any(|it| *it == format!("{}.{column}", table.folder)) {
            return Some(Shape::AsItIs);
        }
        let bare = table.folder.strip_prefix(&format!("{}.", table.database)).unwrap_or(&table.folder);
        self.rules.shape([&table.database, bare, column], self.layer() == "normal")
    }

    fn put(&self, key: &str, body: Bytes) -> Result<(), String> {
        self.s3.put(&self.output.bucket, key, body).map_err(|error| error.to_string())
    }

    /// Removes what lies in the output beside the folders that were written, and the reports.
    fn remove_others(&self, written: &[String]) {
        let reports = format!("{}_reports/", self.output.folder());
        for key in self.s3.keys(&self.output.bucket, &self.output.folder()) {
            if !key.starts_with(&reports) && !written.iter().any(|it| key.starts_with(it)) {
                self.s3.delete(&self.output.bucket, &key);
            }
        }
    }

    fn report(&self, tables: &[Value]) -> Result<(), String> {
        let given = self.args.arguments.get("--datalake_classification");
        let report = json!({
            "datalake_run": self.run(),
            "layer": self.layer(),
            "classification": self.slips.claims.as_ref().or(given),
            "tables": tables,
        });
        let key = format!("{}_reports/{}.json", self.output.folder(), self.run());
        self.put(&key, report.to_string().into())
    }
}

fn report_of(table: &Table, first: &RecordBatch, rows: usize) -> Value {
    let columns = scan::columns(rds::parquet_file(first)).unwrap_or_default();
    let columns: Vec<Value> = columns.iter().map(|(name, kind)| json!({ "name": name, "type": kind })).collect();
    json!({ "database": table.database, "table": table.folder, "rows": rows, "columns": columns })
}

/// Returns all rows of a Parquet file.
fn read(file: Bytes) -> anyhow::Result<RecordBatch> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let rows = usize::try_from(builder.metadata().file_metadata().num_rows())?;
    let mut batches = builder.with_batch_size(rows.max(1)).build()?;
    batches.next().ok_or_else(|| anyhow::anyhow!("no rows"))?.map_err(Into::into)
}
