//! The work that AWS does for the stages of a run.

use std::sync::Mutex;

use async_trait::async_trait;

use crate::domain::{
    export::ActiveExport,
    failure::Failure,
    forecast::Holding,
    name::ExportTask,
    run::Run,
    schema::Schema,
    seen::{Seen, Started},
    snapshot::{Snapshot, SnapshotChoice},
    source::Source,
    stage::{Detail, StageId},
};

/// Looks at, starts and stops the work of stages. Knows nothing of records: what to do is decided elsewhere.
#[async_trait]
pub trait Work: Send + Sync {
    /// Returns what is there of `stage`'s work for `run`. Never changes anything; a look that fails is
    /// [`Seen::Unclear`].
    async fn look(&self, run: &Run, source: &Source, stage: StageId) -> Seen;

    /// Starts `stage`'s work. The caller has written the intent and has seen that nothing of ours is there. Work that
    /// the bot does itself (the copy under `latest/`) is done when this returns, and tells its progress meanwhile.
    async fn start(&self, run: &Run, source: &Source, stage: StageId, progress: &Progress) -> Started;

    /// Asks AWS to stop `stage`'s work. Asking twice does no harm; the next look tells what came of it.
    ///
    /// # Errors
    /// AWS did not take the request.
    async fn stop(&self, run: &Run, source: &Source, stage: StageId) -> Result<(), Failure>;
}

/// Finds snapshots.
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// Returns the snapshot of `source` that is chosen; for the latest, the newest available one. `None`: there is none.
    ///
    /// # Errors
    /// AWS did not answer, or refuses to.
    async fn find(&self, source: &Source, choice: &SnapshotChoice) -> Result<Option<Snapshot>, Failure>;

    /// Returns the snapshots of `source` that are available, newest first.
    ///
    /// # Errors
    /// AWS did not answer, or refuses to.
    async fn list(&self, source: &Source) -> Result<Vec<Snapshot>, Failure>;
}

/// Tells what is published.
#[async_trait]
pub trait Shelf: Send + Sync {
    /// Returns what `latest/` of `source` holds.
    ///
    /// # Errors
    /// AWS did not answer, or refuses to.
    async fn holding(&self, source: &Source) -> Result<Holding, Failure>;
}

/// Tells what exports hold.
#[async_trait]
pub trait Schemas: Send + Sync {
    /// Returns what `export` of `source` holds, by its own status files. `None`: they are not there (any more).
    ///
    /// # Errors
    /// AWS did not answer, refuses to, or a file cannot be read.
    async fn of(&self, source: &Source, export: &ExportTask) -> Result<Option<Schema>, Failure>;
}

/// Sees every export of the account, whoever has started it.
#[async_trait]
pub trait Exports: Send + Sync {
    /// Returns the exports that are under way.
    ///
    /// # Errors
    /// AWS did not answer, or refuses to.
    async fn active(&self) -> Result<Vec<ActiveExport>, Failure>;
}

/// Where work that takes its time says how far it is.
#[derive(Debug, Default)]
pub struct Progress(Mutex<Detail>);

impl Progress {
    /// Replaces what is known.
    pub fn set(&self, detail: Detail) {
        *self.0.lock().expect("no panic while the progress is held") = detail;
    }

    /// Returns what is known.
    pub fn get(&self) -> Detail {
        self.0.lock().expect("no panic while the progress is held").clone()
    }
}
