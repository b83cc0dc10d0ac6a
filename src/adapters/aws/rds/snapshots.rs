//! Snapshots of instances and of Aurora clusters, and the stage `snapshot`.

use aws_sdk_rds::{
    Client,
    types::{DbClusterSnapshot, DbSnapshot},
};
use jiff::Timestamp;

use super::super::{error::Trouble, time::timestamp};
use crate::domain::{
    failure::{Class, Failure, codes},
    run::Run,
    seen::Seen,
    snapshot::{Origin, Snapshot, SnapshotChoice},
    source::{Engine, Source},
    stage::{Detail, WaitOn},
};

/// A snapshot as RDS describes it: the same for instances and clusters.
#[derive(Clone, Debug, Default, PartialEq)]
struct Described {
    id: String,
    arn: String,
    /// Identifier of the instance or cluster.
    database: String,
    status: String,
    /// RDS says so only when it knows.
    taken_at: Option<Timestamp>,
    /// `automated`, `manual`, `awsbackup`.
    kind: String,
    allocated: Option<u32>,
}

/// Which snapshots are asked for.
#[derive(Clone, Copy, Debug)]
enum Which<'a> {
    /// Every one of a database, of the types that RDS lists when none is given, or of that type.
    Of { database: &'a str, kind: Option<&'static str> },
    /// The one of this identifier.
    Named(&'a str),
}

/// Returns the snapshot of `source` that is chosen.
pub(in super::super) async fn find(
    rds: &Client,
    source: &Source,
    choice: &SnapshotChoice,
) -> Result<Option<Snapshot>, Failure> {
    match choice {
        SnapshotChoice::Latest => Ok(latest(all(rds, source).await?)),
        SnapshotChoice::Named(name) => match named(rds, source, name).await {
            Ok(found) => Ok(found.and_then(Described::snapshot)),
            Err(trouble) if is_missing(&trouble) => Ok(None),
            Err(trouble) => Err(trouble.into()),
        },
    }
}

/// Returns the snapshots of `source` that can be exported, newest first.
pub(in super::super) async fn list(rds: &Client, source: &Source) -> Result<Vec<Snapshot>, Failure> {
    let mut found: Vec<Snapshot> = available(all(rds, source).await?).collect();
    found.sort_by_key(|it| std::cmp::Reverse(it.taken_at));
    Ok(found)
}

/// Returns whether the run's snapshot can be exported.
pub(in super::super) async fn look(rds: &Client, run: &Run, source: &Source) -> Seen {
    match named(rds, source, &run.source_arn).await {
        Ok(Some(snapshot)) => snapshot.seen(),
        Ok(None) => Seen::Failed(unusable(&run.source_arn)),
        Err(trouble) if is_missing(&trouble) => Seen::Failed(trouble.into()),
        Err(trouble) => trouble.seen(),
    }
}

/// Returns every snapshot of the source's database. Those of AWS Backup are a type of their own that is not listed
/// unless asked for, and that clusters do not have.
async fn all(rds: &Client, source: &Source) -> Result<Vec<Described>, Trouble> {
    let of = |kind| Which::Of { database: &source.identifier, kind };
    let mut found = describe(rds, source.engine, of(None)).await?;
    if source.engine == Engine::Rds {
        found.extend(describe(rds, source.engine, of(Some("awsbackup"))).await?);
    }
    Ok(found)
}

/// Returns the source's snapshot with that identifier or ARN. One of another database is not the source's.
async fn named(rds: &Client, source: &Source, name: &str) -> Result<Option<Described>, Trouble> {
    let found = describe(rds, source.engine, Which::Named(identifier(name))).await?;
    Ok(found.into_iter().find(|it| {
        it.database.eq_ignore_ascii_case(&source.identifier) && (it.arn == name || it.id.eq_ignore_ascii_case(name))
    }))
}

async fn describe(rds: &Client, engine: Engine, which: Which<'_>) -> Result<Vec<Described>, Trouble> {
    match engine {
        Engine::Rds => {
            let call = rds.describe_db_snapshots();
            let call = match which {
                Which::Of { database, kind } => {
                    call.db_instance_identifier(database).set_snapshot_type(kind.map(str::to_owned))
                }
                Which::Named(id) => call.db_snapshot_identifier(id).set_snapshot_type(kind(id)),
            };
            let found: Vec<_> = call.into_paginator().items().send().collect::<Result<_, _>>().await?;
            Ok(found.into_iter().map(Described::from).collect())
        }
        Engine::Aurora => {
            let call = rds.describe_db_cluster_snapshots();
            let call = match which {
                Which::Of { database, kind } => {
                    call.db_cluster_identifier(database).set_snapshot_type(kind.map(str::to_owned))
                }
                Which::Named(id) => call.db_cluster_snapshot_identifier(id).set_snapshot_type(kind(id)),
            };
            let found: Vec<_> = call.into_paginator().items().send().collect::<Result<_, _>>().await?;
            Ok(found.into_iter().map(Described::from).collect())
        }
    }
}

/// Returns the type that must be named with this identifier. RDS asks for it when the snapshot is not a manual one
/// ([DescribeDBSnapshots](https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSnapshots.html)), and
/// such snapshots show it: a colon is allowed in no name that a person gives.
fn kind(id: &str) -> Option<String> {
    let (kind, _) = id.split_once(':')?;
    match kind {
        "rds" => Some("automated".to_owned()),
        "awsbackup" => Some("awsbackup".to_owned()),
        _ => None,
    }
}

/// Returns the identifier in an ARN (`arn:aws:rds:REGION:ACCOUNT:snapshot:ID`; the id may hold colons), or the name
/// itself.
fn identifier(name: &str) -> &str {
    if name.starts_with("arn:") { name.splitn(7, ':').nth(6).unwrap_or(name) } else { name }
}

fn available(found: Vec<Described>) -> impl Iterator<Item = Snapshot> {
    found.into_iter().filter_map(Described::snapshot).filter(|it| it.available)
}

fn latest(found: Vec<Described>) -> Option<Snapshot> {
    available(found).max_by_key(|it| it.taken_at)
}

fn is_missing(trouble: &Trouble) -> bool {
    trouble.is("DBSnapshotNotFound") || trouble.is("DBClusterSnapshotNotFound")
}

fn unusable(message: &str) -> Failure {
    Failure::new(Class::Config, codes::SNAPSHOT_UNUSABLE, message)
}

impl Described {
    /// Returns the snapshot. `None`: RDS has only begun with it and does not yet say of which moment it is.
    fn snapshot(self) -> Option<Snapshot> {
        let available = self.is_available();
        let origin = match self.kind.as_str() {
            "automated" => Origin::Automated,
            "awsbackup" => Origin::Backup,
            // Those that others share are made by people too.
            _ => Origin::Manual,
        };
        let Self { id, arn, allocated, .. } = self;
        Some(Snapshot { taken_at: self.taken_at?, id, arn, available, origin, allocated })
    }

    fn is_available(&self) -> bool {
        self.status.eq_ignore_ascii_case("available")
    }

    fn seen(&self) -> Seen {
        match self.status.to_ascii_lowercase().as_str() {
            "available" => Seen::Done {
                detail: Detail { state: Some(self.status.clone()), ..Detail::default() },
                warnings: Vec::new(),
            },
            "failed" | "deleting" | "deleted" => Seen::Failed(unusable(&self.status)),
            state if state.starts_with("incompatible") => Seen::Failed(unusable(&self.status)),
            _ => Seen::Busy(WaitOn::SnapshotReady),
        }
    }
}

impl From<DbSnapshot> for Described {
    fn from(it: DbSnapshot) -> Self {
        Self {
            id: it.db_snapshot_identifier.unwrap_or_default(),
            arn: it.db_snapshot_arn.unwrap_or_default(),
            database: it.db_instance_identifier.unwrap_or_default(),
            status: it.status.unwrap_or_default(),
            taken_at: it.snapshot_create_time.as_ref().and_then(timestamp),
            kind: it.snapshot_type.unwrap_or_default(),
            allocated: it.allocated_storage.and_then(|it| u32::try_from(it).ok()),
        }
    }
}

impl From<DbClusterSnapshot> for Described {
    fn from(it: DbClusterSnapshot) -> Self {
        Self {
            id: it.db_cluster_snapshot_identifier.unwrap_or_default(),
            arn: it.db_cluster_snapshot_arn.unwrap_or_default(),
            database: it.db_cluster_identifier.unwrap_or_default(),
            status: it.status.unwrap_or_default(),
            taken_at: it.snapshot_create_time.as_ref().and_then(timestamp),
            kind: it.snapshot_type.unwrap_or_default(),
            // Aurora's storage has no fixed size, and RDS says 1, or 0, for it.
            allocated: it.allocated_storage.and_then(|it| u32::try_from(it).ok()).filter(|it| *it > 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(id: &str, status: &str, second: Option<i64>) -> Described {
        let taken_at = second.map(|it| Timestamp::from_second(it).unwrap());
        Described { id: id.to_owned(), status: status.to_owned(), taken_at, ..Described::default() }
    }

    #[test]
    fn the_latest_is_the_newest_that_is_available() {
        let found = vec![
            described("old", "available", Some(1)),
            described("good", "available", Some(3)),
            described("middle", "available", Some(2)),
            described("unfinished", "creating", Some(4)),
            described("begun", "creating", None),
            described("broken", "failed", Some(5)),
        ];
        assert_eq!(latest(found).map(|it| it.id).as_deref(), Some("good"));
        assert_eq!(latest(vec![described("begun", "creating", None)]), None);
    }

    #[test]
    fn identifiers_are_found_in_arns_and_tell_their_type() {
        for (name, id, type_of) in [
            ("by-hand", "by-hand", None),
            ("rds:shop-db-2026-11-22-03-00", "rds:shop-db-2026-11-22-03-00", Some("automated")),
            ("awsbackup:job-1", "awsbackup:job-1", Some("awsbackup")),
            ("arn:aws:rds:eu-west-1:1:snapshot:by-hand", "by-hand", None),
            ("arn:aws:rds:eu-west-1:1:snapshot:rds:shop-1", "rds:shop-1", Some("automated")),
            ("arn:aws:rds:eu-west-1:1:cluster-snapshot:rds:shop-1", "rds:shop-1", Some("automated")),
        ] {
            assert_eq!(identifier(name), id);
            assert_eq!(kind(id).as_deref(), type_of, "{name}");
        }
    }

    #[test]
    fn a_state_says_whether_to_go_on_to_wait_or_to_give_up() {
        for state in ["available", "AVAILABLE"] {
            assert!(matches!(described("a", state, None).seen(), Seen::Done { .. }), "{state}");
        }
        for state in ["creating", "copying", "modifying", ""] {
            assert_eq!(described("a", state, None).seen(), Seen::Busy(WaitOn::SnapshotReady), "{state}");
        }
        for state in ["failed", "deleted", "incompatible-restore"] {
            assert_eq!(described("a", state, None).seen(), Seen::Failed(unusable(state)), "{state}");
        }
    }
}
