//! What an export holds, by the status files of its tables.

use aws_sdk_s3::Client;

use super::{status, unreadable};
use crate::{
    adapters::aws::s3::S3,
    domain::{failure::Failure, schema::Schema, source::Location},
};

/// Returns the schema of the export `task` at `at` (its prefix with the task's name). `None`: there are no status files
/// (any more).
pub(in super::super) async fn schema(s3: &Client, at: &Location, task: &str) -> Result<Option<Schema>, Failure> {
    let s3 = S3::new(s3);
    let (mut tables, mut skipped, mut any) = (Vec::new(), Vec::new(), false);
    for file in s3.list_from(at, &format!("export_tables_info_{task}")).await? {
        let Some(content) = s3.read(at, &file.name).await? else { continue };
        any = true;
        for table in status::tables(&content.bytes).map_err(|it| unreadable(&file.name, &it))? {
            match (table.is_table(), table.is_complete()) {
                (true, true) => tables.push(table.schema()),
                (true, false) => skipped.push(table.target().to_owned()),
                (false, _) => {}
            }
        }
    }
    Ok(any.then(|| Schema::new(tables, skipped)))
}
