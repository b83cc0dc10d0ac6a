//! A bot as a process of its own, in a world of stand-ins: it is spoken to through its doors, and judged by what
//! reached the stand-ins.

mod newest;

use std::{net::TcpListener, ops::Deref, process::Stdio, sync::Arc, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use datalake_bot::{
    domain::{
        name::ExportTask,
        run::{Run, RunStatus},
    },
    sandbox::{
        aws::Pace,
        faults::Hook,
        history::Entry,
        slack::{Limits, Posted},
        world::{Options, World},
    },
};
use jiff::SignedDuration;
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep},
};

pub(crate) const CHANNEL: &str = "C0DATALAKE1";
pub(crate) const ALERTS: &str = "C0ALERTS0001";
/// Runs things.
pub(crate) const ANA: &str = "U0ANA000001";
/// Runs things too.
pub(crate) const KENJI: &str = "U0KENJI0001";
/// Approves.
pub(crate) const MINA: &str = "U0MINA00001";
/// A member who may only look.
pub(crate) const OLGA: &str = "U0OLGA00001";
pub(crate) const GUEST: &str = "U0GUEST0001";
pub(crate) const STRANGER: &str = "U0STRANGER1";

/// How long anything may take before a test gives up; far above what it takes.
const PATIENCE: Duration = Duration::from_secs(90);

/// What has reached the world: by that the bot is judged, not by what it says of itself.
pub(crate) struct Judge {
    pub(crate) world: World,
}

/// A world and the bot in it.
pub(crate) struct Bot {
    judge: Judge,
    folder: TempDir,
    port: u16,
    /// How the process is started.
    arguments: &'static [&'static str],
    child: Option<Child>,
}

/// Times that keep tests short: what takes minutes takes a few tenths of a second.
pub(crate) fn options() -> Options {
    let tenths = |n: i64| SignedDuration::from_millis(n * 100);
    let pace = Pace {
        snapshot: tenths(2),
        export_starting: tenths(2),
        export_running: tenths(4),
        job_starting: tenths(1),
        job_running: tenths(3),
        crawl_running: tenths(3),
        ..Pace::instant()
    };
    let mut options = Options { pace, reconcile_every: "1s", lease: "2s", poll_every: "100ms", ..Options::default() };
    options.slack.limits = Limits::unreachable();
    options
}

impl Deref for Bot {
    type Target = Judge;

    fn deref(&self) -> &Judge {
        &self.judge
    }
}

/// The classification file of the source `learning`, if it has one.
const RULES: &str = "learning.classification.toml";

/// Returns a command of the bot's program in `world`, its configuration in `folder`. Its log goes there too.
pub(crate) fn spawned(world: &World, folder: &TempDir, arguments: &[&str]) -> Command {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.path().join("log")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_datalake-bot"));
    command
        .args(arguments)
        .env_clear()
        .envs(world.variables())
        .env("DATALAKE_CONFIG", folder.path().join("datalake.toml"))
        .env("RUST_LOG", "info,datalake_bot=debug")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    command
}

impl Bot {
    /// Starts a bot in a new world.
    pub(crate) async fn start() -> Self {
        Self::start_in(World::start(options()).await.unwrap(), |config| config).await
    }

    /// Starts a bot in `world`, its configuration changed by `edit`.
    pub(crate) async fn start_in(world: World, edit: impl FnOnce(String) -> String) -> Self {
        Self::start_with(world, edit, &["serve"]).await
    }

    /// Starts a bot in a new world to which Slack delivers through connections that the bot opens.
    pub(crate) async fn start_with_sockets() -> Self {
        let world = World::start(options()).await.unwrap();
        world.slack.use_sockets(true);
        let bot = Self::start_with(world, |config| config, &["serve", "--socket"]).await;
        bot.until("two connections", async || (bot.world.slack.sockets() == 2).then_some(())).await;
        bot
    }

    /// Starts a bot in a new world whose source `learning` has `policy`, is classified by `rules`, and runs only when
    /// people say so.
    pub(crate) async fn start_classified(rules: &str, policy: &str) -> Self {
        let world = World::start(options()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(RULES), rules).unwrap();
        let schedule = "schedule = \"on-snapshot\"\n";
        let classified = format!("schedule = \"manual\"\nclassification = \"{RULES}\"\npolicy = {{ {policy} }}\n");
        Self::start_at(world, folder, |config| config.replacen(schedule, &classified, 1), &["serve"]).await
    }

    async fn start_with(world: World, edit: impl FnOnce(String) -> String, arguments: &'static [&'static str]) -> Self {
        Self::start_at(world, tempfile::tempdir().unwrap(), edit, arguments).await
    }

    async fn start_at(
        world: World,
        folder: TempDir,
        edit: impl FnOnce(String) -> String,
        arguments: &'static [&'static str],
    ) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = edit(world.config(&format!("127.0.0.1:{port}")));
        std::fs::write(folder.path().join("datalake.toml"), config).unwrap();
        let mut bot = Self { judge: Judge { world }, folder, port, arguments, child: None };
        bot.world.slack.set_bot_url(&bot.url());
        bot.spawn().await;
        bot
    }

    /// Returns where the bot's doors are.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts the process, and waits until its doors are open.
    pub(crate) async fn spawn(&mut self) {
        let child = self.command(self.arguments).kill_on_drop(true).spawn().unwrap();
        self.child = Some(child);
        let url = format!("127.0.0.1:{}", self.port);
        self.until("the doors are open", async || tokio::net::TcpStream::connect(&url).await.ok()).await;
    }

    /// Returns a command of the bot's program, in the bot's environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        spawned(&self.world, &self.folder, arguments)
    }

    /// Starts another process beside the bot's, in the same world, with doors of its own. It ends when it is dropped.
    pub(crate) async fn replica(&self) -> Child {
        self.replica_at().await.0
    }

    /// The same, and where its doors are.
    pub(crate) async fn replica_at(&self) -> (Child, String) {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = self.folder.path().join(format!("replica-{port}.toml"));
        std::fs::write(&config, self.world.config(&format!("127.0.0.1:{port}"))).unwrap();
        let mut command = self.command(&["serve"]);
        let child = command.env("DATALAKE_CONFIG", config).kill_on_drop(true).spawn().unwrap();
        let url = format!("127.0.0.1:{port}");
        self.until("a replica's doors are open", async || tokio::net::TcpStream::connect(&url).await.ok()).await;
        (child, format!("http://{url}"))
    }

    /// Waits until the process has ended by itself, or was killed by a fault.
    pub(crate) async fn ended(&mut self) -> std::process::ExitStatus {
        let mut child = self.child.take().unwrap();
        tokio::time::timeout(PATIENCE, child.wait()).await.expect("the bot ends").unwrap()
    }

    /// Returns what kills the process when it is called.
    pub(crate) fn killer(&self) -> Hook {
        self.signaler("-KILL")
    }

    /// Returns what sends the process a signal when it is called.
    pub(crate) fn signaler(&self, signal: &'static str) -> Hook {
        let pid = self.pid();
        Arc::new(move |_| signal_to(signal, pid))
    }

    /// Sends the process a signal.
    pub(crate) fn signal(&self, signal: &str) {
        signal_to(signal, self.pid());
    }

    /// Asks the process to stop, as an orchestrator does.
    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    fn pid(&self) -> u32 {
        self.child.as_ref().and_then(Child::id).unwrap()
    }

    /// Returns the process's resident memory, in MiB.
    pub(crate) fn memory(&self) -> u64 {
        self.status("VmRSS")
    }

    /// Returns the most that the process's resident memory has been, in MiB.
    pub(crate) fn memory_peak(&self) -> u64 {
        self.status("VmHWM")
    }

    fn status(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|it| it.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }

    /// Types a command as `user` and returns what only they see.
    pub(crate) async fn slash(&self, user: &str, text: &str) -> String {
        let answer = self.world.slack.slash(user, CHANNEL, text).await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["text"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits for `found`.
    pub(crate) async fn until<T>(&self, what: &str, mut found: impl AsyncFnMut() -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(found) = found().await {
                return found;
            }
            sleep(Duration::from_millis(20)).await;
        }
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(60).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        panic!("it did not come to this: {what}\n{}\n{}", self.world.slack.channel_as(ANA, CHANNEL), tail.join("\n"));
    }

    /// Waits for a message in `channel` with the button `action`.
    pub(crate) async fn button(&self, channel: &str, action: &str) -> Posted {
        self.until(action, async || self.messages(channel).into_iter().find(|it| has(it, action))).await
    }

    /// Waits until a run is over and its thread shows it; returns its record.
    pub(crate) async fn run_shown(&self) -> Run {
        let ended = async || self.shown().await;
        self.until("a run is over and shown", ended).await
    }

    /// Waits until a run stands so; returns its record.
    pub(crate) async fn run_that_is(&self, status: RunStatus) -> Run {
        let found = async || self.runs().await.into_iter().find(|it| it.status == status);
        self.until(status.as_str(), found).await
    }

    /// Waits for a notice whose text holds `words`, and returns it.
    pub(crate) async fn noticed(&self, words: &str) -> Posted {
        let found =
            async || self.notices().into_iter().find(|it| it.blocks.iter().any(|it| it.to_string().contains(words)));
        self.until(&format!("people are told: {words}"), found).await
    }

    /// Waits until `user` sees, privately, a text that holds `words`.
    pub(crate) async fn told(&self, user: &str, words: &str) {
        let seen = async || self.world.slack.ephemeral(user).into_iter().find(|it| it.contains(words));
        self.until(&format!("{user} is told: {words}"), seen).await;
    }
}

/// Sends a signal to a process that may have died meanwhile. One that is told to stop has stopped when this returns: on
/// a busy machine it runs on for a while.
#[expect(clippy::disallowed_methods, reason = "a hook cannot wait in another way, and nothing else is to happen")]
pub(crate) fn signal_to(signal: &str, pid: u32) {
    std::process::Command::new("kill").args([signal, &pid.to_string()]).status().unwrap();
    if signal != "-STOP" {
        return;
    }
    let rests = |stat: String| stat.rsplit(')').next().is_some_and(|it| it.trim_start().starts_with(['T', 'Z']));
    let until = Instant::now() + PATIENCE;
    while !std::fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, rests) {
        assert!(Instant::now() < until, "the process does not stop");
        std::thread::sleep(Duration::from_millis(1));
    }
}

impl Judge {
    /// Returns a run that is over and whose thread shows it: the record is open for as long as it does not.
    pub(crate) async fn shown(&self) -> Option<Run> {
        let closed = self.items().await.into_iter().filter(|it| !it.contains_key("open"));
        let runs = closed.map(|it| serde_dynamo::from_item::<_, Run>(it).unwrap());
        runs.into_iter().find(|it| it.next_attempt.is_none() && it.status.is_over())
    }

    /// Returns all runs in the table.
    pub(crate) async fn runs(&self) -> Vec<Run> {
        let items = self.items().await;
        items.into_iter().map(|it| serde_dynamo::from_item(it).unwrap()).collect()
    }

    /// Returns all items in the table of runs, as others read them.
    pub(crate) async fn items(&self) -> Vec<std::collections::HashMap<String, AttributeValue>> {
        let client = aws_sdk_dynamodb::Client::new(&self.world.sdk_config());
        let table = client.scan().table_name("datalake-runs").consistent_read(true);
        table.send().await.unwrap().items.unwrap_or_default()
    }

    /// Returns the keys of the items in the table of state.
    pub(crate) async fn state_keys(&self) -> Vec<String> {
        let client = aws_sdk_dynamodb::Client::new(&self.world.sdk_config());
        let pages = client.scan().table_name("datalake-state").consistent_read(true).into_paginator().items().send();
        let items: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
        items.iter().filter_map(|it| it["pk"].as_s().ok().cloned()).collect()
    }

    /// Returns the notices in the channel of alerts.
    pub(crate) fn notices(&self) -> Vec<Posted> {
        self.messages(ALERTS).into_iter().filter(|it| key(it) == "notice").collect()
    }

    /// Returns the messages of a channel that everybody sees.
    pub(crate) fn messages(&self, channel: &str) -> Vec<Posted> {
        self.world.slack.messages(channel).into_iter().filter(|it| it.only_for.is_none()).collect()
    }

    /// Returns what was carried out of an operation.
    pub(crate) fn effects(&self, service: &str, operation: &str) -> Vec<Entry> {
        self.world.front.history.effects(service, operation)
    }

    /// Asserts that nothing was done twice: exports, job runs and crawls for each stage, messages for each key.
    pub(crate) fn assert_nothing_twice(&self, exports: usize) {
        assert_eq!(self.effects("rds", "StartExportTask").len(), exports, "exports");
        self.assert_sound();
    }
}

/// Returns the key of a message of the bot; nothing for others.
pub(crate) fn key(message: &Posted) -> String {
    payload(message, "key")
}

/// Returns what a message of the bot is marked with; nothing for others.
pub(crate) fn payload(message: &Posted, name: &str) -> String {
    let metadata = message.metadata.as_ref();
    metadata.and_then(|it| it["event_payload"][name].as_str()).unwrap_or_default().to_owned()
}

/// Says whether the message has the button `action`.
pub(crate) fn has(message: &Posted, action: &str) -> bool {
    message.blocks.iter().any(|it| it.to_string().contains(&format!("\"{action}\"")))
}

/// Returns the name of a run's export task as text.
pub(crate) fn name(run: &Run) -> &str {
    let name: &ExportTask = &run.export_task;
    name.as_str()
}
