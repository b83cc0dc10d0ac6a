//! The Glue stand-in: jobs, crawlers and the catalog, over the AWS JSON protocol (version 2017-03-31).
//!
//! Jobs, crawlers and databases are made in process; what the bot may do goes over the wire ([`api`]).

mod api;
mod catalog;
mod crawlers;
mod jobs;
mod path;
mod scan;
mod split;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use async_trait::async_trait;
use axum::{
    body::Bytes,
    http::{Response, request::Parts},
};
use serde_json::Value;

use self::{catalog::Catalog, crawlers::Crawler, jobs::Job};
pub use self::{
    jobs::{JobRunArgs, RunState, Transform},
    path::S3Path,
    split::Slips,
};
use super::{World, json, refusal::Refusal};
use crate::{
    clock::Clock as _,
    sandbox::wire::{Call, Reply, StandIn},
};

/// The stand-in for Glue.
pub struct Glue {
    world: World,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    jobs: BTreeMap<String, Job>,
    crawlers: BTreeMap<String, Crawler>,
    catalog: Catalog,
}

impl Glue {
    pub(super) fn new(world: World) -> Self {
        Self { world, state: Mutex::default() }
    }

    /// Adds a job. A run that succeeds makes `output` hold what its `--datalake_input` holds, as Parquet files below
    /// the same folders; without an `output` it does nothing. Given rules and `--datalake_output`, it divides its input
    /// by them instead.
    pub fn add_job(&self, name: &str, max_concurrent_runs: usize, output: Option<S3Path>) {
        self.state().jobs.insert(name.to_owned(), Job::new(max_concurrent_runs, output));
    }

    /// Lets `transform` do the rest of a job's work, after the copy. What it returns as an error fails the run.
    ///
    /// # Panics
    /// There is no such job; so do the others below that name a job or a crawler.
    pub fn set_transform(&self, job: &str, transform: Transform) {
        self.job(job, |job| job.transform = Some(transform));
    }

    /// Lets `job` do something wrong from now on, where it divides its input into layers.
    pub fn set_slips(&self, job: &str, slips: Slips) {
        self.job(job, |job| job.slips = slips);
    }

    /// Removes a job.
    pub fn remove_job(&self, name: &str) {
        self.state().jobs.remove(name);
    }

    /// Removes a crawler.
    pub fn remove_crawler(&self, name: &str) {
        self.state().crawlers.remove(name);
    }

    /// Adds a database to the catalog. One that exists is left as it is.
    pub fn add_database(&self, name: &str) {
        self.state().catalog.add_database(name);
    }

    /// Adds a crawler that writes what is below `path` into `database`.
    pub fn add_crawler(&self, name: &str, database: &str, path: S3Path) {
        self.state().crawlers.insert(name.to_owned(), Crawler::new(database, path));
    }

    /// Lets the next run of `job` that is started fail with `message`.
    pub fn fail_next_run(&self, job: &str, message: &str) {
        self.job(job, |job| job.failures.push_back(message.to_owned()));
    }

    /// Lets the next crawl of `crawler` that is started fail with `message`.
    pub fn fail_next_crawl(&self, crawler: &str, message: &str) {
        self.crawler(crawler, |crawler| crawler.failures.push_back(message.to_owned()));
    }

    /// Keeps the runs of `job` in `state` until they are released. A run that is held for longer than its timeout
    /// times out.
    pub fn hold_runs(&self, job: &str, state: RunState) {
        self.job(job, |job| job.held = Some(state));
    }

    /// Lets the runs of `job` go on.
    pub fn release_runs(&self, job: &str) {
        self.job(job, |job| job.held = None);
    }

    /// Keeps `crawler` running until it is released.
    pub fn hold_crawler(&self, crawler: &str) {
        self.crawler(crawler, |crawler| crawler.is_held = true);
    }

    /// Lets `crawler` go on.
    pub fn release_crawler(&self, crawler: &str) {
        self.crawler(crawler, |crawler| crawler.is_held = false);
    }

    /// Lets `crawler` write what it finds into the catalog at once, unasked.
    pub fn crawl(&self, crawler: &str) {
        let mut state = self.state();
        let State { crawlers, catalog, .. } = &mut *state;
        let found = crawlers.get(crawler).expect("the scenario has added this crawler");
        let seen = scan::tables(&self.world.s3, &found.path);
        let changed = catalog.update(&found.database, crawler, seen, self.world.clock.now());
        changed.expect("the scenario has added the crawler's database");
    }

    /// Adds a table that somebody has made by hand, as `input` says (a `TableInput`). One that exists is replaced.
    ///
    /// # Panics
    /// There is no such database.
    pub fn set_table(&self, database: &str, name: &str, input: Value) {
        let (mut state, now) = (self.state(), self.world.clock.now());
        let catalog = &mut state.catalog;
        let made = catalog.create(database, name, input.clone(), now);
        let made = made.or_else(|_| catalog.replace(database, name, (input, None), now));
        made.expect("the scenario has added this database");
    }

    /// Returns the tables of `database` by name, as `GetTable` describes them.
    ///
    /// # Panics
    /// There is no such database.
    pub fn tables(&self, database: &str) -> BTreeMap<String, Value> {
        let state = self.state();
        let tables = state.catalog.database(database).expect("the scenario has added this database");
        tables.iter().map(|(name, table)| (name.clone(), table.describe(database, name))).collect()
    }

    /// Moves everything on as far as the clock allows.
    pub fn tick(&self) {
        drop(self.state());
    }

    fn job(&self, name: &str, act: impl FnOnce(&mut Job)) {
        act(self.state().jobs.get_mut(name).expect("the scenario has added this job"));
    }

    fn crawler(&self, name: &str, act: impl FnOnce(&mut Crawler)) {
        act(self.state().crawlers.get_mut(name).expect("the scenario has added this crawler"));
    }

    /// Returns the state, moved on to the present.
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().expect("no panic while Glue is held");
        let State { jobs, crawlers, catalog } = &mut *state;
        for (name, job) in jobs {
            job.advance(name, &self.world);
        }
        for (name, crawler) in crawlers {
            crawler.advance(name, catalog, &self.world);
        }
        state
    }
}

#[async_trait]
impl StandIn for Glue {
    fn service(&self) -> &'static str {
        "glue"
    }

    fn operation(&self, parts: &Parts, _body: &Bytes) -> String {
        json::operation(parts)
    }

    fn refusal(&self, status: u16, code: &str, message: &str) -> Response<Bytes> {
        json::refusal(status, code, message)
    }

    async fn answer(&self, call: Call) -> Reply {
        let params: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let mut note = api::note(&params);
        match api::call(self, &call.operation, &params) {
            Ok(body) => {
                if let Some(run) = body.get("JobRunId") {
                    note["run_id"] = run.clone();
                }
                Reply { response: json::response(200, &body), error: None, note }
            }
            Err(Refusal { status, code, message }) => {
                Reply { response: self.refusal(status, code, &message), error: Some(code.to_owned()), note }
            }
        }
    }
}
