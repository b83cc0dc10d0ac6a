//! Jobs and their runs.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    S3Path,
    split::{self, Slips},
};
use crate::{
    clock::Clock as _,
    sandbox::aws::{Pace, World, events::GlueEvent, ids, phase::Phase, refusal::Refusal, s3::S3},
};

/// The argument that names what a run reads.
const INPUT: &str = "--datalake_input";

/// How many minutes a run may take, unless its start says otherwise; the default of Glue 5.0
/// ([`StartJobRun`](https://docs.aws.amazon.com/glue/latest/webapi/API_StartJobRun.html)).
const TIMEOUT_MINUTES: i64 = 480;

/// What a job does with S3 after its input was copied. An error fails the run with that message.
pub type Transform = Arc<dyn Fn(&JobRunArgs, &S3) -> Result<(), String> + Send + Sync>;

/// What a run of a job works with.
#[derive(Clone, Debug)]
pub struct JobRunArgs {
    /// The job's name.
    pub job: String,
    /// `jr_…`.
    pub run_id: String,
    /// As `StartJobRun` gave them, with their dashes.
    pub arguments: BTreeMap<String, String>,
    /// Where the job writes.
    pub output: Option<S3Path>,
}

impl JobRunArgs {
    /// Returns the place that `--datalake_input` names, if it names one.
    pub fn input(&self) -> Option<S3Path> {
        self.arguments.get(INPUT)?.parse().ok()
    }
}

/// The state of a job run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    Starting,
    Running,
    Succeeded,
    Failed,
    Timeout,
    Stopping,
    Stopped,
}

impl RunState {
    /// Returns whether the run will not change any more.
    pub fn is_final(self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::Timeout | Self::Stopped => true,
            Self::Starting | Self::Running | Self::Stopping => false,
        }
    }

    /// Returns how long it lasts. `None`: for ever.
    fn lasts(self, pace: &Pace) -> Option<SignedDuration> {
        match self {
            Self::Starting => Some(pace.job_starting),
            Self::Running => Some(pace.job_running),
            Self::Stopping => Some(pace.job_stopping),
            Self::Succeeded | Self::Failed | Self::Timeout | Self::Stopped => None,
        }
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Timeout => "TIMEOUT",
            Self::Stopping => "STOPPING",
            Self::Stopped => "STOPPED",
        })
    }
}

/// A job.
pub(super) struct Job {
    pub(super) max_concurrent_runs: usize,
    pub(super) output: Option<S3Path>,
    pub(super) transform: Option<Transform>,
    /// What it does wrong where it divides its input.
    pub(super) slips: Slips,
    /// What the next runs fail with.
    pub(super) failures: VecDeque<String>,
    /// The state in which runs are kept.
    pub(super) held: Option<RunState>,
    /// The oldest first.
    pub(super) runs: Vec<Run>,
}

/// A run of a job.
pub(super) struct Run {
    pub(super) args: JobRunArgs,
    pub(super) phase: Phase<RunState>,
    pub(super) started: Timestamp,
    pub(super) timeout_minutes: i64,
    pub(super) error: Option<String>,
    failure: Option<String>,
}

impl Job {
    pub(super) fn new(max_concurrent_runs: usize, output: Option<S3Path>) -> Self {
        Self {
            max_concurrent_runs,
            output,
            transform: None,
            slips: Slips::default(),
            failures: VecDeque::new(),
            held: None,
            runs: Vec::new(),
        }
    }

    /// Starts a run. Returns its id.
    ///
    /// # Errors
    /// `ConcurrentRunsExceededException`.
    pub(super) fn start(
        &mut self,
        name: &str,
        arguments: BTreeMap<String, String>,
        timeout_minutes: Option<i64>,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        let active = self.runs.iter().filter(|it| !it.phase.state.is_final()).count();
        if active >= self.max_concurrent_runs {
            let message = format!("Concurrent runs exceeded for {name}");
            return Err(Refusal::new("ConcurrentRunsExceededException", message));
        }
        let run_id = format!("jr_{}", ids::hex(&format!("{name} {}", self.runs.len())));
        let args = JobRunArgs { job: name.to_owned(), run_id: run_id.clone(), arguments, output: self.output.clone() };
        self.runs.push(Run {
            args,
            phase: Phase::new(RunState::Starting, now),
            started: now,
            timeout_minutes: timeout_minutes.unwrap_or(TIMEOUT_MINUTES),
            error: None,
            failure: self.failures.pop_front(),
        });
        Ok(run_id)
    }

    /// Moves every run on as far as the time allows.
    pub(super) fn advance(&mut self, name: &str, world: &World) {
        let now = world.clock.now();
        for run in &mut self.runs {
            while let Some(lasts) = run.phase.state.lasts(&world.pace) {
                let times_out = run.started + SignedDuration::from_mins(run.timeout_minutes);
                let is_held = self.held == Some(run.phase.state);
                if let Some(at) = run.phase.ends(lasts, now, is_held) {
                    run.leave(at, self.transform.as_ref(), &self.slips, world);
                } else if now >= times_out {
                    run.error = Some(format!("{name} has timed out"));
                    run.enter(RunState::Timeout, times_out, world);
                } else {
                    break;
                }
            }
        }
    }
}

impl Run {
    /// Returns when the run ended, if it has.
    pub(super) fn completed(&self) -> Option<Timestamp> {
        self.phase.state.is_final().then_some(self.phase.since)
    }

    /// Asks the run to stop.
    ///
    /// # Errors
    /// Code and text of the error with which Glue reports a run that has ended.
    pub(super) fn stop(&mut self, now: Timestamp) -> Result<(), (&'static str, &'static str)> {
        match self.phase.state {
            RunState::Starting | RunState::Running => {
                self.phase = Phase::new(RunState::Stopping, now);
                Ok(())
            }
            RunState::Stopping => Ok(()),
            RunState::Succeeded | RunState::Failed | RunState::Timeout | RunState::Stopped => {
                Err(("JobRunInTerminalStateException", "Job Run is already in a terminal state"))
            }
        }
    }

    fn leave(&mut self, at: Timestamp, transform: Option<&Transform>, slips: &Slips, world: &World) {
        let next = match self.phase.state {
            RunState::Starting => RunState::Running,
            RunState::Running => match self.work(transform, slips, &world.s3) {
                Ok(()) => RunState::Succeeded,
                Err(message) => {
                    self.error = Some(message);
                    RunState::Failed
                }
            },
            RunState::Stopping => RunState::Stopped,
            RunState::Succeeded | RunState::Failed | RunState::Timeout | RunState::Stopped => return,
        };
        self.enter(next, at, world);
    }

    fn enter(&mut self, state: RunState, at: Timestamp, world: &World) {
        self.phase = Phase::new(state, at);
        let severity = match state {
            RunState::Starting | RunState::Running | RunState::Stopping => return,
            RunState::Succeeded | RunState::Stopped => "INFO",
            RunState::Failed => "ERROR",
            RunState::Timeout => "WARN",
        };
        let default = if state == RunState::Succeeded { "Job run succeeded" } else { "Job run stopped" };
        world.events.glue(&GlueEvent {
            detail_type: "Glue Job State Change",
            detail: json!({
                "jobName": self.args.job,
                "severity": severity,
                "state": state.to_string(),
                "jobRunId": self.args.run_id,
                "message": self.error.as_deref().unwrap_or(default),
            }),
            at,
        });
    }

    /// Does what the job is there for: the output becomes what the input is.
    fn work(&self, transform: Option<&Transform>, slips: &Slips, s3: &S3) -> Result<(), String> {
        if let Some(message) = &self.failure {
            return Err(message.clone());
        }
        if split::is_asked(&self.args) {
            split::split(&self.args, slips, s3)?;
        } else if let Some(output) = &self.args.output {
            let input = self.args.input().ok_or_else(|| format!("GlueArgumentError: {INPUT} is required"))?;
            overwrite(s3, &input, output)?;
        }
        transform.map_or(Ok(()), |transform| transform(&self.args, s3))
    }
}

/// Replaces the Parquet files at `to` by those at `from`, as a Spark job that writes with mode "overwrite" does.
fn overwrite(s3: &S3, from: &S3Path, to: &S3Path) -> Result<(), String> {
    let is_data = |key: &String| key.ends_with(".parquet");
    let sources: Vec<_> = s3.keys(&from.bucket, &from.folder()).into_iter().filter(is_data).collect();
    if sources.is_empty() {
        return Err(format!("AnalysisException: Path does not exist: {from}"));
    }
    for old in s3.keys(&to.bucket, &to.folder()).into_iter().filter(is_data) {
        s3.delete(&to.bucket, &old);
    }
    for source in sources {
        let below = source.strip_prefix(&from.folder()).expect("it was listed by this prefix");
        let body = s3.get(&from.bucket, &source).unwrap_or_default();
        s3.put(&to.bucket, &format!("{}{below}", to.folder()), body).map_err(|error| error.to_string())?;
    }
    Ok(())
}
