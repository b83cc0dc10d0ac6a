//! The stage `export`: a task of RDS, found by the name that the run has given it.

use aws_sdk_rds::{
    Client,
    types::{ExportTask, Filter},
};
use tracing::warn;

use super::super::{error::Trouble, time::timestamp};
use crate::domain::{
    export::ActiveExport,
    failure::{Class, Failure, codes},
    run::Run,
    seen::{Seen, Started},
    source::Source,
    stage::Detail,
    warning::Warning,
};

/// States in which a task takes one of the account's slots.
const ACTIVE: [&str; 3] = ["STARTING", "IN_PROGRESS", "CANCELING"];

/// Returns what has become of the run's export task.
pub(in super::super) async fn look(rds: &Client, run: &Run, source: &Source) -> Seen {
    match find(rds, run.export_task.as_str()).await {
        Ok(None) => Seen::Absent { marker: None },
        Ok(Some(task)) if !is_ours(&task, run, source) => Seen::Failed(name_taken(&task)),
        Ok(Some(task)) => seen(&task),
        Err(trouble) => trouble.seen(),
    }
}

/// Starts the export. A repeated start finds the first one's task: the name is the idempotency key, the only one that
/// [`StartExportTask`](https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartExportTask.html) has.
pub(in super::super) async fn start(rds: &Client, run: &Run, source: &Source) -> Started {
    let to = &source.export.to;
    // A slash at the end makes the task fail, since January 2025.
    let prefix = to.prefix.trim_matches('/');
    let sent = rds
        .start_export_task()
        .export_task_identifier(run.export_task.as_str())
        .source_arn(&run.source_arn)
        .s3_bucket_name(&to.bucket)
        .set_s3_prefix((!prefix.is_empty()).then(|| prefix.to_owned()))
        .iam_role_arn(&source.export.role_arn)
        .kms_key_id(&source.export.kms_key)
        .set_export_only((!run.only.is_empty()).then(|| run.only.clone()))
        .send()
        .await;
    match sent.map_err(Trouble::from) {
        Ok(_) => acted(run),
        Err(trouble) if trouble.is("ExportTaskAlreadyExists") => adopt(rds, run, source, trouble).await,
        Err(trouble) => trouble.started(),
    }
}

/// Cancels the export. What has ended already is left as it is.
pub(in super::super) async fn stop(rds: &Client, run: &Run) -> Result<(), Failure> {
    let sent = rds.cancel_export_task().export_task_identifier(run.export_task.as_str()).send().await;
    match sent.map_err(Trouble::from) {
        Ok(_) => Ok(()),
        Err(trouble) if trouble.is("InvalidExportTaskState") || trouble.is("ExportTaskNotFound") => Ok(()),
        Err(trouble) => Err(trouble.into()),
    }
}

/// Returns every export task of the account that takes a slot.
pub(in super::super) async fn active(rds: &Client) -> Result<Vec<ActiveExport>, Failure> {
    // In lower case here, and nowhere else
    // ([DescribeExportTasks](https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeExportTasks.html)).
    let states =
        Filter::builder().name("status").set_values(Some(ACTIVE.map(str::to_ascii_lowercase).to_vec())).build();
    let tasks = rds.describe_export_tasks().filters(states).into_paginator().items().send();
    let tasks: Vec<ExportTask> = tasks.collect::<Result<_, _>>().await.map_err(Trouble::from)?;
    // What does not know the filter answers with all.
    let active = tasks.into_iter().filter(|it| ACTIVE.contains(&state(it).as_str()));
    Ok(active.filter_map(|it| active_export(&it)).collect())
}

fn active_export(task: &ExportTask) -> Option<ActiveExport> {
    Some(ActiveExport {
        name: task.export_task_identifier()?.to_owned(),
        source_arn: task.source_arn().unwrap_or_default().to_owned(),
        status: state(task),
        percent: percent(task),
        started_at: task.task_start_time().and_then(timestamp),
    })
}

async fn adopt(rds: &Client, run: &Run, source: &Source, exists: Trouble) -> Started {
    match find(rds, run.export_task.as_str()).await {
        Ok(Some(task)) if is_ours(&task, run, source) => acted(run),
        Ok(Some(task)) => Started::Failed(name_taken(&task)),
        // Not listed yet, though the name is taken: a later look will see it.
        Ok(None) => Started::Unclear(Failure { class: Class::Transient, ..exists.into() }),
        Err(trouble) => Started::Unclear(trouble.into()),
    }
}

/// Returns the task of that name. One that is not there is an empty list or an error: both have been seen.
async fn find(rds: &Client, name: &str) -> Result<Option<ExportTask>, Trouble> {
    match rds.describe_export_tasks().export_task_identifier(name).send().await.map_err(Trouble::from) {
        Ok(found) => {
            let tasks = found.export_tasks.unwrap_or_default();
            Ok(tasks.into_iter().find(|it| it.export_task_identifier() == Some(name)))
        }
        Err(trouble) if trouble.is("ExportTaskNotFound") => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

fn acted(run: &Run) -> Started {
    Started::Acted { handle: Some(run.export_task.as_str().to_owned()) }
}

/// Says whether the task is of the run's snapshot, and goes where the source's exports go.
fn is_ours(task: &ExportTask, run: &Run, source: &Source) -> bool {
    let to = &source.export.to;
    task.source_arn() == Some(&run.source_arn)
        && task.s3_bucket() == Some(&to.bucket)
        && task.s3_prefix().unwrap_or_default().trim_matches('/') == to.prefix.trim_matches('/')
}

fn name_taken(task: &ExportTask) -> Failure {
    let part = |it: Option<&str>| it.unwrap_or("?").to_owned();
    let (arn, bucket) = (part(task.source_arn()), part(task.s3_bucket()));
    let message = format!("{arn} -> s3://{bucket}/{}", task.s3_prefix().unwrap_or_default());
    Failure::new(Class::Config, codes::EXPORT_NAME_TAKEN, message)
}

fn seen(task: &ExportTask) -> Seen {
    let state = state(task);
    let detail = Detail {
        percent: percent(task),
        gigabytes: task.total_extracted_data_in_gb().map(f64::from),
        state: Some(state.clone()),
        ..Detail::default()
    };
    match state.as_str() {
        "COMPLETE" => Seen::Done { detail, warnings: warnings(task) },
        "FAILED" => Seen::Failed(failure(task)),
        "CANCELED" => Seen::Stopped,
        "STARTING" | "IN_PROGRESS" | "CANCELING" => running(task, detail),
        _ => {
            warn!(export.task = task.export_task_identifier(), export.state = state, "Unknown state of an export");
            running(task, detail)
        }
    }
}

/// The API's model has no list of states, only its documentation has; some emulators write them in lower case.
fn state(task: &ExportTask) -> String {
    task.status().unwrap_or_default().to_ascii_uppercase()
}

fn percent(task: &ExportTask) -> Option<u8> {
    task.percent_progress().map(|it| u8::try_from(it.clamp(0, 100)).expect("clamped to a byte"))
}

fn running(task: &ExportTask, detail: Detail) -> Seen {
    Seen::Running { handle: task.export_task_identifier().map(str::to_owned), detail }
}

/// RDS's own internal errors may not happen again; whatever else it names needs a person (the table of failure
/// messages in the RDS user guide, "Troubleshooting for snapshot export").
fn failure(task: &ExportTask) -> Failure {
    let cause = task.failure_cause().unwrap_or("FAILED");
    let class = if cause.to_ascii_lowercase().contains("internal error") { Class::NewAttempt } else { Class::Config };
    Failure::new(class, codes::EXPORT_FAILED, cause)
}

/// Returns the task's `WarningMessage` as it stands. It is JSON: lists of what was skipped; when all are empty it warns
/// of nothing.
fn warnings(task: &ExportTask) -> Vec<Warning> {
    let text = task.warning_message().unwrap_or_default().trim();
    let lists: Option<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(text).ok();
    let empty = lists.is_some_and(|it| it.values().all(|list| list.as_array().is_some_and(Vec::is_empty)));
    if text.is_empty() || empty { Vec::new() } else { vec![text.into()] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(status: &str) -> aws_sdk_rds::types::builders::ExportTaskBuilder {
        ExportTask::builder().export_task_identifier("shop-a1").status(status)
    }

    fn state_of(seen: &Seen) -> &str {
        match seen {
            Seen::Running { detail, .. } | Seen::Done { detail, .. } => detail.state.as_deref().unwrap(),
            Seen::Failed(_) => "failed",
            Seen::Stopped => "stopped",
            Seen::Absent { .. } | Seen::Busy(_) | Seen::Doubtful { .. } | Seen::Risky { .. } | Seen::Unclear(_) => {
                "nothing"
            }
        }
    }

    #[test]
    fn states_are_read_in_any_case_and_unknown_ones_are_under_way() {
        for (status, expected) in [
            ("STARTING", "STARTING"),
            ("in_progress", "IN_PROGRESS"),
            ("CANCELING", "CANCELING"),
            ("complete", "COMPLETE"),
            ("COMPLETE", "COMPLETE"),
            ("Failed", "failed"),
            ("canceled", "stopped"),
            ("PAUSED", "PAUSED"),
        ] {
            let seen = seen(&task(status).build());
            assert_eq!(state_of(&seen), expected, "{status}");
            assert_eq!(matches!(seen, Seen::Done { .. }), expected == "COMPLETE", "{status}");
        }
    }

    #[test]
    fn progress_is_told() {
        let task = task("IN_PROGRESS").percent_progress(40).total_extracted_data_in_gb(3).build();
        let Seen::Running { handle, detail } = seen(&task) else { panic!("under way") };
        assert_eq!((handle.as_deref(), detail.percent, detail.gigabytes), (Some("shop-a1"), Some(40), Some(3.0)));
    }

    #[test]
    fn only_internal_errors_are_worth_another_attempt() {
        for (cause, class) in [
            ("An unknown internal error occurred.", Class::NewAttempt),
            ("The RDS export failed to assume the IAM role.", Class::Config),
        ] {
            let expected = Failure::new(class, codes::EXPORT_FAILED, cause);
            assert_eq!(seen(&task("FAILED").failure_cause(cause).build()), Seen::Failed(expected));
        }
    }

    #[test]
    fn empty_lists_warn_of_nothing() {
        let skipped = r#"{"skippedTables":[],"general":[{"reason":"FAILED_TO_EXTRACT_TABLES_LIST_FOR_DATABASE"}]}"#;
        for (text, count) in
            [("", 0), (r#"{"skippedTables":[],"skippedObjectives":[],"general":[]}"#, 0), (skipped, 1), ("words", 1)]
        {
            assert_eq!(warnings(&task("COMPLETE").warning_message(text).build()).len(), count, "{text}");
        }
    }
}
