//! Glue: the jobs, crawlers and tables that make a layer.

mod catalog;
mod crawler;
mod job;
mod kept;
mod tables;

use aws_sdk_glue::{
    Client,
    config::{Builder, retry::RetryConfig},
};

use self::{job::Job, tables::Keeper};
use crate::{
    domain::{
        catalog::CatalogTable,
        failure::{Class, Failure, codes},
        run::Run,
        seen::{Seen, Started},
        source::{Catalog, Layer, Source},
        stage::StageId,
    },
    engine::ports::Progress,
};

/// The services that make layers.
#[derive(Clone, Copy)]
pub(super) struct Services<'a> {
    pub(super) glue: &'a Client,
    pub(super) s3: &'a aws_sdk_s3::Client,
}

/// What a stage of a layer is in Glue.
enum Work<'a> {
    Transform(Job<'a>),
    Crawl { crawler: &'a str },
    Tables(Keeper<'a>),
}

/// Returns what has become of the work of `stage`.
pub(super) async fn look(on: Services<'_>, run: &Run, source: &Source, layer: Layer, stage: StageId) -> Seen {
    match work(run, source, layer, stage) {
        Ok(Work::Transform(job)) => match kept::look(on.s3, &job).await {
            Some(seen) => seen,
            None => job::look(on.glue, &job).await,
        },
        Ok(Work::Crawl { crawler }) => crawler::look(on.glue, crawler, run.stage(stage).intent.as_ref()).await,
        Ok(Work::Tables(keeper)) => keeper.look(on).await,
        Err(failure) => Seen::Failed(failure),
    }
}

/// Starts the work of `stage`. What the bot does itself is done when this returns.
pub(super) async fn start(
    on: Services<'_>,
    run: &Run,
    source: &Source,
    layer: Layer,
    stage: StageId,
    progress: &Progress,
) -> Started {
    match work(run, source, layer, stage) {
        Ok(Work::Transform(job)) => match kept::start(on.s3, &job).await {
            Some(started) => started,
            None => job::start(on.glue, &job).await,
        },
        Ok(Work::Crawl { crawler }) => crawler::start(on.glue, crawler).await,
        Ok(Work::Tables(keeper)) => keeper.start(on, progress).await,
        Err(failure) => Started::Failed(failure),
    }
}

/// Stops the job run or the crawl of `stage`.
pub(super) async fn stop(
    on: Services<'_>,
    run: &Run,
    source: &Source,
    layer: Layer,
    stage: StageId,
) -> Result<(), Failure> {
    match work(run, source, layer, stage)? {
        Work::Transform(job) => job::stop(on.glue, &job).await,
        Work::Crawl { crawler } => crawler::stop(on.glue, crawler).await,
        // It ends with the call that does it.
        Work::Tables(_) => Ok(()),
    }
}

/// Returns the tables of the database that has those of the layer.
pub(super) async fn tables(glue: &Client, source: &Source, layer: Layer) -> Result<Vec<CatalogTable>, Failure> {
    match source.layer(layer) {
        Some(work) => catalog::tables(glue, &work.catalog).await,
        None => Ok(Vec::new()),
    }
}

fn work<'a>(run: &'a Run, source: &'a Source, layer: Layer, stage: StageId) -> Result<Work<'a>, Failure> {
    let (Some(work), Some(output)) = (source.layer(layer), source.written_to(layer, &run.export_task)) else {
        let message = format!("{} has no layer {}", source.name, layer.as_str());
        return Err(Failure::new(Class::Config, codes::SOURCE_GONE, message));
    };
    match stage {
        StageId::NormalCatalog | StageId::SensitiveCatalog => Ok(match &work.catalog {
            Catalog::Crawler(crawler) => Work::Crawl { crawler },
            Catalog::Tables { database } => Work::Tables(Keeper { run, source, layer, output, database }),
        }),
        StageId::NormalTransform
        | StageId::SensitiveTransform
        | StageId::Snapshot
        | StageId::Export
        | StageId::Verify
        | StageId::Latest
        | StageId::SensitiveApproval => {
            Ok(Work::Transform(Job { name: &work.glue_job, layer, source, output, run, stage: run.stage(stage) }))
        }
    }
}

/// For calls that take no idempotency key: the SDK must not repeat them, for the first one may have been heard.
fn once() -> Builder {
    Builder::new().retry_config(RetryConfig::disabled())
}
