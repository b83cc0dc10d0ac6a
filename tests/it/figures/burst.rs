//! A hundred runs have eight things to tell at the same moment, in one channel, under the limits that Slack documents.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use datalake_bot::{
    adapters::{
        aws::dynamodb_client,
        slack::{Client, SlackChat},
        store::DynamoStore,
    },
    clock::Clock as _,
    config::Config,
    domain::{
        failure::{Class, Failure},
        run::{FailureNote, Order, Run, RunError, RunStatus, Trigger},
        snapshot::Snapshot,
        source::Source,
        stage::{StageId, StageStatus, WaitOn, Waiting},
    },
    engine::ports::{Change, Chat as _, Marks, Place, Store as _},
    projection::{
        run::{View, wanted},
        text::{Locale, Words},
        thread::{Key, Posted, Thread, Wanted},
    },
    sandbox::{
        faults::{Fault, Kind},
        slack::Limits,
        world::{Options, World},
    },
};
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};

use super::{figure, size};
use crate::harness::{ALERTS, Bot, CHANNEL, key, options, payload};

/// Runs that fail while the others have something to tell.
const LATE: usize = 5;

/// When they do, after the beginning.
const LATE_AFTER: Duration = Duration::from_secs(10);

/// The runs, and what tells when each of them was seen.
struct Stage {
    store: DynamoStore,
    words: Words,
    source: Source,
    begun: Timestamp,
}

/// A bot whose every call to Glue is refused, so that a run that waits for Glue stands still.
async fn world() -> World {
    let mut options = Options { reconcile_every: "2s", ..options() };
    options.slack.limits = Limits::unreachable();
    let world = World::start(options).await.unwrap();
    let (code, message) = ("ThrottlingException".to_owned(), "Rate exceeded".to_owned());
    let kind = Kind::Refuse { status: 400, code, message, retry_after: None };
    world.front.faults.plant(Fault::once("glue", "*", kind).times(usize::MAX));
    world
}

impl Stage {
    fn of(world: &World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::load(&world.write_config(folder.path(), "127.0.0.1:0").unwrap()).unwrap();
        let source = config.sources.into_iter().find(|it| it.sensitive.is_some()).unwrap();
        let client = dynamodb_client(&world.sdk_config());
        let store = DynamoStore::new(client, "datalake-runs".into(), "datalake-state".into());
        Self { store, words: Words::new(), source, begun: world.front.clock.now() }
    }

    fn view(&self) -> View<'_> {
        View { words: &self.words, locale: Locale::En, channel: CHANNEL, alerts_channel: ALERTS }
    }

    fn wanted(&self, run: &Run) -> Vec<Wanted> {
        wanted(run, Some(&self.source), &self.view())
    }

    /// Run `number` as it was begun.
    fn run(&self, number: usize) -> Run {
        let id = format!("burst-{number}");
        let arn = format!("arn:aws:rds:ap-northeast-1:123456789012:snapshot:{id}");
        let taken_at = self.begun - SignedDuration::from_mins(10 + i64::try_from(number).unwrap());
        let snapshot = Snapshot { id, arn, taken_at, available: true };
        let order = Order { trigger: Trigger::Event, requested_by: None, only: vec![], layers: vec![], reason: None };
        Run::new(&self.source, &snapshot, &order, self.begun)
    }

    /// The same when eight of its stages have ended: the ninth waits for Glue.
    fn eight_ended(&self, number: usize) -> Run {
        let mut run = self.run(number);
        (run.has_turn, run.stage) = (true, StageId::SensitiveCatalog);
        for stage in &mut run.stages {
            (stage.started_at, stage.attempt) = (Some(self.begun), 1);
            if stage.id < StageId::SensitiveCatalog {
                (stage.status, stage.finished_at) = (StageStatus::Succeeded, Some(self.begun));
            } else {
                let refused = Failure::new(Class::Transient, "ThrottlingException", "Rate exceeded");
                stage.status = StageStatus::Running;
                stage.waiting = Some(Waiting { on: WaitOn::Trouble(refused), since: self.begun });
            }
        }
        run
    }

    /// A run that has failed in its first stage.
    fn failed(&self, number: usize, at: Timestamp) -> Run {
        let mut run = self.run(number);
        let failure = Failure::new(Class::Data, "SnapshotGone", "the snapshot was deleted");
        let stage = &mut run.stages[0];
        (stage.status, stage.attempt, stage.error) = (StageStatus::Failed, 1, Some(failure.clone()));
        (stage.started_at, stage.finished_at) = (Some(self.begun), Some(at));
        run.failures =
            vec![FailureNote { stage: stage.id, attempt: 1, at, tried_again: false, failure: failure.clone() }];
        run.error = Some(RunError { stage: StageId::Snapshot, failure });
        (run.status, run.finished_at) = (RunStatus::Failed, Some(at));
        run
    }

    /// Posts the root message of each run as it was begun, and records that.
    async fn show_roots(&self, world: &World, runs: usize) {
        let environment = world.environment().unwrap();
        let chat = SlackChat::new(Arc::new(Client::new(&environment.slack_api, &environment.bot_token).unwrap()));
        for number in 0..runs {
            let run = self.run(number);
            let root = self.wanted(&run).remove(0);
            let pairs = [("run", run.run_id.as_str()), ("key", Key::ROOT)];
            let marks: Marks = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            let ts = chat.post(Place { channel: CHANNEL, thread: None }, &root.message, &marks).await.unwrap();
            let mut thread = Thread::empty(run.run_id.as_str());
            let posted = Posted { channel: CHANNEL.into(), ts: ts.0, digest: root.message.digest(), folded: false };
            thread.posted.insert(Key::ROOT.to_owned(), posted);
            assert!(self.store.put_thread(&thread).await.unwrap());
        }
    }

    async fn record(&self, run: &Run) {
        self.store.write(&[Change::Create(run)]).await.unwrap();
    }
}

/// Returns when each run was first seen to stand as it does, by its root or its last reply; seconds after `since`.
fn seen(bot: &Bot, stage: &Stage, runs: &[Run], since: Timestamp) -> Vec<f64> {
    let messages = bot.messages(CHANNEL);
    let mut first: BTreeMap<String, Timestamp> = BTreeMap::new();
    let mut note = |run: String, at: Timestamp| {
        first.entry(run).and_modify(|it| *it = at.min(*it)).or_insert(at);
    };
    let edits = bot.effects("slack", "chat.update");
    for root in messages.iter().filter(|it| key(it) == Key::ROOT) {
        let posted = at(&root.ts);
        let edited = edits.iter().find(|it| it.note["ts"] == root.ts && it.at > since).map(|it| it.at);
        note(payload(root, "run"), edited.filter(|_| posted < since).unwrap_or(posted.max(edited.unwrap_or(posted))));
    }
    for run in runs {
        let last = stage.wanted(run).last().map(|it| it.key.0.clone());
        let reply = |it: &&datalake_bot::sandbox::slack::Posted| {
            payload(it, "run") == run.run_id.as_str() && Some(key(it)) == last
        };
        messages.iter().filter(reply).for_each(|it| note(run.run_id.to_string(), at(&it.ts)));
    }
    let late = |run: &Run| first[run.run_id.as_str()].duration_since(since).as_secs_f64();
    runs.iter().map(late).collect()
}

fn at(ts: &str) -> Timestamp {
    let micros: i64 = ts.replace('.', "").parse().unwrap();
    Timestamp::from_microsecond(micros).unwrap()
}

/// Returns how many of the keys that are wanted were told, alone or folded into another.
fn told(bot: &Bot) -> Vec<String> {
    let keys = |it: &datalake_bot::sandbox::slack::Posted| {
        let run = payload(it, "run");
        let all = format!("{} {}", payload(it, "folded"), key(it));
        all.split_whitespace().map(|key| format!("{run} {key}")).collect::<Vec<_>>()
    };
    let messages = [CHANNEL, ALERTS].map(|it| bot.messages(it)).concat();
    messages.iter().filter(|it| !payload(it, "run").is_empty()).flat_map(keys).collect()
}

/// Calls that Slack has answered 429, and all of them.
fn refused(bot: &Bot) -> (usize, usize) {
    let calls = ["chat.postMessage", "chat.update"].map(|it| bot.world.front.history.calls("slack", it)).concat();
    (calls.iter().filter(|it| it.error.as_deref() == Some("ratelimited")).count(), calls.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_runs_at_once_are_shown() {
    let world = world().await;
    let (stage, count) = (Stage::of(&world), size(8, 100));
    stage.show_roots(&world, count).await;
    let runs: Vec<Run> = (0..count).map(|it| stage.eight_ended(it)).collect();
    for run in &runs {
        stage.record(run).await;
    }
    // What was posted to prepare is long ago.
    world.front.clock.advance(SignedDuration::from_mins(2));
    world.slack.set_limits(Limits::default());
    let board = |config: String| config.replace("locale = \"en\"", "locale = \"en\"\nboard = true");
    let since = world.front.clock.now();
    let bot = Bot::start_in(world, board).await;
    let begun = Instant::now();
    sleep(LATE_AFTER.saturating_sub(begun.elapsed())).await;
    let failing = bot.world.front.clock.now();
    let late: Vec<Run> = (count..count + LATE).map(|it| stage.failed(it, failing)).collect();
    for run in &late {
        stage.record(run).await;
    }
    let wanted: usize = runs.iter().chain(&late).map(|it| stage.wanted(it).len()).sum();
    while told(&bot).len() < wanted {
        assert!(begun.elapsed() < Duration::from_mins(4), "{} of {wanted} messages were told", told(&bot).len());
        sleep(Duration::from_millis(200)).await;
    }

    let mut keys = told(&bot);
    keys.sort();
    keys.dedup();
    assert_eq!((keys.len(), told(&bot).len()), (wanted, wanted), "each message once");
    let boards = bot.messages(CHANNEL).into_iter().filter(|it| !payload(it, "board").is_empty());
    let [board] = <[_; 1]>::try_from(boards.collect::<Vec<_>>()).expect("one board");
    let last = |seen: Vec<f64>| seen.into_iter().fold(0.0, f64::max);
    let (refused, calls) = refused(&bot);
    assert!(refused * 10 <= calls, "{refused} of {calls} calls were refused");
    figure(
        "burst",
        &format!(
            "{count} runs tell 8 stages each at once: the newest state of each is seen within {:.1} s; {LATE} that fail \
             meanwhile within {:.1} s, of which a sweep takes up to 2; the board \
             is there within {:.1} s; {refused} of {calls} calls \
             answered 429; {wanted} messages told once each",
            last(seen(&bot, &stage, &runs, since)),
            last(seen(&bot, &stage, &late, failing)),
            at(&board.ts).duration_since(since).as_secs_f64(),
        ),
    );
}
