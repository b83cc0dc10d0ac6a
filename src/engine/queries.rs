//! Answers to what people ask about runs and sources. Nothing here changes anything.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    domain::{
        access::Right,
        answer::{Answer, Outcome, Part},
        command::{Command, SOURCES, Verb, fold, nearest},
        lake::{Lake, Standing},
        run::{Run, RunStatus},
    },
    engine::{
        Engine,
        accept::Asker,
        permits::{Scope, Want},
        ports::StoreError,
    },
    projection::names,
};

/// Runs of a source that a list of failures looks through at the most.
const DEEPEST: usize = 1000;

/// How much further back a list of failures looks than what it shows.
const RARITY: usize = 10;

/// Sources whose runs are listed at the same time.
const SIDE_BY_SIDE: usize = 8;

impl Engine {
    /// Answers a command that changes nothing; of what `scope` does not reach nothing is told.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn query(&self, asker: &Asker, scope: &Scope<'_>, command: Command) -> Result<Answer, StoreError> {
        match command {
            Command::Status { target: Some(target) } => self.status(asker, scope, &target).await,
            Command::List { .. } => self.list(scope, &command).await,
            Command::Sources { skip } => self.list_sources(scope, &command, skip.into()).await,
            Command::Whoami => Ok(self.whoami(asker, scope).await),
            Command::Help { topic } => Ok(Answer::Help { topic, may_operate: scope.has(Right::Operate) }),
            Command::Overview | Command::Status { target: None } => self.overview(scope).await,
            Command::Run(_)
            | Command::Form
            | Command::Retry { .. }
            | Command::Cancel { .. }
            | Command::Rollback(_)
            | Command::Decide { .. }
            | Command::Withdraw { .. }
            | Command::BreakGlass { .. } => Ok(Answer::UnknownButton),
        }
    }

    async fn overview(&self, scope: &Scope<'_>) -> Result<Answer, StoreError> {
        // Side by side: whoever asks has little time to wait for any of it.
        let (standings, mut unmanaged) = tokio::join!(self.standings(scope.sources(Right::View)), self.unmanaged(None));
        unmanaged.retain(|it| scope.allows(&it.source, Right::View));
        let (lake, may_operate) = (Lake(standings?), scope.has(Right::Operate));
        Ok(Answer::Overview { lake, unmanaged, may_operate, at: self.clock.now() })
    }

    /// Returns the run with the names that the person may read.
    async fn readable_by(&self, asker: &Asker, run: Run) -> Run {
        match self.sources.get(&run.source) {
            Some(source) if source.rules.hides_names() && !self.reads_names(asker, source).await => {
                names::hidden(self.words.voice(self.locale_of(&asker.user).await), &run, Some(source))
            }
            Some(_) | None => run,
        }
    }

    async fn status(&self, asker: &Asker, scope: &Scope<'_>, target: &str) -> Result<Answer, StoreError> {
        if let Some(source) = self.sources.get(target) {
            let (standing, unmanaged) = tokio::join!(self.standing(source), self.unmanaged(Some(target)));
            return Ok(Answer::Source { standing: Box::new(standing?), unmanaged, at: self.clock.now() });
        }
        Ok(match self.resolve(target, &scope.sources(Right::View)).await? {
            // Its whole name was given: now the source is known.
            Ok(run) if !scope.allows(&run.source, Right::View) => {
                let want = Want { what: Verb::Status.word(), right: Some(Right::View), target: Some(target) };
                self.refuse(asker, &want, scope.forbidden(Right::View, Some(&run.source)))
            }
            Ok(run) => {
                let unsent = self.unsent(&run).await?;
                Answer::Details(Box::new(self.readable_by(asker, run).await), unsent)
            }
            Err(Outcome::AmbiguousRun { text, matches }) => Answer::AmbiguousRun { text, matches },
            Err(_) => {
                let known = scope.sources(Right::View);
                let near = nearest(&fold(target), known.iter().map(|it| it.name.as_str())).map(str::to_owned);
                Answer::UnknownTarget { text: target.to_owned(), near }
            }
        })
    }

    async fn list(&self, scope: &Scope<'_>, of: &Command) -> Result<Answer, StoreError> {
        let Command::List { source, failed, limit, skip } = of else { return Ok(Answer::UnknownButton) };
        let (limit, skip) = (usize::from(*limit), usize::from(*skip));
        if let Some(unknown) = source.as_ref().filter(|it| self.sources.get(it).is_none()) {
            return Ok(self.unknown_source(unknown, scope));
        }
        // One more than is shown tells whether there are more.
        let wanted = skip + limit + 1;
        let depth = if *failed { (wanted * RARITY).min(DEEPEST) } else { wanted };
        let known = scope.sources(Right::View).into_iter();
        let known = known.filter(|it| source.as_ref().is_none_or(|name| it.name == *name));
        let each: Vec<_> = known.map(|it| self.store.recent(&it.name, depth)).collect();
        let found: Vec<Vec<Run>> = stream::iter(each).buffered(SIDE_BY_SIDE).try_collect().await?;
        let mut runs: Vec<Run> =
            found.into_iter().flatten().filter(|it| !failed || it.status == RunStatus::Failed).collect();
        newest_first(&mut runs);
        Ok(Answer::Runs(part(of, runs, skip, limit)))
    }

    async fn list_sources(&self, scope: &Scope<'_>, of: &Command, skip: usize) -> Result<Answer, StoreError> {
        let all = scope.sources(Right::View);
        let shown = all.iter().copied().skip(skip).take(SOURCES.into()).collect();
        let entries: Vec<Standing> = self.standings(shown).await?;
        let more = all.len() > skip + entries.len();
        Ok(Answer::Sources { standings: Part { entries, of: of.clone(), more }, at: self.clock.now() })
    }

    async fn whoami(&self, asker: &Asker, scope: &Scope<'_>) -> Answer {
        match self.rights(&asker.user, asker.channel.as_deref()).await {
            Ok(rights) if scope.is_known() => Answer::Whoami(Box::new(rights)),
            Ok(_) | Err(_) => Answer::Unidentified,
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
