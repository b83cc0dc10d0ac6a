//! `StartExportTask`, `DescribeExportTasks`, `CancelExportTask`.

use jiff::Timestamp;

use crate::{
    clock::Clock as _,
    sandbox::aws::{
        phase::Phase,
        rds::{
            Kind, Rds, State, answers,
            exports::{Export, ExportStatus, Plan, Source},
            params::Params,
            rules,
        },
        refusal::Refusal,
        xml::Xml,
    },
};

/// How many export tasks may be in progress at once
/// ([quotas](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html)).
const EXPORT_SLOTS: usize = 5;

/// Begins an export. Nothing of it is seen in S3 before it is `IN_PROGRESS`.
///
/// # Errors
/// One of RDS's refusals, checked in this order: the parameters' form, the name, the source, bucket, role, key, scope,
/// and the slots.
pub(super) fn start(rds: &Rds, params: &Params) -> Result<Xml, Refusal> {
    let id = params.required("ExportTaskIdentifier")?;
    let source_arn = params.required("SourceArn")?;
    let bucket = params.required("S3BucketName")?;
    let (role, key) = (params.required("IamRoleArn")?, params.required("KmsKeyId")?);
    let (prefix, only) = (params.get("S3Prefix"), params.list("ExportOnly.member"));
    rules::check_task(id)?;
    rules::check_prefix(prefix)?;
    let source = rules::source(source_arn)?;

    let mut state = rds.state();
    let now = rds.world.clock.now();
    check_new(&state, id)?;
    let snapshot_time = check_source(&state, &source, source_arn)?.unwrap_or(now);
    if !rds.world.s3.has_bucket(bucket) {
        let message = format!("The S3 bucket {bucket} doesn't exist or can't be accessed.");
        return Err(Refusal::new("InvalidS3BucketFault", message));
    }
    rules::check_role(role)?;
    rules::check_key(key)?;
    rules::check_only(&only)?;
    check_slots(&state)?;

    let plan = state.plans.pop_front().unwrap_or(Plan::Complete { warning: None });
    let export = Export {
        id: id.to_owned(),
        source,
        source_arn: source_arn.to_owned(),
        snapshot_time,
        only,
        bucket: bucket.to_owned(),
        prefix: prefix.map(str::to_owned),
        role: role.to_owned(),
        key: key.to_owned(),
        plan,
        phase: Phase::new(ExportStatus::Starting, now),
        started: None,
        ended: None,
        percent: 0,
        failure: None,
        tables_written: 0,
        has_sidecars: false,
    };
    let answer = answers::export(&export, &state.database);
    state.exports.push(export);
    Ok(answer)
}

/// Refuses a name that was ever used.
fn check_new(state: &State, id: &str) -> Result<(), Refusal> {
    if state.exports.iter().any(|it| it.id == id) {
        let message = format!("Cannot start export task because a task with the identifier {id} already exists.");
        return Err(Refusal::new("ExportTaskAlreadyExists", message));
    }
    Ok(())
}

/// Refuses a source that is not there, not ready, or being exported already. Returns when a snapshot was taken.
fn check_source(state: &State, source: &Source, arn: &str) -> Result<Option<Timestamp>, Refusal> {
    let invalid = |message: &str| Refusal::new("InvalidExportSourceState", format!("{message}: {arn}"));
    let taken = match source {
        Source::Cluster(id) => state.servers.server(Kind::Cluster, id).map(|_| None)?,
        Source::Snapshot(kind, id) => {
            let snapshot = state.servers.snapshot(*kind, id)?;
            if !snapshot.is_available {
                return Err(invalid("The snapshot is not available"));
            }
            Some(snapshot.created)
        }
    };
    if state.exports.iter().any(|it| it.source == *source && !it.status().is_final()) {
        return Err(invalid("Another export task of this source is in progress"));
    }
    Ok(taken)
}

/// Refuses a task beyond the account's quota. The code is not in the API's model.
fn check_slots(state: &State) -> Result<(), Refusal> {
    let running = state.exports.iter().filter(|it| !it.status().is_final()).count();
    if running >= EXPORT_SLOTS {
        let message = format!("You have reached the limit of {EXPORT_SLOTS} concurrent export tasks");
        return Err(Refusal::new("ExportTaskLimitReachedFault", message));
    }
    Ok(())
}

/// Describes export tasks.
///
/// # Errors
/// `ExportTaskNotFound`, unless the stand-in is set to answer an empty list.
pub(super) fn describe(rds: &Rds, params: &Params) -> Result<Xml, Refusal> {
    let state = rds.state();
    let filters = params.filters(&["export-task-identifier", "s3-bucket", "source-arn", "status"])?;
    let (id, source_arn, source_type) =
        (params.get("ExportTaskIdentifier"), params.get("SourceArn"), params.get("SourceType"));
    let is_asked = |it: &&Export| {
        let is_cluster = matches!(it.source, Source::Cluster(_));
        id.is_none_or(|id| it.id == id)
            && source_arn.is_none_or(|arn| it.source_arn == arn)
            && source_type.is_none_or(|asked| (asked == "CLUSTER") == is_cluster)
            && filters.iter().all(|(name, values)| values.contains(&filtered(it, name)))
    };
    let found: Vec<_> = state.exports.iter().filter(is_asked).collect();
    if let Some(id) = id.filter(|_| found.is_empty() && !state.is_lenient) {
        return Err(not_found(id));
    }
    let (found, marker) = params.page(found)?;
    let tasks = found.into_iter().map(|it| answers::export(it, &state.database));
    Ok(Xml::default().list("ExportTasks", "ExportTask", tasks).optional("Marker", marker))
}

/// Returns what a filter compares; the status is in lower case there.
fn filtered(export: &Export, name: &str) -> String {
    match name {
        "export-task-identifier" => export.id.clone(),
        "s3-bucket" => export.bucket.clone(),
        "source-arn" => export.source_arn.clone(),
        _ => export.status().to_string().to_lowercase(),
    }
}

/// Cancels an export. What it has written stays.
///
/// # Errors
/// `ExportTaskNotFound`; `InvalidExportTaskStateFault` of one that has ended or is being canceled.
pub(super) fn cancel(rds: &Rds, params: &Params) -> Result<Xml, Refusal> {
    let id = params.required("ExportTaskIdentifier")?;
    let mut state = rds.state();
    let State { exports, database, .. } = &mut *state;
    let export = exports.iter_mut().find(|it| it.id == id).ok_or_else(|| not_found(id))?;
    if export.status().is_final() || export.status() == ExportStatus::Canceling {
        let message = format!("The export task {id} can't be canceled: its status is {}.", export.status());
        return Err(Refusal::new("InvalidExportTaskStateFault", message));
    }
    export.cancel(rds.world.clock.now(), &rds.world);
    Ok(answers::export(export, database))
}

fn not_found(id: &str) -> Refusal {
    Refusal::not_found("ExportTaskNotFound", format!("Cannot find the export task {id}."))
}
