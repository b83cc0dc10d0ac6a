//! The database of a source, its snapshots, what RDS tells of them, and the account's exports.

use aws_sdk_rds::{Client, types::EventSubscription};

use super::{
    Verdict,
    probe::Probe,
    trouble::{Need, Trouble},
};
use crate::{
    adapters::aws::Aws,
    domain::{
        export::SLOTS,
        snapshot::SnapshotChoice,
        source::{Engine, Schedule, Source},
    },
    engine::ports::{Exports as _, Snapshots as _},
};

/// What can be exported to S3
/// ([Exporting DB snapshot data](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.html)).
const EXPORTABLE: &[&str] = &["mysql", "mariadb", "postgres", "aurora", "aurora-mysql", "aurora-postgresql"];

/// A database, as far as the doctor judges it: the same for instances and clusters.
#[derive(Debug, Default)]
struct Database {
    engine: String,
    arn: String,
    /// How many days automated snapshots are kept; 0: none are made.
    retention: i32,
    /// The cluster that the instance belongs to.
    cluster: Option<String>,
}

pub(super) fn probes<'a>(rds: &'a Client, work: &'a Aws, source: &'a Source, region: &'a str) -> Vec<Probe<'a>> {
    vec![
        Probe::new("database", &source.identifier, Need::Doctors, async move { database(rds, source, region).await }),
        Probe::new("snapshots of", &source.identifier, Need::Bots, async move { snapshots(work, source).await }),
    ]
}

/// Returns the look at the slots for exports, of which an account has a few in each Region.
pub(super) fn slots(work: &Aws) -> Probe<'_> {
    Probe::new("export slots", "of the account", Need::Bots, async move {
        let active = match work.active().await {
            Ok(active) => active,
            Err(failure) => return Trouble::from(failure).verdict(Need::Bots, "rds:DescribeExportTasks"),
        };
        let names: Vec<&str> = active.iter().map(|it| it.name.as_str()).collect();
        if active.len() < SLOTS {
            return Verdict::ok(format!("{} of {SLOTS} free", SLOTS - active.len()));
        }
        Verdict::failed(
            format!("none of {SLOTS} is free, a new run waits: {}", names.join(", ")),
            "Wait until one ends, or cancel what nobody needs (`datalake-bot runs cancel RUN`, or in the console of RDS).",
        )
    })
}

/// Returns the look for an event subscription that brings what the bot waits for.
pub(super) fn events<'a>(rds: &'a Client, sources: &[&Source]) -> Probe<'a> {
    let kinds: Vec<&str> = [(Engine::Rds, "db-snapshot"), (Engine::Aurora, "db-cluster-snapshot")]
        .into_iter()
        .filter(|(engine, _)| sources.iter().any(|it| it.engine == *engine))
        .map(|(_, kind)| kind)
        .collect();
    Probe::new("event subscriptions", kinds.join(", "), Need::Doctors, async move {
        let found = rds.describe_event_subscriptions().into_paginator().items().send();
        match found.collect::<Result<Vec<_>, _>>().await.map_err(Trouble::from) {
            Ok(found) => judge_events(&found, &kinds),
            Err(trouble) => trouble.verdict(Need::Doctors, "rds:DescribeEventSubscriptions"),
        }
    })
}

fn judge_events(found: &[EventSubscription], kinds: &[&str]) -> Verdict {
    let brings =
        |it: &EventSubscription, kind: &str| it.enabled() == Some(true) && it.source_type().is_none_or(|of| of == kind);
    let missing: Vec<&str> = kinds.iter().copied().filter(|kind| !found.iter().any(|it| brings(it, kind))).collect();
    if missing.is_empty() {
        return Verdict::ok("RDS tells of snapshots and exports");
    }
    Verdict::hint(
        format!(
            "RDS tells nobody of {}: new snapshots are not noticed, ends of exports only by looking",
            missing.join(", ")
        ),
        "Subscribe an SNS topic to these events, as deploy/terraform/events.tf does.",
    )
}

async fn database(rds: &Client, source: &Source, region: &str) -> Verdict {
    let (found, action) = match source.engine {
        Engine::Rds => (instance(rds, &source.identifier).await, "rds:DescribeDBInstances"),
        Engine::Aurora => (cluster(rds, &source.identifier).await, "rds:DescribeDBClusters"),
    };
    match found {
        Ok(Some(database)) => judge(&database, source, region),
        Ok(None) => no_database(source),
        Err(trouble) if trouble.is("DBInstanceNotFound") || trouble.is("DBClusterNotFound") => no_database(source),
        Err(trouble) => trouble.verdict(Need::Doctors, action),
    }
}

fn no_database(source: &Source) -> Verdict {
    let (what, other) = match source.engine {
        Engine::Rds => ("instance", "a cluster takes engine = \"aurora\""),
        Engine::Aurora => ("cluster", "an instance takes engine = \"rds\""),
    };
    Verdict::failed(
        format!("there is no {what} of this name in this Region"),
        format!("Mend `identifier` of the source {}; {other}.", source.name),
    )
}

async fn instance(rds: &Client, id: &str) -> Result<Option<Database>, Trouble> {
    let found = rds.describe_db_instances().db_instance_identifier(id).send().await?;
    Ok(found.db_instances().first().map(|it| Database {
        engine: it.engine().unwrap_or_default().to_owned(),
        arn: it.db_instance_arn().unwrap_or_default().to_owned(),
        retention: it.backup_retention_period().unwrap_or(1),
        cluster: it.db_cluster_identifier().map(str::to_owned),
    }))
}

async fn cluster(rds: &Client, id: &str) -> Result<Option<Database>, Trouble> {
    let found = rds.describe_db_clusters().db_cluster_identifier(id).send().await?;
    Ok(found.db_clusters().first().map(|it| Database {
        engine: it.engine().unwrap_or_default().to_owned(),
        arn: it.db_cluster_arn().unwrap_or_default().to_owned(),
        retention: it.backup_retention_period().unwrap_or(1),
        cluster: None,
    }))
}

fn judge(database: &Database, source: &Source, region: &str) -> Verdict {
    let Database { engine, arn, retention, cluster } = database;
    if let Some(other) = arn.split(':').nth(3).filter(|it| *it != region) {
        return Verdict::failed(format!("is in the Region {other}"), "Mend aws.region: one bot serves one Region.");
    }
    if let Some(cluster) = cluster {
        return Verdict::failed(
            format!("belongs to the cluster {cluster}: Aurora makes its snapshots of the cluster"),
            format!("Set engine = \"aurora\" and identifier = \"{cluster}\"."),
        );
    }
    if !EXPORTABLE.contains(&engine.as_str()) {
        return Verdict::failed(
            format!("RDS cannot export databases of the engine {engine}"),
            format!("Remove the source, or move the database to one of: {}.", EXPORTABLE.join(", ")),
        );
    }
    if *retention == 0 && source.schedule == Schedule::OnSnapshot {
        return Verdict::failed(
            "automated snapshots are off, and a run begins with one",
            "Give the database a backup retention period of a day or more, or set schedule = \"manual\".",
        );
    }
    Verdict::ok(format!("{engine}, snapshots are kept for {retention} days"))
}

async fn snapshots(work: &Aws, source: &Source) -> Verdict {
    let action = match source.engine {
        Engine::Rds => "rds:DescribeDBSnapshots",
        Engine::Aurora => "rds:DescribeDBClusterSnapshots",
    };
    match work.find(source, &SnapshotChoice::Latest).await {
        Ok(Some(snapshot)) => {
            Verdict::ok(format!("the newest is of {}", snapshot.taken_at.strftime("%Y-%m-%d %H:%M UTC")))
        }
        Ok(None) => Verdict::hint(
            "none is available, so that no run can be started yet",
            "Wait for the next backup window, or take a snapshot.",
        ),
        Err(failure) => {
            let trouble = Trouble::from(failure);
            let missing = trouble.is("DBInstanceNotFound") || trouble.is("DBClusterNotFound");
            if missing { no_database(source) } else { trouble.verdict(Need::Bots, action) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> Database {
        let arn = "arn:aws:rds:eu-west-1:123456789012:db:shop-db".to_owned();
        Database { engine: "mysql".to_owned(), arn, retention: 7, cluster: None }
    }

    fn source() -> Source {
        crate::projection::testing::story::source("shop")
    }

    fn is_well(database: &Database, source: &Source) -> bool {
        matches!(judge(database, source, "eu-west-1"), Verdict::Ok { .. })
    }

    #[test]
    fn a_database_must_be_one_that_rds_exports() {
        assert!(is_well(&database(), &source()));
        assert!(!is_well(&Database { engine: "oracle-ee".into(), ..database() }, &source()));
        assert!(!is_well(&Database { cluster: Some("shop".into()), ..database() }, &source()));
        assert!(!is_well(&Database { arn: "arn:aws:rds:us-east-1:1:db:x".into(), ..database() }, &source()));
    }

    #[test]
    fn only_people_can_do_without_automated_snapshots() {
        let without = Database { retention: 0, ..database() };
        assert!(!is_well(&without, &source()));
        assert!(is_well(&without, &Source { schedule: Schedule::Manual, ..source() }));
    }

    #[test]
    fn each_kind_of_database_needs_its_events() {
        let of = |kind: &str, enabled| EventSubscription::builder().source_type(kind).enabled(enabled).build();
        let (snapshots, off) = (of("db-snapshot", true), of("db-cluster-snapshot", false));
        assert!(matches!(judge_events(std::slice::from_ref(&snapshots), &["db-snapshot"]), Verdict::Ok { .. }));
        let both = ["db-snapshot", "db-cluster-snapshot"];
        let Verdict::Hint { what, .. } = judge_events(&[snapshots, off], &both) else { panic!("one is missing") };
        assert!(what.contains("db-cluster-snapshot") && !what.contains(" db-snapshot"), "{what}");
    }
}
