//! The records, with the conditions of `adapters/store`: versions, turns, requests, threads, and indexes that lag.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    history::Invariant,
    line::{Broken, Line},
    log::Log,
    planted::Planted,
    scenario::Service,
    world::Truth,
};
use crate::{
    domain::{
        audit::Trail,
        name::ExportTask,
        notice::{Notice, NoticeId},
        refused::Refused,
        run::Run,
    },
    engine::ports::{Change, Conflict, Lane, Mark, OpenRun, PaceMarks, Request, Store, StoreError, Swap},
    projection::thread::Thread,
};

/// The two tables.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) runs: BTreeMap<ExportTask, Record>,
    pub(super) turns: BTreeMap<String, ExportTask>,
    pub(super) requests: BTreeMap<String, Kept>,
    pub(super) threads: BTreeMap<String, Thread>,
    pub(super) notices: BTreeMap<NoticeId, (Notice, bool)>,
    /// Events that were answered.
    events: BTreeSet<String>,
    /// The log.
    pub(super) log: Log,
    marks: HashMap<Lane, Mark>,
    watches: BTreeMap<String, Timestamp>,
    /// What the indexes over runs show.
    shown: BTreeMap<ExportTask, Record>,
    /// What they will show, and when.
    coming: VecDeque<(Timestamp, ExportTask, Record)>,
}

/// A run, and whether the index of open runs holds it.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) run: Run,
    pub(super) open: bool,
}

/// A request, and from when on the index of open requests holds it.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) request: Request,
    shown_at: Timestamp,
}

impl Truth {
    fn check(&self, change: &Change<'_>) -> Result<(), Conflict> {
        let stored = |name| self.records.runs.get(name).map(|it: &Record| Box::new(it.run.clone()));
        match change {
            Change::Create(run) => match stored(&run.export_task) {
                Some(there) if !self.has(Planted::IgnoreExists) => Err(Conflict::Run(there)),
                Some(_) | None => Ok(()),
            },
            Change::Update { run, was, .. } => match stored(&run.export_task) {
                Some(there) if there.version != *was && !self.has(Planted::IgnoreVersion) => Err(Conflict::Run(there)),
                Some(_) | None => Ok(()),
            },
            Change::TakeTurn { source, run } | Change::FreeTurn { source, run } => {
                match self.records.turns.get(*source) {
                    Some(holder) if holder != *run && !self.has(Planted::TurnForAll) => {
                        Err(Conflict::Turn { holder: holder.clone() })
                    }
                    Some(_) | None => Ok(()),
                }
            }
            Change::Close { request, .. } => match self.records.requests.get(*request) {
                Some(it) if it.request.outcome.is_none() || self.has(Planted::CarryOutAgain) => Ok(()),
                Some(_) | None => Err(Conflict::Closed),
            },
            Change::Door { was, .. } => match &self.records.log.door {
                door if door.seq != *was => Err(Conflict::Door(door.clone())),
                _ => Ok(()),
            },
        }
    }

    fn apply(&mut self, change: &Change<'_>) {
        match change {
            Change::Create(run) => self.put_run(run),
            Change::Update { run, .. } => self.put_run(run),
            Change::TakeTurn { source, run } => {
                self.records.turns.insert((*source).to_owned(), (*run).clone());
            }
            Change::FreeTurn { source, .. } => {
                self.records.turns.remove(*source);
            }
            Change::Close { request, outcome } => {
                if self.records.requests.get(*request).is_some_and(|it| it.request.outcome.is_some()) {
                    self.broken(Invariant::RequestOnce, format!("{request} is carried out again"));
                }
                self.count_outcome(outcome);
                if let Some(kept) = self.records.requests.get_mut(*request) {
                    kept.request.outcome = Some((*outcome).clone());
                }
            }
            Change::Door { trail, .. } => self.records.log.door = written(trail),
        }
    }

    fn put_run(&mut self, run: &Run) {
        let before = self.records.runs.get(&run.export_task).map(|it| it.run.clone());
        let is_end = run.status.is_over() && before.as_ref().is_none_or(|it| !it.status.is_over());
        self.judge_write(before.as_ref(), run);
        let slack = before.and_then(|it| it.slack);
        let record = Record { run: Run { slack, audit: written(&run.audit), ..run.clone() }, open: true };
        self.store_run(record);
        self.note_kept(&run.source);
        if is_end {
            self.judge_rest(&run.source);
        }
    }

    fn store_run(&mut self, record: Record) {
        let lag = self.seconds(0, 2);
        let due = self.records.coming.back().map_or(self.now, |it| it.0).max(self.now + lag);
        let name = record.run.export_task.clone();
        self.records.coming.push_back((due, name.clone(), record.clone()));
        self.records.runs.insert(name, record);
    }

    fn shown(&mut self) -> &BTreeMap<ExportTask, Record> {
        while self.records.coming.front().is_some_and(|it| it.0 <= self.now) {
            if let Some((_, name, record)) = self.records.coming.pop_front() {
                self.records.shown.insert(name, record);
            }
        }
        &self.records.shown
    }

    fn shown_of(&mut self, source: &str) -> Vec<Run> {
        let mut runs: Vec<Run> =
            self.shown().values().filter(|it| it.run.source == source).map(|it| it.run.clone()).collect();
        runs.sort_by(|a, b| (b.created_at, &b.export_task).cmp(&(a.created_at, &a.export_task)));
        runs
    }
}

fn trouble(broken: Broken) -> StoreError {
    match broken {
        Broken::Refused => StoreError::Refused("throttled".to_owned()),
        Broken::Unclear => StoreError::NoAnswer,
    }
}

impl Line {
    pub(super) async fn ask<T>(&self, effect: impl FnOnce(&mut Truth) -> T) -> Result<T, StoreError> {
        self.call(Service::Store, |truth, _| effect(truth)).await.map_err(trouble)
    }
}

#[async_trait]
impl Store for Line {
    async fn run(&self, name: &ExportTask) -> Result<Option<Run>, StoreError> {
        self.ask(|truth| truth.records.runs.get(name).map(|it| it.run.clone())).await
    }

    async fn write(&self, changes: &[Change<'_>]) -> Result<(), StoreError> {
        let process = self.process;
        let written = self.ask(|truth| {
            changes.iter().try_for_each(|it| truth.check(it))?;
            for change in changes {
                truth.note(|| format!("p{process} writes {}", told(change)));
                truth.apply(change);
                truth.add_to_log(change.entries());
            }
            Ok(())
        });
        written.await?.map_err(StoreError::Conflict)
    }

    async fn open_runs(&self) -> Result<Vec<OpenRun>, StoreError> {
        let open = |truth: &mut Truth| {
            let open = truth.shown().values().filter(|it| it.open);
            open.map(|it| OpenRun {
                export_task: it.run.export_task.clone(),
                source: it.run.source.clone(),
                source_arn: it.run.source_arn.clone(),
            })
            .collect()
        };
        self.ask(open).await
    }

    async fn settle(&self, run: &ExportTask, version: u64) -> Result<(), StoreError> {
        let settle = |truth: &mut Truth| {
            let found = truth.records.runs.get(run).filter(|it| it.run.version == version).cloned();
            if let Some(record) = found {
                truth.store_run(Record { open: false, ..record });
            }
        };
        self.ask(settle).await
    }

    async fn recent(&self, source: &str, limit: usize) -> Result<Vec<Run>, StoreError> {
        let recent = |truth: &mut Truth| {
            let runs = truth.shown_of(source).into_iter().filter(|it| it.next_attempt.is_none());
            runs.take(limit).collect()
        };
        self.ask(recent).await
    }

    async fn named(&self, source: &str, start: &str) -> Result<Vec<ExportTask>, StoreError> {
        let named = |truth: &mut Truth| {
            let names = truth.shown_of(source).into_iter().map(|it| it.export_task);
            names.filter(|it| it.as_str().starts_with(start)).collect()
        };
        self.ask(named).await
    }

    async fn put_request(&self, request: &Request) -> Result<bool, StoreError> {
        let put = |truth: &mut Truth| {
            if truth.records.requests.contains_key(&request.id) {
                return false;
            }
            let shown_at = truth.now + truth.seconds(0, 2);
            truth.note(|| format!("request {} of {}: {:?}", request.id, request.by, request.wish));
            truth.records.requests.insert(request.id.clone(), Kept { request: request.clone(), shown_at });
            true
        };
        self.ask(put).await
    }

    async fn request(&self, id: &str) -> Result<Option<Request>, StoreError> {
        let request = |truth: &mut Truth| {
            let found = truth.records.requests.get(id).map(|it| it.request.clone());
            let forgets = truth.has(Planted::CarryOutAgain);
            found.map(|it| Request { outcome: it.outcome.filter(|_| !forgets), ..it })
        };
        self.ask(request).await
    }

    async fn open_requests(&self) -> Result<Vec<String>, StoreError> {
        let open = |truth: &mut Truth| {
            let now = truth.now;
            let open = truth.records.requests.values().filter(|it| it.request.outcome.is_none() && it.shown_at <= now);
            open.map(|it| it.request.id.clone()).collect()
        };
        self.ask(open).await
    }

    async fn last_success(&self, source: &str) -> Result<Option<Run>, StoreError> {
        let last =
            |truth: &mut Truth| truth.shown_of(source).into_iter().filter(Run::is_good).max_by_key(Run::good_since);
        self.ask(last).await
    }

    async fn claim_event(&self, id: &str, _: Timestamp) -> Result<bool, StoreError> {
        self.ask(|truth| truth.records.events.insert(id.to_owned())).await
    }

    /// Nothing is decided by these.
    async fn put_refused(&self, _: &Refused) -> Result<(), StoreError> {
        self.ask(|_| ()).await
    }

    async fn refused(&self, _: usize) -> Result<Vec<Refused>, StoreError> {
        self.ask(|_| Vec::new()).await
    }

    async fn door(&self) -> Result<Trail, StoreError> {
        self.ask(|truth| truth.records.log.door.clone()).await
    }

    async fn put_notice(&self, notice: &Notice) -> Result<bool, StoreError> {
        let put = |truth: &mut Truth| {
            let was = truth.records.notices.get(&notice.id).map_or(0, |(it, _)| it.version);
            let next = was + 1 == notice.version;
            if next {
                truth.records.notices.insert(notice.id.clone(), (notice.clone(), true));
            }
            next
        };
        self.ask(put).await
    }

    async fn notice(&self, id: &NoticeId) -> Result<Option<Notice>, StoreError> {
        self.ask(|truth| truth.records.notices.get(id).map(|(it, _)| it.clone())).await
    }

    async fn open_notices(&self) -> Result<Vec<NoticeId>, StoreError> {
        let open = |truth: &mut Truth| {
            let open = truth.records.notices.iter().filter(|(_, (_, open))| *open);
            open.map(|(id, _)| id.clone()).collect()
        };
        self.ask(open).await
    }

    async fn settle_notice(&self, id: &NoticeId, version: u64) -> Result<(), StoreError> {
        let settle = |truth: &mut Truth| {
            if let Some((_, open)) = truth.records.notices.get_mut(id).filter(|(it, _)| it.version == version) {
                *open = false;
            }
        };
        self.ask(settle).await
    }

    async fn thread(&self, of: &str) -> Result<Thread, StoreError> {
        self.ask(|truth| truth.records.threads.get(of).cloned().unwrap_or_else(|| Thread::empty(of))).await
    }

    async fn put_thread(&self, thread: &Thread) -> Result<bool, StoreError> {
        let put = |truth: &mut Truth| {
            let version = truth.records.threads.get(&thread.of).map_or(0, |it| it.version);
            if version != thread.version {
                return false;
            }
            let posting = thread.posting.clone().filter(|_| !truth.has(Planted::PostWithoutIntent));
            let written = Thread { version: version + 1, posting, ..thread.clone() };
            truth.records.threads.insert(thread.of.clone(), written);
            true
        };
        self.ask(put).await
    }

    async fn note_root(&self, run: &ExportTask, channel: &str, ts: &str) -> Result<(), StoreError> {
        let root = crate::domain::run::RootMessage { channel: channel.to_owned(), ts: ts.to_owned() };
        let note = |truth: &mut Truth| {
            if let Some(record) = truth.records.runs.get_mut(run) {
                record.run.slack = Some(root);
            }
        };
        self.ask(note).await
    }

    async fn watched_since(&self, source: &str, from: Timestamp) -> Result<Timestamp, StoreError> {
        self.ask(|truth| *truth.records.watches.entry(source.to_owned()).or_insert(from)).await
    }
}

#[async_trait]
impl PaceMarks for Line {
    async fn swap(&self, lane: &Lane, was: u64, next: &Mark) -> Result<Swap, StoreError> {
        let swap = |truth: &mut Truth| {
            let found = truth.records.marks.get(lane).cloned();
            if found.as_ref().map_or(0, |it| it.version) != was {
                return Swap::Lost(found);
            }
            truth.records.marks.insert(lane.clone(), next.clone());
            Swap::Done
        };
        self.ask(swap).await
    }
}

/// Returns where a chain ends, as it is read again.
fn written(trail: &Trail) -> Trail {
    let mut trail = trail.clone();
    trail.written();
    trail
}

fn told(change: &Change<'_>) -> String {
    match change {
        Change::Create(run) => format!("{} created", run.export_task),
        Change::Update { run, .. } => {
            let stage = run.stage(run.stage);
            let (name, version, status) = (&run.export_task, run.version, run.status.as_str());
            let intent = stage.intent.as_ref().map(|it| (&it.owner, &it.handle));
            let waiting = stage.waiting.as_ref().map(|it| &it.on);
            format!("{name} v{version} {status} {} {:?} {intent:?} {waiting:?}", run.stage, stage.status)
        }
        Change::TakeTurn { source, run } => format!("turn of {source} to {run}"),
        Change::FreeTurn { source, run } => format!("turn of {source} from {run}"),
        Change::Close { request, outcome } => format!("end of request {request}: {outcome:?}"),
        Change::Door { trail, .. } => format!("the log of no run ends at {}", trail.seq),
    }
}
