//! Instances and clusters, and the snapshots that are taken of them.

use jiff::{SignedDuration, Timestamp};

use super::{Kind, SnapshotType, rules};
use crate::sandbox::aws::{ACCOUNT, REGION, refusal::Refusal};

/// An instance or a cluster.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) id: String,
    pub(super) kind: Kind,
}

impl Server {
    pub(super) fn arn(&self) -> String {
        let kind = match self.kind {
            Kind::Instance => "db",
            Kind::Cluster => "cluster",
        };
        format!("arn:aws:rds:{REGION}:{ACCOUNT}:{kind}:{}", self.id)
    }
}

/// A snapshot of an instance or of a cluster.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) id: String,
    pub(super) server: String,
    pub(super) kind: Kind,
    pub(super) origin: SnapshotType,
    pub(super) created: Timestamp,
    pub(super) is_available: bool,
}

impl Snapshot {
    pub(super) fn arn(&self) -> String {
        let kind = match self.kind {
            Kind::Instance => "snapshot",
            Kind::Cluster => "cluster-snapshot",
        };
        format!("arn:aws:rds:{REGION}:{ACCOUNT}:{kind}:{}", self.id)
    }

    /// Becomes available when its time has come. Returns when that was, if it was now.
    pub(super) fn advance(&mut self, now: Timestamp, takes: SignedDuration) -> Option<Timestamp> {
        let due = self.created + takes;
        if self.is_available || now < due {
            return None;
        }
        self.is_available = true;
        Some(due)
    }
}

/// The instances, clusters and snapshots of the account.
#[derive(Debug, Default)]
pub(super) struct Servers {
    pub(super) servers: Vec<Server>,
    pub(super) snapshots: Vec<Snapshot>,
}

impl Servers {
    /// Returns an instance or cluster.
    ///
    /// # Errors
    /// The code that says that there is none, which differs between the kinds.
    pub(super) fn server(&self, kind: Kind, id: &str) -> Result<&Server, Refusal> {
        self.servers.iter().find(|it| it.kind == kind && it.id == id).ok_or_else(|| match kind {
            Kind::Instance => Refusal::not_found("DBInstanceNotFound", format!("DBInstance {id} not found.")),
            Kind::Cluster => Refusal::not_found("DBClusterNotFoundFault", format!("DBCluster {id} not found.")),
        })
    }

    /// Returns a snapshot.
    ///
    /// # Errors
    /// The code that says that there is none, which differs between the kinds.
    pub(super) fn snapshot(&self, kind: Kind, id: &str) -> Result<&Snapshot, Refusal> {
        let found = self.snapshots.iter().find(|it| it.kind == kind && it.id == id);
        found.ok_or_else(|| not_found(kind, id))
    }

    /// Begins a snapshot of `server`.
    ///
    /// # Errors
    /// The name is none, or taken; there is no such server.
    pub(super) fn take(
        &mut self,
        kind: Kind,
        server: &str,
        id: &str,
        origin: SnapshotType,
        now: Timestamp,
    ) -> Result<&Snapshot, Refusal> {
        if let SnapshotType::Manual = origin {
            rules::check_identifier(kind.snapshot_parameter(), id)?;
        }
        let server = self.server(kind, server)?.id.clone();
        if self.snapshot(kind, id).is_ok() {
            let code = match kind {
                Kind::Instance => "DBSnapshotAlreadyExists",
                Kind::Cluster => "DBClusterSnapshotAlreadyExistsFault",
            };
            return Err(Refusal::new(code, format!("Cannot create the snapshot because {id} already exists.")));
        }
        let id = id.to_owned();
        self.snapshots.push(Snapshot { id, server, kind, origin, created: now, is_available: false });
        Ok(self.snapshots.last().expect("one was added"))
    }

    /// Removes a snapshot.
    ///
    /// # Errors
    /// There is none; it is automated, or still being created.
    pub(super) fn delete(&mut self, kind: Kind, id: &str) -> Result<Snapshot, Refusal> {
        let snapshot = self.snapshot(kind, id)?;
        let is_manual = matches!(snapshot.origin, SnapshotType::Manual);
        if !is_manual || !snapshot.is_available {
            let code = match kind {
                Kind::Instance => "InvalidDBSnapshotState",
                Kind::Cluster => "InvalidDBClusterSnapshotStateFault",
            };
            return Err(Refusal::new(code, format!("The snapshot {id} cannot be deleted in its present state.")));
        }
        let at = self.snapshots.iter().position(|it| it.kind == kind && it.id == id).expect("it was just found");
        Ok(self.snapshots.remove(at))
    }
}

pub(super) fn not_found(kind: Kind, id: &str) -> Refusal {
    match kind {
        Kind::Instance => Refusal::not_found("DBSnapshotNotFound", format!("DBSnapshot {id} not found.")),
        Kind::Cluster => {
            Refusal::not_found("DBClusterSnapshotNotFoundFault", format!("DBClusterSnapshot {id} not found."))
        }
    }
}
