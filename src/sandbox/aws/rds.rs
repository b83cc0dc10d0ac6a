//! The RDS stand-in: snapshots and their export to S3, over the AWS Query protocol (version 2014-10-31).
//!
//! Instances and clusters are made in process; what the bot may do goes over the wire ([`api`]).

mod answers;
mod api;
mod database;
mod exports;
mod files;
mod learning;
mod notices;
mod params;
mod rules;
mod snapshots;

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard},
};

use anyhow::Context as _;
use async_trait::async_trait;
use axum::{
    body::Bytes,
    http::{Response, StatusCode, header::CONTENT_TYPE, request::Parts},
};
use jiff::tz::TimeZone;

pub(super) use self::database::parquet_file;
pub use self::{
    database::{Column, Database, Table},
    exports::ExportStatus,
};
use self::{
    exports::{Export, Hold, Plan},
    params::Params,
    snapshots::{Server, Servers},
};
use super::{World, refusal::Refusal, xml::Xml};
use crate::{
    clock::Clock as _,
    sandbox::wire::{Call, Reply, StandIn},
};

const NAMESPACE: &str = "http://rds.amazonaws.com/doc/2014-10-31/";

/// Who takes a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotType {
    Manual,
    Automated,
}

/// Whether something is, or is of, an instance or a cluster. The API has two of nearly everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Instance,
    Cluster,
}

impl Kind {
    /// Returns the parameter that names a snapshot.
    fn snapshot_parameter(self) -> &'static str {
        match self {
            Self::Instance => "DBSnapshotIdentifier",
            Self::Cluster => "DBClusterSnapshotIdentifier",
        }
    }

    /// Returns the parameter that names an instance or a cluster.
    fn server_parameter(self) -> &'static str {
        match self {
            Self::Instance => "DBInstanceIdentifier",
            Self::Cluster => "DBClusterIdentifier",
        }
    }
}

/// The stand-in for RDS.
pub struct Rds {
    world: World,
    state: Mutex<State>,
}

struct State {
    servers: Servers,
    exports: Vec<Export>,
    database: Database,
    /// How the next exports end.
    plans: VecDeque<Plan>,
    holds: Vec<Hold>,
    /// An unknown export task is described as an empty list instead of an error.
    is_lenient: bool,
}

impl Rds {
    pub(super) fn new(world: World) -> Self {
        let state = State {
            servers: Servers::default(),
            exports: Vec::new(),
            database: learning::database(),
            plans: VecDeque::new(),
            holds: Vec::new(),
            is_lenient: false,
        };
        Self { world, state: Mutex::new(state) }
    }

    /// Adds a `MySQL` instance, available at once.
    pub fn add_instance(&self, id: &str) {
        self.state().servers.servers.push(Server { id: id.to_owned(), kind: Kind::Instance });
    }

    /// Adds an Aurora `MySQL` cluster, available at once.
    pub fn add_cluster(&self, id: &str) {
        self.state().servers.servers.push(Server { id: id.to_owned(), kind: Kind::Cluster });
    }

    /// Changes the database that every instance and cluster holds; exports that are under way see it too.
    pub fn edit_database(&self, edit: impl FnOnce(&mut Database)) {
        edit(&mut self.state().database);
    }

    /// Begins a snapshot of an instance or cluster. Returns its ARN.
    ///
    /// # Errors
    /// There is no such instance or cluster, or the name cannot be had.
    pub fn create_snapshot(&self, server: &str, name: &str, origin: SnapshotType) -> anyhow::Result<String> {
        let mut state = self.state();
        let kind = state.servers.servers.iter().find(|it| it.id == server).map(|it| it.kind);
        let kind = kind.with_context(|| format!("there is no instance or cluster {server}"))?;
        let now = self.world.clock.now();
        let snapshot = state.servers.take(kind, server, name, origin, now)?;
        self.world.events.rds(&notices::snapshot(snapshot, false, now));
        Ok(snapshot.arn())
    }

    /// Begins an automated snapshot, named as RDS names them: `rds:{server}-YYYY-MM-DD-hh-mm`. Returns its ARN.
    ///
    /// # Errors
    /// There is no such instance or cluster, or it had one in this minute.
    pub fn create_automated_snapshot(&self, server: &str) -> anyhow::Result<String> {
        let minute = self.world.clock.now().to_zoned(TimeZone::UTC).strftime("%Y-%m-%d-%H-%M").to_string();
        self.create_snapshot(server, &format!("rds:{server}-{minute}"), SnapshotType::Automated)
    }

    /// Lets the next export that is started fail half-way, with `cause` as its `FailureCause`.
    pub fn fail_next_export(&self, cause: &str) {
        self.state().plans.push_back(Plan::Fail { cause: cause.to_owned() });
    }

    /// Lets the next export that is started complete with `warning`, which is JSON as RDS writes it. Tables that it
    /// names in `skippedTables` are not exported.
    pub fn warn_next_export(&self, warning: &str) {
        self.state().plans.push_back(Plan::Complete { warning: Some(warning.to_owned()) });
    }

    /// Keeps exports in `status` until they are released: all whose identifier or source ARN holds `text`.
    pub fn hold_exports(&self, text: &str, status: ExportStatus) {
        self.state().holds.push(Hold { text: text.to_owned(), status });
    }

    /// Lets all exports go on that are held.
    pub fn release_exports(&self) {
        self.state().holds.clear();
    }

    /// Sets whether an unknown export task is described as an empty list. At first it is `ExportTaskNotFound`; which
    /// of the two the real service does is not certain.
    pub fn describe_unknown_as_empty(&self, is_lenient: bool) {
        self.state().is_lenient = is_lenient;
    }

    /// Returns the status of an export task. `None`: there is none.
    pub fn export_status(&self, identifier: &str) -> Option<ExportStatus> {
        self.state().exports.iter().find(|it| it.id == identifier).map(|it| it.status())
    }

    /// Moves everything on as far as the clock allows.
    pub fn tick(&self) {
        drop(self.state());
    }

    /// Returns the state, moved on to the present.
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().expect("no panic while RDS is held");
        let State { servers, exports, database, holds, .. } = &mut *state;
        for snapshot in &mut servers.snapshots {
            if let Some(at) = snapshot.advance(self.world.clock.now(), self.world.pace.snapshot) {
                self.world.events.rds(&notices::snapshot(snapshot, true, at));
            }
        }
        for export in exports {
            export.advance(database, holds, &self.world);
        }
        state
    }
}

#[async_trait]
impl StandIn for Rds {
    fn service(&self) -> &'static str {
        "rds"
    }

    fn operation(&self, _parts: &Parts, body: &Bytes) -> String {
        Params::parse(body).get("Action").unwrap_or("Unknown").to_owned()
    }

    fn refusal(&self, status: u16, code: &str, message: &str) -> Response<Bytes> {
        let fault = if status < 500 { "Sender" } else { "Receiver" };
        let error = Xml::default().text("Type", fault).text("Code", code).text("Message", message);
        respond(status, "ErrorResponse", Xml::default().node("Error", &error).text("RequestId", "sandbox"))
    }

    async fn answer(&self, call: Call) -> Reply {
        let params = Params::parse(&call.body);
        let note = api::note(&params);
        match api::call(self, &call.operation, &params) {
            Ok(result) => {
                let metadata = Xml::default().text("RequestId", "sandbox");
                let result = Xml::default()
                    .node(&format!("{}Result", call.operation), &result)
                    .node("ResponseMetadata", &metadata);
                let response = respond(200, &format!("{}Response", call.operation), result);
                Reply { response, error: None, note }
            }
            Err(Refusal { status, code, message }) => {
                Reply { response: self.refusal(status, code, &message), error: Some(code.to_owned()), note }
            }
        }
    }
}

fn respond(status: u16, root: &str, inner: Xml) -> Response<Bytes> {
    let body = format!("<{root} xmlns=\"{NAMESPACE}\">{}</{root}>", inner.into_string());
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(status).expect("a valid status");
    response.headers_mut().insert(CONTENT_TYPE, "text/xml".parse().expect("a valid header"));
    response
}
