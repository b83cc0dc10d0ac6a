//! How the sources stand, looked up for those who ask and for Homes; and what a person may do.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    domain::{
        lake::{Lake, Standing},
        name::ExportTask,
        rights::Rights,
        run::{Run, RunStatus},
        source::Source,
    },
    engine::{
        Engine,
        ports::{PeopleError, StoreError},
    },
};

/// Runs of a source that tell how it stands: as many as a chart has points.
const RECENT: usize = 20;

/// Sources that are looked up at the same time.
const SIDE_BY_SIDE: usize = 8;

impl Engine {
    /// Returns how every source stands.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn lake(&self) -> Result<Lake, StoreError> {
        Ok(Lake(self.standings(self.sources.all().iter().collect()).await?))
    }

    /// Returns how `sources` stand, in this order.
    ///
    /// # Errors
    /// The store did not answer.
    pub(super) async fn standings(&self, sources: Vec<&Source>) -> Result<Vec<Standing>, StoreError> {
        let each: Vec<_> = sources.into_iter().map(|it| self.standing(it)).collect();
        stream::iter(each).buffered(SIDE_BY_SIDE).try_collect().await
    }

    /// Returns how `source` stands.
    ///
    /// # Errors
    /// The store did not answer.
    pub(super) async fn standing(&self, source: &Source) -> Result<Standing, StoreError> {
        let mut runs = self.store.recent(&source.name, RECENT).await?;
        // The index lags, and nobody should be asked for a decision that was taken a moment ago.
        for run in runs.iter_mut().filter(|it| it.status == RunStatus::WaitingApproval) {
            if let Some(present) = self.store.run(&run.export_task).await? {
                *run = present;
            }
        }
        let mut good: Vec<Run> = runs.iter().filter(|it| it.is_good()).cloned().collect();
        if runs.len() == RECENT && (good.is_empty() || goes_back_beyond(&runs)) {
            good.extend(self.store.last_success(&source.name).await?);
        }
        let last_success = good.into_iter().max_by_key(Run::good_since);
        Ok(Standing { source: source.clone(), runs, last_success })
    }

    /// Returns what `user`, who asks in `channel`, may do.
    ///
    /// # Errors
    /// Slack did not say who it is: nothing may be allowed or shown on the strength of this.
    pub(super) async fn rights(&self, user: &str, channel: Option<&str>) -> Result<Rights, PeopleError> {
        let sources = self.sources.all();
        let mut lists = self.access.lists();
        lists.extend(sources.iter().filter_map(|it| Some(it.sensitive.as_ref()?.approval.approvers.as_slice())));
        Ok(Rights::of(self.people.person(user, &lists).await?, channel, &self.access, sources))
    }
}

/// Says whether somebody has gone back to a run that is none of `runs`.
fn goes_back_beyond(runs: &[Run]) -> bool {
    let is_there = |name: &ExportTask| runs.iter().any(|it| it.export_task == *name);
    runs.iter().filter_map(|it| it.rolled_back_to.as_ref()).any(|it| !is_there(&it.to))
}
