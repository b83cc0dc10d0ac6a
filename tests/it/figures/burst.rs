//! A hundred runs have eight things to tell at the same moment, in one channel, under the limits that Slack documents.

use std::{sync::Arc, time::Duration};

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
        run::{Order, Run, Trigger},
        snapshot::{Origin, Snapshot},
        source::Source,
        stage::{StageId, StageStatus, WaitOn, Waiting},
    },
    engine::ports::{Change, Chat as _, Marks, Place, Store as _},
    projection::{
        run::{View, wanted},
        text::{Locale, Words},
        thread::{self, Key, Thread, Wanted},
    },
    sandbox::{
        faults::{Fault, Kind},
        slack::{Limits, Posted},
        world::{Options, World},
    },
};
use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use tokio::time::{Instant, sleep};

use super::{figure, size};
use crate::harness::{ALERTS, ANA, Bot, CHANNEL, key, options, payload};

/// Runs that ask for approval at the beginning, and are canceled while the others still have something to tell.
const URGENT: usize = 5;

/// When they are, after the beginning.
const CANCELED_AFTER: Duration = Duration::from_secs(15);

/// The runs, and what tells when each of them was seen.
struct Stage {
    store: DynamoStore,
    words: Words,
    source: Source,
    begun: Timestamp,
}

/// A bot whose every call to Glue is refused, so that a run that waits for Glue stands still.
async fn world() -> World {
    let mut options = Options { reconcile_every: "30s", ..options() };
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
        View { words: &self.words, locale: Locale::En, channel: CHANNEL, alerts_channel: ALERTS, names_in: &[] }
    }

    fn wanted(&self, run: &Run) -> Vec<Wanted> {
        wanted(run, Some(&self.source), &self.view())
    }

    /// Run `number` as it was begun.
    fn run(&self, number: usize) -> Run {
        let id = format!("burst-{number}");
        let arn = format!("arn:aws:rds:ap-northeast-1:123456789012:snapshot:{id}");
        let taken_at = self.begun - SignedDuration::from_mins(10 + i64::try_from(number).unwrap());
        let snapshot = Snapshot { id, arn, taken_at, available: true, origin: Origin::Automated, allocated: None };
        let order = Order { trigger: Trigger::Event, requested_by: None, only: vec![], layers: vec![], reason: None };
        Run::new(&self.source, &snapshot, &order, self.begun)
    }

    /// The same when eight of its stages have ended: the ninth waits for Glue.
    fn eight_ended(&self, number: usize) -> Run {
        let mut run = self.ended_before(number, StageId::SensitiveCatalog);
        let stage = run.stages.last_mut().unwrap();
        let refused = Failure::new(Class::Transient, "ThrottlingException", "Rate exceeded");
        (stage.status, stage.started_at, stage.attempt) = (StageStatus::Running, Some(self.begun), 1);
        stage.waiting = Some(Waiting { on: WaitOn::Trouble(refused), since: self.begun });
        run
    }

    fn ended_before(&self, number: usize, stage: StageId) -> Run {
        let mut run = self.run(number);
        (run.has_turn, run.stage) = (true, stage);
        for ended in run.stages.iter_mut().filter(|it| it.id < stage) {
            (ended.status, ended.attempt) = (StageStatus::Succeeded, 1);
            (ended.started_at, ended.finished_at) = (Some(self.begun), Some(self.begun));
        }
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
            let ts = chat.post(Place { channel: CHANNEL, thread: None }, &root.message, &marks, None).await.unwrap();
            let mut thread = Thread::empty(run.run_id.as_str());
            let posted =
                thread::Posted { channel: CHANNEL.into(), ts: ts.0, digest: root.message.digest(), folded: false };
            thread.posted.insert(Key::ROOT.to_owned(), posted);
            assert!(self.store.put_thread(&thread).await.unwrap());
        }
    }

    async fn record(&self, run: &Run) {
        self.store.write(&[Change::Create(run)]).await.unwrap();
    }
}

/// Returns after how many seconds the first message of each run appeared, or was edited, that is as `shows` says.
fn seen(bot: &Bot, runs: &[Run], since: Timestamp, shows: impl Fn(&Posted) -> bool) -> f64 {
    let messages = bot.messages(CHANNEL);
    let edits = bot.effects("slack", "chat.update");
    let edited =
        |it: &Posted| edits.iter().find(|edit| edit.note["ts"] == it.ts && edit.at > since).map(|edit| edit.at);
    let first = |run: &Run| {
        let own = messages.iter().filter(|it| payload(it, "run") == run.run_id.as_str());
        let posted = own.clone().filter(|it| shows(it)).map(|it| at(&it.ts));
        let root = own.filter(|it| key(it) == Key::ROOT).filter_map(edited);
        posted.chain(root).filter(|it| *it > since).min().expect("it is shown").duration_since(since).as_secs_f64()
    };
    runs.iter().map(first).fold(0.0, f64::max)
}

fn at(ts: &str) -> Timestamp {
    let micros: i64 = ts.replace('.', "").parse().unwrap();
    Timestamp::from_microsecond(micros).unwrap()
}

/// Returns how many of the keys that are wanted were told, alone or folded into another.
fn told(bot: &Bot) -> Vec<String> {
    let keys = |it: &Posted| {
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

#[rstest]
#[case::alone(0)]
#[case::while_others_need_people(URGENT)]
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_runs_at_once_are_shown(#[case] others: usize) {
    let world = world().await;
    let (stage, count) = (Stage::of(&world), size(8, 100));
    stage.show_roots(&world, count + others).await;
    let runs: Vec<Run> = (0..count).map(|it| stage.eight_ended(it)).collect();
    let urgent = (count..count + others).map(|it| stage.ended_before(it, StageId::SensitiveApproval));
    let urgent: Vec<Run> = urgent.collect();
    for run in runs.iter().chain(&urgent) {
        stage.record(run).await;
    }
    // What was posted to prepare is long ago.
    world.front.clock.advance(SignedDuration::from_mins(2));
    world.slack.set_limits(Limits::default());
    let board = |config: String| config.replace("locale = \"en\"", "locale = \"en\"\nboard = true");
    let bot = Bot::start_in(world, board).await;
    let (since, begun) = (bot.world.front.clock.now(), Instant::now());
    sleep(CANCELED_AFTER * u32::from(others > 0)).await;
    let canceled = bot.world.front.clock.now();
    for run in &urgent {
        bot.slash(ANA, &format!("/datalake cancel {}", run.export_task)).await;
    }
    // Seven replies of each urgent one: six stages, the request for approval and the end.
    let wanted: usize = runs.iter().map(|it| stage.wanted(it).len()).sum::<usize>() + others * (1 + 6 + 2);
    while told(&bot).len() < wanted {
        assert!(begun.elapsed() < Duration::from_mins(4), "{} of {wanted} messages were told", told(&bot).len());
        sleep(Duration::from_millis(200)).await;
    }

    let mut keys = told(&bot);
    keys.sort();
    keys.dedup();
    assert_eq!((keys.len(), told(&bot).len()), (wanted, wanted), "each message once");
    let boards: Vec<Posted> = bot.messages(CHANNEL).into_iter().filter(|it| !payload(it, "board").is_empty()).collect();
    let [board] = <[_; 1]>::try_from(boards).expect("one board");
    let (refused, calls) = refused(&bot);
    assert!(refused * 10 <= calls, "{refused} of {calls} calls were refused");
    figure(
        "burst",
        &format!(
            "{count} runs tell 8 stages each at once: the newest state of each is seen within {:.1} s; {others} requests \
             for approval at the same time within {:.1} s; {others} runs that end meanwhile within {:.1} s; the board \
             is there within {:.1} s; {refused} of {calls} calls answered 429; {wanted} messages told once each",
            seen(&bot, &runs, since, |it| key(it).starts_with("stage:sensitive.transform")),
            seen(&bot, &urgent, since, |it| key(it).starts_with("approval:")),
            seen(&bot, &urgent, canceled, |it| key(it).starts_with("end:")),
            at(&board.ts).duration_since(since).as_secs_f64(),
        ),
    );
}
