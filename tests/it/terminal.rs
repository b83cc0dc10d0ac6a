//! Approvals at the command line: who decides is a person in Slack, and Slack shows what was decided.

use std::process::{Output, Stdio};

use datalake_bot::{
    domain::run::{Run, RunStatus},
    sandbox::{slack::Posted, world::World},
};

use crate::harness::{ANA, Bot, CHANNEL, MINA, has, options};

const PAUL: &str = "U0PAUL00001";

/// A bot whose configuration says that the account `mina` is Mina and `paul` is Paul.
async fn start(quorum: u32) -> Bot {
    let people = [(MINA, "mina"), (PAUL, "paul")]
        .map(|(slack, cli)| format!("\n[[people]]\nslack = [\"{slack}\"]\ncli = [\"{cli}\"]\n"))
        .concat();
    let edit = |config: String| config.replace("quorum = 1", &format!("quorum = {quorum}")) + &people;
    Bot::start_in(World::start(options()).await.unwrap(), edit).await
}

/// Runs the program as `account`.
async fn types(bot: &Bot, account: &str, words: &[&str]) -> Output {
    let mut command = bot.command(words);
    command.env("USER", account).stdout(Stdio::piped()).stderr(Stdio::piped()).output().await.unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Starts a run, and returns the request's id and message.
async fn asked(bot: &Bot) -> (String, Posted) {
    bot.slash(ANA, "/datalake run learning").await;
    let message = bot.button(CHANNEL, "approval.approve").await;
    (bot.runs().await.remove(0).approval.unwrap().id, message)
}

fn votes(run: &Run) -> Vec<(&str, bool)> {
    let votes = &run.approval.as_ref().unwrap().votes;
    votes.iter().map(|it| (it.user.as_str(), it.withdrawn_at.is_some())).collect()
}

/// Waits until the request's message holds `words`.
async fn shows(bot: &Bot, request: &Posted, words: &str) -> Posted {
    let shown = |it: &Posted| it.ts == request.ts && it.blocks.iter().any(|it| it.to_string().contains(words));
    bot.until(&format!("the message shows {words}"), async || bot.messages(CHANNEL).into_iter().find(shown)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_listed_shown_approved_and_withdrawn() {
    let bot = start(2).await;
    let (id, request) = asked(&bot).await;
    for words in [vec!["approvals", "list"], vec!["approvals", "show", &id]] {
        let output = types(&bot, "olga", &words).await;
        assert!(output.status.success() && said(&output).contains(&id), "{words:?}: {}", said(&output));
    }
    let unknown = types(&bot, "olga", &["approvals", "approve", &id]).await;
    assert!(!unknown.status.success() && said(&unknown).contains("[[people]]"), "{}", said(&unknown));
    assert_eq!(votes(&bot.runs().await[0]), []);

    let approved = types(&bot, "mina", &["approvals", "approve", &id, "--reason", "checked", "twice"]).await;
    assert!(approved.status.success(), "{}", said(&approved));
    assert_eq!(votes(&bot.runs().await[0]), [(MINA, false)]);
    shows(&bot, &request, "checked twice").await;
    let again = types(&bot, "mina", &["approvals", "approve", &id]).await;
    assert!(!again.status.success() && said(&again).contains("decided on this request already"), "{}", said(&again));

    let withdrawn = types(&bot, "mina", &["approvals", "withdraw", &id]).await;
    assert!(withdrawn.status.success(), "{}", said(&withdrawn));
    assert_eq!(votes(&bot.runs().await[0]), [(MINA, true)]);
    shows(&bot, &request, "Taken back").await;

    for account in ["paul", "mina"] {
        assert!(types(&bot, account, &["approvals", "approve", &id]).await.status.success(), "{account}");
    }
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
    let closed = shows(&bot, &request, PAUL).await;
    assert!(!has(&closed, "approval.approve"), "it is closed");
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_needs_a_reason_and_ends_the_run() {
    let bot = start(1).await;
    let (id, request) = asked(&bot).await;
    let bare = types(&bot, "mina", &["approvals", "deny", &id]).await;
    assert_eq!(bare.status.code(), Some(2), "{}", said(&bare));
    assert_eq!(votes(&bot.runs().await[0]), []);
    let denied = types(&bot, "mina", &["approvals", "deny", &id, "--reason", "not today"]).await;
    assert!(denied.status.success(), "{}", said(&denied));
    assert_eq!(bot.run_shown().await.status, RunStatus::Canceled);
    let closed = shows(&bot, &request, "not today").await;
    assert!(!has(&closed, "approval.deny"), "it is closed");
    assert_eq!(bot.effects("glue", "StartJobRun").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_started_the_run_at_the_command_line_cannot_approve_it_in_slack() {
    let bot = start(1).await;
    let started = types(&bot, "mina", &["runs", "start", "learning"]).await;
    assert!(started.status.success(), "{}", said(&started));
    let request = bot.button(CHANNEL, "approval.approve").await;
    let told = bot.world.slack.ephemeral(MINA).len();
    bot.world.slack.press(MINA, CHANNEL, &request.ts, "approval.approve").await.unwrap();
    let refused = async || (bot.world.slack.ephemeral(MINA).len() > told).then_some(());
    bot.until("Mina is refused privately", refused).await;
    assert_eq!(votes(&bot.runs().await[0]), []);
    bot.world.slack.press(PAUL, CHANNEL, &request.ts, "approval.approve").await.unwrap();
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
    bot.assert_nothing_twice(1);
}
