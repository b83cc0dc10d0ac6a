//! Export tasks: how they begin, move on, and end.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::{Kind, database::Database, files, notices};
use crate::{
    clock::Clock as _,
    sandbox::aws::{Pace, World, phase::Phase},
};

/// What an export fails with when its bucket disappears under it.
const BUCKET_GONE: &str = "The S3 bucket isn't valid or doesn't exist.";

/// How far an export that will fail gets, in percent.
const FAILS_AT: i64 = 50;

/// What is exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A snapshot of an instance or of a cluster.
    Snapshot(Kind, String),
    /// A cluster itself.
    Cluster(String),
}

impl Source {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Snapshot(_, id) | Self::Cluster(id) => id,
        }
    }
}

/// The status of an export task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportStatus {
    Starting,
    InProgress,
    Complete,
    Failed,
    Canceling,
    Canceled,
}

impl ExportStatus {
    /// Returns whether the task will not change any more.
    pub fn is_final(self) -> bool {
        match self {
            Self::Complete | Self::Failed | Self::Canceled => true,
            Self::Starting | Self::InProgress | Self::Canceling => false,
        }
    }

    /// Returns how long it lasts. `None`: for ever.
    fn lasts(self, pace: &Pace) -> Option<SignedDuration> {
        match self {
            Self::Starting => Some(pace.export_starting),
            Self::InProgress => Some(pace.export_running),
            Self::Canceling => Some(pace.export_canceling),
            Self::Complete | Self::Failed | Self::Canceled => None,
        }
    }
}

impl fmt::Display for ExportStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "STARTING",
            Self::InProgress => "IN_PROGRESS",
            Self::Complete => "COMPLETE",
            Self::Failed => "FAILED",
            Self::Canceling => "CANCELING",
            Self::Canceled => "CANCELED",
        })
    }
}

/// How an export will end if nobody cancels it.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    Complete { warning: Option<String> },
    Fail { cause: String },
}

/// Exports that shall stay in a status: those whose task or source holds `text`.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    pub(super) text: String,
    pub(super) status: ExportStatus,
}

impl Hold {
    fn holds(&self, export: &Export) -> bool {
        let is_meant = export.id.contains(&self.text) || export.source_arn.contains(&self.text);
        self.status == export.status() && is_meant
    }
}

/// An export task.
#[derive(Clone, Debug)]
pub(super) struct Export {
    pub(super) id: String,
    pub(super) source: Source,
    pub(super) source_arn: String,
    pub(super) snapshot_time: Timestamp,
    pub(super) only: Vec<String>,
    pub(super) bucket: String,
    pub(super) prefix: Option<String>,
    pub(super) role: String,
    pub(super) key: String,
    pub(super) plan: Plan,
    pub(super) phase: Phase<ExportStatus>,
    /// When extraction began; RDS does not count `STARTING`.
    pub(super) started: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    pub(super) percent: i64,
    pub(super) failure: Option<String>,
    /// How many tables' files are written.
    pub(super) tables_written: usize,
    pub(super) has_sidecars: bool,
}

impl Export {
    pub(super) fn status(&self) -> ExportStatus {
        self.phase.state
    }

    /// Moves on as far as the time and the holds allow, writing files and publishing events on the way.
    pub(super) fn advance(&mut self, database: &Database, holds: &[Hold], world: &World) {
        let now = world.clock.now();
        while let Some(lasts) = self.status().lasts(&world.pace) {
            if self.status() == ExportStatus::InProgress && self.extract(now, lasts, database, world).is_err() {
                self.failure = Some(BUCKET_GONE.to_owned());
                self.enter(ExportStatus::Failed, now, world);
                return;
            }
            let is_held = holds.iter().any(|it| it.holds(self));
            let Some(at) = self.phase.ends(lasts, now, is_held) else { return };
            self.leave(at, world);
        }
        self.finish(now, database, world);
    }

    /// Cancels the task.
    pub(super) fn cancel(&mut self, now: Timestamp, world: &World) {
        self.enter(ExportStatus::Canceling, now, world);
    }

    /// Returns how much has been extracted, in whole GB as the API has it.
    pub(super) fn gigabytes(&self, database: &Database) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "a database of the sandbox holds a few GB")]
        let total = (database.gigabytes * 100.0) as i64;
        total * self.percent / 10_000
    }

    fn leave(&mut self, at: Timestamp, world: &World) {
        let next = match (self.status(), &self.plan) {
            (ExportStatus::Starting, _) => ExportStatus::InProgress,
            (ExportStatus::InProgress, Plan::Complete { .. }) => ExportStatus::Complete,
            (ExportStatus::InProgress, Plan::Fail { cause }) => {
                self.failure = Some(cause.clone());
                ExportStatus::Failed
            }
            (ExportStatus::Canceling, _) => ExportStatus::Canceled,
            (ExportStatus::Complete | ExportStatus::Failed | ExportStatus::Canceled, _) => return,
        };
        self.enter(next, at, world);
    }

    fn enter(&mut self, status: ExportStatus, at: Timestamp, world: &World) {
        self.phase = Phase::new(status, at);
        if status == ExportStatus::InProgress {
            self.started = Some(at);
        }
        if status.is_final() {
            self.ended = Some(at);
        }
        if let Some(event) = notices::export(self, at) {
            world.events.rds(&event);
        }
    }

    /// Brings progress up to `now`, and writes the files of the tables that are done by then.
    fn extract(
        &mut self,
        now: Timestamp,
        lasts: SignedDuration,
        database: &Database,
        world: &World,
    ) -> anyhow::Result<()> {
        let limit = match self.plan {
            Plan::Complete { .. } => 100,
            Plan::Fail { .. } => FAILS_AT,
        };
        let passed = now.duration_since(self.phase.since).as_millis();
        let share = passed.saturating_mul(100).checked_div(lasts.as_millis()).unwrap_or(100);
        self.percent = i64::try_from(share).unwrap_or(100).clamp(0, limit);

        let tables = files::exported(self, database);
        let done = tables.len() * usize::try_from(self.percent).expect("at most a hundred") / 100;
        for table in tables.iter().take(done).skip(self.tables_written) {
            files::write_table(self, database, table, &world.s3)?;
        }
        self.tables_written = done.max(self.tables_written);
        Ok(())
    }

    /// Writes the status files of a completed export when their time has come.
    fn finish(&mut self, now: Timestamp, database: &Database, world: &World) {
        let Some(ended) = self.ended else { return };
        let is_due = self.status() == ExportStatus::Complete && now >= ended + world.pace.sidecar_lag;
        if is_due && !self.has_sidecars {
            // A bucket that is removed after the export takes its status files with it.
            let _ = files::write_sidecars(self, database, &world.s3);
            self.has_sidecars = true;
        }
    }
}
