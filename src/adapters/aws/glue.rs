//! Glue: the jobs and crawlers that make a layer.

mod catalog;
mod crawler;
mod job;

use aws_sdk_glue::{
    Client,
    config::{Builder, retry::RetryConfig},
};

use self::job::Job;
use crate::domain::{
    catalog::CatalogTable,
    failure::{Class, Failure, codes},
    run::Run,
    seen::{Seen, Started},
    source::{Layer, Source},
    stage::StageId,
};

/// What a stage of a layer is in Glue.
enum Work<'a> {
    Transform(Job<'a>),
    Catalog { crawler: &'a str },
}

/// Returns what has become of the job run or the crawl of `stage`.
pub(super) async fn look(glue: &Client, run: &Run, source: &Source, layer: Layer, stage: StageId) -> Seen {
    match work(run, source, layer, stage) {
        Ok(Work::Transform(job)) => job::look(glue, &job).await,
        Ok(Work::Catalog { crawler }) => crawler::look(glue, crawler, run.stage(stage).intent.as_ref()).await,
        Err(failure) => Seen::Failed(failure),
    }
}

/// Starts the job or the crawler of `stage`.
pub(super) async fn start(glue: &Client, run: &Run, source: &Source, layer: Layer, stage: StageId) -> Started {
    match work(run, source, layer, stage) {
        Ok(Work::Transform(job)) => job::start(glue, &job).await,
        Ok(Work::Catalog { crawler }) => crawler::start(glue, crawler).await,
        Err(failure) => Started::Failed(failure),
    }
}

/// Stops the job run or the crawl of `stage`.
pub(super) async fn stop(
    glue: &Client,
    run: &Run,
    source: &Source,
    layer: Layer,
    stage: StageId,
) -> Result<(), Failure> {
    match work(run, source, layer, stage)? {
        Work::Transform(job) => job::stop(glue, &job).await,
        Work::Catalog { crawler } => crawler::stop(glue, crawler).await,
    }
}

/// Returns the tables of the database that the layer's crawler writes to.
pub(super) async fn tables(glue: &Client, source: &Source, layer: Layer) -> Result<Vec<CatalogTable>, Failure> {
    match source.layer(layer) {
        Some(work) => catalog::tables(glue, &work.crawler).await,
        None => Ok(Vec::new()),
    }
}

fn work<'a>(run: &'a Run, source: &'a Source, layer: Layer, stage: StageId) -> Result<Work<'a>, Failure> {
    let Some(work) = source.layer(layer) else {
        let message = format!("{} has no layer {}", source.name, layer.as_str());
        return Err(Failure::new(Class::Config, codes::SOURCE_GONE, message));
    };
    match stage {
        StageId::NormalCatalog | StageId::SensitiveCatalog => Ok(Work::Catalog { crawler: &work.crawler }),
        StageId::NormalTransform
        | StageId::SensitiveTransform
        | StageId::Snapshot
        | StageId::Export
        | StageId::Verify
        | StageId::Latest
        | StageId::SensitiveApproval => {
            Ok(Work::Transform(Job { name: &work.glue_job, layer, source, run, stage: run.stage(stage) }))
        }
    }
}

/// For calls that take no idempotency key: the SDK must not repeat them, for the first one may have been heard.
fn once() -> Builder {
    Builder::new().retry_config(RetryConfig::disabled())
}
