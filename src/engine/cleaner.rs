//! Removing exports that nothing needs any more, for the sources that say how many are kept.
//!
//! What is removed is decided by [`Retention`] from the records and the manifest. The record is marked first: from then on
//! no rollback and no retry builds on the export. Then the manifest is read once more, and only then is anything removed.
//! A process that dies in between leaves the mark, by which the next pass finishes. Two replicas that clean at once do no
//! harm: removing twice is removing once.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use super::{
    Engine, Wake,
    periodic::Rhythm,
    ports::{Cleaning, Cleanings, Conflict, Removed, Storage, StoreError},
    reconciler::update,
};
use crate::domain::{
    audit::deeds::removed,
    fact::Fact,
    failure::Failure,
    forecast::{Holding, Published},
    name::ExportTask,
    retention::{InUse, Retention},
    run::Run,
    source::{Location, Source},
};

/// How often a source is cleaned up after, at the most.
const EVERY: SignedDuration = SignedDuration::from_hours(1);

/// How long a pass over all sources may take: each call has its time-out, and the largest export takes minutes.
const LONGEST: Duration = Duration::from_mins(30);

/// Runs of a source that are looked at, the newest. What is older was removed when it was among them.
const LOOKED_AT: usize = 1000;

/// Cleans up after all sources.
pub struct Cleaner {
    pub engine: Arc<Engine>,
    pub storage: Arc<dyn Storage>,
    pub cleanings: Arc<dyn Cleanings>,
}

/// Why a pass could not be finished. The next one goes on.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{}: {}", .0.code, .0.message)]
    Aws(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Aws(failure)
    }
}

impl Cleaner {
    /// Looks every period whether something is to be cleaned, until `stop`, which cuts a pass off:
    /// what was removed is gone, and the next pass goes on.
    pub async fn clean_every(self: Arc<Self>, period: Duration, stop: CancellationToken) {
        Rhythm { what: "cleaning", period, longest: LONGEST }.keep(stop, || self.clean()).await;
    }

    async fn clean(&self) {
        for source in self.engine.sources.all() {
            let Some(retention) = source.retention else { continue };
            if let Err(error) = self.clean_source(source, retention).await {
                metrics::counter!(crate::metrics::SWEEP_ERRORS).increment(1);
                tracing::warn!(source = source.name, %error, "Exports of {} could not be removed", source.name);
            }
        }
    }

    async fn clean_source(&self, source: &Source, retention: Retention) -> Result<(), Trouble> {
        if !self.is_due(source, retention).await? {
            return Ok(());
        }
        // Without a manifest nobody can tell what readers need.
        let Holding::Published(held) = self.engine.shelf.holding(source).await? else { return Ok(()) };
        let runs = self.runs(source).await?;
        let in_use = self.in_use(source, held, &runs).await?;
        for run in retention.removable(&runs, &in_use, self.engine.clock.now()) {
            if !run.lies_in(&source.export.to) {
                continue;
            }
            if let Some(marked) = self.mark(run).await? {
                self.remove(source, &marked).await?;
            }
        }
        Ok(())
    }

    /// Says whether it is time to clean up after `source`, and nobody else has begun to.
    async fn is_due(&self, source: &Source, retention: Retention) -> Result<bool, StoreError> {
        let (now, every) = (self.engine.clock.now(), EVERY.min(retention.grace / 4));
        let before = self.cleanings.cleaning(&source.name).await?;
        if before.as_ref().is_some_and(|it| now.duration_since(it.began_at) < every) {
            return Ok(false);
        }
        let version = before.map_or(0, |it| it.version) + 1;
        self.cleanings.put_cleaning(&Cleaning { source: source.name.clone(), began_at: now, version }).await
    }

    /// Returns the records of the source's runs, with those of their earlier attempts.
    async fn runs(&self, source: &Source) -> Result<Vec<Run>, StoreError> {
        let newest = self.engine.store.recent(&source.name, LOOKED_AT).await?;
        let mut runs = Vec::new();
        for run in newest {
            for attempt in 1..run.attempt {
                runs.extend(self.engine.store.run(&run.run_id.with_attempt(attempt)).await?);
            }
            runs.push(run);
        }
        Ok(runs)
    }

    async fn in_use(&self, source: &Source, held: Published, runs: &[Run]) -> Result<InUse, Failure> {
        let mut read = Vec::new();
        for layer in source.layers() {
            for table in self.engine.catalogs.tables(source, layer).await? {
                let location = format!("{}/", table.location);
                let lies_in = |it: &&Run| location.contains(&format!("/{}/", it.export_task));
                read.extend(runs.iter().filter(lies_in).map(|it| it.export_task.clone()));
            }
        }
        Ok(InUse { published: Some(held.export_task), since: Some(held.published_at), read })
    }

    /// Marks the run, if its record is still the one that was judged.
    async fn mark(&self, judged: &Run) -> Result<Option<Run>, StoreError> {
        let Some(run) = self.engine.store.run(&judged.export_task).await? else { return Ok(None) };
        if run.removal.is_some() {
            return Ok(Some(run).filter(|it| it.status.is_over()));
        }
        if run.version != judged.version {
            return Ok(None);
        }
        self.record(&run, &Fact::RemovalBegan).await
    }

    async fn remove(&self, source: &Source, run: &Run) -> Result<(), Trouble> {
        let name = run.export_task.as_str();
        let Holding::Published(held) = self.engine.shelf.holding(source).await? else { return Ok(()) };
        if held.export_task == name {
            tracing::warn!(run = name, "The export of run {name} is published again: it is kept");
            return Ok(());
        }
        let mut removed = Removed::default();
        for place in places(source, &run.export_task) {
            let Removed { objects, bytes } = self.storage.remove(&place).await?;
            removed.objects += objects;
            removed.bytes += bytes;
        }
        let Removed { objects, bytes } = removed;
        if self.record(run, &Fact::RemovalEnded { objects, bytes }).await?.is_some() {
            metrics::counter!(crate::metrics::EXPORTS_REMOVED).increment(1);
            metrics::counter!(crate::metrics::OBJECTS_REMOVED).increment(objects);
            tracing::info!(run = name, objects, bytes, "Removed the export of run {name}");
        }
        Ok(())
    }

    /// Records the fact. Returns `None` if somebody else has changed the record meanwhile.
    async fn record(&self, run: &Run, fact: &Fact) -> Result<Option<Run>, StoreError> {
        let engine = &self.engine;
        let Some(after) = engine.after(run, std::slice::from_ref(fact)) else { return Ok(None) };
        let written = match (fact, &run.next_attempt) {
            // The chain of an attempt that was left behind has gone on in the next.
            (Fact::RemovalEnded { objects, bytes }, Some(_)) => {
                let deed = removed(*objects, *bytes).with("export_task", &run.export_task);
                engine.write_at_door(deed, &update(run, &after)).await
            }
            _ => engine.store.write(&update(run, &after)).await,
        };
        match written {
            Ok(()) => {}
            Err(StoreError::Conflict(Conflict::Run(_))) => return Ok(None),
            Err(error) => return Err(error),
        }
        engine.wakes.send(Wake::Thread(after.export_task.clone()));
        Ok(Some(after))
    }
}

/// Returns where everything of the export lies that is the run's alone: the export itself, and the folder of each layer
/// that only its readers have, where layers read exports without a copy.
fn places(source: &Source, run: &ExportTask) -> Vec<Location> {
    let of_run = |it: &Location| Location { bucket: it.bucket.clone(), prefix: it.key(run.as_str()) };
    let layers = source.layers().into_iter().filter_map(|it| source.layer(it)).map(|it| of_run(&it.output));
    std::iter::once(of_run(&source.export.to)).chain(layers).collect()
}
