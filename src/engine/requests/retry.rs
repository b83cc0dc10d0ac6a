//! `retry`: from a run that has stopped to one that goes on. What is to be kept must still be there.

use super::{Changed, Effect, Engine, Outcome, Request, Run, StageId, StoreError, Trouble, later};
use crate::domain::{
    fact::Fact,
    name::ExportTask,
    retry::{Retry, RetryRefusal, foundation, kept, redone, retry},
    seen::Seen,
    source::Source,
};

/// What a retry builds on, and what it replaces.
#[derive(Default)]
struct Ground {
    /// The stage whose work is not there any more.
    gone: Option<StageId>,
    /// The other export task whose data is in `latest/`.
    holder: Option<ExportTask>,
}

impl Engine {
    pub(super) async fn retry_run(
        &self,
        request: &Request,
        run: &Run,
        from: Option<StageId>,
    ) -> Result<Effect, Trouble> {
        let now = self.clock.now();
        let refused = |why| Ok(Outcome::NotRetried { run: run.export_task.clone(), why }.into());
        let gone_back_to = self.gone_back_to(run).await?;
        if gone_back_to.as_ref().is_some_and(|it| !it.status.is_over()) {
            return refused(RetryRefusal::RollingBack);
        }
        let mut planned = match retry(run, from, &request.by, now) {
            Ok(planned) => planned,
            Err(why) => return refused(why),
        };
        let removed = run.removal.is_some() && planned.from() == StageId::Export && from != Some(StageId::Export);
        let mut ground = match self.sources.get(&run.source) {
            Some(source) => self.ground(run, source, planned.from()).await?,
            None => Ground::default(),
        };
        if removed {
            ground.gone = Some(StageId::Verify);
        } else if let Some(gone) = ground.gone {
            // What made it can make it again.
            let from = if gone == StageId::Verify { StageId::Export } else { gone };
            planned = match retry(run, Some(from), &request.by, now) {
                Ok(planned) => planned,
                Err(why) => return refused(why),
            };
        }
        let publishes = redone(run, planned.from()).contains(&StageId::Latest);
        let holder = ground.holder.filter(|_| publishes);
        if self.is_newer(holder.as_ref(), run).await? {
            return refused(RetryRefusal::NewerData);
        }
        let mut effect = self.retried(run, planned, ground.gone, holder);
        effect.update.splice(0..0, gone_back_to.and_then(|it| self.without_leave(it, &request.by)));
        Ok(effect)
    }

    /// Returns the run that was gone back to from `run`, and may still replace its data.
    async fn gone_back_to(&self, run: &Run) -> Result<Option<Run>, StoreError> {
        let Some(mark) = &run.rolled_back_to else { return Ok(None) };
        let other = self.newest_attempt(&mark.to).await?;
        Ok(other.filter(|it| it.replaces().is_some_and(|from| from.with_attempt(1) == run.run_id)))
    }

    /// Returns `other`, which may not replace newer data any more, for that comes back.
    fn without_leave(&self, other: Run, by: &str) -> Option<Changed> {
        let after = self.after(&other, &[Fact::RollbackUndone { by: by.to_owned() }])?;
        Some(Changed { before: other, after })
    }

    fn retried(&self, run: &Run, planned: Retry, gone: Option<StageId>, holder: Option<ExportTask>) -> Effect {
        let (from, fact, next) = match planned {
            Retry::Same { from, fact } => (from, fact, None),
            Retry::NewAttempt { from, fact, next } => (from, fact, Some(*next)),
        };
        let after = self.after(run, &[fact]).expect("`retry` gives facts that fit the run");
        let head = next.as_ref().unwrap_or(&after);
        let outcome = Outcome::Retrying {
            run: head.export_task.clone(),
            from,
            kept: kept(head, from),
            redone: redone(head, from),
            gone,
            overwritten: holder.map(|it| it.to_string()),
            undoes: run.rolled_back_to.clone().map(Box::new),
        };
        Effect { outcome, create: next.into_iter().collect(), update: vec![Changed { before: run.clone(), after }] }
    }

    /// Looks at what a retry from `from` builds on and replaces.
    async fn ground(&self, run: &Run, source: &Source, from: StageId) -> Result<Ground, Trouble> {
        let foundation = foundation(run, source, from);
        #[cfg(test)]
        let foundation = foundation.filter(|_| !(self.turns_back() && source.is_own_work(from)));
        let mut ground = Ground::default();
        if foundation == Some(StageId::Verify) {
            match self.work.look(run, source, StageId::Verify).await {
                Seen::Absent { .. } | Seen::Busy(_) => ground.gone = Some(StageId::Verify),
                Seen::Unclear(failure) => return Err(later(failure)),
                Seen::Running { .. }
                | Seen::Done { .. }
                | Seen::Doubtful { .. }
                | Seen::Risky { .. }
                | Seen::Failed(_)
                | Seen::Stopped => {}
            }
        }
        match self.work.look(run, source, StageId::Latest).await {
            Seen::Absent { marker } => {
                ground.gone = ground.gone.or(foundation.filter(|it| *it == StageId::Latest));
                ground.holder = marker.and_then(|it| it.parse().ok()).filter(|it| *it != run.export_task);
            }
            Seen::Unclear(failure) if foundation == Some(StageId::Latest) => return Err(later(failure)),
            // It may be what the retry is to mend.
            Seen::Unclear(_) => {}
            Seen::Busy(_)
            | Seen::Running { .. }
            | Seen::Done { .. }
            | Seen::Doubtful { .. }
            | Seen::Risky { .. }
            | Seen::Failed(_)
            | Seen::Stopped => {}
        }
        Ok(ground)
    }

    /// Says whether `holder` is newer than `run`, and not what somebody goes back from to this very run: whoever does wants
    /// the older data in its place, until it comes back or is gone back from to another run.
    async fn is_newer(&self, holder: Option<&ExportTask>, run: &Run) -> Result<bool, StoreError> {
        let Some(holder) = holder else { return Ok(false) };
        let Some(other) = self.newest_attempt(holder).await? else { return Ok(false) };
        let gone_back_to = other.rolled_back_to.as_ref().map(|it| it.to.with_attempt(1));
        let makes_way = run.replaces() == Some(holder) && gone_back_to.as_ref() == Some(&run.run_id);
        Ok(other.run_id != run.run_id && other.snapshot_time > run.snapshot_time && !makes_way)
    }
}
