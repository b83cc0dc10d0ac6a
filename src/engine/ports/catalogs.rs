//! What has become of a layer: its tables in the catalog, and what its job says that it has written.

use async_trait::async_trait;

use crate::domain::{
    catalog::CatalogTable,
    failure::Failure,
    name::ExportTask,
    report::Report,
    source::{Layer, Source},
};

/// Reads the catalog that people query.
#[async_trait]
pub trait Catalogs: Send + Sync {
    /// Returns every table of the database that the crawler of `layer` writes to, also those of others. None of a layer
    /// that the source does not have.
    ///
    /// # Errors
    /// AWS did not answer, or refuses to.
    async fn tables(&self, source: &Source, layer: Layer) -> Result<Vec<CatalogTable>, Failure>;
}

/// Reads the reports of the jobs.
#[async_trait]
pub trait Reports: Send + Sync {
    /// Returns what the job of `layer` has reported of `run`. `None`: it has left no report, as a job need not, or its
    /// report may not be read.
    ///
    /// # Errors
    /// AWS did not answer, or what lies in the report's place is none.
    async fn of(&self, source: &Source, layer: Layer, run: &ExportTask) -> Result<Option<Report>, Failure>;
}
