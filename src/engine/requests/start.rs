//! `run`: from a source and a snapshot to a run.

use super::{Conflict, Effect, Engine, Outcome, Request, Run, StoreError, Trouble};
use crate::{
    domain::{
        command::RunCommand,
        failure::{Class, Failure},
        history::{self, Usual},
        run::{Order, Trigger},
        snapshot::{Snapshot, SnapshotChoice},
        source::Source,
    },
    engine::ports::{Change, Via},
};

/// Runs that are looked through for those that tell what is usual: some of them have failed.
pub(super) const LOOKED_AT: usize = 2 * history::RUNS;

/// A run that could be recorded, and what it was made of.
pub(super) struct Prepared<'a> {
    pub(super) source: &'a Source,
    pub(super) snapshot: Snapshot,
    pub(super) run: Run,
    /// The newest attempt of the same run, if it is there already.
    pub(super) existing: Option<Run>,
}

impl Engine {
    pub(super) async fn start_run(&self, request: &Request, command: &RunCommand) -> Result<Effect, Trouble> {
        let Prepared { source, run, existing, .. } = match self.prepare(command, request.via, &request.by).await? {
            Ok(prepared) if command.plan => return Ok(self.planned(&prepared).await?.into()),
            Ok(prepared) => prepared,
            Err(outcome) => return Ok(outcome.into()),
        };
        if let Some(existing) = existing {
            return Ok(exists(&existing, &run).into());
        }
        let outcome = match self.holder(&run).await? {
            Some(holder) => Outcome::Queued { run: run.export_task.clone(), holder },
            None => Outcome::Started { run: run.export_task.clone() },
        };
        let run = Run { usual: self.usual(&source.name).await, ..run };
        Ok(Effect { outcome, create: vec![run], update: Vec::new() })
    }

    /// Returns what `command` comes to, or why to nothing. Starts nothing.
    pub(super) async fn prepare(
        &self,
        command: &RunCommand,
        via: Via,
        by: &str,
    ) -> Result<Result<Prepared<'_>, Outcome>, Trouble> {
        let Some(source) = self.sources.get(&command.source) else {
            return Ok(Err(Outcome::UnknownSource { name: command.source.clone() }));
        };
        if let Some(layer) = command.layers.iter().find(|it| source.layer(**it).is_none()) {
            return Ok(Err(Outcome::NoSuchLayer { source: source.name.clone(), layer: *layer }));
        }
        let snapshot = match self.snapshots.find(source, &command.snapshot).await {
            Ok(Some(snapshot)) => snapshot,
            Ok(None) => return Ok(Err(not_found(source, &command.snapshot))),
            Err(failure) => return give_up_or_wait(failure).map(Err),
        };
        let run = self.new_run(source, &snapshot, &order(command, via, by));
        let existing = self.newest_attempt(&run.export_task).await?;
        Ok(Ok(Prepared { source, snapshot, run, existing }))
    }

    /// Returns the run that `order` makes of `snapshot`, now.
    pub(in crate::engine) fn new_run(&self, source: &Source, snapshot: &Snapshot, order: &Order) -> Run {
        Run::new(source, snapshot, order, self.clock.now())
    }

    /// Returns what the runs of `source` usually take. A run does not wait for it: what cannot be told is left out.
    pub(in crate::engine) async fn usual(&self, source: &str) -> Option<Usual> {
        match self.store.recent(source, LOOKED_AT).await {
            Ok(recent) => Usual::of(&recent),
            Err(error) => {
                tracing::warn!(source, %error, "How long runs of {source} usually take could not be looked up");
                None
            }
        }
    }

    /// Records a run that an event or the sweeper wants, if it is not there yet, and says whether it was not.
    ///
    /// # Errors
    /// The store did not take it.
    pub(in crate::engine) async fn create(&self, run: &Run) -> Result<bool, StoreError> {
        if self.store.run(&run.export_task).await?.is_some() {
            return Ok(false);
        }
        let run = Run { usual: self.usual(&run.source).await, ..run.clone() };
        match self.store.write(&[Change::Create(&run)]).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict(Conflict::Run(_))) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Returns the run that has the turn now.
    async fn holder(&self, run: &Run) -> Result<Option<String>, StoreError> {
        let recent = self.store.recent(&run.source, 10).await?;
        Ok(recent.iter().find(|it| it.has_turn).map(|it| it.export_task.to_string()))
    }
}

fn order(command: &RunCommand, via: Via, by: &str) -> Order {
    Order {
        trigger: match via {
            Via::Slack => Trigger::Slack,
            Via::Cli => Trigger::Cli,
        },
        requested_by: Some(by.to_owned()),
        only: command.only.clone(),
        layers: command.layers.clone(),
        reason: command.reason.clone(),
    }
}

fn not_found(source: &Source, choice: &SnapshotChoice) -> Outcome {
    let source = source.name.clone();
    match choice {
        SnapshotChoice::Latest => Outcome::NoSnapshot { source },
        SnapshotChoice::Named(id) => Outcome::SnapshotNotFound { source, snapshot: id.clone() },
    }
}

fn exists(existing: &Run, wanted: &Run) -> Outcome {
    Outcome::Exists {
        run: existing.export_task.clone(),
        status: existing.status.as_str().to_owned(),
        same_layers: existing.layers == wanted.layers,
    }
}

fn give_up_or_wait(failure: Failure) -> Result<Outcome, Trouble> {
    let Failure { class, code, message: why, .. } = failure;
    match class {
        Class::Transient => Err(Trouble::Later { code, why }),
        Class::NewAttempt | Class::Config | Class::Data | Class::Lost => Ok(Outcome::GaveUp { code, why }),
    }
}
