//! Which event RDS publishes when
//! ([event categories and messages](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html)).

use jiff::Timestamp;

use super::{
    Kind, SnapshotType,
    exports::{Export, ExportStatus, Source},
    snapshots::Snapshot,
};
use crate::sandbox::aws::events::{About, RdsEvent};

/// Returns the event of a snapshot that is being created, or has been.
pub(super) fn snapshot(snapshot: &Snapshot, is_created: bool, at: Timestamp) -> RdsEvent {
    let is_manual = match snapshot.origin {
        SnapshotType::Manual => true,
        SnapshotType::Automated => false,
    };
    let (id, message) = match (snapshot.kind, is_manual, is_created) {
        (Kind::Instance, true, false) => ("RDS-EVENT-0040", "Creating manual snapshot"),
        (Kind::Instance, true, true) => ("RDS-EVENT-0042", "Manual snapshot created"),
        (Kind::Instance, false, false) => ("RDS-EVENT-0090", "Creating automated snapshot"),
        (Kind::Instance, false, true) => ("RDS-EVENT-0091", "Automated snapshot created"),
        (Kind::Cluster, true, false) => ("RDS-EVENT-0074", "Creating manual cluster snapshot"),
        (Kind::Cluster, true, true) => ("RDS-EVENT-0075", "Manual cluster snapshot created"),
        (Kind::Cluster, false, false) => ("RDS-EVENT-0168", "Creating automated cluster snapshot"),
        (Kind::Cluster, false, true) => ("RDS-EVENT-0169", "Automated cluster snapshot created"),
    };
    let (about, category) = match snapshot.kind {
        Kind::Instance => (About::Snapshot, "creation"),
        Kind::Cluster => (About::ClusterSnapshot, "backup"),
    };
    RdsEvent {
        id,
        category,
        about,
        source_id: snapshot.id.clone(),
        source_arn: snapshot.arn(),
        message: message.to_owned(),
        at,
    }
}

/// Returns the event of an export that has come to its present status, if there is one. Only that of progress names
/// the task.
pub(super) fn export(export: &Export, at: Timestamp) -> Option<RdsEvent> {
    let (about, ids, subject) = match export.source {
        Source::Snapshot(Kind::Instance, _) => (About::Snapshot, SNAPSHOT, "The snapshot export task"),
        Source::Snapshot(Kind::Cluster, _) => {
            (About::ClusterSnapshot, CLUSTER_SNAPSHOT, "The cluster snapshot export task")
        }
        Source::Cluster(_) => (About::Cluster, CLUSTER, "The cluster export task"),
    };
    let (id, message) = match export.status() {
        ExportStatus::Starting | ExportStatus::Canceling => return None,
        ExportStatus::InProgress => (ids.progress?, format!("Export task {} is at IN_PROGRESS stage.", export.id)),
        ExportStatus::Failed => (ids.failed, format!("{subject} failed.")),
        ExportStatus::Canceled => (ids.canceled, format!("{subject} was canceled.")),
        ExportStatus::Complete => (ids.completed, format!("{subject} completed.")),
    };
    Some(RdsEvent {
        id,
        category: "notification",
        about,
        source_id: export.source.id().to_owned(),
        source_arn: export.source_arn.clone(),
        message,
        at,
    })
}

struct Ids {
    failed: &'static str,
    canceled: &'static str,
    completed: &'static str,
    progress: Option<&'static str>,
}

const SNAPSHOT: Ids = Ids {
    failed: "RDS-EVENT-0159",
    canceled: "RDS-EVENT-0160",
    completed: "RDS-EVENT-0161",
    progress: Some("RDS-EVENT-0488"),
};
const CLUSTER_SNAPSHOT: Ids = Ids {
    failed: "RDS-EVENT-0162",
    canceled: "RDS-EVENT-0163",
    completed: "RDS-EVENT-0164",
    progress: Some("RDS-EVENT-0493"),
};
const CLUSTER: Ids =
    Ids { failed: "RDS-EVENT-0234", canceled: "RDS-EVENT-0235", completed: "RDS-EVENT-0236", progress: None };
