//! Answers to what people ask about runs and sources. Nothing here changes anything.

use crate::{
    domain::{
        access::{Right, Who},
        answer::{Answer, Outcome},
        command::{Command, Verb},
        run::{Run, RunStatus},
    },
    engine::{
        Engine,
        accept::Asker,
        permits::{Scope, Want},
        ports::StoreError,
    },
};

/// Runs of a source that are shown to who asks how it stands.
const STATUS: usize = 5;

/// Runs per source that an overview looks through.
const OVERVIEW: usize = 20;

impl Engine {
    /// Answers a command that changes nothing; of what `scope` does not reach nothing is told.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn query(&self, asker: &Asker, scope: &Scope<'_>, command: Command) -> Result<Answer, StoreError> {
        match command {
            Command::Status { target: Some(target) } => self.status(asker, scope, &target).await,
            Command::List { source, failed, limit } => self.list(scope, source.as_deref(), failed, limit.into()).await,
            Command::Sources => self.list_sources(scope).await,
            Command::Whoami => Ok(self.whoami(asker, scope).await),
            Command::Help { topic } => Ok(Answer::Help { topic, may_operate: scope.has(Right::Operate) }),
            Command::Overview | Command::Status { target: None } => self.overview(scope).await,
            Command::Run(_) | Command::Form | Command::Retry { .. } | Command::Cancel { .. } => {
                Ok(Answer::UnknownButton)
            }
        }
    }

    async fn overview(&self, scope: &Scope<'_>) -> Result<Answer, StoreError> {
        // Side by side: whoever asks has little time to wait for any of it.
        let (active, mut unmanaged) = tokio::join!(self.active(scope), self.unmanaged(None));
        unmanaged.retain(|it| scope.allows(&it.source, Right::View));
        Ok(Answer::Overview { active: active?, unmanaged, may_operate: scope.has(Right::Operate) })
    }

    async fn active(&self, scope: &Scope<'_>) -> Result<Vec<Run>, StoreError> {
        let mut active = Vec::new();
        for source in scope.sources(Right::View) {
            let recent = self.store.recent(&source.name, OVERVIEW).await?;
            active.extend(recent.into_iter().filter(|it| !it.status.is_over()));
        }
        newest_first(&mut active);
        Ok(active)
    }

    async fn status(&self, asker: &Asker, scope: &Scope<'_>, target: &str) -> Result<Answer, StoreError> {
        if self.sources.get(target).is_some() {
            let (runs, unmanaged) = tokio::join!(self.store.recent(target, STATUS), self.unmanaged(Some(target)));
            return Ok(Answer::Runs { runs: runs?, unmanaged });
        }
        Ok(match self.resolve(target, &scope.sources(Right::View)).await? {
            // Its whole name was given: now the source is known.
            Ok(run) if !scope.allows(&run.source, Right::View) => {
                let want = Want { what: Verb::Status.word(), right: Some(Right::View), target: Some(target) };
                self.refuse(asker, &want, scope.forbidden(Right::View, Some(&run.source)))
            }
            Ok(run) => {
                let unsent = self.unsent(&run).await?;
                Answer::Details(Box::new(run), unsent)
            }
            Err(Outcome::AmbiguousRun { text, matches }) => Answer::AmbiguousRun { text, matches },
            Err(_) => Answer::UnknownRun { text: target.to_owned() },
        })
    }

    async fn list(
        &self,
        scope: &Scope<'_>,
        source: Option<&str>,
        failed: bool,
        limit: usize,
    ) -> Result<Answer, StoreError> {
        if let Some(unknown) = source.filter(|it| self.sources.get(it).is_none()) {
            return Ok(self.unknown_source(unknown, scope));
        }
        let mut runs = Vec::new();
        for known in scope.sources(Right::View).into_iter().filter(|it| source.is_none_or(|name| it.name == name)) {
            // A filter looks further back than what it shows.
            let depth = if failed { limit * 10 } else { limit };
            runs.extend(self.store.recent(&known.name, depth).await?);
        }
        runs.retain(|it| !failed || it.status == RunStatus::Failed);
        newest_first(&mut runs);
        runs.truncate(limit);
        Ok(Answer::Runs { runs, unmanaged: Vec::new() })
    }

    async fn list_sources(&self, scope: &Scope<'_>) -> Result<Answer, StoreError> {
        let mut sources = Vec::new();
        for source in scope.sources(Right::View) {
            let last = self.store.recent(&source.name, 1).await?.into_iter().next();
            sources.push((source.clone(), last));
        }
        Ok(Answer::Sources(sources))
    }

    async fn whoami(&self, asker: &Asker, scope: &Scope<'_>) -> Answer {
        let guarded = || self.sources.all().iter().filter_map(|it| Some((it, it.sensitive.as_ref()?)));
        let lists: Vec<&[Who]> = guarded().map(|(_, layer)| layer.approval.approvers.as_slice()).collect();
        let Ok(person) = self.people.person(&asker.user, &lists).await else { return Answer::Unidentified };
        let approves = guarded().filter(|(_, layer)| person.is_in(&layer.approval.approvers));
        Answer::Whoami {
            user: person.user.clone(),
            member: person.is_member(),
            views: scope.reach(Right::View),
            operates: scope.reach(Right::Operate),
            approves: approves.map(|(source, _)| source.name.clone()).collect(),
        }
    }
}

fn newest_first(runs: &mut [Run]) {
    runs.sort_by_key(|it| std::cmp::Reverse(it.created_at));
}
