//! Acting for a stage: the intent is in the record, and is kept alive for as long as the act takes.

use std::time::Duration;

use tokio::time::Instant;

use super::{Engine, Fact, Run, Source, StageId, Step, StoreError, settle};
use crate::{
    domain::{plan::Plan, seen::Started},
    engine::{hints::Message, ports::Progress},
};

/// Attempts at recording what came of an act, while others write to the same record.
const ATTEMPTS: usize = 10;

impl Engine {
    /// Starts the stage's work and records what came of it. `since` is when the write of the intent began: a process
    /// that was stopped since then for a good part of its lease may have lost it without knowing, and looks again.
    pub(super) async fn start(
        &self,
        run: &Run,
        source: &Source,
        stage: StageId,
        since: Instant,
    ) -> Result<Step, StoreError> {
        if since.elapsed() > self.lease() / 2 {
            tracing::warn!(run = %run.export_task, %stage, "The intent to start {stage} is too old to act on");
            return Ok(Step::Stale);
        }
        let progress = Progress::default();
        let started = {
            let work = self.work.start(run, source, stage, &progress);
            tokio::pin!(work);
            let mut renewals = self.renewals();
            loop {
                tokio::select! {
                    biased;
                    // First: a process that was stopped finds here that it was taken over, before it sends anything more.
                    _ = renewals.tick() => if !self.renew(run, stage, &progress).await? {
                        return Ok(Step::Stale);
                    },
                    // The bot's own work may take an hour. It can be cut off anywhere: whoever goes on finds what is
                    // there. A call to AWS is soon over; its answer is worth waiting for.
                    () = self.stopping.cancelled(), if source.is_own_work(stage) => break None,
                    started = &mut work => break Some(started),
                }
            }
        };
        let Some(started) = started else { return self.give_back(run, stage, &progress).await };
        let started = match started {
            Started::Refused(on) => Started::Refused(self.placed(run, on).await?),
            Started::Acted { .. } | Started::Failed(_) | Started::Unclear(_) => started,
        };
        tracing::info!(run = %run.export_task, %stage, ?started, "Asked to start {stage} of run {}", run.export_task);
        self.settled(run, source, stage, started).await
    }

    /// Gives the stage back whose work was cut off by the stop of this process, and calls another one.
    async fn give_back(&self, run: &Run, stage: StageId, progress: &Progress) -> Result<Step, StoreError> {
        let name = &run.export_task;
        for _ in 0..ATTEMPTS {
            let Some(now) = self.store.run(name).await?.filter(|it| self.still_ours(it, stage)) else { break };
            if self.record(&now, &[Fact::GivenBack { stage, detail: progress.get() }]).await?.is_some() {
                tracing::info!(run = %name, %stage, "Gave {stage} of run {name} back: this process stops");
                if let Err(error) = self.queue.send(&Message::run(name)).await {
                    tracing::warn!(run = %name, %error, "The queue did not take the wake-up of run {name}");
                }
                break;
            }
        }
        Ok(Step::Rest)
    }

    /// Asks AWS to stop the stage's work; the next look tells what came of it.
    pub(super) async fn stop(
        &self,
        run: &Run,
        source: &Source,
        stage: StageId,
        again: Option<Duration>,
    ) -> Result<Step, StoreError> {
        if let Err(failure) = self.work.stop(run, source, stage).await {
            let (name, code) = (&run.export_task, &failure.code);
            tracing::warn!(run = %name, %stage, code, "{stage} of run {name} could not be stopped: {}", failure.message);
        }
        Ok(Step::Wait(again.unwrap_or(Duration::from_secs(1))))
    }

    /// What AWS has done must get into the record, whoever else writes there meanwhile.
    async fn settled(&self, run: &Run, source: &Source, stage: StageId, started: Started) -> Result<Step, StoreError> {
        #[cfg(test)]
        let started = self.act_again(run, source, stage, started).await;
        let mut run = Box::new(run.clone());
        for _ in 0..ATTEMPTS {
            let Plan { facts, again, .. } = settle(&run, stage, started.clone(), self.context(&run, source));
            let recorded = if facts.is_empty() { None } else { self.record(&run, &facts).await? };
            match (recorded, again) {
                (Some(_), Some(after)) => return Ok(Step::Wait(after)),
                (None, Some(after)) if facts.is_empty() => return Ok(Step::Wait(after)),
                (Some(run), None) => return Ok(Step::Moved(run)),
                (None, _) => match self.store.run(&run.export_task).await? {
                    Some(now) if self.still_ours(&now, stage) => *run = now,
                    Some(_) | None => return Ok(Step::Stale),
                },
            }
        }
        Ok(Step::Stale)
    }

    /// Extends the intent. Returns `false` if it is not this replica's any more.
    async fn renew(&self, run: &Run, stage: StageId, progress: &Progress) -> Result<bool, StoreError> {
        for _ in 0..ATTEMPTS {
            let Some(now) = self.store.run(&run.export_task).await? else { return Ok(false) };
            if !self.still_ours(&now, stage) {
                return Ok(false);
            }
            let until = self.clock.now() + self.timing.lease;
            if self.record(&now, &[Fact::Renewed { stage, until, detail: progress.get() }]).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn still_ours(&self, run: &Run, stage: StageId) -> bool {
        run.stage(stage).intent.as_ref().is_some_and(|it| it.owner == self.me)
    }

    fn lease(&self) -> Duration {
        Duration::try_from(self.timing.lease).unwrap_or_default()
    }

    /// Ticks three times within a lease; the first tick comes after a third of it.
    fn renewals(&self) -> tokio::time::Interval {
        let third = (self.lease() / 3).max(Duration::from_millis(50));
        tokio::time::interval_at(Instant::now() + third, third)
    }
}
