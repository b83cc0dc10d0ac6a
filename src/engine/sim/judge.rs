//! Judging each write to the records, at the moment that it is made.

use std::collections::BTreeMap;

use super::{
    aws::{End, JobRun},
    history::{Count, Invariant},
    world::Truth,
};
use crate::domain::{
    approval::Subject,
    audit::Trail,
    name::ExportTask,
    run::{FailureNote, Run, RunStatus},
    source::Layer,
    stage::{StageId, StageStatus},
};

/// In which order the record first had something to tell, for each run: keys of its messages, and a number.
pub(super) type Told = BTreeMap<ExportTask, BTreeMap<String, usize>>;

impl Truth {
    /// Judges that the record of a run becomes `after`.
    pub(super) fn judge_write(&mut self, before: Option<&Run>, after: &Run) {
        let name = &after.export_task;
        if after.version != before.map_or(0, |it| it.version) + 1 {
            let was = before.map(|it| it.version);
            self.broken(Invariant::VersionGrows, format!("{name}: from {was:?} to {}", after.version));
        }
        if let Some(before) = before.filter(|it| it.status.is_over()) {
            let retried = after.retries.len() > before.retries.len() || after.next_attempt.is_some();
            let back = after.rollbacks().count() > before.rollbacks().count();
            if back {
                self.count_rollback(after);
            }
            let noted = is_note(before, after) || is_mark(before, after) || is_removal(before, after);
            if !retried && !back && !noted {
                let how = format!("{name}: from {} to {}", before.status.as_str(), after.status.as_str());
                self.broken(Invariant::EndIsFinal, how);
            }
        }
        let is_end = after.status.is_over() && before.is_none_or(|it| !it.status.is_over());
        if is_end {
            self.judge_end(after);
        }
        self.judge_mark(before, after);
        self.judge_leak(before, after);
        self.judge_turn(after);
        self.judge_making_up(before, after);
        self.remember(after);
    }

    fn judge_end(&mut self, run: &Run) {
        self.history.add(match run.status {
            RunStatus::Succeeded | RunStatus::SucceededWithWarnings => Count::Succeeded,
            RunStatus::Failed => Count::Failed,
            RunStatus::Running
            | RunStatus::WaitingApproval
            | RunStatus::Canceled
            | RunStatus::Superseded
            | RunStatus::Expired => Count::OtherEnds,
        });
        self.count_rollback_end(run);
        if matches!(run.status, RunStatus::Succeeded | RunStatus::SucceededWithWarnings) {
            self.judge_success(run);
        }
        if run.status == RunStatus::Superseded {
            let newer = |it: &Run| it.source == run.source && it.snapshot_time > run.snapshot_time;
            if !self.records.runs.values().any(|it| newer(&it.run)) {
                self.broken(Invariant::SupersededByNewer, format!("{}: nothing is newer", run.export_task));
            }
        }
    }

    /// A run that has succeeded: its export is complete, was published, and each layer's job and a crawl after it have
    /// succeeded.
    fn judge_success(&mut self, run: &Run) {
        let (name, now) = (run.export_task.as_str(), self.now);
        let mut missing = Vec::new();
        if self.aws.exports.get(name).and_then(|it| it.span.end(now)) != Some(End::Done) {
            missing.push("its export".to_owned());
        }
        if !self.aws.published.contains(name) {
            missing.push("its data under latest/".to_owned());
        }
        for layer in &run.layers {
            let (transform, catalog) = stages(*layer);
            let attempt = run.stage(transform).attempt;
            let job = self.aws.jobs.iter().find(|it| it.is(name, *layer, attempt) || self.is_kept(it, run, *layer));
            let Some(done) = job.filter(|it| it.span.end(now) == Some(End::Done)).map(|it| it.span.ends) else {
                missing.push(format!("{transform} {attempt}"));
                continue;
            };
            if self.is_pointer(&run.source) {
                continue;
            }
            let crawler = format!("{}-{}", run.source, layer.as_str());
            let crawls = self.aws.crawls.get(&crawler).map_or(&[][..], Vec::as_slice);
            if !crawls.iter().any(|it| it.span.began >= done && it.span.end(now) == Some(End::Done)) {
                missing.push(format!("{catalog}"));
            }
        }
        if !missing.is_empty() {
            self.broken(Invariant::SuccessIsTrue, format!("{name} lacks {}", missing.join(", ")));
        }
    }

    /// Says whether the run may have done with what `job` has written, when it went on from `latest` or came back.
    fn is_kept(&self, job: &JobRun, run: &Run, layer: Layer) -> bool {
        let goes_again = run.rollbacks().next().is_some() || !run.retries.is_empty();
        let keeps = self.is_pointer(&run.source) && goes_again;
        keeps && job.is_of(run.export_task.as_str(), layer) && job.span.end(self.now) == Some(End::Done)
    }

    fn judge_turn(&mut self, run: &Run) {
        let others = |it: &Run| it.source == run.source && it.has_turn && it.export_task != run.export_task;
        let other = self.records.runs.values().find(|it| others(&it.run)).map(|it| it.run.export_task.clone());
        if let (true, Some(other)) = (run.has_turn, other) {
            self.broken(Invariant::OneTurn, format!("{} and {other} both have it", run.export_task));
        }
    }

    fn judge_making_up(&mut self, before: Option<&Run>, after: &Run) {
        let by = after.overtaken.as_ref().map(|it| &it.by);
        if let (Some(by), Some(before)) = (by, before.filter(|it| it.overtaken.is_none())) {
            let made_up = self.records.runs.get(by).is_some_and(|it| it.run.makes_up_for(before));
            if !made_up {
                self.broken(Invariant::MadeUpFor, format!("{by} does not make up for {}", after.export_task));
            }
        }
        if after.standing_failure().is_none() {
            self.owed.remove(&after.export_task);
        }
        let others = self.records.runs.values().filter(|it| after.makes_up_for(&it.run));
        self.owed.extend(others.map(|it| it.run.export_task.clone()));
    }

    /// Notes what the record tells for the first time.
    fn remember(&mut self, run: &Run) {
        let told = self.slack.told.entry(run.run_id.clone()).or_default();
        let next = told.len();
        let done = run.stages.iter().filter(|it| it.status == StageStatus::Succeeded);
        let keys = done.map(|it| format!("stage:{}:{}", it.id, it.attempt));
        let keys = keys.chain(run.failures.iter().map(|it| format!("stage:{}:{}", it.stage, it.attempt)));
        let keys = keys.chain(alerts(run));
        let keys = keys.chain((1..=run.retries.len()).map(|it| format!("retry:{it}")));
        let asked = || run.past_approvals.iter().chain(run.requests());
        let keys = keys.chain(asked().map(|it| format!("approval:{}", it.id)));
        let leaks = asked().filter(|it| it.subject == Subject::Leak);
        let keys = keys.chain(leaks.map(|it| format!("alert:approval:{}", it.id)));
        let keys = keys.chain(asked().filter(|it| it.reminded_at.is_some()).map(|it| format!("reminder:{}", it.id)));
        let keys = keys.chain(asked().filter(|it| it.void.is_some()).map(|it| format!("void:{}", it.id)));
        let keys = keys.chain(run.rollbacks().map(|it| format!("rollback:{}", it.at)));
        let keys = keys.chain(run.marks().map(|it| format!("rolled_back:{}", it.at)));
        let times = run.retries.len() + run.rollbacks().count();
        let keys = keys.chain(run.finished_at.map(|_| format!("end:{times}")));
        for key in keys.chain(["root".to_owned()]) {
            told.entry(key).or_insert(next);
        }
    }
}

/// Returns the keys of a run's alerts: one for each row of failures with the same cause, by the first of them.
fn alerts(run: &Run) -> Vec<String> {
    let told: Vec<_> = run.failures.iter().filter(|it| !it.tried_again && run.next_attempt.is_none()).collect();
    let same = |a: &FailureNote, b: &FailureNote| (a.stage, &a.failure.code) == (b.stage, &b.failure.code);
    let rows = told.chunk_by(|a, b| same(a, b));
    rows.map(|it| format!("alert:{}:{}", it[0].stage, it[0].attempt)).collect()
}

/// Says whether the two differ in what is noted of a failure that stands, and in nothing that the run consists of.
fn is_note(before: &Run, after: &Run) -> bool {
    let bare = |run: &Run| {
        let mut run = Run { overtaken: None, updated_at: run.created_at, version: 0, ..run.clone() };
        (run.slack, run.audit) = (None, Trail::default());
        run.failures.iter_mut().for_each(|it| it.acknowledged = None);
        run
    };
    before.standing_failure().is_some() && bare(before) == bare(after)
}

/// Says whether the two differ in what was removed of the run's export, and in nothing else.
fn is_removal(before: &Run, after: &Run) -> bool {
    let bare = |run: &Run| {
        let run = Run { removal: None, updated_at: run.created_at, version: 0, ..run.clone() };
        Run { slack: None, audit: Trail::default(), ..run }
    };
    bare(before) == bare(after)
}

/// Says whether the two differ in that somebody has gone back from the run, or in that it may not replace newer data any
/// more, and in nothing else.
fn is_mark(before: &Run, after: &Run) -> bool {
    let bare = |run: &Run| Run {
        rollback: None,
        past_rollbacks: Vec::new(),
        undone: None,
        rolled_back_to: None,
        past_marks: Vec::new(),
        updated_at: run.created_at,
        version: 0,
        slack: None,
        audit: Trail::default(),
        ..run.clone()
    };
    bare(before) == bare(after)
}

/// Says whether the record of `run` says that the catalog of `layer` shows it.
pub(super) fn has_catalog(run: &Run, layer: Layer) -> bool {
    run.stage(stages(layer).1).status == StageStatus::Succeeded
}

/// Returns the stages of a layer that AWS does.
fn stages(layer: Layer) -> (StageId, StageId) {
    match layer {
        Layer::Normal => (StageId::NormalTransform, StageId::NormalCatalog),
        Layer::Sensitive => (StageId::SensitiveTransform, StageId::SensitiveCatalog),
    }
}
