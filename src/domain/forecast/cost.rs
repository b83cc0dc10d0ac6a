//! What a run will probably cost, and how that was estimated.

use serde::{Deserialize, Serialize};

use super::Known;
use crate::domain::{
    name::ExportTask,
    run::Run,
    stage::{StageId, StageStatus},
};

const HOUR: f64 = 3600.0;

/// What AWS charges, as configured: prices differ between Regions and contracts, and change.
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    /// `USD`.
    pub currency: String,
    /// Of an export to S3, for each gigabyte of the snapshot. RDS charges for the whole of it, also where a part is
    /// exported ([pricing](https://aws.amazon.com/rds/aurora/pricing/)).
    pub export_per_gb: f64,
    /// Of a Glue job, for each DPU and hour.
    pub glue_dpu_hour: f64,
}

/// An estimate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    pub currency: String,
    /// `None`: nothing tells how large the snapshot is.
    pub export: Option<Priced>,
    /// Both layers' jobs; `None`: no run tells what they use.
    pub glue: Option<Priced>,
}

/// A part of the cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Priced {
    /// Gigabytes, or DPU-hours.
    pub quantity: f64,
    pub amount: f64,
    pub basis: Basis,
}

/// What a quantity was taken from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// What this run used.
    Run(ExportTask),
    /// The storage of the database, which is more than its data.
    Allocated,
}

impl Cost {
    /// Returns what `stages` will cost, going by earlier runs of the source.
    pub(super) fn estimate(prices: &Prices, known: &Known<'_>, stages: &[StageId]) -> Self {
        let priced = |(quantity, basis): (f64, Basis), price: f64| Priced { quantity, amount: quantity * price, basis };
        Self {
            currency: prices.currency.clone(),
            export: gigabytes(known).map(|it| priced(it, prices.export_per_gb)),
            glue: dpu_hours(known.recent, stages).map(|it| priced(it, prices.glue_dpu_hour)),
        }
    }

    /// Returns the sum, if both parts are known.
    pub fn total(&self) -> Option<f64> {
        Some(self.export.as_ref()?.amount + self.glue.as_ref()?.amount)
    }
}

/// How large the snapshot is: as large as the last export of the whole database, or at the most what the database has.
fn gigabytes(known: &Known<'_>) -> Option<(f64, Basis)> {
    let exported = known.recent.iter().filter(|it| it.only.is_empty()).find_map(|it| {
        // RDS counts whole gigabytes, and a small database has none.
        let size = done(it, StageId::Export)?.gigabytes.filter(|it| *it > 0.0)?;
        Some((size, Basis::Run(it.export_task.clone())))
    });
    exported.or_else(|| Some((f64::from(known.snapshot.allocated?), Basis::Allocated)))
}

/// What the jobs of the newest run that has had all of those in `stages` have used.
fn dpu_hours(recent: &[Run], stages: &[StageId]) -> Option<(f64, Basis)> {
    let jobs = [StageId::NormalTransform, StageId::SensitiveTransform].map(|it| stages.contains(&it).then_some(it));
    recent.iter().find_map(|run| {
        let used = jobs.into_iter().flatten().map(|it| done(run, it)?.dpu_seconds);
        let seconds = used.sum::<Option<f64>>()?;
        Some((seconds / HOUR, Basis::Run(run.export_task.clone())))
    })
}

/// Returns what is known of the stage's work, if it has succeeded.
fn done(run: &Run, stage: StageId) -> Option<&crate::domain::stage::Detail> {
    let stage = run.stage(stage);
    (stage.status == StageStatus::Succeeded).then_some(&stage.detail)
}
