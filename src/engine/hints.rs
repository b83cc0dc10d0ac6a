//! What the queue brings: wake-ups of our own, and events of AWS. An event is a hint; what is true is looked up.

use crate::{
    domain::{
        failure::Class,
        name::ExportTask,
        run::{Order, Trigger},
        snapshot::SnapshotChoice,
        source::{Engine as Database, Schedule, Source},
    },
    engine::{Engine, Wake},
};

/// A message of our own, as it is sent: it carries a name and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Message {
    /// The run of this name may be able to move on.
    ExportTask(ExportTask),
    /// The request of this id may be open.
    Request(String),
}

impl Message {
    /// Returns the wake-up of run `name`, as it is sent.
    pub fn run(name: &ExportTask) -> String {
        Self::ExportTask(name.clone()).json()
    }

    /// Returns the wake-up of request `id`, as it is sent.
    pub fn request(id: &str) -> String {
        Self::Request(id.to_owned()).json()
    }

    fn json(&self) -> String {
        serde_json::to_string(self).expect("names are strings")
    }
}

/// What an event says may have happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    Own(Message),
    /// A snapshot can be exported.
    SnapshotAvailable {
        snapshot: String,
        engine: Database,
    },
    /// An export of this snapshot or cluster has ended; of which task is not said.
    ExportEnded {
        source_arn: String,
    },
    JobEnded {
        job: String,
    },
    CrawlEnded {
        crawler: String,
    },
}

/// AWS did not say what is true of a hint: it must be kept.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotNow(String);

impl Engine {
    /// Follows a hint. Following it twice does what following it once does.
    ///
    /// # Errors
    /// It could not be followed now.
    pub async fn follow(&self, hint: &Hint) -> Result<(), NotNow> {
        match hint {
            Hint::Own(Message::ExportTask(name)) => self.wakes.send(Wake::Run(name.clone())),
            Hint::Own(Message::Request(id)) => self.wakes.send(Wake::Request(id.clone())),
            Hint::SnapshotAvailable { snapshot, engine } => {
                for source in self.sources.all() {
                    if source.schedule == Schedule::OnSnapshot && source.engine == *engine {
                        self.snapshot_appeared(source, snapshot).await?;
                    }
                }
            }
            Hint::ExportEnded { source_arn } => self.wake_where(|it| it.source_arn == *source_arn).await?,
            Hint::JobEnded { job } => {
                #[cfg(test)]
                self.believe_job(job).await;
                let sources = self.sources.with_job(job);
                self.wake_where(|it| sources.contains(&it.source.as_str())).await?;
            }
            Hint::CrawlEnded { crawler } => {
                let sources = self.sources.with_crawler(crawler);
                self.wake_where(|it| sources.contains(&it.source.as_str())).await?;
            }
        }
        Ok(())
    }

    /// Starts a run of the snapshot, if it is one of `source` and has none yet.
    async fn snapshot_appeared(&self, source: &Source, snapshot: &str) -> Result<(), NotNow> {
        let found = match self.snapshots.find(source, &SnapshotChoice::Named(snapshot.to_owned())).await {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(()),
            Err(failure) if failure.class == Class::Transient => return Err(NotNow(failure.message)),
            Err(failure) => {
                let (code, message) = (failure.code, failure.message);
                tracing::error!(source = source.name, code, "Snapshot {snapshot} could not be looked up: {message}");
                return Err(NotNow(message));
            }
        };
        self.begin(source, &found, Trigger::Event).await
    }

    /// Records a run of `snapshot` if there is none, and wakes it.
    pub(super) async fn begin(
        &self,
        source: &Source,
        snapshot: &crate::domain::snapshot::Snapshot,
        trigger: Trigger,
    ) -> Result<(), NotNow> {
        let order = Order { trigger, requested_by: None, only: Vec::new(), layers: Vec::new(), reason: None };
        let run = self.new_run(source, snapshot, &order);
        let new = self.create(&run).await.map_err(|it| NotNow(it.to_string()))?;
        if new {
            let name = &run.export_task;
            tracing::info!(run = %name, ?trigger, "Run {name} of snapshot {} begins", snapshot.id);
            self.wakes.send(Wake::Run(name.clone()));
            self.wakes.send(Wake::Thread(name.clone()));
            if let Err(error) = self.queue.send(&Message::run(name)).await {
                tracing::warn!(run = %name, %error, "The queue did not take the wake-up of run {name}");
            }
        }
        Ok(())
    }

    async fn wake_where(&self, matches: impl Fn(&super::ports::OpenRun) -> bool) -> Result<(), NotNow> {
        let open = self.store.open_runs().await.map_err(|it| NotNow(it.to_string()))?;
        for run in open.into_iter().filter(matches) {
            self.wakes.send(Wake::Run(run.export_task));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wake_up_carries_the_name_and_nothing_else() {
        let name: ExportTask = "shop-202611220304-0a09292e-a1".parse().unwrap();
        let sent = Message::run(&name);
        assert_eq!(sent, r#"{"export_task":"shop-202611220304-0a09292e-a1"}"#);
        assert_eq!(serde_json::from_str::<Message>(&sent).unwrap(), Message::ExportTask(name));
    }
}
