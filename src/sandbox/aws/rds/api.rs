//! The operations of RDS that go over the wire.

mod exports;

use serde_json::{Map, Value};

use super::{
    Kind, Rds, SnapshotType, answers, notices,
    params::Params,
    snapshots::{self, Snapshot},
};
use crate::{
    clock::Clock as _,
    sandbox::aws::{TOPIC_ARN, refusal::Refusal, xml::Xml},
};

/// The parameters that the history keeps, by the names it gives them.
const NOTED: [(&str, &str); 9] = [
    ("ExportTaskIdentifier", "identifier"),
    ("SourceArn", "source_arn"),
    ("S3BucketName", "bucket"),
    ("S3Prefix", "prefix"),
    ("DBInstanceIdentifier", "instance"),
    ("DBClusterIdentifier", "cluster"),
    ("DBSnapshotIdentifier", "snapshot"),
    ("DBClusterSnapshotIdentifier", "snapshot"),
    ("SnapshotType", "type"),
];

/// Returns what the history says of a request.
pub(super) fn note(params: &Params) -> Value {
    let noted = NOTED.iter().filter_map(|(name, noted)| Some(((*noted).to_owned(), params.get(name)?.into())));
    let mut note: Map<String, Value> = noted.collect();
    let only = params.list("ExportOnly.member");
    if !only.is_empty() {
        note.insert("only".to_owned(), only.into());
    }
    Value::Object(note)
}

/// Carries an operation out. Returns what is inside the `…Result` element.
///
/// # Errors
/// RDS would refuse it; or this stand-in does not know it (`InvalidAction`).
pub(super) fn call(rds: &Rds, operation: &str, params: &Params) -> Result<Xml, Refusal> {
    match operation {
        "DescribeDBInstances" => describe_servers(rds, Kind::Instance, params),
        "DescribeDBClusters" => describe_servers(rds, Kind::Cluster, params),
        "CreateDBSnapshot" => create_snapshot(rds, Kind::Instance, params),
        "CreateDBClusterSnapshot" => create_snapshot(rds, Kind::Cluster, params),
        "DescribeDBSnapshots" => describe_snapshots(rds, Kind::Instance, params),
        "DescribeDBClusterSnapshots" => describe_snapshots(rds, Kind::Cluster, params),
        "DeleteDBSnapshot" => delete_snapshot(rds, Kind::Instance, params),
        "DeleteDBClusterSnapshot" => delete_snapshot(rds, Kind::Cluster, params),
        "DescribeEventSubscriptions" => Ok(describe_event_subscriptions()),
        "StartExportTask" => exports::start(rds, params),
        "DescribeExportTasks" => exports::describe(rds, params),
        "CancelExportTask" => exports::cancel(rds, params),
        _ => Err(Refusal::new("InvalidAction", format!("Could not find operation {operation} for version 2014-10-31"))),
    }
}

fn describe_servers(rds: &Rds, kind: Kind, params: &Params) -> Result<Xml, Refusal> {
    let state = rds.state();
    let found = match params.get(kind.server_parameter()) {
        Some(id) => vec![state.servers.server(kind, id)?],
        None => state.servers.servers.iter().filter(|it| it.kind == kind).collect(),
    };
    let (found, marker) = params.page(found)?;
    let (list, item) = match kind {
        Kind::Instance => ("DBInstances", "DBInstance"),
        Kind::Cluster => ("DBClusters", "DBCluster"),
    };
    Ok(Xml::default().list(list, item, found.into_iter().map(answers::server)).optional("Marker", marker))
}

/// Everything that RDS tells goes to the one topic.
fn describe_event_subscriptions() -> Xml {
    let subscription = |kind: &&str| {
        Xml::default()
            .text("CustSubscriptionId", format!("datalake-{kind}"))
            .text("SnsTopicArn", TOPIC_ARN)
            .text("Status", "active")
            .text("SourceType", kind)
            .text("Enabled", true)
    };
    let found = ["db-snapshot", "db-cluster-snapshot"];
    Xml::default().list("EventSubscriptionsList", "EventSubscription", found.iter().map(subscription))
}

fn create_snapshot(rds: &Rds, kind: Kind, params: &Params) -> Result<Xml, Refusal> {
    let (server, id) = (params.required(kind.server_parameter())?, params.required(kind.snapshot_parameter())?);
    let now = rds.world.clock.now();
    let mut state = rds.state();
    // RDS stores identifiers in lower case.
    let id = id.to_lowercase();
    let snapshot = state.servers.take(kind, server, &id, SnapshotType::Manual, now)?;
    rds.world.events.rds(&notices::snapshot(snapshot, false, now));
    Ok(Xml::default().node(element(kind), &answers::snapshot(snapshot)))
}

fn describe_snapshots(rds: &Rds, kind: Kind, params: &Params) -> Result<Xml, Refusal> {
    let state = rds.state();
    let wanted: &[SnapshotType] = match params.get("SnapshotType") {
        None => &[SnapshotType::Manual, SnapshotType::Automated],
        Some("manual") => &[SnapshotType::Manual],
        Some("automated") => &[SnapshotType::Automated],
        Some("awsbackup" | "shared" | "public") => &[],
        Some(other) => return Err(Refusal::new("InvalidParameterValue", format!("Invalid snapshot type: {other}"))),
    };
    let is_wanted = |it: &&Snapshot| it.kind == kind && wanted.contains(&it.origin);
    let found: Vec<&Snapshot> = match params.get(kind.snapshot_parameter()) {
        None => {
            let server = params.get(kind.server_parameter());
            let is_of = |it: &&Snapshot| server.is_none_or(|server| it.server == server);
            state.servers.snapshots.iter().filter(is_wanted).filter(is_of).collect()
        }
        Some(id) => {
            let snapshot = state.servers.snapshot(kind, id).ok().filter(is_wanted);
            // An automated snapshot is only found by its name when the type is given too.
            let is_found = |it: &&Snapshot| it.origin == SnapshotType::Manual || params.get("SnapshotType").is_some();
            vec![snapshot.filter(is_found).ok_or_else(|| snapshots::not_found(kind, id))?]
        }
    };
    let (found, marker) = params.page(found)?;
    let list = format!("{}s", element(kind));
    let found = found.into_iter().map(answers::snapshot);
    Ok(Xml::default().list(&list, element(kind), found).optional("Marker", marker))
}

fn delete_snapshot(rds: &Rds, kind: Kind, params: &Params) -> Result<Xml, Refusal> {
    let snapshot = rds.state().servers.delete(kind, params.required(kind.snapshot_parameter())?)?;
    Ok(Xml::default().node(element(kind), &answers::snapshot(&snapshot)))
}

fn element(kind: Kind) -> &'static str {
    match kind {
        Kind::Instance => "DBSnapshot",
        Kind::Cluster => "DBClusterSnapshot",
    }
}
