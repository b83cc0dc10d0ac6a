//! What is inside a database that RDS exports: tables whose rows are written as Parquet.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use axum::body::Bytes;
use parquet::{arrow::ArrowWriter, basic::Compression, file::properties::WriterProperties};

/// How many rows go into one file, so that the larger tables of a small database have several.
const ROWS_PER_FILE: usize = 64;

/// A `MySQL` database.
#[derive(Clone, Debug)]
pub struct Database {
    /// The database's name, the first folder of an export.
    pub name: String,
    /// What an export holds, in this order.
    pub tables: Vec<Table>,
    /// How much data an export of it is said to hold, in GB.
    pub gigabytes: f64,
}

/// A table. All its columns have the same number of values.
#[derive(Clone, Debug)]
pub struct Table {
    /// The table's name, without the database's.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
}

/// A column with its values.
#[derive(Clone, Debug)]
pub struct Column {
    /// The column's name.
    pub name: String,
    values: Values,
}

#[derive(Clone, Debug)]
enum Values {
    Int(Vec<i32>),
    BigInt(Vec<i64>),
    Text(Vec<String>),
    Boolean(Vec<bool>),
    /// Microseconds since 1970.
    DateTime(Vec<i64>),
}

impl Database {
    /// Adds `count` small tables, `extra_0001` and so on, for exports of many objects.
    pub fn widen(&mut self, count: usize) {
        let table = |index| Table {
            name: format!("extra_{index:04}"),
            columns: vec![Column::big_int("id", 1..=3), Column::text("name", ["a", "b", "c"])],
        };
        self.tables.extend((1..=count).map(table));
    }

    /// Returns a table, to change it.
    pub fn table_mut(&mut self, name: &str) -> Option<&mut Table> {
        self.tables.iter_mut().find(|it| it.name == name)
    }
}

impl Table {
    /// Returns how many rows there are.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |it| it.values.len())
    }

    /// Returns the rows as Parquet files of at most 64 rows; none when there are no rows.
    ///
    /// # Panics
    /// The columns are not equally long.
    pub fn parquet(&self) -> Vec<Bytes> {
        let columns = self.columns.iter().map(|it| (it.name.as_str(), it.values.array()));
        let rows = RecordBatch::try_from_iter(columns).expect("all columns of a table are equally long");
        let files = (0..rows.num_rows()).step_by(ROWS_PER_FILE);
        files.map(|first| parquet_file(&rows.slice(first, ROWS_PER_FILE.min(rows.num_rows() - first)))).collect()
    }
}

/// Returns `rows` as a Parquet file.
pub(in crate::sandbox::aws) fn parquet_file(rows: &RecordBatch) -> Bytes {
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, rows.schema(), Some(properties)).expect("a simple schema");
    writer.write(rows).expect("memory takes all that is written");
    writer.close().expect("memory takes all that is written");
    file.into()
}

impl Column {
    /// Returns an `int` column.
    pub fn int(name: &str, values: impl IntoIterator<Item = i32>) -> Self {
        Self::new(name, Values::Int(values.into_iter().collect()))
    }

    /// Returns a `bigint` column.
    pub fn big_int(name: &str, values: impl IntoIterator<Item = i64>) -> Self {
        Self::new(name, Values::BigInt(values.into_iter().collect()))
    }

    /// Returns a `varchar` column.
    pub fn text<T: Into<String>>(name: &str, values: impl IntoIterator<Item = T>) -> Self {
        Self::new(name, Values::Text(values.into_iter().map(Into::into).collect()))
    }

    /// Returns a `boolean` column.
    pub fn boolean(name: &str, values: impl IntoIterator<Item = bool>) -> Self {
        Self::new(name, Values::Boolean(values.into_iter().collect()))
    }

    /// Returns a `datetime` column; the values are microseconds since 1970.
    pub fn date_time(name: &str, values: impl IntoIterator<Item = i64>) -> Self {
        Self::new(name, Values::DateTime(values.into_iter().collect()))
    }

    fn new(name: &str, values: Values) -> Self {
        Self { name: name.to_owned(), values }
    }

    /// Returns the column's type in the database, and the type that the export's status files announce for it.
    pub(super) fn types(&self) -> (&'static str, &'static str) {
        match self.values {
            Values::Int(_) => ("int", "int32"),
            Values::BigInt(_) => ("bigint", "int64"),
            Values::Text(_) => ("varchar", "binary (UTF8)"),
            Values::Boolean(_) => ("boolean", "boolean"),
            Values::DateTime(_) => ("datetime", "int64 (TIMESTAMP_MICROS)"),
        }
    }
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::Int(it) => it.len(),
            Self::BigInt(it) | Self::DateTime(it) => it.len(),
            Self::Text(it) => it.len(),
            Self::Boolean(it) => it.len(),
        }
    }

    fn array(&self) -> ArrayRef {
        match self {
            Self::Int(it) => Arc::new(Int32Array::from(it.clone())),
            Self::BigInt(it) => Arc::new(Int64Array::from(it.clone())),
            Self::Text(it) => Arc::new(StringArray::from_iter_values(it)),
            Self::Boolean(it) => Arc::new(BooleanArray::from(it.clone())),
            Self::DateTime(it) => Arc::new(TimestampMicrosecondArray::from(it.clone())),
        }
    }
}
