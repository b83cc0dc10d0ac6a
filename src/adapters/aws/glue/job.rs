//! The stages `normal.transform` and `sensitive.transform`: a run of a Glue job.

use std::collections::HashMap;

use aws_sdk_glue::{
    Client,
    types::{JobRun, JobRunState},
};
use tracing::warn;

use super::{
    super::{
        error::{Trouble, partial},
        rules,
    },
    once,
};
use crate::domain::{
    failure::{Class, Failure, codes},
    run::Run,
    seen::{Seen, Started},
    source::{Layer, Location, Source},
    stage::{Detail, Stage, StageStatus},
};

/// Job runs in one answer: as many as `GetJobRuns` gives.
const PAGE: i32 = 200;
/// Answers that are read to find a run whose id is not known. It was started minutes ago, and the newest come first.
const PAGES: usize = 5;

/// A Glue job, and what it is to do.
pub(super) struct Job<'a> {
    pub(super) name: &'a str,
    pub(super) layer: Layer,
    pub(super) source: &'a Source,
    /// Where it writes.
    pub(super) output: Location,
    pub(super) run: &'a Run,
    pub(super) stage: &'a Stage,
}

impl Job<'_> {
    /// Returns the arguments that tell this attempt's job run from every other one. `StartJobRun` takes no idempotency
    /// key, so that these stand in for it.
    fn marks(&self) -> [(&'static str, String); 3] {
        // A stage that waits to be begun has the number of the attempt before.
        let begins = u32::from(self.stage.status == StageStatus::Pending);
        [
            ("--datalake_run", self.run.export_task.as_str().to_owned()),
            ("--datalake_layer", self.layer.as_str().to_owned()),
            ("--datalake_attempt", (self.stage.attempt + begins).to_string()),
        ]
    }

    /// Returns all arguments of the job run.
    fn arguments(&self) -> HashMap<String, String> {
        let more = [
            ("--datalake_input", Some(self.source.read_from(&self.run.export_task).url())),
            ("--datalake_output", Some(self.output.url())),
            // Beside the export lie the status files, which tell the types of columns.
            ("--datalake_export", Some(self.source.export_of(&self.run.export_task).url())),
            ("--datalake_classification", Some(self.source.classification.clone())),
            ("--datalake_rules", rules::url(self.source)),
        ];
        let more = more.into_iter().filter_map(|(name, value)| Some((name, value?)));
        self.marks().into_iter().chain(more).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn is_mine(&self, found: &JobRun) -> bool {
        found.arguments().is_some_and(|it| self.marks().iter().all(|(name, value)| it.get(*name) == Some(value)))
    }

    /// Returns the job run's id, if Glue has told it.
    pub(super) fn handle(&self) -> Option<&str> {
        self.stage.intent.as_ref()?.handle.as_deref().filter(|it| !it.is_empty())
    }
}

/// Returns what has become of the attempt's job run.
pub(super) async fn look(glue: &Client, job: &Job<'_>) -> Seen {
    match find(glue, job).await {
        Ok(Some(found)) => seen(&found),
        Ok(None) => Seen::Absent { marker: None },
        Err(trouble) if trouble.is("JobNotFound") => Seen::Failed(trouble.into()),
        Err(trouble) => trouble.seen(),
    }
}

/// Starts the job, once. The SDK must not repeat the call: the first one may have been heard, and then there would be
/// two runs, or a refusal because of our own. What is left open the next look finds by the arguments.
pub(super) async fn start(glue: &Client, job: &Job<'_>) -> Started {
    let sent = glue
        .start_job_run()
        .job_name(job.name)
        .set_arguments(Some(job.arguments()))
        .customize()
        .config_override(once())
        .send()
        .await;
    match sent.map_err(|it| missing_job(it.into())) {
        Ok(started) => Started::Acted { handle: started.job_run_id },
        Err(trouble) => trouble.started(),
    }
}

/// Stops the attempt's job run, unless it has ended or is stopping.
pub(super) async fn stop(glue: &Client, job: &Job<'_>) -> Result<(), Failure> {
    let Some(found) = find(glue, job).await? else { return Ok(()) };
    let under_way = matches!(seen(&found), Seen::Running { .. });
    if !under_way || found.job_run_state() == Some(&JobRunState::Stopping) {
        return Ok(());
    }
    let id = found.id().unwrap_or_default();
    let answer = glue.batch_stop_job_run().job_name(job.name).job_run_ids(id).send().await.map_err(Trouble::from)?;
    match answer.errors().first().and_then(|it| it.error_detail()) {
        Some(error) => Err(partial(
            error.error_code().unwrap_or("BatchStopJobRun"),
            error.error_message().unwrap_or(id).to_owned(),
        )
        .into()),
        None => Ok(()),
    }
}

async fn find(glue: &Client, job: &Job<'_>) -> Result<Option<JobRun>, Trouble> {
    match job.handle() {
        Some(id) => by_id(glue, job.name, id).await,
        None => by_arguments(glue, job).await,
    }
}

async fn by_id(glue: &Client, name: &str, id: &str) -> Result<Option<JobRun>, Trouble> {
    match glue.get_job_run().job_name(name).run_id(id).send().await.map_err(Trouble::from) {
        Ok(found) => Ok(found.job_run),
        Err(trouble) if trouble.is("EntityNotFound") => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

async fn by_arguments(glue: &Client, job: &Job<'_>) -> Result<Option<JobRun>, Trouble> {
    let mut token = None;
    for _ in 0..PAGES {
        let call = glue.get_job_runs().job_name(job.name).max_results(PAGE).set_next_token(token);
        let page = call.send().await.map_err(|it| missing_job(it.into()))?;
        let found = page.job_runs.unwrap_or_default().into_iter().find(|it| job.is_mine(it));
        token = page.next_token;
        if found.is_some() || token.is_none() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn missing_job(trouble: Trouble) -> Trouble {
    if trouble.is("EntityNotFound") { trouble.renamed("JobNotFound") } else { trouble }
}

fn seen(found: &JobRun) -> Seen {
    let state = found.job_run_state().map_or("", JobRunState::as_str);
    let handle = found.id().map(str::to_owned);
    let detail = Detail {
        state: Some(state.to_owned()),
        job_run_id: handle.clone(),
        dpu_seconds: dpu_seconds(found),
        ..Detail::default()
    };
    match state {
        "SUCCEEDED" => Seen::Done { detail, warnings: Vec::new() },
        "STOPPED" => Seen::Stopped,
        "FAILED" | "TIMEOUT" | "ERROR" | "EXPIRED" => {
            let message = found.error_message().filter(|it| !it.is_empty()).unwrap_or(state);
            Seen::Failed(Failure::new(Class::NewAttempt, codes::JOB_FAILED, message))
        }
        "WAITING" | "STARTING" | "RUNNING" | "STOPPING" => Seen::Running { handle, detail },
        _ => {
            warn!(job.run = handle, job.state = state, "Unknown state of a job run");
            Seen::Running { handle, detail }
        }
    }
}

/// Returns what the job run has used. Glue says so itself of runs that scale; of the others it is what they had, for as
/// long as they ran ([GetJobRun](https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-runs.html)).
fn dpu_seconds(found: &JobRun) -> Option<f64> {
    let seconds = f64::from(found.execution_time());
    found.dpu_seconds().or_else(|| Some(found.max_capacity()? * seconds)).filter(|it| *it > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job_run(state: &str) -> aws_sdk_glue::types::builders::JobRunBuilder {
        JobRun::builder().id("jr_1").job_run_state(state.into())
    }

    #[test]
    fn states_that_go_on_are_under_way_and_so_are_unknown_ones() {
        for state in ["WAITING", "STARTING", "RUNNING", "STOPPING", "REWINDING"] {
            let Seen::Running { handle, detail } = seen(&job_run(state).build()) else { panic!("{state}") };
            assert_eq!((handle.as_deref(), detail.state.as_deref()), (Some("jr_1"), Some(state)));
        }
    }

    #[test]
    fn what_was_used_is_said_or_told_from_capacity_and_time() {
        let used = |run: aws_sdk_glue::types::builders::JobRunBuilder| dpu_seconds(&run.build());
        assert_eq!(used(job_run("SUCCEEDED").dpu_seconds(90.5).max_capacity(10.0).execution_time(60)), Some(90.5));
        assert_eq!(used(job_run("SUCCEEDED").max_capacity(2.0).execution_time(60)), Some(120.0));
        assert_eq!(used(job_run("SUCCEEDED").execution_time(60)), None);
        assert_eq!(used(job_run("STARTING").max_capacity(2.0)), None);
    }

    #[test]
    fn ends_are_told_apart_and_say_why() {
        assert!(matches!(seen(&job_run("SUCCEEDED").build()), Seen::Done { .. }));
        assert_eq!(seen(&job_run("STOPPED").build()), Seen::Stopped);
        for state in ["FAILED", "TIMEOUT", "ERROR", "EXPIRED"] {
            let failed = |message| Seen::Failed(Failure::new(Class::NewAttempt, codes::JOB_FAILED, message));
            assert_eq!(seen(&job_run(state).build()), failed(state));
            assert_eq!(seen(&job_run(state).error_message("No such column").build()), failed("No such column"));
        }
    }
}
