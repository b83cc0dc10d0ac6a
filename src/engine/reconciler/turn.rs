//! One run per source at a time: taking the source's turn, waiting for it, giving way to newer data.

use super::{Change, Conflict, Engine, ExportTask, Fact, Run, Source, Step, StoreError, WaitOn, Wake, plan_turn};

/// Runs of a source that are looked at for one that waits with newer data.
const WAITING: usize = 20;

impl Engine {
    pub(super) async fn take_turn(&self, run: &Run, source: &Source) -> Result<Step, StoreError> {
        if run.canceled_by.is_none() && self.newer_waits(run).await? {
            return self.recorded(run, Fact::Superseded).await;
        }
        if run.canceled_by.is_some() {
            return self.recorded(run, Fact::Canceled).await;
        }
        if let Some(holder) = self.still_held(run).await? {
            return self.wait_for(run, source, &holder).await;
        }
        let Some(taken) = self.after(run, &[Fact::TurnTaken]) else { return Ok(Step::Stale) };
        let turn = Change::TakeTurn { source: &run.source, run: &run.export_task };
        match self.store.write(&[turn, Change::Update { run: &taken, was: run.version, under: None }]).await {
            Ok(()) => {
                self.told(run, &taken, &[Fact::TurnTaken]);
                Ok(Step::Moved(Box::new(taken)))
            }
            Err(StoreError::Conflict(Conflict::Turn { holder })) => self.wait_for(run, source, &holder).await,
            Err(StoreError::Conflict(Conflict::Run(_) | Conflict::Closed | Conflict::Door(_))) => Ok(Step::Stale),
            Err(error) => Err(error),
        }
    }

    /// Returns the run that had the turn when `run` began to wait, if it has it still: reading that costs less than an
    /// attempt to take it, and many may wait.
    async fn still_held(&self, run: &Run) -> Result<Option<ExportTask>, StoreError> {
        let waiting = run.open_stage().and_then(|it| it.waiting.as_ref());
        let Some(WaitOn::Turn { holder }) = waiting.map(|it| &it.on) else { return Ok(None) };
        let Ok(holder) = holder.parse::<ExportTask>() else { return Ok(None) };
        match self.store.run(&holder).await {
            Ok(found) => Ok(found.filter(|it| it.has_turn).map(|it| it.export_task)),
            Err(StoreError::Unreadable(..)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn wait_for(&self, run: &Run, source: &Source, holder: &ExportTask) -> Result<Step, StoreError> {
        self.carry_on(run, source, plan_turn(run, holder.as_str(), self.context(run, source))).await
    }

    async fn recorded(&self, run: &Run, fact: Fact) -> Result<Step, StoreError> {
        Ok(self.record(run, &[fact]).await?.map_or(Step::Stale, Step::Moved))
    }

    /// Says whether a run of the same data, but of a newer snapshot, waits too: only the newest is worth its time.
    async fn newer_waits(&self, run: &Run) -> Result<bool, StoreError> {
        let recent = self.store.recent(&run.source, WAITING).await?;
        Ok(recent.iter().any(|it| {
            let waits = !it.status.is_over() && !it.has_turn && it.canceled_by.is_none();
            waits && it.snapshot_time > run.snapshot_time && it.only == run.only && it.layers == run.layers
        }))
    }

    /// Wakes the runs that may be waiting for the turn of `source`.
    pub(in crate::engine) async fn wake_waiting(&self, source: &str) {
        match self.store.open_runs().await {
            Ok(open) => {
                for run in open.into_iter().filter(|it| it.source == source) {
                    self.wakes.send(Wake::Run(run.export_task));
                }
            }
            Err(error) => tracing::warn!(source, %error, "Runs that wait for {source} will be found by the sweeper"),
        }
    }
}
