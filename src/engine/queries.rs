//! Answers to what people ask about runs and sources. Nothing here changes anything.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    domain::{
        access::Right,
        answer::{Answer, Outcome, Part},
        command::{Command, SOURCES},
        lake::Standing,
        run::{Run, RunStatus},
    },
    engine::{
        Engine,
        accept::Asker,
        ports::{StoreError, Via},
    },
};

/// Runs of a source that a list of failures looks through at the most.
const DEEPEST: usize = 1000;

/// How much further back a list of failures looks than what it shows.
const RARITY: usize = 10;

/// Sources whose runs are listed at the same time.
const SIDE_BY_SIDE: usize = 8;

impl Engine {
    /// Answers a command that changes nothing.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn query(&self, asker: &Asker, command: Command) -> Result<Answer, StoreError> {
        match command {
            Command::Status { target: Some(target) } => self.status(&target).await,
            Command::List { ref source, failed, limit, skip } => {
                self.list(&command, source.as_deref(), failed, limit.into(), skip.into()).await
            }
            Command::Sources { skip } => self.list_sources(&command, skip.into()).await,
            Command::Whoami => Ok(self.whoami(asker).await),
            Command::Help { topic } => Ok(Answer::Help { topic, may_operate: self.may_operate(asker).await }),
            Command::Overview | Command::Status { target: None } => self.overview(asker).await,
            Command::Run(_) | Command::Retry { .. } | Command::Cancel { .. } => Ok(Answer::UnknownButton),
        }
    }

    async fn overview(&self, asker: &Asker) -> Result<Answer, StoreError> {
        // Side by side: whoever asks has little time to wait for any of it.
        let (lake, unmanaged, may_operate) = tokio::join!(self.lake(), self.unmanaged(None), self.may_operate(asker));
        Ok(Answer::Overview { lake: lake?, unmanaged, may_operate, at: self.clock.now() })
    }

    async fn status(&self, target: &str) -> Result<Answer, StoreError> {
        if let Some(source) = self.sources.get(target) {
            let (standing, unmanaged) = tokio::join!(self.standing(source), self.unmanaged(Some(target)));
            return Ok(Answer::Source { standing: Box::new(standing?), unmanaged, at: self.clock.now() });
        }
        Ok(match self.resolve(target).await? {
            Ok(run) => {
                let unsent = self.unsent(&run).await?;
                Answer::Details(Box::new(run), unsent)
            }
            Err(Outcome::AmbiguousRun { text, matches }) => Answer::AmbiguousRun { text, matches },
            Err(_) => {
                let near = self.sources.nearest(target).map(str::to_owned);
                Answer::UnknownTarget { text: target.to_owned(), near }
            }
        })
    }

    async fn list(
        &self,
        of: &Command,
        source: Option<&str>,
        failed: bool,
        limit: usize,
        skip: usize,
    ) -> Result<Answer, StoreError> {
        if let Some(unknown) = source.filter(|it| self.sources.get(it).is_none()) {
            return Ok(self.unknown_source(unknown));
        }
        // One more than is shown tells whether there are more.
        let wanted = skip + limit + 1;
        let depth = if failed { (wanted * RARITY).min(DEEPEST) } else { wanted };
        let known = self.sources.all().iter().filter(|it| source.is_none_or(|name| it.name == name));
        let each: Vec<_> = known.map(|it| self.store.recent(&it.name, depth)).collect();
        let found: Vec<Vec<Run>> = stream::iter(each).buffered(SIDE_BY_SIDE).try_collect().await?;
        let mut runs: Vec<Run> =
            found.into_iter().flatten().filter(|it| !failed || it.status == RunStatus::Failed).collect();
        newest_first(&mut runs);
        Ok(Answer::Runs(part(of, runs, skip, limit)))
    }

    async fn list_sources(&self, of: &Command, skip: usize) -> Result<Answer, StoreError> {
        let all = self.sources.all();
        let shown = all.iter().skip(skip).take(SOURCES.into());
        let each: Vec<_> = shown.map(|it| self.standing(it)).collect();
        let entries: Vec<Standing> = stream::iter(each).buffered(SIDE_BY_SIDE).try_collect().await?;
        let more = all.len() > skip + entries.len();
        Ok(Answer::Sources { standings: Part { entries, of: of.clone(), more }, at: self.clock.now() })
    }

    async fn whoami(&self, asker: &Asker) -> Answer {
        match self.rights(&asker.user).await {
            Ok(rights) => Answer::Whoami(Box::new(rights)),
            Err(_) => Answer::Unidentified,
        }
    }

    async fn may_operate(&self, asker: &Asker) -> bool {
        match asker.via {
            Via::Cli => true,
            Via::Slack => self.who(&asker.user).await.is_some_and(|it| self.access.allows(&it, Right::Operate)),
        }
    }
}

/// Returns the entries that are shown after the first `skip`.
fn part<T>(of: &Command, entries: Vec<T>, skip: usize, limit: usize) -> Part<T> {
    let more = entries.len() > skip + limit;
    Part { entries: entries.into_iter().skip(skip).take(limit).collect(), of: of.clone(), more }
}

fn newest_first(runs: &mut [Run]) {
    runs.sort_by_key(|it| std::cmp::Reverse(it.created_at));
}
