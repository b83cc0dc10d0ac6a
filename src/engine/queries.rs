//! Answers to what people ask about runs and sources. Nothing here changes anything.

use crate::{
    domain::{
        access::Right,
        answer::{Answer, Outcome},
        command::Command,
        run::{Run, RunStatus},
    },
    engine::{
        Engine,
        accept::Asker,
        ports::{StoreError, Via},
    },
};

/// Runs of a source that are shown to who asks how it stands.
const STATUS: usize = 5;

/// Runs per source that an overview looks through.
const OVERVIEW: usize = 20;

impl Engine {
    /// Answers a command that changes nothing.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn query(&self, asker: &Asker, command: Command) -> Result<Answer, StoreError> {
        match command {
            Command::Status { target: Some(target) } => self.status(&target).await,
            Command::List { source, failed, limit } => self.list(source.as_deref(), failed, limit.into()).await,
            Command::Sources => self.list_sources().await,
            Command::Whoami => Ok(self.whoami(asker).await),
            Command::Help { topic } => Ok(Answer::Help { topic, may_operate: self.may_operate(asker).await }),
            Command::Overview | Command::Status { target: None } => self.overview(asker).await,
            Command::Run(_) | Command::Form | Command::Retry { .. } | Command::Cancel { .. } => {
                Ok(Answer::UnknownButton)
            }
        }
    }

    async fn overview(&self, asker: &Asker) -> Result<Answer, StoreError> {
        // Side by side: whoever asks has little time to wait for any of it.
        let (active, unmanaged, may_operate) =
            tokio::join!(self.active(), self.unmanaged(None), self.may_operate(asker));
        Ok(Answer::Overview { active: active?, unmanaged, may_operate })
    }

    async fn active(&self) -> Result<Vec<Run>, StoreError> {
        let mut active = Vec::new();
        for source in self.sources.all() {
            let recent = self.store.recent(&source.name, OVERVIEW).await?;
            active.extend(recent.into_iter().filter(|it| !it.status.is_over()));
        }
        newest_first(&mut active);
        Ok(active)
    }

    async fn status(&self, target: &str) -> Result<Answer, StoreError> {
        if self.sources.get(target).is_some() {
            let (runs, unmanaged) = tokio::join!(self.store.recent(target, STATUS), self.unmanaged(Some(target)));
            return Ok(Answer::Runs { runs: runs?, unmanaged });
        }
        Ok(match self.resolve(target).await? {
            Ok(run) => {
                let unsent = self.unsent(&run).await?;
                Answer::Details(Box::new(run), unsent)
            }
            Err(Outcome::AmbiguousRun { text, matches }) => Answer::AmbiguousRun { text, matches },
            Err(_) => Answer::UnknownRun { text: target.to_owned() },
        })
    }

    async fn list(&self, source: Option<&str>, failed: bool, limit: usize) -> Result<Answer, StoreError> {
        if let Some(unknown) = source.filter(|it| self.sources.get(it).is_none()) {
            return Ok(self.unknown_source(unknown));
        }
        let mut runs = Vec::new();
        for known in self.sources.all().iter().filter(|it| source.is_none_or(|name| it.name == name)) {
            // A filter looks further back than what it shows.
            let depth = if failed { limit * 10 } else { limit };
            runs.extend(self.store.recent(&known.name, depth).await?);
        }
        runs.retain(|it| !failed || it.status == RunStatus::Failed);
        newest_first(&mut runs);
        runs.truncate(limit);
        Ok(Answer::Runs { runs, unmanaged: Vec::new() })
    }

    async fn list_sources(&self) -> Result<Answer, StoreError> {
        let mut sources = Vec::new();
        for source in self.sources.all() {
            let last = self.store.recent(&source.name, 1).await?.into_iter().next();
            sources.push((source.clone(), last));
        }
        Ok(Answer::Sources(sources))
    }

    async fn whoami(&self, asker: &Asker) -> Answer {
        let mut lists = vec![self.access.operators.as_slice(), self.access.viewers.as_slice()];
        let guarded = || self.sources.all().iter().filter_map(|it| Some((it, it.sensitive.as_ref()?)));
        lists.extend(guarded().map(|(_, layer)| layer.approval.approvers.as_slice()));
        let Ok(person) = self.people.person(&asker.user, &lists).await else { return Answer::Unidentified };
        let approves = guarded().filter(|(_, layer)| person.is_in(&layer.approval.approvers));
        Answer::Whoami {
            user: person.user.clone(),
            member: person.membership == crate::domain::access::Membership::Member,
            views: self.access.allows(&person, Right::View),
            operates: self.access.allows(&person, Right::Operate),
            approves: approves.map(|(source, _)| source.name.clone()).collect(),
        }
    }

    async fn may_operate(&self, asker: &Asker) -> bool {
        match asker.via {
            Via::Cli => true,
            Via::Slack => self.who(&asker.user).await.is_some_and(|it| self.access.allows(&it, Right::Operate)),
        }
    }
}

fn newest_first(runs: &mut [Run]) {
    runs.sort_by_key(|it| std::cmp::Reverse(it.created_at));
}
