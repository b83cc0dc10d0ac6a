//! Once a period, everything that is open is looked at: whatever message was lost, it costs one period.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    domain::{
        run::Trigger,
        snapshot::SnapshotChoice,
        source::{Schedule, Source},
    },
    engine::{Engine, Wake, periodic::Rhythm},
};

/// How often a sweep looks at the exports of the whole account; who asks for them sees fresher ones.
const EXPORTS_EVERY: Duration = Duration::from_mins(5);

/// How long a sweep may take.
const LONGEST: Duration = Duration::from_mins(1);

/// Sweeps at once and then every period, until `stop`, which cuts a sweep off: it only wakes, and begins what the next
/// sweep would.
pub async fn sweep_every(engine: Arc<Engine>, period: Duration, stop: CancellationToken) {
    Rhythm { what: "sweep", period, longest: LONGEST }.keep(stop, || engine.sweep()).await;
}

impl Engine {
    /// Wakes every open run, thread, request and notice, the board and the Homes, begins runs of snapshots whose event was
    /// lost, and looks which source is overdue.
    pub async fn sweep(&self) {
        match self.store.open_requests().await {
            Ok(ids) => ids.into_iter().for_each(|id| self.wakes.send(Wake::Request(id))),
            Err(error) => troubled("requests", &error.to_string()),
        }
        #[cfg(test)]
        if self.forgets_runs() {
            return;
        }
        match self.store.open_runs().await {
            Ok(open) => {
                for run in open {
                    self.wakes.send(Wake::Run(run.export_task.clone()));
                    self.wakes.send(Wake::Thread(run.export_task));
                }
            }
            Err(error) => troubled("runs", &error.to_string()),
        }
        self.wakes.send(Wake::Board);
        match self.store.open_notices().await {
            Ok(ids) => ids.into_iter().for_each(|id| self.wakes.send(Wake::Notice(id))),
            Err(error) => troubled("notices", &error.to_string()),
        }
        self.wakes.send(Wake::Homes);
        for source in self.sources.all() {
            if let Err(error) = self.look_for_miss(source, self.clock.now()).await {
                troubled(&source.name, &error.to_string());
            }
        }
        for source in self.sources.all().iter().filter(|it| it.schedule == Schedule::OnSnapshot) {
            if let Err(error) = self.catch_up(source).await {
                troubled(&source.name, &error);
            }
        }
        if let Err(error) = self.look_at_exports(EXPORTS_EVERY).await {
            troubled("exports", &error.to_string());
        }
    }

    /// Begins a run of the newest snapshot of `source` if it was taken since the source is watched. Older ones were
    /// there before the bot was: nobody waits for them.
    async fn catch_up(&self, source: &Source) -> Result<(), String> {
        let newest = self.snapshots.find(source, &SnapshotChoice::Latest).await.map_err(|it| it.message)?;
        let since = self.store.watched_since(&source.name, self.started_at).await.map_err(|it| it.to_string())?;
        match newest {
            Some(snapshot) if snapshot.taken_at > since => {
                self.begin(source, &snapshot, Trigger::Sweep).await.map_err(|it| it.to_string())
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn troubled(what: &str, error: &str) {
    metrics::counter!(crate::metrics::SWEEP_ERRORS).increment(1);
    tracing::warn!(what, error, "The sweep of {what} could not be finished");
}
