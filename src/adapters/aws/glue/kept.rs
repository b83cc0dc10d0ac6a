//! What a run need not write again that goes on from `latest`, or comes back by a rollback, or after one. Where each run has
//! an output of its own, what its job has written is still there; only the tables are turned to it. They may show it
//! already: nothing is written again below them.

use aws_sdk_s3::Client;

use super::{super::reports, job::Job};
use crate::domain::{
    failure::{Class, Failure, codes},
    seen::{Seen, Started},
    source::Publish,
    stage::{Detail, KEPT, WaitOn},
};

/// Returns what is there in place of a job run. `None`: the stage has one, or is to have one.
pub(super) async fn look(s3: &Client, job: &Job<'_>) -> Option<Seen> {
    if job.handle() != Some(KEPT) {
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
        Ok(true) => Some(Started::Acted { handle: Some(KEPT.to_owned()) }),
        Err(failure) if failure.class == Class::Transient => Some(Started::Refused(WaitOn::Trouble(failure))),
        Ok(false) | Err(_) => None,
    }
}

/// Says whether all was written once, and nobody wants it anew. A job of one's own may leave its report there while it
/// writes: the record is asked first.
fn may_be_kept(job: &Job<'_>) -> bool {
    job.source.publish == Publish::Pointer && job.stage.is_whole
}

/// Says whether the layer is written, under the classification in force.
async fn is_kept(s3: &Client, job: &Job<'_>) -> Result<bool, Failure> {
    let run = &job.run.export_task;
    let report = reports::read_at(s3, &job.output, run).await?;
    Ok(report.is_some_and(|it| it.differs_from(run, job.layer, &job.source.classification).is_none()))
}
