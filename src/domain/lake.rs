//! How the sources stand: how old their data is, how their last refresh went, what goes on, and what has failed.

use jiff::Timestamp;

use super::{
    access::{Person, Right},
    approval::{Approval, Verdict},
    history::{Usual, work},
    rights::Rights,
    run::{Run, RunStatus},
    source::Source,
    stage::StageId,
    standing::Shown,
};

/// A refresh that is nearer to the usual than this, in percent, took as long as usual.
const LITTLE: i64 = 10;
/// And so did one that is nearer than this, in seconds.
const MOMENT: i64 = 60;

/// One source, and its runs.
#[derive(Clone, Debug)]
pub struct Standing {
    pub source: Source,
    /// Its newest runs, newest first, one per run id (its newest attempt).
    pub runs: Vec<Run>,
    /// The run whose data is good, since last, however long ago.
    pub last_success: Option<Run>,
}

/// How long the last refresh took, beside what is usual for its source. Both in seconds, without what people took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trend {
    pub took: i64,
    /// `None`: nothing has succeeded before it.
    pub usual: Option<i64>,
}

/// In which way a refresh differs from the usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    AsUsual,
    /// By so many percent.
    Faster(i64),
    Slower(i64),
}

/// All sources, in the order of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Lake(pub Vec<Standing>);

impl Standing {
    /// Returns the runs that are not over, newest first.
    pub fn active(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(|it| !it.status.is_over())
    }

    /// Returns the failure that still stands: of the runs that came to an end of their own, the newest has failed.
    pub fn failure(&self) -> Option<&Run> {
        let ended = self.runs.iter().find(|it| match it.status {
            RunStatus::Succeeded | RunStatus::SucceededWithWarnings | RunStatus::Failed => true,
            RunStatus::Running
            | RunStatus::WaitingApproval
            | RunStatus::Canceled
            | RunStatus::Superseded
            | RunStatus::Expired => false,
        });
        ended.filter(|it| it.status == RunStatus::Failed)
    }

    /// Returns how many seconds old the data is at `now`: since its snapshot was taken. `None`: there is no data yet.
    pub fn age(&self, now: Timestamp) -> Option<i64> {
        Some(now.duration_since(self.last_success.as_ref()?.snapshot_time).as_secs().max(0))
    }

    /// Returns what each layer shows while a rollback has not ended well, as far as the runs tell; empty: everything shows the
    /// data of [`last_success`](Self::last_success). Until its approval, one layer is of the older data already and the
    /// other is not.
    pub fn apart(&self) -> Vec<Shown> {
        let back = self.last_success.as_ref().filter(|it| it.rollback.is_some() && !it.has_succeeded());
        let runs: Vec<&Run> = self.runs.iter().chain(&self.last_success).collect();
        back.map(|it| it.shown_instead(StageId::Latest, &runs)).unwrap_or_default()
    }

    /// Says whether the last success is longer ago than the configuration expects.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        let last = self.last_success.as_ref().and_then(Run::good_since);
        let (Some(expected), Some(last)) = (self.source.expect_every, last) else { return false };
        last + expected < now
    }

    /// Returns how long the last refresh took beside the usual. `None`: there was none.
    pub fn trend(&self) -> Option<Trend> {
        let run = self.last_success.as_ref().filter(|it| it.has_succeeded())?;
        let before = || Usual::of(self.runs.iter().filter(|it| it.created_at < run.created_at));
        let usual = run.usual.clone().or_else(before);
        Some(Trend { took: work(run), usual: usual.map(|it| it.whole.usual) })
    }

    /// Returns the runs that wait for a decision of `person`: by the rule by which a press is judged.
    pub fn awaiting<'a>(&'a self, person: &'a Person, now: Timestamp) -> impl Iterator<Item = &'a Run> {
        self.runs.iter().filter(move |run| {
            let open = run.request();
            open.is_some_and(|it| Approval::decide(run, &self.source, &it.id, person, Verdict::Approve, now).is_ok())
        })
    }
}

impl Trend {
    /// Returns how it differs from the usual. `None`: nothing is known to be usual.
    pub fn speed(self) -> Option<Speed> {
        let usual = self.usual.filter(|it| *it > 0)?;
        let difference = self.took - usual;
        let percent = difference.abs() * 100 / usual;
        Some(match difference {
            _ if percent < LITTLE || difference.abs() < MOMENT => Speed::AsUsual,
            ..0 => Speed::Faster(percent),
            _ => Speed::Slower(percent),
        })
    }
}

impl Lake {
    /// Returns the runs that are not over, newest first.
    pub fn active(&self) -> Vec<&Run> {
        newest_first(self.0.iter().flat_map(Standing::active))
    }

    /// Returns the failures that still stand, newest first.
    pub fn failures(&self) -> Vec<&Run> {
        newest_first(self.0.iter().filter_map(Standing::failure))
    }

    /// Returns the sources that whoever has `rights` may see.
    #[must_use]
    pub fn seen_with(&self, rights: &Rights) -> Self {
        Self(self.0.iter().filter(|it| rights.may_over(Right::View, &it.source.name)).cloned().collect())
    }

    /// Says whether nothing has ever run.
    pub fn is_untouched(&self) -> bool {
        self.0.iter().all(|it| it.runs.is_empty() && it.last_success.is_none())
    }
}

fn newest_first<'a>(runs: impl Iterator<Item = &'a Run>) -> Vec<&'a Run> {
    let mut runs: Vec<&Run> = runs.collect();
    runs.sort_by_key(|it| std::cmp::Reverse(it.created_at));
    runs
}

#[cfg(test)]
mod tests;
