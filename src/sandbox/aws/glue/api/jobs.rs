//! `GetJob`, `StartJobRun`, `GetJobRun`, `GetJobRuns`, `BatchStopJobRun`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{invalid, not_found, page, required};
use crate::{
    clock::Clock as _,
    sandbox::aws::{
        glue::{
            Glue, State,
            jobs::{Job, Run},
        },
        json::seconds,
        refusal::Refusal,
    },
};

/// The most runs that one `BatchStopJobRun` may name.
const MOST_STOPPED: usize = 25;

/// Data processing units that every run has.
const MAX_CAPACITY: f64 = 10.0;

/// Describes a job.
///
/// # Errors
/// `EntityNotFoundException`.
pub(super) fn get(glue: &Glue, params: &Value) -> Result<Value, Refusal> {
    let name = required(params, "JobName")?;
    let mut state = glue.state();
    let job = job(&mut state, name)?;
    Ok(json!({ "Job": {
        "Name": name,
        "Role": "arn:aws:iam::123456789012:role/glue",
        "Command": { "Name": "glueetl", "ScriptLocation": format!("s3://sandbox-scripts/{name}.py") },
        "ExecutionProperty": { "MaxConcurrentRuns": job.max_concurrent_runs },
        "MaxRetries": 0,
        "GlueVersion": "5.0",
    } }))
}

/// Starts a run.
///
/// # Errors
/// `EntityNotFoundException`, `ConcurrentRunsExceededException`; `InvalidInputException`: the arguments are not texts.
pub(super) fn start(glue: &Glue, params: &Value) -> Result<Value, Refusal> {
    let name = required(params, "JobName")?;
    let arguments: Option<BTreeMap<String, String>> = serde_json::from_value(params["Arguments"].clone())
        .map_err(|_| invalid("Arguments must be a map of strings".to_owned()))?;
    let mut state = glue.state();
    let now = glue.world.clock.now();
    let run = job(&mut state, name)?.start(name, arguments.unwrap_or_default(), params["Timeout"].as_i64(), now)?;
    Ok(json!({ "JobRunId": run }))
}

/// Describes a run.
///
/// # Errors
/// `EntityNotFoundException`.
pub(super) fn get_run(glue: &Glue, params: &Value) -> Result<Value, Refusal> {
    let (name, id) = (required(params, "JobName")?, required(params, "RunId")?);
    let mut state = glue.state();
    let run = job(&mut state, name)?.runs.iter().find(|it| it.args.run_id == id);
    let run = run.ok_or_else(|| not_found(format!("Job run {id} not found for job {name}")))?;
    Ok(json!({ "JobRun": describe(run, glue.world.clock.now()) }))
}

/// Describes the runs of a job, the newest first.
///
/// # Errors
/// `EntityNotFoundException`.
pub(super) fn get_runs(glue: &Glue, params: &Value) -> Result<Value, Refusal> {
    let mut state = glue.state();
    let now = glue.world.clock.now();
    let runs = job(&mut state, required(params, "JobName")?)?.runs.iter().rev().map(|it| describe(it, now));
    page("JobRuns", runs.collect(), params, 200)
}

/// Stops runs; of those that cannot be stopped the answer says why.
///
/// # Errors
/// `InvalidInputException`: no run is named, or more than 25.
pub(super) fn stop(glue: &Glue, params: &Value) -> Result<Value, Refusal> {
    let name = required(params, "JobName")?;
    let ids: Vec<String> = serde_json::from_value(params["JobRunIds"].clone()).unwrap_or_default();
    if ids.is_empty() || ids.len() > MOST_STOPPED {
        return Err(invalid(format!("JobRunIds must name between 1 and {MOST_STOPPED} runs")));
    }
    let mut state = glue.state();
    let now = glue.world.clock.now();
    let (mut stopped, mut errors) = (Vec::new(), Vec::new());
    for id in ids {
        let run = state.jobs.get_mut(name).and_then(|job| job.runs.iter_mut().find(|it| it.args.run_id == id));
        match run.map_or(Err(("EntityNotFoundException", "Job Run not found")), |run| run.stop(now)) {
            Ok(()) => stopped.push(json!({ "JobName": name, "JobRunId": id })),
            Err((code, message)) => errors.push(json!({
                "JobName": name,
                "JobRunId": id,
                "ErrorDetail": { "ErrorCode": code, "ErrorMessage": message },
            })),
        }
    }
    Ok(json!({ "SuccessfulSubmissions": stopped, "Errors": errors }))
}

fn job<'a>(state: &'a mut State, name: &str) -> Result<&'a mut Job, Refusal> {
    state
        .jobs
        .get_mut(name)
        .ok_or_else(|| not_found(format!("Failed to start job run due to missing metadata: {name}")))
}

fn describe(run: &Run, now: Timestamp) -> Value {
    let completed = run.completed();
    let took = completed.unwrap_or(now).duration_since(run.started);
    let mut described = json!({
        "Id": run.args.run_id,
        "Attempt": 0,
        "JobName": run.args.job,
        "Arguments": run.args.arguments,
        "JobRunState": run.phase.state.to_string(),
        "StartedOn": seconds(run.started),
        "LastModifiedOn": seconds(run.phase.since),
        "ExecutionTime": took.as_secs(),
        "MaxCapacity": MAX_CAPACITY,
        "Timeout": run.timeout_minutes,
        "LogGroupName": "/aws-glue/jobs",
        "GlueVersion": "5.0",
    });
    if let Some(at) = completed {
        described["CompletedOn"] = seconds(at).into();
    }
    if let Some(error) = &run.error {
        described["ErrorMessage"] = error.as_str().into();
    }
    described
}
