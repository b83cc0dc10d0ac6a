//! How many tables of an export are done while it runs, where RDS already says so in S3.

use aws_sdk_s3::Client;

use super::status;
use crate::{
    adapters::aws::{error::Trouble, s3::S3},
    domain::{failure::Failure, run::Run, seen::Seen, source::Source},
};

/// Returns what was seen of the run's export with its tables, done and in all, if it is under way and RDS has written of
/// them. When RDS does is not documented: that there is nothing yet, or that it cannot be read, is no trouble.
pub(in super::super) async fn with_tables(s3: &Client, run: &Run, source: &Source, seen: Seen) -> Seen {
    let Seen::Running { handle, mut detail } = seen else { return seen };
    match tables(&S3::new(s3), run, source).await {
        Ok(Some((done, all))) => (detail.exported_tables, detail.tables) = (Some(done), Some(all)),
        Ok(None) => {}
        Err(failure) => tracing::debug!(run = %run.export_task, code = failure.code, "No word of the tables yet"),
    }
    Seen::Running { handle, detail }
}

/// Reads the status file of the tables. Of a database with many tables there are several, and a look that is repeated
/// every few seconds does not read them all.
async fn tables(s3: &S3<'_>, run: &Run, source: &Source) -> Result<Option<(u64, u64)>, Failure> {
    let at = source.export_of(&run.export_task);
    let start = format!("export_tables_info_{}", run.export_task);
    let call = s3.call().list_objects_v2().bucket(&at.bucket).prefix(at.key(&start)).max_keys(2);
    let found = call.send().await.map_err(Trouble::from)?;
    let [only] = found.contents() else { return Ok(None) };
    let Some(name) = only.key().and_then(|it| it.strip_prefix(&at.key(""))) else { return Ok(None) };
    let Some(file) = s3.read(&at, name).await? else { return Ok(None) };
    let Ok(tables) = status::tables(&file.bytes) else { return Ok(None) };
    let tables: Vec<_> = tables.iter().filter(|it| it.is_table()).collect();
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let done = tables.iter().filter(|it| it.is_complete()).count();
    Ok((!tables.is_empty()).then(|| (count(done), count(tables.len()))))
}
