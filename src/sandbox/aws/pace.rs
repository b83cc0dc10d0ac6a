//! How long things take in the stand-ins.

use jiff::SignedDuration;

/// How long each state lasts, on the sandbox's clock.
#[derive(Clone, Debug)]
pub struct Pace {
    /// A snapshot is `creating`.
    pub snapshot: SignedDuration,
    /// An export is `STARTING`.
    pub export_starting: SignedDuration,
    /// An export is `IN_PROGRESS`.
    pub export_running: SignedDuration,
    /// An export is `CANCELING`.
    pub export_canceling: SignedDuration,
    /// From `COMPLETE` until the export's own status files are written. When the real RDS writes them is not documented.
    pub sidecar_lag: SignedDuration,
    /// A job run is `STARTING`.
    pub job_starting: SignedDuration,
    /// A job run is `RUNNING`.
    pub job_running: SignedDuration,
    /// A job run is `STOPPING`.
    pub job_stopping: SignedDuration,
    /// A crawler is `RUNNING`.
    pub crawl_running: SignedDuration,
    /// A crawler is `STOPPING`.
    pub crawl_stopping: SignedDuration,
}

impl Pace {
    /// Returns a pace at which nothing takes any time.
    pub fn instant() -> Self {
        Self {
            snapshot: SignedDuration::ZERO,
            export_starting: SignedDuration::ZERO,
            export_running: SignedDuration::ZERO,
            export_canceling: SignedDuration::ZERO,
            sidecar_lag: SignedDuration::ZERO,
            job_starting: SignedDuration::ZERO,
            job_running: SignedDuration::ZERO,
            job_stopping: SignedDuration::ZERO,
            crawl_running: SignedDuration::ZERO,
            crawl_stopping: SignedDuration::ZERO,
        }
    }
}

impl Default for Pace {
    /// Returns a pace that a person can follow without getting bored: one to three seconds where AWS takes minutes.
    fn default() -> Self {
        Self {
            snapshot: SignedDuration::from_secs(2),
            export_starting: SignedDuration::from_secs(1),
            export_running: SignedDuration::from_secs(3),
            export_canceling: SignedDuration::from_secs(1),
            sidecar_lag: SignedDuration::ZERO,
            job_starting: SignedDuration::from_secs(1),
            job_running: SignedDuration::from_secs(2),
            job_stopping: SignedDuration::from_secs(1),
            crawl_running: SignedDuration::from_secs(2),
            crawl_stopping: SignedDuration::from_secs(1),
        }
    }
}
