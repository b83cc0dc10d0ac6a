//! The work of a run, done by AWS: RDS exports, S3 holds, Glue transforms and catalogs.
//!
//! Stage by stage [`Aws`] hands on to a file that knows one service. Each answers in the domain's words; what AWS's
//! errors mean is decided in one place, `error`.

mod config;
mod error;
mod export_files;
mod glue;
mod publish;
mod rds;
mod reports;
mod rules;
mod s3;
mod sns;
mod time;

use std::sync::Arc;

use async_trait::async_trait;

pub use aws_config::SdkConfig;

pub(crate) use self::error::chain;
pub use self::{
    config::{Endpoints, LONG_POLL, dynamodb_client, local_config, publish_client, s3_client, sdk_config, sqs_client},
    export_files::stamp,
    publish::{Published, Stamp, publish},
    sns::Sns,
};
use crate::{
    clock::Clock,
    domain::{
        catalog::CatalogTable,
        export::ActiveExport,
        failure::Failure,
        forecast::Holding,
        name::ExportTask,
        report::Report,
        run::Run,
        schema::Schema,
        seen::{Seen, Started},
        snapshot::{Snapshot, SnapshotChoice},
        source::{Layer, Location, Source},
        stage::StageId,
    },
    engine::ports::{Catalogs, Exports, Progress, Removed, Reports, Schemas, Shelf, Snapshots, Storage, Work},
};

/// The services that do a run's work.
#[derive(Clone)]
pub struct Aws {
    rds: aws_sdk_rds::Client,
    s3: aws_sdk_s3::Client,
    /// For publishing and removing; see [`publish_client`].
    shelf: aws_sdk_s3::Client,
    glue: aws_sdk_glue::Client,
    clock: Arc<dyn Clock>,
}

impl Aws {
    /// Returns the services as `sdk` reaches them. `clock` dates what is published.
    pub fn new(sdk: &SdkConfig, clock: Arc<dyn Clock>) -> Self {
        let (rds, glue) = (aws_sdk_rds::Client::new(sdk), aws_sdk_glue::Client::new(sdk));
        Self { rds, s3: s3_client(sdk), shelf: publish_client(sdk), glue, clock }
    }
}

impl Aws {
    /// Returns the services that make layers.
    fn layers(&self) -> glue::Services<'_> {
        glue::Services { glue: &self.glue, s3: &self.s3 }
    }
}

/// Reads `bytes` as each file that others write: the status files of an export, the manifest under `latest/`.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn read_foreign(bytes: &[u8]) {
    export_files::read_foreign(bytes);
    publish::read_foreign(bytes);
    reports::read_foreign(bytes);
}

#[async_trait]
impl Work for Aws {
    async fn look(&self, run: &Run, source: &Source, stage: StageId) -> Seen {
        match stage {
            StageId::Snapshot => rds::snapshots::look(&self.rds, run, source).await,
            StageId::Export => {
                let seen = rds::export::look(&self.rds, run, source).await;
                export_files::with_tables(&self.s3, run, source, seen).await
            }
            StageId::Verify => export_files::look(&self.s3, run, source).await,
            StageId::Latest => publish::look(&self.shelf, run, source).await,
            StageId::NormalTransform | StageId::NormalCatalog => {
                glue::look(self.layers(), run, source, Layer::Normal, stage).await
            }
            StageId::SensitiveTransform | StageId::SensitiveCatalog => {
                glue::look(self.layers(), run, source, Layer::Sensitive, stage).await
            }
            // People's work, of which AWS knows nothing.
            StageId::SensitiveApproval => Seen::Absent { marker: None },
        }
    }

    async fn start(&self, run: &Run, source: &Source, stage: StageId, progress: &Progress) -> Started {
        // A job must find the rules that it is told of.
        if matches!(stage, StageId::NormalTransform | StageId::SensitiveTransform)
            && let Err(not_started) = rules::put(&self.s3, source).await
        {
            return not_started;
        }
        match stage {
            StageId::Export => rds::export::start(&self.rds, run, source).await,
            StageId::Latest => publish::start(&self.shelf, &*self.clock, run, source, progress).await,
            StageId::NormalTransform | StageId::NormalCatalog => {
                glue::start(self.layers(), run, source, Layer::Normal, stage, progress).await
            }
            StageId::SensitiveTransform | StageId::SensitiveCatalog => {
                glue::start(self.layers(), run, source, Layer::Sensitive, stage, progress).await
            }
            // There is nothing to start: others do it, and looking is all.
            StageId::Snapshot | StageId::Verify | StageId::SensitiveApproval => Started::Acted { handle: None },
        }
    }

    async fn stop(&self, run: &Run, source: &Source, stage: StageId) -> Result<(), Failure> {
        match stage {
            StageId::Export => rds::export::stop(&self.rds, run).await,
            StageId::NormalTransform | StageId::NormalCatalog => {
                glue::stop(self.layers(), run, source, Layer::Normal, stage).await
            }
            StageId::SensitiveTransform | StageId::SensitiveCatalog => {
                glue::stop(self.layers(), run, source, Layer::Sensitive, stage).await
            }
            // Nothing of these goes on in AWS. Publishing ends with the call that does it.
            StageId::Snapshot | StageId::Verify | StageId::Latest | StageId::SensitiveApproval => Ok(()),
        }
    }
}

#[async_trait]
impl Snapshots for Aws {
    async fn find(&self, source: &Source, choice: &SnapshotChoice) -> Result<Option<Snapshot>, Failure> {
        rds::snapshots::find(&self.rds, source, choice).await
    }

    async fn list(&self, source: &Source) -> Result<Vec<Snapshot>, Failure> {
        rds::snapshots::list(&self.rds, source).await
    }
}

#[async_trait]
impl Schemas for Aws {
    async fn of(&self, source: &Source, export: &ExportTask) -> Result<Option<Schema>, Failure> {
        export_files::schema(&self.s3, &source.export_of(export), export.as_str()).await
    }
}

#[async_trait]
impl Shelf for Aws {
    async fn holding(&self, source: &Source) -> Result<Holding, Failure> {
        publish::holding(&self.shelf, &source.latest).await
    }
}

#[async_trait]
impl Storage for Aws {
    async fn remove(&self, at: &Location) -> Result<Removed, Failure> {
        publish::empty(&self.shelf, at).await
    }
}

#[async_trait]
impl Catalogs for Aws {
    async fn tables(&self, source: &Source, layer: Layer) -> Result<Vec<CatalogTable>, Failure> {
        glue::tables(&self.glue, source, layer).await
    }
}

#[async_trait]
impl Reports for Aws {
    async fn of(&self, source: &Source, layer: Layer, run: &ExportTask) -> Result<Option<Report>, Failure> {
        reports::read(&self.s3, source, layer, run).await
    }
}

#[async_trait]
impl Exports for Aws {
    async fn active(&self) -> Result<Vec<ActiveExport>, Failure> {
        rds::export::active(&self.rds).await
    }
}
