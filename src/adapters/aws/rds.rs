//! RDS: snapshots, and the tasks that export them to S3.

pub(super) mod export;
pub(super) mod snapshots;
