//! The tables that the bot itself keeps in Glue's catalog, and the reports of jobs that they are made of, as
//! `adapters/aws/glue` does it; and the judge of what they show.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    aws::{End, LEASE},
    catalog::LEAKED,
    history::{Count, Invariant},
    line::{Caller, Line},
    planted::Planted,
    scenario::Service,
    work::failure,
    world::Truth,
};
use crate::domain::{
    catalog::{CatalogTable, Switch, wanted},
    failure::{Class, Failure, codes},
    name::ExportTask,
    report::{Column, Report, Table},
    rollback::RolledBack,
    run::Run,
    seen::{Seen, Started},
    source::{Layer, Publish, Source},
    stage::{Detail, StageId, WaitOn},
};

/// The tables of one layer.
#[derive(Debug, Default)]
pub(super) struct Shown {
    tables: BTreeMap<String, Kept>,
    /// A call has changed something here that a pause had held up for longer than a lease.
    is_spoiled: bool,
}

/// A table as Glue keeps it.
#[derive(Clone, Debug)]
struct Kept {
    table: CatalogTable,
    /// When the snapshot was taken that it shows.
    taken: Timestamp,
    /// Grows with every change.
    version: u64,
}

/// What is wanted of a layer's tables, and what is there.
struct Sight {
    wanted: Vec<CatalogTable>,
    there: Vec<CatalogTable>,
    versions: BTreeMap<String, u64>,
}

/// Says whether the run may do with what the job of `stage` has written before.
pub(super) fn may_be_kept(run: &Run, source: &Source, stage: StageId) -> bool {
    source.publish == Publish::Pointer && run.stage(stage).is_whole
}

impl Truth {
    /// Returns what the job of `layer` has left as its report of `run`, where jobs leave reports.
    pub(super) fn report_of(&self, source: &Source, layer: Layer, run: &ExportTask) -> Option<Report> {
        let output = source.written_to(layer, run)?;
        (source.publish == Publish::Pointer && self.aws.removed.left(&output) > 0).then_some(())?;
        let done = self.aws.jobs.iter().filter(|it| it.is_of(run.as_str(), layer));
        let done = done.filter(|it| it.span.end(self.now) == Some(End::Done));
        let leaks = done.max_by_key(|it| it.span.ends)?.leaks;
        let column = |name: &str| Column { name: name.to_owned(), kind: "string".to_owned() };
        let shows_email = leaks || layer == Layer::Sensitive;
        let users = [column("id")].into_iter().chain(shows_email.then(|| column(LEAKED))).collect();
        // A database changes from run to run.
        let has_orders = run.as_str().bytes().map(u32::from).sum::<u32>() % 2 == 0;
        let table = |name: &str, rows: u64, columns: Vec<Column>| Table {
            database: "app".to_owned(),
            table: format!("app.{name}"),
            rows,
            columns,
        };
        let tables = [table("logins", 20, vec![column("id")]), table("users", 10, users)];
        let orders = has_orders.then(|| table("orders", 0, vec![column("id")]));
        Some(Report {
            datalake_run: run.to_string(),
            layer: layer.as_str().to_owned(),
            classification: source.classification.clone(),
            tables: tables.into_iter().chain(orders).collect(),
        })
    }

    /// Returns the tables of a layer.
    pub(super) fn tables_of(&self, source: &str, layer: Layer) -> Vec<CatalogTable> {
        let shown = self.aws.shown.get(&(source.to_owned(), layer));
        shown.into_iter().flat_map(|it| it.tables.values()).map(|it| it.table.clone()).collect()
    }

    /// Says whether a table of `source` shows what was exported as `export`.
    pub(super) fn is_shown(&self, source: &str, export: &str) -> bool {
        let shows = |it: &CatalogTable| it.run.as_deref() == Some(export);
        Layer::ALL.into_iter().any(|layer| self.tables_of(source, layer).iter().any(shows))
    }

    /// Changes a table if it still has version `was`, as `UpdateTable` and `CreateTable` do. Returns whether it had.
    fn put_table(&mut self, run: &Run, layer: Layer, table: &CatalogTable, was: Option<u64>, caller: Caller) -> bool {
        let place = (run.source.clone(), layer);
        let before = self.aws.shown.entry(place.clone()).or_default().tables.get(&table.name).cloned();
        if before.as_ref().map(|it| it.version) != was {
            return false;
        }
        self.note(|| format!("p{} TABLE {} {} shows {}", caller.process, layer.as_str(), table.name, run.export_task));
        self.history.add(Count::Tables);
        self.judge_table(run, layer, table, before.as_ref(), caller);
        self.no_longer_shown(before);
        let kept = Kept { table: table.clone(), taken: run.snapshot_time, version: was.unwrap_or_default() + 1 };
        let shown = self.aws.shown.entry(place).or_default();
        shown.tables.insert(table.name.clone(), kept);
        shown.is_spoiled |= caller.held > LEASE;
        true
    }

    fn delete_table(&mut self, run: &Run, layer: Layer, name: &str, caller: Caller) {
        self.note(|| format!("p{} TABLE {} {name} goes", caller.process, layer.as_str()));
        self.judge_effect(run, caller, "the end of a table");
        let shown = self.aws.shown.entry((run.source.clone(), layer)).or_default();
        shown.is_spoiled |= caller.held > LEASE;
        let before = shown.tables.remove(name);
        self.no_longer_shown(before);
    }

    fn no_longer_shown(&mut self, before: Option<Kept>) {
        if let Some(run) = before.and_then(|it| it.table.run) {
            self.note_left(&run);
        }
    }

    /// Judges that a table is turned to `run`.
    fn judge_table(&mut self, run: &Run, layer: Layer, table: &CatalogTable, before: Option<&Kept>, caller: Caller) {
        self.judge_effect(run, caller, "a table");
        let (name, export) = (&table.name, &run.export_task);
        if let Some(newer) = before.filter(|it| it.taken > self.newest_left(run)) {
            let how = format!("{name} of {} from {:?} to {export}", layer.as_str(), newer.table.run);
            self.broken_by(caller, LEASE, Invariant::TablesForward, how);
        }
        match layer {
            Layer::Sensitive => self.judge_approval(run, caller, Invariant::TablesApproved),
            Layer::Normal if table.columns.iter().any(|it| it.0 == LEAKED) => {
                let people = self.let_leak(run);
                if people.len() < 2 {
                    self.broken_by(caller, LEASE, Invariant::NoLeak, format!("{name} of {export}: let by {people:?}"));
                }
            }
            Layer::Normal => {}
        }
        let output = self.sources.get(&run.source).and_then(|it| it.written_to(layer, export));
        if output.is_some_and(|it| !self.aws.removed.is_whole(&it)) {
            self.broken(Invariant::NeededStays, format!("{name} of {export} is shown, and not all there"));
        }
    }

    /// Returns when the newest snapshot was taken that `run` may take the place of: its own, those of the runs that people have
    /// rolled back from to it or to what is not newer, and what those had taken the place of before. What the records say
    /// counts.
    fn newest_left(&self, run: &Run) -> Timestamp {
        let runs = || self.records.runs.values().map(|it| &it.run).filter(|it| it.source == run.source);
        let taken = |name: &ExportTask| self.records.runs.get(name).map(|it| it.run.snapshot_time);
        let is_behind = |mark: &RolledBack| taken(&mark.to).is_some_and(|it| it <= run.snapshot_time);
        let is_left = |it: &&Run| it.rolled_back_to.as_ref().is_some_and(is_behind);
        let mut left: Vec<&ExportTask> =
            runs().filter(is_left).map(|it| &it.export_task).chain([&run.export_task]).collect();
        let mut newest = run.snapshot_time;
        let mut seen = BTreeSet::new();
        while let Some(name) = left.pop() {
            let record = self.records.runs.get(name).filter(|_| seen.insert(name));
            newest = record.map_or(newest, |it| newest.max(it.run.snapshot_time));
            left.extend(record.into_iter().flat_map(|it| it.run.rollbacks()).map(|it| &it.from));
        }
        newest
    }

    /// Judges that all tables of a layer show `run`, and nothing else.
    fn judge_generation(&mut self, run: &Run, layer: Layer) {
        let source = self.sources.get(&run.source).expect("sources do not change").clone();
        let (name, there) = (&run.export_task, self.tables_of(&run.source, layer));
        let report = self.report_of(&source, layer, name).zip(source.written_to(layer, name));
        let wanted = report.and_then(|(report, output)| wanted(&report, &source.name, &output).ok());
        let shown = self.aws.shown.entry((run.source.clone(), layer)).or_default();
        if wanted.is_some_and(|it| Switch::between(&it, &there, &source.name).is_ok_and(|it| it.is_done())) {
            shown.is_spoiled = false;
            return;
        }
        let is_spoiled = shown.is_spoiled;
        let shows: Vec<_> =
            there.iter().map(|it| format!("{} {}", it.name, it.run.as_deref().unwrap_or("?"))).collect();
        let how = format!("{name} {}: {}", layer.as_str(), shows.join(", "));
        if is_spoiled {
            self.history.excused.push((Invariant::OneGeneration, how));
        } else {
            self.broken(Invariant::OneGeneration, how);
        }
    }

    /// Judges what is there of a source of which no run is under way: what the manifest names is what every layer shows
    /// whose record says so.
    pub(super) fn judge_rest(&mut self, source: &str) {
        let runs = || self.records.runs.values().map(|it| &it.run).filter(|it| it.source == source);
        if !self.is_pointer(source) || runs().any(|it| !it.status.is_over()) {
            return;
        }
        let held = self.aws.latest.get(source).and_then(|it| it.manifest.clone());
        let Some(holder) = runs().find(|it| held.as_ref().is_some_and(|held| held.0 == it.export_task.as_str())) else {
            return;
        };
        let holder = holder.clone();
        for layer in holder.layers.clone() {
            if super::judge::has_catalog(&holder, layer) {
                self.judge_generation(&holder, layer);
            }
        }
    }
}

impl Line {
    /// Returns whether every table shows the run.
    pub(super) async fn look_at_tables(&self, run: &Run, source: &Source, layer: Layer) -> Seen {
        let half = self.world.planted == Some(Planted::HalfSwitch);
        let done = async {
            let sight = self.sight(run, source, layer).await?;
            let switch = Switch::between(&sight.wanted, &sight.there, &source.name)?;
            Ok(switch.is_done() || (half && switch.in_place > 0))
        };
        match done.await {
            Ok(true) => Seen::Done { detail: Detail::default(), warnings: Vec::new() },
            Ok(false) => Seen::Absent { marker: None },
            Err(Failure { class: Class::Transient, .. }) => Seen::Unclear(transient()),
            Err(failure) => Seen::Failed(failure),
        }
    }

    /// Turns the tables.
    pub(super) async fn turn_tables(&self, run: &Run, source: &Source, layer: Layer) -> Started {
        match self.turn(run, source, layer).await {
            Ok(()) => Started::Acted { handle: None },
            Err(failure) if failure.class == Class::Transient => Started::Refused(WaitOn::Trouble(failure)),
            Err(failure) => Started::Failed(failure),
        }
    }

    async fn sight(&self, run: &Run, source: &Source, layer: Layer) -> Result<Sight, Failure> {
        let name = &run.export_task;
        let report = self.call(Service::S3, |truth, _| truth.report_of(source, layer, name)).await.map_err(failure)?;
        let Some(report) = report else {
            return Err(Failure::new(Class::Config, codes::REPORT_MISSING, "there is no report"));
        };
        let output = source.written_to(layer, name).expect("the sources have both layers");
        let list = |truth: &mut Truth| {
            let shown = truth.aws.shown.get(&(source.name.clone(), layer));
            shown.map(|it| it.tables.clone()).unwrap_or_default()
        };
        let found = self.call(Service::Glue, |truth, _| list(truth)).await.map_err(failure)?;
        let versions = found.iter().map(|(name, it)| (name.clone(), it.version)).collect();
        let there = found.into_values().map(|it| it.table).collect();
        Ok(Sight { wanted: wanted(&report, &source.name, &output)?, there, versions })
    }

    async fn turn(&self, run: &Run, source: &Source, layer: Layer) -> Result<(), Failure> {
        let sight = self.sight(run, source, layer).await?;
        let switch = Switch::between(&sight.wanted, &sight.there, &source.name)?;
        for table in switch.create.iter().chain(&switch.update).copied() {
            let was = sight.versions.get(&table.name).copied();
            let put = |truth: &mut Truth, caller| {
                if truth.has(Planted::TurnBoth) && layer == Layer::Normal {
                    let place = (run.source.clone(), Layer::Sensitive);
                    let shown = truth.aws.shown.get(&place).and_then(|it| it.tables.get(&table.name));
                    let was = shown.map(|it| it.version);
                    truth.put_table(run, Layer::Sensitive, table, was, caller);
                }
                truth.put_table(run, layer, table, was, caller)
            };
            if !self.call(Service::Glue, put).await.map_err(failure)? {
                return Err(transient());
            }
            // Somebody has taken the right to do the rest away for a while.
            if self.world.truth().mishap(6) {
                return Err(Failure::new(Class::Config, "AccessDeniedException", "not authorized"));
            }
            if self.world.planted == Some(Planted::HalfSwitch) {
                return Ok(());
            }
        }
        for gone in &switch.delete {
            let delete = |truth: &mut Truth, caller| truth.delete_table(run, layer, &gone.name, caller);
            self.call(Service::Glue, delete).await.map_err(failure)?;
        }
        Ok(())
    }
}

/// Returns what is made of a table that somebody else has changed meanwhile.
fn transient() -> Failure {
    Failure::new(Class::Transient, "ConcurrentModificationException", "somebody else has written")
}
