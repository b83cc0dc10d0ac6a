//! What a crawler sees below a place in S3: folders of Parquet files, which become tables.
//!
//! A crawler names a table after its folder, in lower case and with `_` for what is not a letter or a digit; folders
//! below it that only divide its files become partition keys
//! ([how crawlers work](https://docs.aws.amazon.com/glue/latest/dg/crawler-running.html)).

use std::collections::BTreeMap;

use axum::body::Bytes;
use parquet::{
    basic::{ConvertedType, Type},
    file::reader::{FileReader as _, SerializedFileReader},
    schema::types::ColumnDescriptor,
};

use super::S3Path;
use crate::sandbox::aws::{ids, s3::S3};

/// A table as its files show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// With a slash at the end.
    pub(super) location: String,
    /// Names and types of the columns.
    pub(super) columns: Vec<(String, String)>,
    pub(super) partition_keys: Vec<String>,
    pub(super) files: usize,
}

/// Returns the tables below `path`, by name.
pub(super) fn tables(s3: &S3, path: &S3Path) -> BTreeMap<String, Seen> {
    let mut by_folder: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for key in s3.keys(&path.bucket, &path.folder()) {
        if key.ends_with(".parquet") {
            by_folder.entry(table_folder(&key, path)).or_default().push(key);
        }
    }
    let mut tables = BTreeMap::new();
    for (folder, keys) in by_folder {
        let first = s3.get(&path.bucket, &keys[0]).unwrap_or_default();
        // A file that is no Parquet gets no table, as a crawler classifies it as unknown.
        let Some(columns) = columns(first) else { continue };
        let location = format!("s3://{}/{folder}", path.bucket);
        let partition_keys = partition_keys(&keys[0][folder.len()..]);
        let seen = Seen { location, columns, partition_keys, files: keys.len() };
        let name = table_name(&folder);
        if tables.contains_key(&name) {
            // Two folders of one name: a crawler tells them apart by a hash.
            tables.insert(format!("{name}_{}", &ids::hex(&folder)[..8]), seen);
        } else {
            tables.insert(name, seen);
        }
    }
    tables
}

/// Returns the folder, with a slash at the end, of the table that a file belongs to.
fn table_folder(key: &str, path: &S3Path) -> String {
    let root = path.folder();
    let folders: Vec<&str> = key[root.len()..].split('/').collect();
    let (_file, folders) = folders.split_last().expect("a split yields at least one part");
    let divides = |folder: &&&str| folder.contains('=') || folder.chars().all(|c| c.is_ascii_digit());
    let partitions = folders.iter().rev().take_while(divides).count();
    let table = &folders[..folders.len() - partitions];
    table.iter().fold(root, |folder, it| format!("{folder}{it}/"))
}

fn table_name(folder: &str) -> String {
    let last = folder.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    last.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}

/// Returns the keys for the folders between a table and its file: `month=05` has its own, others are numbered.
fn partition_keys(below: &str) -> Vec<String> {
    let folders = below.split('/').collect::<Vec<_>>();
    let folders = &folders[..folders.len() - 1];
    let key = |(index, folder): (usize, &&str)| match folder.split_once('=') {
        Some((key, _)) => key.to_lowercase(),
        None => format!("partition_{index}"),
    };
    folders.iter().enumerate().map(key).collect()
}

/// Returns names and catalog types of a Parquet file's columns. `None`: it is none.
pub(super) fn columns(file: Bytes) -> Option<Vec<(String, String)>> {
    let reader = SerializedFileReader::new(file).ok()?;
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    Some(schema.columns().iter().map(|it| (it.name().to_lowercase(), catalog_type(it).to_owned())).collect())
}

fn catalog_type(column: &ColumnDescriptor) -> &'static str {
    match (column.physical_type(), column.converted_type()) {
        (Type::BOOLEAN, _) => "boolean",
        (Type::INT32, ConvertedType::DATE) => "date",
        (Type::INT32, _) => "int",
        (Type::INT64, ConvertedType::TIMESTAMP_MICROS | ConvertedType::TIMESTAMP_MILLIS) => "timestamp",
        (Type::INT64, _) => "bigint",
        (Type::INT96, _) => "timestamp",
        (Type::FLOAT, _) => "float",
        (Type::DOUBLE, _) => "double",
        (Type::BYTE_ARRAY, ConvertedType::UTF8) => "string",
        (Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY, _) => "binary",
    }
}
