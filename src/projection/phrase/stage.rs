//! Phrases about a stage.

use minijinja::Value;

use super::{failure::waiting, seconds};
use crate::{
    domain::{
        approval::{Approval, ApprovalState, Verdict},
        run::Run,
        stage::{Detail, Stage, StageId, StageStatus},
    },
    projection::text::{Mrkdwn, Voice, values},
};

/// Returns the stage's name, a noun.
pub fn name(voice: Voice<'_>, id: StageId) -> Mrkdwn {
    voice.text(&format!("stage.{id}.name"))
}

/// Returns the names of several stages.
pub fn names(voice: Voice<'_>, ids: impl IntoIterator<Item = StageId>) -> Vec<Mrkdwn> {
    ids.into_iter().map(|it| name(voice, it)).collect()
}

/// Returns what the stage does, in the tense of its status: to do, doing, done.
pub fn title(voice: Voice<'_>, stage: &Stage) -> Mrkdwn {
    let tense = match stage.status {
        StageStatus::Pending | StageStatus::Failed | StageStatus::Skipped | StageStatus::Canceled => "todo",
        StageStatus::Running => "doing",
        StageStatus::Succeeded => "done",
    };
    voice.text(&format!("stage.{}.{tense}", stage.id))
}

/// Returns one line that says how the stage stands, in a symbol and in words.
pub fn line(voice: Voice<'_>, run: &Run, stage: &Stage) -> Mrkdwn {
    let key = match stage.status {
        StageStatus::Pending => "stage.line.pending",
        StageStatus::Running => "stage.line.running",
        StageStatus::Succeeded => "stage.line.succeeded",
        StageStatus::Failed => "stage.line.failed",
        StageStatus::Skipped => "stage.line.skipped",
        StageStatus::Canceled if stage.id == StageId::SensitiveApproval => "stage.line.not_approved",
        StageStatus::Canceled => "stage.line.canceled",
    };
    let values = values! {
        title => title(voice, stage),
        facts => facts(voice, run, stage),
        since => stage.started_at,
        took => took(stage),
        waiting => stage.waiting.is_some(),
    };
    voice.say(key, values)
}

/// Returns what the stage waits for, and since when; empty if it does not wait.
pub fn wait(voice: Voice<'_>, stage: &Stage) -> Mrkdwn {
    stage.waiting.as_ref().map(|it| waiting(voice, it)).unwrap_or_default()
}

/// Returns how many seconds the stage took, once it is over.
pub fn took(stage: &Stage) -> Option<i64> {
    Some(seconds(stage.started_at?, stage.finished_at?))
}

/// Returns what is known of the stage's work, one text each, in the order in which people ask for it.
pub fn facts(voice: Voice<'_>, run: &Run, stage: &Stage) -> Vec<Mrkdwn> {
    let detail = &stage.detail;
    let Detail { state, percent, gigabytes, tables, exported_tables, skipped_tables, objects, bytes, .. } = detail;
    let running = stage.status == StageStatus::Running;
    let state = state.clone().filter(|_| running).map(Value::from);
    // A finished export is at 100 %, and RDS counts whole gigabytes only: neither tells anything.
    let percent = percent.filter(|_| running).map(Value::from);
    let exported = exported_tables.filter(|_| running);
    let of_objects = detail.of_objects.filter(|_| running);
    let gigabytes = gigabytes.filter(|it| *it > 0.0).map(Value::from);
    let approvers = run.approval.as_ref().filter(|_| stage.id == StageId::SensitiveApproval).and_then(approvers);
    [
        ("state", state),
        ("percent", percent),
        ("gigabytes", gigabytes),
        ("exported_tables", exported.map(Value::from)),
        ("tables", tables.filter(|_| exported.is_none()).map(Value::from)),
        ("rows", detail.rows.map(Value::from)),
        ("skipped_tables", skipped_tables.filter(|it| *it > 0).map(Value::from)),
        ("copied_objects", objects.filter(|_| of_objects.is_some()).map(Value::from)),
        ("objects", objects.filter(|_| of_objects.is_none()).map(Value::from)),
        ("bytes", bytes.map(Value::from)),
        ("per_second", detail.per_second.filter(|_| running).map(Value::from)),
        ("expected_end", detail.expected_end.filter(|_| running).map(|it| Value::from(it.to_string()))),
        ("removed", detail.removed.filter(|it| *it > 0).map(Value::from)),
        ("approved_by", approvers),
    ]
    .into_iter()
    .filter_map(|(fact, n)| {
        Some(voice.say(&format!("stage.fact.{fact}"), values! { n => n?, of => of_objects.or(*tables) }))
    })
    .collect()
}

fn approvers(approval: &Approval) -> Option<Value> {
    let votes = approval.votes.iter().filter(|it| it.verdict == Verdict::Approve);
    let given = approval.state == ApprovalState::Approved;
    given.then(|| votes.map(|it| it.user.clone()).collect())
}
