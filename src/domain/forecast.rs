//! What a run would do, told before it is started: the plan that people decide on.
//!
//! It is made of what is known when it is made, and promises nothing: what is not known is left out, and said so.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    access::Who,
    history::{Span, Usual},
    name::ExportTask,
    run::Run,
    snapshot::{Origin, Snapshot},
    source::{Layer, Publish, Source},
    stage::{StageId, StageStatus},
};

mod cost;
mod latest;

pub use cost::{Basis, Cost, Priced, Prices};
pub use latest::{Holding, Latest, Loss, Published};

/// A plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    pub run: ExportTask,
    pub source: String,
    /// Identifier of the snapshot.
    pub snapshot: String,
    pub snapshot_time: Timestamp,
    pub origin: Origin,
    /// Databases or tables that are exported; empty is the whole database.
    pub only: Vec<String>,
    pub layers: Vec<Layer>,
    /// What will be done, in order.
    pub stages: Vec<StageId>,
    /// The run is there already: asking for it would start nothing.
    pub exists: bool,
    /// How the run that is there stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing: Option<Existing>,
    /// What must be approved before the sensitive layer is refreshed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Needed>,
    /// The run that has the source's turn now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<ExportTask>,
    /// Exports of the account that are under way; `None`: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exports: Option<usize>,
    pub latest: Latest,
    /// How the export will become what `latest/` names.
    #[serde(default)]
    pub publish: Publish,
    /// How long such runs took; `None`: none has succeeded yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
    /// What it will probably cost; `None`: no prices are configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the plan was made.
    pub at: Timestamp,
}

/// A run that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Existing {
    pub run: ExportTask,
    /// As it stands in the record.
    pub status: String,
    pub same_layers: bool,
}

/// People's approval that a run will need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needed {
    /// Ids of people and groups.
    pub approvers: Vec<String>,
    pub quorum: u32,
}

/// How long a run will probably take, without the time that people take to approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    pub span: Span,
    /// Runs that it is told from.
    pub runs: u32,
}

/// What is known when a plan is made.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    pub source: &'a Source,
    pub snapshot: &'a Snapshot,
    /// The run as it would be recorded.
    pub run: &'a Run,
    /// The newest attempt of the run, if it is there already.
    pub existing: Option<&'a Run>,
    /// The source's newest runs, newest first.
    pub recent: &'a [Run],
    /// Exports of the account that are under way.
    pub exports: Option<usize>,
    /// What `latest/` holds; `None`: it could not be looked at.
    pub holding: Option<&'a Holding>,
    pub prices: Option<&'a Prices>,
    pub now: Timestamp,
}

impl Forecast {
    /// Returns the plan that follows from what is known.
    pub fn of(known: &Known<'_>) -> Self {
        let Known { source, snapshot, run, existing, recent, .. } = *known;
        let stages: Vec<StageId> =
            run.stages.iter().filter(|it| it.status != StageStatus::Skipped).map(|it| it.id).collect();
        let has_turn = |it: &&Run| it.has_turn && it.run_id != run.run_id;
        Self {
            run: run.export_task.clone(),
            source: source.name.clone(),
            snapshot: snapshot.id.clone(),
            snapshot_time: snapshot.taken_at,
            origin: snapshot.origin,
            only: run.only.clone(),
            layers: run.layers.clone(),
            exists: existing.is_some(),
            existing: existing.map(|it| Existing {
                run: it.export_task.clone(),
                status: it.status.as_str().to_owned(),
                same_layers: it.layers == run.layers,
            }),
            approval: needed(source, run),
            holder: recent.iter().find(has_turn).map(|it| it.export_task.clone()),
            exports: known.exports,
            latest: Latest::after(known.holding, run),
            publish: source.publish,
            expected: Usual::of(recent).map(|it| Expected { span: span(&it, &stages), runs: it.runs }),
            cost: known.prices.map(|it| Cost::estimate(it, known, &stages)),
            reason: run.reason.clone(),
            at: known.now,
            stages,
        }
    }
}

fn needed(source: &Source, run: &Run) -> Option<Needed> {
    let rule = &source.sensitive.as_ref().filter(|_| run.layers.contains(&Layer::Sensitive))?.approval;
    Some(Needed { approvers: rule.approvers.iter().map(Who::to_string).collect(), quorum: rule.quorum })
}

/// Returns how long `stages` take: as whole runs did, if they are all that those runs had. Else they are put together from
/// the stages, so that the ends of the span are farther apart than any run's.
fn span(usual: &Usual, stages: &[StageId]) -> Span {
    if usual.stages.keys().all(|it| stages.contains(it) || *it == StageId::SensitiveApproval) {
        return usual.whole;
    }
    let counted = usual.stages.iter().filter(|(id, _)| stages.contains(id) && **id != StageId::SensitiveApproval);
    counted.fold(Span { low: 0, usual: 0, high: 0 }, |sum, (_, it)| Span {
        low: sum.low + it.low,
        usual: sum.usual + it.usual,
        high: sum.high + it.high,
    })
}

#[cfg(test)]
mod tests;
