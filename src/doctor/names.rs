//! The rule of the names of export tasks, tried on a snapshot that is made up.

use jiff::Timestamp;

use super::{Verdict, probe::Probe, trouble::Need};
use crate::domain::{
    name::{ExportTask, MAX_LENGTH, Scope},
    source::Source,
};

/// The longest attempt that a name has room for.
const LAST_ATTEMPT: u32 = 999;

pub(super) fn probe(source: &Source) -> Probe<'_> {
    Probe::new("task name", &source.name, Need::Bots, async move { judge(source) })
}

fn judge(source: &Source) -> Verdict {
    let to = &source.export.to;
    let arn = format!("arn:aws:rds:snapshot:rds:{}-2026-01-01-00-00", source.identifier);
    let scope = Scope { source_arn: &arn, only: &source.export.only, bucket: &to.bucket, prefix: &to.prefix };
    let name = ExportTask::derive(&source.name, Timestamp::UNIX_EPOCH, scope, LAST_ATTEMPT);
    match name.as_str().parse::<ExportTask>() {
        Ok(name) => {
            Verdict::ok(format!("such as {}, {} of {MAX_LENGTH} characters", name.as_str(), name.as_str().len()))
        }
        Err(why) => Verdict::failed(
            format!("RDS would not take {}: {why}", name.as_str()),
            "Give the source a shorter name of letters, digits and single hyphens.",
        ),
    }
}
