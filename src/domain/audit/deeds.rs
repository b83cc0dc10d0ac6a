//! Which facts of a run are entries of its chain. The only place that says so: [`Run::after`] and what makes a run call
//! it, and nothing else changes a run.

use super::{Deed, Kind};
use crate::domain::{
    approval::Approval,
    fact::Fact,
    failure::Failure,
    name::ExportTask,
    retry::BOT,
    rollback::{Rollback, RolledBack},
    run::{Run, Trigger},
    source::Layer,
    stage::{Detail, StageId, WaitOn},
};

impl Run {
    /// Adds to the run's chain what is not a fact of the run itself, such as the request that has led to one.
    pub fn log(&mut self, deed: Deed) {
        self.audit.log(self.run_id.as_str(), self.updated_at, deed);
    }

    /// Adds that the run was recorded: it is the first entry of its chain.
    pub(in crate::domain) fn log_created(&mut self) {
        let who = self.requested_by.as_deref().unwrap_or(BOT);
        let deed = Deed::new(Kind::Created, who)
            .via(via(self.trigger))
            .with("export_task", &self.export_task)
            .with("source", &self.source)
            .with("snapshot", &self.source_arn)
            .with("snapshot_time", &self.snapshot_time)
            .with("only", &self.only.join(","))
            .with("layers", &self.layers.iter().map(|it| Layer::as_str(*it)).collect::<Vec<_>>().join(","))
            .with_some("reason", self.reason.as_ref());
        self.log(deed);
    }

    /// Adds that the run, whose `from` is the record of the attempt before, goes on under a name of its own. The chain
    /// goes on with it.
    pub(in crate::domain) fn log_continued(&mut self, before: &ExportTask, from: StageId, by: &str) {
        self.audit.written();
        let deed = Deed::new(Kind::Continued, by).with("export_task", &self.export_task).with("after", before);
        self.log(deed.with("from", &from));
    }

    /// Adds what `fact` has made of `before`, if that is worth an entry.
    pub(in crate::domain) fn log_fact(&mut self, before: &Self, fact: &Fact) {
        if let Some(deed) = deed(before, self, fact) {
            self.log(deed.with_some("export_task", (self.attempt > 1).then_some(&self.export_task)));
        }
        if self.status.is_over() && !before.status.is_over() {
            self.log(Deed::new(Kind::Ended, BOT).with("status", self.status.as_str()).with("stage", &self.stage));
        }
    }
}

/// Returns what an entry tells of `fact`, which has made `before` into `after`; `None`: nothing that anybody is
/// answerable for.
fn deed(before: &Run, after: &Run, fact: &Fact) -> Option<Deed> {
    let of = |kind, stage: StageId| {
        let owner = before.stage(stage).intent.as_ref().map_or(BOT, |it| &it.owner);
        let attempt = after.stage(stage).attempt;
        Deed::new(kind, owner).with("stage", &stage).with("attempt", &attempt)
    };
    Some(match fact {
        // How the work goes, and what it waits for, changes nothing; the next attempt's record tells that a run is
        // continued, and the end of a run how it has ended.
        Fact::TurnTaken
        | Fact::Waited { .. }
        | Fact::Began { .. }
        | Fact::Renewed { .. }
        | Fact::Progressed { .. }
        | Fact::ApprovalReminded { .. }
        | Fact::CatalogsSeen { .. }
        | Fact::Continued { .. }
        | Fact::Canceled
        | Fact::Superseded
        | Fact::RemovalBegan => return None,
        Fact::Intended { stage, intent } => {
            let deed = Deed { who: intent.owner.clone(), ..of(Kind::Intended, *stage) };
            deed.with_some("marker", intent.marker.as_ref())
        }
        Fact::Withdrawn { stage, on } => of(Kind::NotDone, *stage).with("why", &waits_for(on)),
        Fact::GivenBack { stage, .. } => of(Kind::GivenBack, *stage),
        Fact::Acted { stage, handle } => of(Kind::Acted, *stage).with_some("handle", handle.as_ref()),
        Fact::Finished { stage, detail, warnings } => done(of(Kind::Finished, *stage), detail)
            .with_some("warnings", (!warnings.is_empty()).then_some(warnings.len())),
        Fact::Failed { stage, failure } => failed(of(Kind::Failed, *stage), failure),
        Fact::ApprovalAsked { approval } => asked(before, approval),
        Fact::ApprovalChanged { approval } => changed(before.request_called(&approval.id), approval),
        Fact::ApprovalVoided { why, by, .. } => {
            let of = of_approval(Deed::new(Kind::ApprovalClosed, BOT), before.approval.as_ref()?);
            of.with("state", "void").with("why", &written(why)).with("because_of", &by.join(","))
        }
        Fact::GlassBroken { by, reason } => Deed::new(Kind::GlassBroken, by).with("reason", reason),
        Fact::GlassReviewed { by } => Deed::new(Kind::GlassReviewed, by),
        Fact::CancelAsked { by } => Deed::new(Kind::CancelAsked, by),
        Fact::Retried { from, by } => {
            let set_aside = before.approval.as_ref().filter(|_| after.approval.is_none());
            Deed::new(Kind::Retried, by).with("from", from).with_some("sets_aside", set_aside.map(|it| &it.id))
        }
        Fact::Acknowledged { by } => Deed::new(Kind::Acknowledged, by),
        Fact::BroughtBack { rollback } => brought_back(before, rollback),
        Fact::RolledBack { mark } => rolled_back(mark),
        Fact::RollbackUndone { by } => Deed::new(Kind::RollbackUndone, by).with_some("comes_back", before.replaces()),
        // The chain of an attempt that was left behind has gone on in the next: an entry here would fork it.
        Fact::RemovalEnded { .. } if before.next_attempt.is_some() => return None,
        Fact::RemovalEnded { objects, bytes } => removed(*objects, *bytes),
        Fact::Overtaken { by } => Deed::new(Kind::Overtaken, BOT).with("by", by),
    })
}

fn asked(before: &Run, approval: &Approval) -> Deed {
    let replaced = before.approval.as_ref().map(|it| &it.id);
    let deed = of_approval(Deed::new(Kind::ApprovalAsked, BOT), approval);
    deed.with("expires_at", &approval.expires_at).with_some("replaces", replaced)
}

fn brought_back(before: &Run, Rollback { from, by, reason, .. }: &Rollback) -> Deed {
    let set_aside = before.approval.as_ref().map(|it| &it.id);
    let deed = Deed::new(Kind::BroughtBack, by).with("in_place_of", from);
    deed.with_some("reason", reason.as_ref()).with_some("sets_aside", set_aside)
}

fn rolled_back(RolledBack { to, by, reason, .. }: &RolledBack) -> Deed {
    Deed::new(Kind::RolledBack, by).with("to", to).with_some("reason", reason.as_ref())
}

/// Returns what an entry tells of an export of which nothing is there any more: how much was removed in the end. What a
/// process had removed that died before it was through is not counted.
pub fn removed(objects: u64, bytes: u64) -> Deed {
    Deed::new(Kind::Removed, BOT).with("objects", &objects).with("bytes", &bytes)
}

/// A verdict is its voter's, and so is what they do with it later; what happens without one is the bot's.
fn changed(before: Option<&Approval>, approval: &Approval) -> Deed {
    let known = before.map_or(&[][..], |it| &it.votes);
    let changed = approval.votes.iter().enumerate().find(|(place, vote)| known.get(*place) != Some(vote));
    let deed = match changed {
        Some((place, vote)) => {
            let kind = match known.get(place) {
                None => Kind::Voted,
                Some(_) if vote.withdrawn_at.is_some() => Kind::VoteWithdrawn,
                Some(_) => Kind::VoteAmended,
            };
            let deed = Deed::new(kind, &vote.user).with("verdict", &written(&vote.verdict));
            deed.with_some("reason", vote.reason.as_ref()).with_some("until", vote.until)
        }
        None => Deed::new(Kind::ApprovalClosed, BOT),
    };
    of_approval(deed, approval).with("state", &written(&approval.state)).with("votes", &approval.votes.len())
}

fn of_approval(deed: Deed, approval: &Approval) -> Deed {
    let subject = approval.subject.as_str();
    deed.with("approval", &approval.id)
        .with("subject", subject)
        .with("digest", &approval.digest)
        .with("quorum", &approval.quorum)
}

fn done(deed: Deed, detail: &Detail) -> Deed {
    deed.with_some("tables", detail.tables)
        .with_some("skipped_tables", detail.skipped_tables)
        .with_some("objects", detail.objects)
        .with_some("bytes", detail.bytes)
        .with_some("removed", detail.removed)
        .with_some("job_run_id", detail.job_run_id.as_ref())
}

fn failed(deed: Deed, failure: &Failure) -> Deed {
    deed.with("code", &failure.code).with("message", &failure.message)
}

fn waits_for(on: &WaitOn) -> String {
    match on {
        WaitOn::Turn { holder } => format!("{holder} has the turn"),
        WaitOn::SnapshotReady => "snapshot_ready".to_owned(),
        WaitOn::ExportSlot { message, .. } => format!("export_slot: {message}"),
        WaitOn::JobSlot { message } => format!("job_slot: {message}"),
        WaitOn::CrawlerFree => "crawler_free".to_owned(),
        WaitOn::StatusFiles => "status_files".to_owned(),
        WaitOn::Trouble(failure) => format!("{}: {}", failure.code, failure.message),
    }
}

fn via(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Event => "event",
        Trigger::Slack => "slack",
        Trigger::Cli => "cli",
        Trigger::Sweep => "sweep",
    }
}

/// Returns a word as it stands in the record.
fn written(word: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(word).unwrap_or_default();
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
