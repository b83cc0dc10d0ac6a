//! A Slack with its limits, a store, and an engine over them that draws threads and does nothing else.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    domain::{
        access::Access,
        audit::Trail,
        name::ExportTask,
        notice::{Notice, NoticeId},
        plan::Timing,
        refused::Refused,
        run::Run,
    },
    engine::{
        Channels, Engine, Wake, Wakes,
        audit::Door,
        driver::Driver,
        exports::Exports,
        outbox::{
            Outbox,
            testing::{Memory, Wall},
        },
        ports::{Change, Chat, ChatError, Marks, OpenRun, Place, Request, Store, StoreError, Ts},
        refusals::Refusals,
        sightings::Sightings,
        sources::Sources,
    },
    projection::{
        message::Message,
        run::wanted,
        text::{Locale, Words},
        thread::{Thread, Wanted},
    },
};

mod idle;

use idle::Idle;

pub(super) const CHANNEL: &str = "C1";
const ALERTS: &str = "C2";

/// How long Slack takes to answer.
const WAY: Duration = Duration::from_millis(100);

/// A message in Slack.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) marks: Marks,
    pub(super) channel: String,
    pub(super) text: String,
    pub(super) digest: String,
    /// When it was posted or edited last.
    pub(super) at: Instant,
}

/// Slack, with the limits that it documents.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    pub(super) messages: Mutex<BTreeMap<String, Shown>>,
    calls: Mutex<HashMap<String, VecDeque<Instant>>>,
    pub(super) made: Mutex<usize>,
    pub(super) refused: Mutex<usize>,
    pub(super) pinned: Mutex<Vec<Ts>>,
}

impl Workspace {
    /// So many calls in any stretch of `per` seconds.
    fn admit(&self, key: &str, most: usize, per: u64) -> Result<(), ChatError> {
        *self.made.lock().unwrap() += 1;
        let mut calls = self.calls.lock().unwrap();
        let calls = calls.entry(key.to_owned()).or_default();
        while calls.front().is_some_and(|it| it.elapsed() >= Duration::from_secs(per)) {
            calls.pop_front();
        }
        if calls.len() >= most {
            *self.refused.lock().unwrap() += 1;
            return Err(ChatError::Later { after: Duration::from_secs(1) });
        }
        calls.push_back(Instant::now());
        Ok(())
    }

    pub(super) fn show(&self, ts: String, channel: &str, message: &Message, marks: &Marks) {
        let (text, digest) = (message.text.clone(), message.digest());
        let shown = Shown { marks: marks.clone(), channel: channel.to_owned(), text, digest, at: Instant::now() };
        self.messages.lock().unwrap().insert(ts, shown);
    }
}

#[async_trait]
impl Chat for Workspace {
    async fn post(
        &self,
        place: Place<'_>,
        message: &Message,
        marks: &Marks,
        until: Option<Instant>,
    ) -> Result<Ts, ChatError> {
        if until.is_some_and(|it| Instant::now() > it) {
            return Err(ChatError::LATE);
        }
        sleep(WAY).await;
        self.admit(place.channel, 5, 5)?;
        let last = self.messages.lock().unwrap().last_key_value().map_or(0, |(ts, _)| ts.parse().unwrap_or(0));
        let ts = format!("{:06}", last + 1);
        self.show(ts.clone(), place.channel, message, marks);
        Ok(Ts(ts))
    }

    async fn update(&self, _: &str, ts: &Ts, message: &Message) -> Result<(), ChatError> {
        sleep(WAY).await;
        self.admit("update", 50, 60)?;
        let mut messages = self.messages.lock().unwrap();
        let shown = messages.get_mut(&ts.0).ok_or(ChatError::Gone)?;
        (shown.text, shown.digest, shown.at) = (message.text.clone(), message.digest(), Instant::now());
        Ok(())
    }

    async fn pin(&self, _: &str, ts: &Ts) -> Result<(), ChatError> {
        self.pinned.lock().unwrap().push(ts.clone());
        Err(ChatError::Refused("missing_scope".to_owned()))
    }

    async fn find(&self, place: Place<'_>, marks: &Marks, _: Timestamp) -> Result<Option<Ts>, ChatError> {
        let messages = self.messages.lock().unwrap();
        let found = messages.iter().find(|(_, it)| {
            it.channel == place.channel && marks.iter().all(|(key, value)| it.marks.get(key) == Some(value))
        });
        Ok(found.map(|(ts, _)| Ts(ts.clone())))
    }

    async fn whisper(&self, _: Place<'_>, _: &str, _: &Message) -> Result<(), ChatError> {
        Ok(())
    }

    async fn respond(&self, _: &str, _: &Message) -> Result<(), ChatError> {
        Ok(())
    }
}

/// Runs and their threads.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) runs: Mutex<HashMap<ExportTask, Run>>,
    pub(super) threads: Mutex<HashMap<String, Thread>>,
}

#[async_trait]
impl Store for Records {
    async fn run(&self, name: &ExportTask) -> Result<Option<Run>, StoreError> {
        Ok(self.runs.lock().unwrap().get(name).cloned())
    }

    async fn thread(&self, of: &str) -> Result<Thread, StoreError> {
        let found = self.threads.lock().unwrap().get(of).cloned();
        Ok(found.unwrap_or_else(|| Thread::empty(of)))
    }

    async fn put_thread(&self, thread: &Thread) -> Result<bool, StoreError> {
        let mut threads = self.threads.lock().unwrap();
        if threads.get(&thread.of).map_or(0, |it| it.version) != thread.version {
            return Ok(false);
        }
        threads.insert(thread.of.clone(), Thread { version: thread.version + 1, ..thread.clone() });
        Ok(true)
    }

    async fn settle(&self, _: &ExportTask, _: u64) -> Result<(), StoreError> {
        Ok(())
    }

    async fn note_root(&self, _: &ExportTask, _: &str, _: &str) -> Result<(), StoreError> {
        Ok(())
    }

    async fn write(&self, _: &[Change<'_>]) -> Result<(), StoreError> {
        unreachable!("no thread is drawn with it")
    }

    async fn open_runs(&self) -> Result<Vec<OpenRun>, StoreError> {
        let open = |it: &Run| OpenRun {
            export_task: it.export_task.clone(),
            source: it.source.clone(),
            source_arn: it.source_arn.clone(),
        };
        Ok(self.runs.lock().unwrap().values().map(open).collect())
    }

    async fn recent(&self, source: &str, _: usize) -> Result<Vec<Run>, StoreError> {
        Ok(self.runs.lock().unwrap().values().filter(|it| it.source == source).cloned().collect())
    }

    async fn named(&self, _: &str, _: &str) -> Result<Vec<ExportTask>, StoreError> {
        unreachable!("no thread is drawn with it")
    }

    async fn put_request(&self, _: &Request) -> Result<bool, StoreError> {
        unreachable!("no thread is drawn with it")
    }

    async fn request(&self, _: &str) -> Result<Option<Request>, StoreError> {
        unreachable!("no thread is drawn with it")
    }

    async fn open_requests(&self) -> Result<Vec<String>, StoreError> {
        unreachable!("no thread is drawn with it")
    }

    async fn last_success(&self, _: &str) -> Result<Option<Run>, StoreError> {
        unreachable!("no thread is drawn with it")
    }

    async fn claim_event(&self, _: &str, _: Timestamp) -> Result<bool, StoreError> {
        unreachable!("no thread is drawn with it")
    }

    async fn put_refused(&self, _: &Refused) -> Result<(), StoreError> {
        unreachable!("no thread is drawn with it")
    }

    async fn refused(&self, _: usize) -> Result<Vec<Refused>, StoreError> {
        unreachable!("no thread is drawn with it")
    }

    async fn door(&self) -> Result<Trail, StoreError> {
        unreachable!("no thread is drawn with it")
    }

    async fn put_notice(&self, _: &Notice) -> Result<bool, StoreError> {
        unreachable!("no run's thread is drawn with it")
    }

    async fn notice(&self, _: &NoticeId) -> Result<Option<Notice>, StoreError> {
        unreachable!("no run's thread is drawn with it")
    }

    async fn open_notices(&self) -> Result<Vec<NoticeId>, StoreError> {
        unreachable!("no run's thread is drawn with it")
    }

    async fn settle_notice(&self, _: &NoticeId, _: u64) -> Result<(), StoreError> {
        unreachable!("no run's thread is drawn with it")
    }

    async fn watched_since(&self, _: &str, _: Timestamp) -> Result<Timestamp, StoreError> {
        unreachable!("no thread is drawn with it")
    }
}

/// Replicas over one workspace and one store.
pub(super) struct World {
    pub(super) slack: Arc<Workspace>,
    pub(super) records: Arc<Records>,
    pub(super) replicas: Vec<Arc<Engine>>,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
}

impl World {
    pub(super) fn of(replicas: usize) -> Self {
        Self::with(replicas, false)
    }

    /// With a board.
    pub(super) fn with_board(replicas: usize) -> Self {
        Self::with(replicas, true)
    }

    fn with(replicas: usize, board: bool) -> Self {
        let (slack, records, marks) = (Arc::default(), Arc::default(), Arc::default());
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let replica = |number: usize| {
            let (engine, wakes) = engine(number, board, &slack, &records, &marks);
            let driver = Driver::new(&engine, wakes, &tasks, &stop);
            tasks.spawn(async move { driver.drive().await });
            engine
        };
        let replicas = (0..replicas).map(replica).collect();
        Self { slack, records, replicas, stop, tasks }
    }

    /// Returns the messages that `run` should have.
    pub(super) fn wanted(&self, run: &Run) -> Vec<Wanted> {
        let engine = &self.replicas[0];
        wanted(run, engine.sources.get(&run.source), &engine.view())
    }

    /// A run is now so, which replica `by` knows first.
    pub(super) fn put(&self, run: Run, by: usize) {
        let name = run.export_task.clone();
        self.records.runs.lock().unwrap().insert(name.clone(), run);
        self.replicas[by % self.replicas.len()].wakes.send(Wake::Thread(name));
    }
}

fn engine(
    number: usize,
    board: bool,
    slack: &Arc<Workspace>,
    records: &Arc<Records>,
    marks: &Arc<Memory>,
) -> (Arc<Engine>, tokio::sync::mpsc::Receiver<Wake>) {
    let (wakes, receiver) = Wakes::channel();
    let clock = Wall::ahead_by(SignedDuration::ZERO);
    let minute = SignedDuration::from_mins(1);
    let engine = Engine {
        store: Arc::clone(records) as _,
        work: Arc::new(Idle),
        snapshots: Arc::new(Idle),
        schemas: Arc::new(Idle),
        shelf: Arc::new(Idle),
        catalogs: Arc::new(Idle),
        reports: Arc::new(Idle),
        prices: None,
        exports: Exports::new(Arc::new(Idle)),
        chat: Arc::clone(slack) as _,
        outbox: Outbox::new(Arc::clone(&clock) as _, Arc::clone(marks) as _),
        views: Arc::new(Idle),
        readers: Arc::new(Idle),
        people: Arc::new(Idle),
        queue: Arc::new(Idle),
        clock,
        words: Arc::new(Words::new()),
        sources: Sources::default(),
        access: Access::default(),
        refusals: Refusals::channel().0,
        door: Door::default(),
        timing: Timing { lease: minute, poll: minute, reconcile_every: minute, patience: minute },
        channels: Channels {
            progress: CHANNEL.into(),
            alerts: ALERTS.into(),
            locale: Locale::En,
            board,
            names_in: vec![],
        },
        me: format!("replica-{number}"),
        started_at: Timestamp::UNIX_EPOCH,
        wakes,
        sightings: Sightings::default(),
        stopping: CancellationToken::new(),
        planted: None,
    };
    (Arc::new(engine), receiver)
}
