//! What a rollback need not do again, nor who undoes one. Where each run has an output of its own, what the run's job has
//! written is still there; only the tables are turned back to it. They may still show it: nothing is written below them.

use aws_sdk_s3::Client;

use super::{super::reports, job::Job};
use crate::domain::{
    failure::{Class, Failure, codes},
    seen::{Seen, Started},
    source::Publish,
    stage::{Detail, WaitOn},
};

/// Stands for a job run that was not needed.
const HANDLE: &str = "kept";

/// Returns what is there in place of a job run. `None`: the stage has one, or is to have one.
pub(super) async fn look(s3: &Client, job: &Job<'_>) -> Option<Seen> {
    if job.handle() != Some(HANDLE) {
        return None;
    }
    Some(match is_kept(s3, job).await {
        Ok(true) => Seen::Done { detail: Detail::default(), warnings: Vec::new() },
        Ok(false) => {
            let message = format!("there is no {}{} any more", job.output.url(), reports::name(&job.run.export_task));
            Seen::Failed(Failure::new(Class::Lost, codes::REPORT_MISSING, message))
        }
        Err(failure) => Seen::Unclear(failure),
    })
}

/// Returns that the job need not be started. `None`: it must be. Whoever starts it has been let by the same people as a
/// job run is: what readers see changes either way.
pub(super) async fn start(s3: &Client, job: &Job<'_>) -> Option<Started> {
    if !may_be_kept(job) {
        return None;
    }
    match is_kept(s3, job).await {
        Ok(true) => Some(Started::Acted { handle: Some(HANDLE.to_owned()) }),
        Err(failure) if failure.class == Class::Transient => Some(Started::Refused(WaitOn::Trouble(failure))),
        Ok(false) | Err(_) => None,
    }
}

/// Says whether the run comes back to what it has written. Whoever has retried it since wants it written anew, and may have
/// left it written in part.
fn may_be_kept(job: &Job<'_>) -> bool {
    job.source.publish == Publish::Pointer && job.run.is_as_it_succeeded()
}

/// Says whether the layer is written, under the classification in force.
async fn is_kept(s3: &Client, job: &Job<'_>) -> Result<bool, Failure> {
    let run = &job.run.export_task;
    let report = reports::read_at(s3, &job.output, run).await?;
    Ok(report.is_some_and(|it| it.differs_from(run, job.layer, &job.source.classification).is_none()))
}
