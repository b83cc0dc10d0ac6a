//! The stage `verify`: the export's own status files say which tables are there.

mod progress;
mod schema;
mod status;

use std::collections::BTreeSet;

use aws_sdk_s3::Client;

use self::status::{Info, State, Table};
pub(super) use self::{progress::with_tables, schema::schema};
use super::{
    publish::{self, Stamp},
    s3::S3,
};
use crate::domain::{
    failure::{Class, Failure, codes},
    run::Run,
    seen::Seen,
    source::{Location, Source},
    stage::{Detail, WaitOn},
    warning::Warning,
};

/// Warnings that are told; the rest is a number.
const MOST_WARNINGS: usize = 20;

/// Returns what the export at `at` (its prefix with the task's name) is of, from its status file.
///
/// Without that file the snapshot's time is unknown. `s3` is a client of [`publish_client`](super::publish_client).
///
/// # Errors
/// `ExportNotComplete`: the file says that the export has not ended, or not well. `StatusFilesUnreadable`. Otherwise what S3
/// said, with the action and the place.
pub async fn stamp(s3: &Client, at: &Location) -> Result<Stamp, Failure> {
    let task = at.prefix.rsplit('/').next().unwrap_or_default();
    let stamp = Stamp { export_task: task.to_owned(), snapshot_time: None, replaces: None };
    let name = info_name(task);
    let Some(file) = publish::of_export(s3, at, &name).await? else { return Ok(stamp) };
    let info = status::info(&file.bytes).map_err(|it| unreadable(&name, &it))?;
    if info.state() != State::Complete {
        let message = format!("{} says {}", at.key(&name), info.status());
        return Err(Failure::new(Class::Data, codes::EXPORT_NOT_COMPLETE, message));
    }
    Ok(Stamp { snapshot_time: info.snapshot_time(), ..stamp })
}

/// Returns what the status files say of the run's export.
pub(super) async fn look(s3: &Client, run: &Run, source: &Source) -> Seen {
    match verify(&S3::new(s3), &source.export_of(&run.export_task), run.export_task.as_str()).await {
        Ok(seen) => seen,
        Err(failure) if failure.code == codes::STATUS_FILES_UNREADABLE => Seen::Failed(failure),
        Err(failure) => Seen::Unclear(failure),
    }
}

/// Reads `bytes` as both kinds of status files.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn read_foreign(bytes: &[u8]) {
    if let Ok(info) = status::info(bytes) {
        let _ = (info.state(), info.snapshot_time(), info.gigabytes());
    }
    for table in status::tables(bytes).unwrap_or_default() {
        let _ = (table.is_table(), table.warning(&BTreeSet::new()), table.schema());
    }
}

async fn verify(s3: &S3<'_>, at: &Location, task: &str) -> Result<Seen, Failure> {
    let Some(info) = info(s3, at, task).await? else { return Ok(Seen::Busy(WaitOn::StatusFiles)) };
    match info.state() {
        State::Complete => {}
        State::Unfinished => return Ok(Seen::Busy(WaitOn::StatusFiles)),
        State::Broken(status) => {
            return Ok(Seen::Failed(Failure::new(Class::NewAttempt, codes::EXPORT_FAILED, status)));
        }
    }
    let names: Vec<String> = s3.list(at).await?.into_iter().map(|it| it.name).collect();
    let prefix = format!("export_tables_info_{task}");
    let mut tables = Vec::new();
    for name in names.iter().filter(|it| it.starts_with(&prefix) && it.ends_with(".json")) {
        // It was listed; if it is gone since, somebody removes the export.
        let Some(file) = s3.read(at, name).await? else { return Ok(Seen::Busy(WaitOn::StatusFiles)) };
        tables.extend(status::tables(&file.bytes).map_err(|it| unreadable(name, &it))?);
    }
    if tables.is_empty() {
        return Ok(Seen::Busy(WaitOn::StatusFiles));
    }
    Ok(done(&info, &tables, &folders(&names)))
}

async fn info(s3: &S3<'_>, at: &Location, task: &str) -> Result<Option<Info>, Failure> {
    let name = info_name(task);
    let Some(file) = s3.read(at, &name).await? else { return Ok(None) };
    status::info(&file.bytes).map(Some).map_err(|it| unreadable(&name, &it))
}

fn info_name(task: &str) -> String {
    format!("export_info_{task}.json")
}

fn unreadable(name: &str, error: &serde_json::Error) -> Failure {
    Failure::new(Class::Data, codes::STATUS_FILES_UNREADABLE, format!("{name}: {error}"))
}

/// Returns the folders of tables, `{database}/{schema.table}`, that hold Parquet or say that a table has no rows.
fn folders(names: &[String]) -> BTreeSet<&str> {
    let with_data = names.iter().filter(|it| it.ends_with(".parquet") || it.ends_with("/_SUCCESS"));
    with_data.filter_map(|it| it.match_indices('/').nth(1).map(|(end, _)| &it[..end])).collect()
}

fn done(info: &Info, tables: &[Table], folders: &BTreeSet<&str>) -> Seen {
    let skipped = tables.iter().filter(|it| it.is_table() && !it.is_complete()).count();
    let detail = Detail {
        gigabytes: info.gigabytes(),
        tables: u64::try_from(tables.iter().filter(|it| it.is_table()).count()).ok(),
        skipped_tables: u64::try_from(skipped).ok(),
        ..Detail::default()
    };
    let mut warnings: Vec<Warning> = tables.iter().filter_map(|it| it.warning(folders)).map(Warning::from).collect();
    if warnings.len() > MOST_WARNINGS {
        let more = warnings.len() - MOST_WARNINGS;
        warnings.truncate(MOST_WARNINGS);
        warnings.push(format!("… +{more}").into());
    }
    Seen::Done { detail, warnings }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|it| (*it).to_owned()).collect()
    }

    fn tables(count: usize, status: &str) -> Vec<Table> {
        let entry = |it| serde_json::json!({ "target": format!("shop.t{it}"), "status": status });
        let file = serde_json::json!({ "perTableStatus": (0..count).map(entry).collect::<Vec<_>>() });
        status::tables(file.to_string().as_bytes()).unwrap()
    }

    fn info() -> Info {
        status::info(br#"{"status":"COMPLETE","totalExportedDataInGB":1.5}"#).unwrap()
    }

    #[test]
    fn folders_are_those_of_tables_with_data_or_a_sign_that_there_is_none() {
        let names = names(&[
            "export_info_shop-a1.json",
            "shop/shop.users/1/part-0.gz.parquet",
            "shop/shop.users/_SUCCESS",
            "shop/public.empty/1/_SUCCESS",
            "shop/shop.begun/1/_started",
        ]);
        assert_eq!(folders(&names), BTreeSet::from(["shop/shop.users", "shop/public.empty"]));
    }

    #[test]
    fn many_warnings_are_cut_to_a_number() {
        let Seen::Done { detail, warnings } = done(&info(), &tables(25, "FAILED"), &BTreeSet::new()) else {
            panic!("done")
        };
        assert_eq!((detail.tables, detail.skipped_tables, detail.gigabytes), (Some(25), Some(25), Some(1.5)));
        assert_eq!((warnings.len(), warnings[20].said()), (21, Some("… +5")));
        assert_eq!(warnings[0].said(), Some("shop.t0: FAILED"));
    }

    #[test]
    fn tables_that_are_there_warn_of_nothing() {
        let folders = BTreeSet::from(["shop/shop.t0", "shop/shop.t1"]);
        let Seen::Done { detail, warnings } = done(&info(), &tables(2, "COMPLETE"), &folders) else { panic!("done") };
        assert_eq!((detail.tables, detail.skipped_tables), (Some(2), Some(0)));
        assert_eq!(warnings, []);
    }
}
