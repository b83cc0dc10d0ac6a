//! Crawlers and their crawls.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    S3Path,
    catalog::{Catalog, Changes},
    scan::{self, Seen},
};
use crate::{
    clock::Clock as _,
    sandbox::aws::{ACCOUNT, World, events::GlueEvent, ids, phase::Phase, refusal::Refusal},
};

/// The state of a crawler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CrawlerState {
    Ready,
    Running,
    Stopping,
}

impl fmt::Display for CrawlerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "READY",
            Self::Running => "RUNNING",
            Self::Stopping => "STOPPING",
        })
    }
}

/// How a crawl ended.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Succeeded(Changes),
    Failed(String),
    Cancelled,
}

/// A crawl.
#[derive(Clone, Debug)]
pub(super) struct Crawl {
    pub(super) id: String,
    pub(super) started: Timestamp,
    pub(super) ended: Option<Timestamp>,
    /// `None` until the crawler has stopped running.
    pub(super) outcome: Option<Outcome>,
    /// What it saw when it began; what is written later it misses, as a real crawl may.
    seen: BTreeMap<String, Seen>,
    failure: Option<String>,
}

/// A crawler.
pub(super) struct Crawler {
    pub(super) database: String,
    pub(super) path: S3Path,
    pub(super) phase: Option<Phase<CrawlerState>>,
    /// What the next crawls fail with.
    pub(super) failures: VecDeque<String>,
    pub(super) is_held: bool,
    /// The oldest first.
    pub(super) crawls: Vec<Crawl>,
}

impl Crawler {
    pub(super) fn new(database: &str, path: S3Path) -> Self {
        Self {
            database: database.to_owned(),
            path,
            phase: None,
            failures: VecDeque::new(),
            is_held: false,
            crawls: Vec::new(),
        }
    }

    pub(super) fn state(&self) -> CrawlerState {
        self.phase.map_or(CrawlerState::Ready, |it| it.state)
    }

    /// Returns the last crawl that has ended.
    pub(super) fn last(&self) -> Option<&Crawl> {
        self.crawls.iter().rev().find(|it| it.ended.is_some())
    }

    /// Starts a crawl of what is in S3 now.
    ///
    /// # Errors
    /// `CrawlerRunningException`.
    pub(super) fn start(&mut self, name: &str, world: &World) -> Result<(), Refusal> {
        if self.state() != CrawlerState::Ready {
            return Err(Refusal::new(
                "CrawlerRunningException",
                format!("Crawler with name {name} has already started"),
            ));
        }
        let now = world.clock.now();
        self.phase = Some(Phase::new(CrawlerState::Running, now));
        self.crawls.push(Crawl {
            id: ids::uuid(&format!("{name} {}", self.crawls.len())),
            started: now,
            ended: None,
            outcome: None,
            seen: scan::tables(&world.s3, &self.path),
            failure: self.failures.pop_front(),
        });
        publish(name, "Started", "Crawler started", Changes::default(), now, world);
        Ok(())
    }

    /// Stops the crawl that runs.
    ///
    /// # Errors
    /// `CrawlerNotRunningException`, `CrawlerStoppingException`.
    pub(super) fn stop(&mut self, name: &str, now: Timestamp) -> Result<(), Refusal> {
        match self.state() {
            CrawlerState::Ready => {
                Err(Refusal::new("CrawlerNotRunningException", format!("Crawler with name {name} isn't running")))
            }
            CrawlerState::Stopping => {
                Err(Refusal::new("CrawlerStoppingException", format!("Crawler with name {name} is stopping")))
            }
            CrawlerState::Running => {
                self.current().outcome = Some(Outcome::Cancelled);
                self.phase = Some(Phase::new(CrawlerState::Stopping, now));
                Ok(())
            }
        }
    }

    /// Moves on as far as the time allows: RUNNING, STOPPING, READY.
    pub(super) fn advance(&mut self, name: &str, catalog: &mut Catalog, world: &World) {
        let now = world.clock.now();
        while let Some(phase) = &mut self.phase {
            let (lasts, is_held) = match phase.state {
                CrawlerState::Running => (world.pace.crawl_running, self.is_held),
                CrawlerState::Stopping | CrawlerState::Ready => (world.pace.crawl_stopping, false),
            };
            let Some(at) = phase.ends(lasts, now, is_held) else { return };
            if phase.state == CrawlerState::Running {
                self.apply(name, catalog, at);
                self.phase = Some(Phase::new(CrawlerState::Stopping, at));
            } else {
                self.phase = None;
                self.end(name, at, world);
            }
        }
    }

    /// Writes what the crawl has seen into the catalog.
    fn apply(&mut self, name: &str, catalog: &mut Catalog, at: Timestamp) {
        let database = self.database.clone();
        let crawl = self.current();
        let outcome = match crawl.failure.take() {
            Some(message) => Outcome::Failed(message),
            None => match catalog.update(&database, name, std::mem::take(&mut crawl.seen), at) {
                Ok(changes) => Outcome::Succeeded(changes),
                Err(refusal) => Outcome::Failed(refusal.message),
            },
        };
        crawl.outcome = Some(outcome);
    }

    fn end(&mut self, name: &str, at: Timestamp, world: &World) {
        let crawl = self.current();
        crawl.ended = Some(at);
        match &crawl.outcome {
            Some(Outcome::Succeeded(changes)) => {
                publish(name, "Succeeded", "Crawler succeeded", *changes, at, world);
            }
            Some(Outcome::Failed(message)) => publish(name, "Failed", message, Changes::default(), at, world),
            // Glue publishes nothing of a crawl that was canceled.
            Some(Outcome::Cancelled) | None => {}
        }
    }

    fn current(&mut self) -> &mut Crawl {
        self.crawls.last_mut().expect("a crawler that is not ready has a crawl")
    }
}

fn publish(name: &str, state: &str, message: &str, changes: Changes, at: Timestamp, world: &World) {
    // Glue writes these numbers as strings.
    let detail: Value = json!({
        "accountId": ACCOUNT,
        "crawlerName": name,
        "state": state,
        "message": message,
        "tablesCreated": changes.created.to_string(),
        "tablesUpdated": changes.updated.to_string(),
        "tablesDeleted": changes.deleted.to_string(),
        "warningMessage": "N/A",
    });
    world.events.glue(&GlueEvent { detail_type: "Glue Crawler State Change", detail, at });
}
