//! Carrying out what people have asked for: the request is in the record; what it leads to is written together with
//! its end, so that it happens once.

use std::time::Duration;

use jiff::SignedDuration;

use crate::{
    domain::{
        answer::{Answer, Outcome},
        approval::Ballot,
        fact::Fact,
        failure::Failure,
        run::Run,
        stage::StageId,
    },
    engine::{
        Engine, Wake,
        actors::Next,
        audit,
        ports::{Change, Conflict, Reply, Request, StoreError, Wish},
        reconciler::{frees_turn, update},
    },
};

mod acknowledge;
mod decide;
mod glass;
mod permit;
mod plan;
mod resolve;
mod retry;
mod rollback;
mod start;

/// After so long a request that AWS or Slack keeps from being carried out is given up, and the person told.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// Pause between two attempts.
const PAUSE: Duration = Duration::from_secs(3);

/// How long Slack is given to show the answer to a form before the outcome takes its place: the other way round, the
/// modal would be left with an answer that nothing follows.
pub(super) const ANSWER_SHOWS: Duration = Duration::from_secs(1);

/// What a request leads to.
struct Effect {
    outcome: Outcome,
    /// Runs to write: new ones, and changed ones.
    create: Vec<Run>,
    update: Vec<Changed>,
}

/// A run that changes.
struct Changed {
    before: Run,
    after: Run,
}

impl From<Outcome> for Effect {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, create: Vec::new(), update: Vec::new() }
    }
}

/// Returns that something which may pass is in the way.
fn later(failure: Failure) -> Trouble {
    Trouble::Later { code: failure.code, why: failure.message }
}

/// Why a request was not carried out now.
enum Trouble {
    Store(StoreError),
    /// AWS or Slack has not answered; later it may.
    Later {
        code: String,
        why: String,
    },
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Engine {
    /// Carries out the request `id` if it is open, and says when to try again.
    pub async fn carry_out(&self, id: &str) -> Next {
        let request = match self.store.request(id).await {
            Ok(Some(request)) if request.outcome.is_none() => request,
            Ok(_) => return Next::Rest,
            Err(error) => {
                tracing::error!(request = id, %error, "Request {id} could not be read");
                self.unreadable(&error).await;
                return Next::Again(PAUSE);
            }
        };
        match self.try_request(&request).await {
            Ok(next) => next,
            Err(Trouble::Store(error)) => {
                tracing::error!(request = id, %error, "Request {id} could not be carried out");
                self.unreadable(&error).await;
                Next::Again(PAUSE)
            }
            Err(Trouble::Later { code, why }) => self.later(&request, code, why).await,
        }
    }

    async fn try_request(&self, request: &Request) -> Result<Next, Trouble> {
        let mut effect = self.effect(request).await?;
        match self.write(request, &mut effect).await {
            Ok(()) => {
                self.conclude(request, &effect).await;
                Ok(Next::Rest)
            }
            // The world has changed since it was read: look again, and decide anew.
            Err(StoreError::Conflict(Conflict::Run(_))) => Ok(Next::Again(Duration::ZERO)),
            // Who has the turn need not be among the runs that were looked at: to look again at once might never end.
            Err(StoreError::Conflict(Conflict::Turn { .. })) => Ok(Next::Again(PAUSE)),
            Err(StoreError::Conflict(Conflict::Closed)) => Ok(Next::Rest),
            Err(error) => Err(error.into()),
        }
    }

    async fn effect(&self, request: &Request) -> Result<Effect, Trouble> {
        match &request.wish {
            Wish::Decide { approval, verdict, reason, until } => {
                let ballot = Ballot { verdict: *verdict, reason: reason.clone(), until: *until };
                self.decide(request, approval, &ballot).await
            }
            Wish::Withdraw { approval } => self.withdraw(request, approval).await,
            Wish::Explain { approval, reason } => self.explain(request, approval, reason).await,
            Wish::Review { run } => self.review_glass(request, run).await,
            Wish::BreakGlass { run, reason } => match self.operable(request, run).await? {
                Ok(run) => self.break_glass(request, run, reason).await,
                Err(effect) => Ok(effect),
            },
            Wish::Run(command) => match self.barred_from(request, &command.source).await? {
                Some(refused) => Ok(refused),
                None => self.start_run(request, command).await,
            },
            Wish::PreviewRollback(command) => self.preview_rollback(request, command).await,
            Wish::Rollback { preview } => self.roll_back(request, preview).await,
            Wish::Retry { run, from } => match self.operable(request, run).await? {
                Ok(run) => self.retry_run(request, &run, *from).await,
                Err(effect) => Ok(effect),
            },
            Wish::Acknowledge { run } => match self.operable(request, run.as_str()).await? {
                Ok(run) => self.acknowledge(request, &run.export_task).await,
                Err(effect) => Ok(effect),
            },
            Wish::Cancel { run } => match self.operable(request, run).await? {
                Ok(run) => Ok(self.cancel_run(request, &run)),
                Err(effect) => Ok(effect),
            },
        }
    }

    /// Writes what the request leads to, with its end, and that in the log: in the chain of the run that goes on, or in
    /// the one that belongs to none.
    async fn write(&self, request: &Request, effect: &mut Effect) -> Result<(), StoreError> {
        let deed = audit::of_request(request, &effect.outcome);
        let run = effect.create.last_mut().or_else(|| effect.update.last_mut().map(|it| &mut it.after));
        let deed = match run {
            Some(run) => {
                run.log(deed);
                None
            }
            None => Some(deed),
        };
        let mut changes = vec![Change::Close { request: &request.id, outcome: &effect.outcome }];
        changes.extend(effect.create.iter().map(Change::Create));
        changes.extend(effect.update.iter().flat_map(|it| update(&it.before, &it.after)));
        match deed {
            Some(deed) => self.write_at_door(deed, &changes).await,
            None => self.store.write(&changes).await,
        }
    }

    /// Wakes what has changed, and tells the person.
    async fn conclude(&self, request: &Request, effect: &Effect) {
        let (id, by, outcome) = (&request.id, &request.by, &effect.outcome);
        tracing::info!(request = id, by, ?outcome, "Carried out request {id}");
        for run in effect.create.iter().chain(effect.update.iter().map(|it| &it.after)) {
            self.wakes.send(Wake::Run(run.export_task.clone()));
            self.wakes.send(Wake::Thread(run.export_task.clone()));
        }
        for Changed { before, .. } in effect.update.iter().filter(|it| frees_turn(&it.before, &it.after)) {
            self.wake_waiting(&before.source).await;
        }
        let Some(reply) = &request.reply else { return };
        if matches!(reply, Reply::View(_)) {
            self.outbox.pause(ANSWER_SHOWS).await;
        }
        self.tell(by, reply, &Answer::Outcome(outcome.clone())).await;
    }

    async fn later(&self, request: &Request, code: String, why: String) -> Next {
        tracing::warn!(request = request.id, code, why, "Request {} has to wait", request.id);
        if self.clock.now() - PATIENCE < request.received_at {
            return Next::Again(PAUSE);
        }
        let mut effect = Effect::from(Outcome::GaveUp { code, why });
        match self.write(request, &mut effect).await {
            Ok(()) => self.conclude(request, &effect).await,
            Err(error) => tracing::error!(request = request.id, %error, "Request {} could not be closed", request.id),
        }
        Next::Rest
    }

    fn cancel_run(&self, request: &Request, run: &Run) -> Effect {
        let fact = Fact::CancelAsked { by: request.by.clone() };
        if run.status.is_over() {
            let status = run.status.as_str().to_owned();
            return Outcome::NotCanceled { run: run.export_task.clone(), status }.into();
        }
        let after = self.after(run, &[fact]).expect("a run that is not over can be canceled");
        let outcome = Outcome::Canceling { run: run.export_task.clone() };
        Effect { outcome, create: Vec::new(), update: vec![Changed { before: run.clone(), after }] }
    }
}
