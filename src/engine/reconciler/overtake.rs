//! What a run that ends means to others, and to those who read of it: a success makes up for failures that stand, a
//! failure leaves the catalogs as they are.

use super::{Engine, ExportTask, Fact, Run, StoreError, Wake, update};
use crate::engine::ports::Conflict;

/// Runs of a source that are looked at, the newest: a month of nights that all have failed.
const LOOKED_AT: usize = 30;

/// Attempts at a write that others are in the way of.
const ATTEMPTS: usize = 5;

impl Engine {
    /// Records in the runs of the source that stand still because of a failure that `run`, if it has succeeded, has made
    /// up for it. Doing it twice does what doing it once does. It is done when the run succeeds, and again before the
    /// run counts as shown, so that a crash in between costs nothing.
    ///
    /// # Errors
    /// The store did not answer: it is not done for all of them.
    pub(in crate::engine) async fn make_up(&self, run: &Run) -> Result<(), StoreError> {
        if !run.has_succeeded() {
            return Ok(());
        }
        #[cfg(test)]
        if self.forgets_failures() {
            return Ok(());
        }
        let recent = self.store.recent(&run.source, LOOKED_AT).await?;
        for failed in recent.iter().filter(|it| run.makes_up_for(it)) {
            self.overtake(&failed.export_task, run).await?;
        }
        Ok(())
    }

    async fn overtake(&self, failed: &ExportTask, by: &Run) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            // What an index says may be old.
            let Some(before) = self.store.run(failed).await?.filter(|it| by.makes_up_for(it)) else { return Ok(()) };
            let Some(after) = self.after(&before, &[Fact::Overtaken { by: by.export_task.clone() }]) else {
                return Ok(());
            };
            match self.store.write(&update(&before, &after)).await {
                Ok(()) => {
                    tracing::info!(run = %failed, by = %by.export_task, "A newer run has made up for {failed}");
                    self.wakes.send(Wake::Thread(after.export_task));
                    return Ok(());
                }
                Err(StoreError::Conflict(Conflict::Run(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Refused(format!("others write to {failed} all the time")))
    }

    /// Returns `failed` with what the catalogs show while its failure stands, as far as that can be told: people want to
    /// know it, but nothing waits for it.
    pub(super) async fn with_catalogs(&self, failed: Run) -> Run {
        let Some(stage) = failed.standing_failure().map(|it| it.stage) else { return failed };
        let shown = match self.store.recent(&failed.source, LOOKED_AT).await {
            Ok(recent) => failed.shown_instead(stage, &recent.iter().collect::<Vec<_>>()),
            Err(error) => {
                tracing::warn!(run = %failed.export_task, %error, "What the catalogs show could not be looked up");
                return failed;
            }
        };
        failed.after(&Fact::CatalogsSeen { shown }, failed.updated_at).unwrap_or(failed)
    }
}
