//! The reports that the jobs of the layers leave beside what they have written.

use aws_sdk_s3::Client;
use tracing::warn;

use super::s3::S3;
use crate::domain::{
    failure::{Class, Failure, codes},
    name::ExportTask,
    report::Report,
    source::{Layer, Location, Publish, Source},
};

/// Returns the report of the layer's job on `run`, if there is one that may be read. Without the right to list, S3
/// refuses to say that something is not there, and a job of one's own leaves no report: a refusal is no more than that.
///
/// A run from when the source was published in the other way has its report in the other place.
pub(super) async fn read(
    client: &Client,
    source: &Source,
    layer: Layer,
    run: &ExportTask,
) -> Result<Option<Report>, Failure> {
    let Some(output) = source.layer(layer).map(|it| &it.output) else { return Ok(None) };
    let (shared, own) = (output.clone(), output.below(run.as_str()));
    let places = match source.publish {
        Publish::Copy => [shared, own],
        Publish::Pointer => [own, shared],
    };
    for place in places {
        if let Some(report) = read_at(client, &place, run).await? {
            return Ok(Some(report));
        }
    }
    Ok(None)
}

/// Returns the report on `run` that lies in the output of its job.
pub(super) async fn read_at(client: &Client, output: &Location, run: &ExportTask) -> Result<Option<Report>, Failure> {
    let name = name(run);
    match S3::new(client).read(output, &name).await {
        Ok(Some(content)) => parse(&content.bytes).map(Some),
        Ok(None) => Ok(None),
        Err(failure) if failure.code == "AccessDenied" => {
            warn!(report = output.key(&name), "The report of the job may not be read: {}", failure.message);
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

/// Returns where the report on `run` lies in the output of its job.
pub(super) fn name(run: &ExportTask) -> String {
    format!("_reports/{run}.json")
}

fn parse(bytes: &[u8]) -> Result<Report, Failure> {
    let unreadable = |error: serde_json::Error| Failure::new(Class::Data, codes::REPORT_UNREADABLE, error.to_string());
    serde_json::from_slice(bytes).map_err(unreadable)
}

/// Reads `bytes` as a report.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn read_foreign(bytes: &[u8]) {
    drop(parse(bytes));
}
