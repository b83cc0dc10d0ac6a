//! The bot, as a process on moto, in the workspace of our Slack.

use std::{fs, net::TcpListener, process::Stdio, sync::Arc};

use datalake_bot::sandbox::{
    clock::SimClock,
    slack::{Limits, Options, Posted, Slack},
    wire::Front,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{
    lake::{BUCKET, Lake, topic},
    server::{ACCOUNT, KEY, REGION, Server},
    until,
};
use crate::harness::{ANA, CHANNEL};

/// The bot and its workspace.
pub(super) struct Bot<'a> {
    pub(super) slack: Arc<Slack>,
    front: Front,
    options: Options,
    server: &'a Server,
    folder: TempDir,
    child: Option<Child>,
}

impl<'a> Bot<'a> {
    /// Makes the tables with the bot's own command and starts the bot.
    pub(super) async fn start(lake: &Lake<'a>) -> Self {
        let front = Front::new(SimClock::running());
        let options = Options { limits: Limits::unreachable(), ..Options::default() };
        let slack = Slack::start(&front, options.clone()).await.unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("datalake.toml"), config(port, &lake.queue_url)).unwrap();
        slack.set_bot_url(&format!("http://127.0.0.1:{port}"));
        let mut bot = Self { slack, front, options, server: lake.server, folder, child: None };
        let made = bot.says(&["tables", "--create"]).await;
        assert_eq!(made, "datalake-runs: created\ndatalake-state: created\n");
        bot.child = Some(bot.command(&["serve"]).spawn().unwrap());
        let open = async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok();
        bot.until("the doors are open", open).await;
        bot
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_datalake-bot"));
        command
            .args(arguments)
            .env_clear()
            .env("AWS_ENDPOINT_URL", &self.server.url)
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", KEY)
            .env("SLACK_SIGNING_SECRET", &self.options.signing_secret)
            .env("SLACK_BOT_TOKEN", &self.options.token)
            .env("SLACK_API_URL", self.slack.base_url())
            .env("DATALAKE_CONFIG", self.folder.path().join("datalake.toml"))
            .env("RUST_LOG", "info,datalake_bot=debug")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true);
        command
    }

    /// Returns what a command of the bot's program prints.
    pub(super) async fn says(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).stdout(Stdio::piped()).output().await.unwrap();
        assert!(output.status.success(), "{arguments:?}: {}\n{}", output.status, self.story());
        String::from_utf8(output.stdout).unwrap()
    }

    /// Returns the JSON that a command of the bot's program prints.
    pub(super) async fn says_json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.says(arguments).await).unwrap()
    }

    /// Types a command as `user`.
    pub(super) async fn slash(&self, user: &str, text: &str) {
        let answer = self.slack.slash(user, CHANNEL, text).await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Returns the messages in the channel that everybody sees.
    pub(super) fn messages(&self) -> Vec<Posted> {
        self.slack.messages(CHANNEL).into_iter().filter(|it| it.only_for.is_none()).collect()
    }

    /// Waits for `found`.
    pub(super) async fn until<T>(&self, what: &str, found: impl AsyncFnMut() -> Option<T>) -> T {
        until(what, found, || self.story()).await
    }

    /// Returns what explains why something did not happen: the channel, and the logs' last lines.
    fn story(&self) -> String {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let (bot, moto) = (tail(&log), tail(&self.server.log()));
        format!("{}\n--- bot\n{bot}\n--- moto\n{moto}", self.slack.channel_as(ANA, CHANNEL))
    }
}

impl Drop for Bot<'_> {
    fn drop(&mut self) {
        self.front.stop.cancel();
    }
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// The periods are longer than the test: nothing moves the run but people and what the queue brings.
fn config(port: u16, queue_url: &str) -> String {
    format!(
        r#"
[server]
listen = "127.0.0.1:{port}"
admin_listen = "127.0.0.1:0"

[slack]
team_id = "T0DATALAKE1"
channel = "C0DATALAKE1"
alerts_channel = "C0ALERTS0001"

[aws]
region = "{REGION}"
runs_table = "datalake-runs"
state_table = "datalake-state"
queue_url = "{queue_url}"
sns_topics = ["{topic}"]

[engine]
reconcile_every = "10m"
poll_every = "10m"

[access]
viewers = ["*"]
operators = ["S0DATAOPS01"]

[[sources]]
name = "shop"
engine = "rds"
identifier = "shop-db"
schedule = "on-snapshot"
latest = {{ bucket = "{BUCKET}", prefix = "latest/shop" }}

[sources.export]
bucket = "{BUCKET}"
prefix = "raw"
role_arn = "arn:aws:iam::{ACCOUNT}:role/datalake-export"
kms_key = "arn:aws:kms:{REGION}:{ACCOUNT}:key/datalake"

[sources.layers.normal]
glue_job = "shop-normal"
crawler = "shop-normal"

[sources.layers.sensitive]
glue_job = "shop-sensitive"
crawler = "shop-sensitive"
approval = {{ approvers = ["S0PRIVACY01"], quorum = 1, expires_after = "8h" }}
"#,
        topic = topic(),
    )
}
