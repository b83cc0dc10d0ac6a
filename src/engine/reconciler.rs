//! One pass over a run: load, look, plan, record, act. The only place where a run moves on.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

use crate::{
    domain::{
        fact::Fact,
        failure::{Class, Failure, codes},
        name::ExportTask,
        plan::{Act, Context, Need, Plan, need, plan, plan_decision, plan_turn, settle},
        retry::automatic,
        run::Run,
        seen::Seen,
        source::Source,
        stage::{StageId, WaitOn},
    },
    engine::{
        Engine, Wake,
        actors::Next,
        ports::{Change, Conflict, StoreError},
    },
};

mod act;
mod ahead;
mod inspect;
mod judge;
mod overtake;
mod turn;
mod voters;

/// Steps that one pass takes at the most; what is left is for the next.
const STEPS: usize = 50;

/// How long a run is left alone when its record could not be read or written.
const AFTER_STORE_TROUBLE: Duration = Duration::from_secs(2);

/// How long a run is left alone whose record this version of the bot cannot read: somebody has to mend it.
const AFTER_UNREADABLE: Duration = Duration::from_mins(1);

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
                self.unreadable(&error).await;
                Next::Again(match error {
                    StoreError::Unreadable(..) => AFTER_UNREADABLE,
                    StoreError::Conflict(_) | StoreError::NoAnswer | StoreError::Refused(_) => AFTER_STORE_TROUBLE,
                })
            }
        }
    }

    async fn advance(&self, name: &ExportTask) -> Result<Next, StoreError> {
        let mut known = None;
        for _ in 0..STEPS {
            if self.stopping.is_cancelled() {
                return Ok(Next::Rest);
            }
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
            Need::Decision => self.carry_on(run, source, plan_decision(run, self.context(run, source))).await,
            Need::Look(stage) => {
                let seen = self.look(run, source, stage).await?;
                tracing::debug!(run = %run.export_task, %stage, ?seen, "Looked at {stage} of run {}", run.export_task);
                let planned = plan(run, stage, &seen, self.context(run, source));
                let planned = self.vouched(run, source, stage, planned).await;
                self.carry_on(run, source, planned).await
            }
        }
    }

    /// Looks at the stage's work. Where it could be started, also at what it needs: its place in the line for an export
    /// slot; what `latest` names, where a run that was retried may find another one's.
    async fn look(&self, run: &Run, source: &Source, stage: StageId) -> Result<Seen, StoreError> {
        let seen = self.work.look(run, source, stage).await;
        if stage == StageId::Verify {
            return self.inspected(run, source, seen).await;
        }
        if matches!(seen, Seen::Done { .. }) {
            return self.judged(run, source, stage, seen).await;
        }
        let is_absent = |it: &Seen| matches!(it, Seen::Absent { .. });
        let foresees = is_absent(&seen) && stage == StageId::NormalCatalog;
        let seen = if foresees { self.foreseen(run, source, seen).await } else { seen };
        if !is_absent(&seen) || run.stage(stage).intent.is_some() {
            return Ok(seen);
        }
        #[cfg(test)]
        if self.turns_back() && source.is_own_work(stage) {
            return Ok(seen);
        }
        if stage == StageId::Export {
            return Ok(self.line(run).await?.map_or(seen, Seen::Busy));
        }
        Ok(if source.builds_on_latest(stage) { self.unless_replaced(run, source, seen).await } else { seen })
    }

    /// Returns what was `seen` of work that could be started, unless another run's data is what is published.
    async fn unless_replaced(&self, run: &Run, source: &Source, seen: Seen) -> Seen {
        match self.work.look(run, source, StageId::Latest).await {
            Seen::Absent { marker } => Seen::Failed(replaced(source, marker.as_deref())),
            Seen::Unclear(failure) => Seen::Unclear(failure),
            Seen::Busy(_)
            | Seen::Running { .. }
            | Seen::Done { .. }
            | Seen::Doubtful { .. }
            | Seen::Risky { .. }
            | Seen::Failed(_)
            | Seen::Stopped => seen,
        }
    }

    /// Records the plan's facts, then acts.
    async fn carry_on(&self, run: &Run, source: &Source, plan: Plan) -> Result<Step, StoreError> {
        #[cfg(test)]
        let plan = self.spoil(plan);
        let begun = Instant::now();
        let moved = if plan.facts.is_empty() { None } else { self.record(run, &plan.facts).await? };
        if moved.is_none() && !plan.facts.is_empty() {
            return Ok(Step::Stale);
        }
        let run = moved.as_deref().unwrap_or(run);
        match plan.act {
            Some(Act::Start(stage)) => self.start(run, source, stage, begun).await,
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
        let Some(mut after) = self.after(run, facts) else { return Ok(None) };
        let again = automatic(&after, self.clock.now());
        if let Some((fact, _)) = &again {
            after = after.after(fact, after.updated_at).expect("a run that has failed can go on");
        }
        if facts.iter().any(|it| matches!(it, Fact::Failed { .. })) {
            after = self.with_catalogs(after).await;
        }
        let mut changes = update(run, &after);
        if let Some(Change::Update { under, .. }) = changes.first_mut() {
            *under = starts_sensitive(facts).then_some(after.updated_at);
        }
        changes.extend(again.iter().map(|(_, next)| Change::Create(next)));
        match self.store.write(&changes).await {
            Ok(()) => {}
            Err(StoreError::Conflict(Conflict::Run(_))) => return Ok(None),
            Err(error) => return Err(error),
        }
        self.told(run, &after, facts);
        if let Some((_, next)) = again {
            tracing::warn!(run = %next.export_task, "RDS has failed by its own fault; run {} tries again", next.export_task);
            self.wakes.send(Wake::Run(next.export_task));
        }
        if frees_turn(run, &after) {
            self.wake_waiting(&run.source).await;
        }
        if let Err(error) = self.make_up(&after).await {
            tracing::warn!(run = %after.export_task, %error, "Which failures run {} makes up for is found out later", after.export_task);
        }
        let is_over = |it: &Run| it.stage(StageId::Export).status.is_over();
        if is_over(&after) && !is_over(run) {
            self.wake_line().await;
        }
        Ok(Some(Box::new(after)))
    }

    /// Returns the run after `facts`, at its next version; `None` if a fact does not fit it.
    pub(super) fn after(&self, run: &Run, facts: &[Fact]) -> Option<Run> {
        let now = self.clock.now();
        let mut after = run.clone();
        after.audit.written();
        for fact in facts {
            match after.after(&self.with_remedy(fact), now) {
                Ok(next) => after = next,
                Err(illegal) => {
                    // Somebody was faster: the caller looks again, and decides anew.
                    tracing::debug!(run = %run.export_task, "{illegal}");
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

    pub(super) fn context<'a>(&'a self, run: &Run, source: &'a Source) -> Context<'a> {
        let intent = run.open_stage().and_then(|it| it.intent.as_ref());
        let seen_for = intent.map(|it| self.sightings.of(run.export_task.as_str(), it));
        if intent.is_none() {
            self.sightings.forget(run.export_task.as_str());
        }
        let intent_seen_for = SignedDuration::try_from(seen_for.unwrap_or_default()).unwrap_or(SignedDuration::MAX);
        #[cfg(test)]
        let intent_seen_for = self.lapse(intent_seen_for);
        Context { me: &self.me, now: self.clock.now(), timing: &self.timing, source, intent_seen_for }
    }
}

/// Returns what makes `before` into `after`, whoever writes it: a run that begins with its source's turn takes it in the
/// same write, and one that ends gives it back, or nobody would ever have it again.
pub(super) fn update<'a>(before: &'a Run, after: &'a Run) -> Vec<Change<'a>> {
    let mut changes = vec![Change::Update { run: after, was: before.version, under: None }];
    if after.has_turn && !before.has_turn {
        changes.push(Change::TakeTurn { source: &after.source, run: &after.export_task });
    }
    if frees_turn(before, after) {
        changes.push(Change::FreeTurn { source: &before.source, run: &before.export_task });
    }
    changes
}

/// Says whether `facts` let the sensitive refresh start.
fn starts_sensitive(facts: &[Fact]) -> bool {
    facts.iter().any(|it| matches!(it, Fact::Intended { stage: StageId::SensitiveTransform, .. }))
}

/// Says whether the run had its source's turn, and has it no more.
pub(super) fn frees_turn(before: &Run, after: &Run) -> bool {
    before.has_turn && !after.has_turn
}

fn replaced(source: &Source, holder: Option<&str>) -> Failure {
    let message =
        format!("{} holds {}", source.latest.url(), holder.unwrap_or("another run's data, or a part of ours"));
    Failure::new(Class::Data, codes::LATEST_REPLACED, message)
}
