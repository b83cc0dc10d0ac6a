//! Socket Mode: the same doors, through connections that the bot opens.

use std::{process::Stdio, time::Duration};

use datalake_bot::sandbox::{
    faults::{Fault, Kind, Moment},
    slack::BOT_USER,
    world::World,
};
use rstest::rstest;

use crate::harness::{ANA, Bot, CHANNEL, OLGA, has, options, spawned};

#[tokio::test(flavor = "multi_thread")]
async fn commands_presses_and_events_come_through_connections() {
    let bot = Bot::start_with_sockets().await;
    assert!(bot.slash(ANA, "/datalake sources").await.contains("school"));
    assert!(bot.slash(OLGA, "/datalake run school").await.contains("S0DATAOPS01"));
    let (ts, ack) = bot.world.slack.mention(ANA, CHANNEL, "status school").await.unwrap();
    assert_eq!((ack.status, ack.failure), (200, None));
    let answered = async || bot.messages(CHANNEL).into_iter().find(|it| it.thread_ts.as_ref() == Some(&ts));
    bot.until("an answer", answered).await;
    assert!(bot.slash(ANA, "/datalake run school").await.contains("Recorded"));
    let root = bot.until("a run", async || bot.messages(CHANNEL).into_iter().find(|it| has(it, "run.details"))).await;
    let pressed = bot.world.slack.press(ANA, CHANNEL, &root.ts, "run.details").await.unwrap();
    assert_eq!((pressed.status, pressed.failure), (200, None));
    bot.run_shown().await;
    bot.assert_nothing_twice(1);
}

/// The doors of Slack are shut, the others are open.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_slack_is_served_to_the_public() {
    let bot = Bot::start_with_sockets().await;
    bot.world.slack.use_sockets(false);
    let knocked = bot.world.slack.slash(ANA, CHANNEL, "/datalake help").await.unwrap();
    assert_eq!(knocked.status, 404);
    assert_eq!(bot.world.slack.url_verification("x").await.unwrap().status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lost_connection_has_not_acknowledged_is_done_once() {
    let bot = Bot::start_with_sockets().await;
    let slow = Kind::Delay { at: Moment::AfterEffect, by: Duration::from_millis(700) };
    bot.world.front.faults.plant(Fault::once("dynamodb", "PutItem", slow).containing("REQUEST#"));
    let typed = bot.world.slack.slash(ANA, CHANNEL, "/datalake run school");
    let cut = async {
        bot.until("the request", async || {
            bot.state_keys().await.iter().any(|it| it.starts_with("REQUEST#")).then_some(())
        })
        .await;
        bot.world.slack.drop_sockets();
    };
    let (answer, ()) = tokio::join!(typed, cut);
    let answer = answer.unwrap();
    assert!(answer.body.contains("Recorded"), "{answer:?}");
    assert!(bot.world.slack.resent() > 0);
    bot.until("two connections", async || (bot.world.slack.sockets() == 2).then_some(())).await;
    bot.run_shown().await;
    assert_eq!(bot.runs().await.len(), 1);
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_slack_will_close_are_replaced_before() {
    let bot = Bot::start_with_sockets().await;
    for _ in 0..2 {
        bot.world.slack.refresh_sockets();
        bot.until("four connections", async || (bot.world.slack.sockets() == 4).then_some(())).await;
        assert!(bot.slash(ANA, "/datalake sources").await.contains("school"));
        bot.until("two connections", async || (bot.world.slack.sockets() == 2).then_some(())).await;
    }
    assert!(bot.slash(ANA, "/datalake sources").await.contains("school"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_acknowledges_what_has_come_in() {
    let mut bot = Bot::start_with_sockets().await;
    let slow = Kind::Delay { at: Moment::BeforeEffect, by: Duration::from_millis(800) };
    bot.world.front.faults.plant(Fault::once("dynamodb", "PutItem", slow).containing("REQUEST#"));
    let typed = bot.world.slack.slash(ANA, CHANNEL, "/datalake run school");
    let stop = async {
        bot.until("the request is on its way", async || bot.world.front.faults.is_clear().then_some(())).await;
        bot.terminate();
    };
    let (answer, ()) = tokio::join!(typed, stop);
    assert!(answer.as_ref().unwrap().body.contains("Recorded"), "{answer:?}");
    assert!(bot.ended().await.success());
    bot.spawn().await;
    bot.run_shown().await;
    bot.assert_nothing_twice(1);
}

#[rstest]
#[case::none("", 2, "SLACK_APP_TOKEN is not set")]
#[case::of_the_bot("xoxb-sandbox-token", 2, "begin with xapp-")]
#[case::wrong("xapp-wrong", 1, "Slack refuses SLACK_APP_TOKEN: invalid_auth")]
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_good_is_told_at_the_start(#[case] token: &str, #[case] code: i32, #[case] words: &str) {
    let world = World::start(options()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    world.write_config(folder.path(), "127.0.0.1:0").unwrap();
    let mut command = spawned(&world, &folder, &["serve", "--socket"]);
    let output = command.env("SLACK_APP_TOKEN", token).stderr(Stdio::piped()).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(words), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_say_directly_comes_through_too() {
    let bot = Bot::start_with_sockets().await;
    let (direct, _) = bot.world.slack.direct(ANA, "status school").await.unwrap();
    let of_bot = async || bot.world.slack.messages(&direct).into_iter().find(|it| it.user == BOT_USER);
    bot.until("an answer", of_bot).await;
}
