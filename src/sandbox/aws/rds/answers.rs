//! The XML of what RDS describes.

use jiff::Timestamp;

use super::{
    Kind, SnapshotType,
    database::Database,
    exports::{Export, Plan, Source},
    snapshots::{Server, Snapshot},
};
use crate::sandbox::aws::xml::Xml;

/// The size of every database, in GiB.
const ALLOCATED: u32 = 20;

/// Returns a `DBInstance` or a `DBCluster`.
pub(super) fn server(server: &Server) -> Xml {
    let (id, arn, status, engine) = match server.kind {
        Kind::Instance => ("DBInstanceIdentifier", "DBInstanceArn", "DBInstanceStatus", "mysql"),
        Kind::Cluster => ("DBClusterIdentifier", "DBClusterArn", "Status", "aurora-mysql"),
    };
    Xml::default()
        .text(id, &server.id)
        .text(arn, server.arn())
        .text(status, "available")
        .text("Engine", engine)
        .text("AllocatedStorage", ALLOCATED)
        .text("BackupRetentionPeriod", 7)
}

/// Returns a `DBSnapshot` or a `DBClusterSnapshot`.
pub(super) fn snapshot(snapshot: &Snapshot) -> Xml {
    let (id, server, arn, engine) = match snapshot.kind {
        Kind::Instance => ("DBSnapshotIdentifier", "DBInstanceIdentifier", "DBSnapshotArn", "mysql"),
        Kind::Cluster => ("DBClusterSnapshotIdentifier", "DBClusterIdentifier", "DBClusterSnapshotArn", "aurora-mysql"),
    };
    // RDS does not say when an instance's snapshot was taken before it has been.
    let is_timed = snapshot.is_available || snapshot.kind == Kind::Cluster;
    let origin = match snapshot.origin {
        SnapshotType::Manual => "manual",
        SnapshotType::Automated => "automated",
    };
    Xml::default()
        .text(id, &snapshot.id)
        .text(server, &snapshot.server)
        .text(arn, snapshot.arn())
        .text("SnapshotType", origin)
        .text("Status", if snapshot.is_available { "available" } else { "creating" })
        .text("PercentProgress", if snapshot.is_available { 100 } else { 0 })
        .optional("SnapshotCreateTime", is_timed.then(|| time(snapshot.created)))
        .text("Engine", engine)
        .text("AllocatedStorage", ALLOCATED)
}

/// Returns an `ExportTask`.
pub(super) fn export(export: &Export, database: &Database) -> Xml {
    let source_type = match export.source {
        Source::Snapshot(..) => "SNAPSHOT",
        Source::Cluster(_) => "CLUSTER",
    };
    let warning = match &export.plan {
        Plan::Complete { warning } if export.status().is_final() => warning.as_deref(),
        Plan::Complete { .. } | Plan::Fail { .. } => None,
    };
    let only = export.only.iter().map(String::as_str);
    let xml = Xml::default()
        .text("ExportTaskIdentifier", &export.id)
        .text("SourceArn", &export.source_arn)
        .text("SourceType", source_type)
        .text("SnapshotTime", time(export.snapshot_time))
        .optional("TaskStartTime", export.started.map(time))
        .optional("TaskEndTime", export.ended.map(time))
        .text("S3Bucket", &export.bucket)
        .text("S3Prefix", export.prefix.as_deref().unwrap_or_default())
        .text("IamRoleArn", &export.role)
        .text("KmsKeyId", &export.key)
        .text("Status", export.status())
        .text("PercentProgress", export.percent)
        .text("TotalExtractedDataInGB", export.gigabytes(database))
        .optional("FailureCause", export.failure.as_deref())
        .optional("WarningMessage", warning);
    let members = only.fold(Xml::default(), |members, it| members.text("member", it));
    xml.node("ExportOnly", &members)
}

/// Returns a time as RDS writes it: UTC, with milliseconds.
fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
