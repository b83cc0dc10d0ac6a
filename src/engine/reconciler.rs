//! One pass over a run: load, look, plan, record, act. The only place where a run moves on.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    domain::{
        fact::Fact,
        failure::{Class, Failure, codes},
        name::ExportTask,
        plan::{Act, Context, Need, Plan, need, plan, plan_decision, plan_turn, settle},
        run::Run,
        source::Source,
        stage::StageId,
    },
    engine::{
        Engine, Wake,
        actors::Next,
        ports::{Change, Conflict, StoreError},
    },
};

mod act;
mod turn;

/// Steps that one pass takes at the most; what is left is for the next.
const STEPS: usize = 50;

/// How long a run is left alone when its record could not be read or written.
const AFTER_STORE_TROUBLE: Duration = Duration::from_secs(2);

/// What a step has come to.
enum Step {
    /// The run is now so; there may be more to do.
    Moved(Box<Run>),
    /// Somebody else has changed the record: read it again.
    Stale,
    Wait(Duration),
    Rest,
}

impl Engine {
    /// Moves the run as far as it will go now, and says when to look again.
    pub async fn reconcile(&self, name: &ExportTask) -> Next {
        match self.advance(name).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(run = %name, %error, "The pass over run {name} could not be finished");
                metrics::counter!(crate::metrics::PASS_ERRORS).increment(1);
                Next::Again(AFTER_STORE_TROUBLE)
            }
        }
    }

    async fn advance(&self, name: &ExportTask) -> Result<Next, StoreError> {
        let mut known = None;
        for _ in 0..STEPS {
            let run = match known.take() {
                Some(run) => run,
                None => match self.store.run(name).await? {
                    Some(run) => Box::new(run),
                    None => return Ok(Next::Rest),
                },
            };
            match self.step(&run).await? {
                Step::Moved(run) => known = Some(run),
                Step::Stale => {}
                Step::Wait(after) => return Ok(Next::Again(after)),
                Step::Rest => return Ok(Next::Rest),
            }
        }
        Ok(Next::Again(Duration::ZERO))
    }

    async fn step(&self, run: &Run) -> Result<Step, StoreError> {
        let Some(source) = self.sources.get(&run.source) else { return self.without_source(run).await };
        match need(run) {
            Need::Rest => Ok(Step::Rest),
            Need::Turn => self.take_turn(run, source).await,
            Need::Decision => self.carry_on(run, source, plan_decision(run, self.context(source))).await,
            Need::Look(stage) => {
                let seen = self.work.look(run, source, stage).await;
                tracing::debug!(run = %run.export_task, %stage, ?seen, "Looked at {stage} of run {}", run.export_task);
                self.carry_on(run, source, plan(run, stage, &seen, self.context(source))).await
            }
        }
    }

    /// Records the plan's facts, then acts.
    async fn carry_on(&self, run: &Run, source: &Source, plan: Plan) -> Result<Step, StoreError> {
        #[cfg(test)]
        let plan = self.spoil(plan);
        let began = Instant::now();
        let moved = if plan.facts.is_empty() { None } else { self.record(run, &plan.facts).await? };
        if moved.is_none() && !plan.facts.is_empty() {
            return Ok(Step::Stale);
        }
        let run = moved.as_deref().unwrap_or(run);
        match plan.act {
            // Half a lease after the intent was on its way it is too late to act on it: this replica was paused, and
            // another one may have taken the stage over before the call arrives.
            Some(Act::Start(_)) if began.elapsed() * 2 > self.lease() => Ok(Step::Stale),
            Some(Act::Start(stage)) => self.start(run, source, stage).await,
            Some(Act::Stop(stage)) => self.stop(run, source, stage, plan.again).await,
            None => Ok(match (plan.again, moved) {
                (Some(after), _) => Step::Wait(after),
                (None, Some(run)) => Step::Moved(run),
                (None, None) => Step::Rest,
            }),
        }
    }

    /// Writes the run as it is after `facts`. Returns `None` if somebody else has changed it meanwhile, or if the facts
    /// do not fit it any more: then nothing was written.
    async fn record(&self, run: &Run, facts: &[Fact]) -> Result<Option<Box<Run>>, StoreError> {
        let Some(after) = self.after(run, facts) else { return Ok(None) };
        match self.store.write(&update(run, &after)).await {
            Ok(()) => {}
            Err(StoreError::Conflict(Conflict::Run(_))) => return Ok(None),
            Err(error) => return Err(error),
        }
        self.told(run, &after, facts);
        if frees_turn(run, &after) {
            self.wake_waiting(&run.source).await;
        }
        Ok(Some(Box::new(after)))
    }

    /// Returns the run after `facts`, at its next version; `None` if a fact does not fit it.
    pub(super) fn after(&self, run: &Run, facts: &[Fact]) -> Option<Run> {
        let now = self.clock.now();
        let mut after = run.clone();
        for fact in facts {
            match after.after(&self.with_remedy(fact), now) {
                Ok(next) => after = next,
                Err(illegal) => {
                    tracing::warn!(run = %run.export_task, "{illegal}");
                    return None;
                }
            }
        }
        after.version = run.version + 1;
        Some(after)
    }

    /// A failure is recorded with its remedy, so that the record says by itself what to do.
    fn with_remedy(&self, fact: &Fact) -> Fact {
        let Fact::Failed { stage, failure } = fact else { return fact.clone() };
        let remedy = self.words.remedy(self.channels.locale, failure.remedy());
        Fact::Failed { stage: *stage, failure: Failure { remedy, ..failure.clone() } }
    }

    fn told(&self, before: &Run, after: &Run, facts: &[Fact]) {
        for fact in facts {
            tracing::debug!(run = %after.export_task, ?fact, "Recorded");
        }
        if before.stage != after.stage || before.status != after.status {
            let (name, status, stage) = (&after.export_task, after.status.as_str(), after.stage);
            tracing::info!(run = %name, status, %stage, "Run {name} is {status} at {stage}");
        }
        if !before.status.is_over() && after.status.is_over() {
            metrics::counter!(crate::metrics::RUNS_ENDED, "status" => after.status.as_str()).increment(1);
        }
        self.wakes.send(Wake::Thread(after.export_task.clone()));
    }

    /// A run whose source was taken out of the configuration cannot go on.
    async fn without_source(&self, run: &Run) -> Result<Step, StoreError> {
        let Some(stage) = run.open_stage().filter(|_| !run.status.is_over()) else { return Ok(Step::Rest) };
        let message = format!("the configuration has no source `{}`", run.source);
        let failure = Failure::new(Class::Config, codes::SOURCE_GONE, message);
        let moved = self.record(run, &[Fact::Failed { stage: stage.id, failure }]).await?;
        Ok(moved.map_or(Step::Stale, Step::Moved))
    }

    fn lease(&self) -> Duration {
        Duration::try_from(self.timing.lease).unwrap_or_default()
    }

    pub(super) fn context<'a>(&'a self, source: &'a Source) -> Context<'a> {
        Context { me: &self.me, now: self.clock.now(), timing: &self.timing, source }
    }
}

/// Returns what makes `before` into `after`, whoever writes it: a run that ends gives its source's turn back in the same
/// write, or nobody would ever have it again.
pub(super) fn update<'a>(before: &'a Run, after: &'a Run) -> Vec<Change<'a>> {
    let mut changes = vec![Change::Update { run: after, was: before.version }];
    if frees_turn(before, after) {
        changes.push(Change::FreeTurn { source: &before.source, run: &before.export_task });
    }
    changes
}

/// Says whether the run had its source's turn, and has it no more.
pub(super) fn frees_turn(before: &Run, after: &Run) -> bool {
    before.has_turn && !after.has_turn
}
