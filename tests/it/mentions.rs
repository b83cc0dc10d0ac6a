//! What people say to the bot in channels and in direct messages: the grammar of the command, answered once.

use std::time::Duration;

use datalake_bot::sandbox::{
    faults::{Fault, Kind, Moment},
    slack::{BOT_USER, Posted},
    world::World,
};
use serde_json::json;

use crate::harness::{ANA, Bot, CHANNEL, GUEST, MINA, OLGA, STRANGER, options};

/// The bot is not there.
const ELSEWHERE: &str = "C0RANDOM0001";

/// Returns what the bot has written in a channel below `ts`, to everybody or to one.
fn below(bot: &Bot, channel: &str, ts: &str) -> Vec<Posted> {
    let all = bot.world.slack.messages(channel).into_iter();
    all.filter(|it| it.user == BOT_USER && it.thread_ts.as_deref() == Some(ts)).collect()
}

async fn answered(bot: &Bot, channel: &str, ts: &str) -> Posted {
    bot.until("an answer", async || below(bot, channel, ts).pop()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_where_everybody_reads_it() {
    let bot = Bot::start().await;
    for text in ["status school", "  sources ", "help", ""] {
        let (ts, ack) = bot.world.slack.mention(ANA, CHANNEL, text).await.unwrap();
        assert_eq!(ack.status, 200, "{text}");
        let answer = answered(&bot, CHANNEL, &ts).await;
        assert_eq!(answer.only_for, None, "{text}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_many_times_is_answered_once() {
    let bot = Bot::start().await;
    let event = bot.world.slack.said("app_mention", ANA, CHANNEL, &format!("<@{BOT_USER}> status school"), None);
    let envelope = bot.world.slack.envelope(&event);
    for retry in [None, Some(1), Some(2), Some(3)] {
        assert_eq!(bot.world.slack.deliver(&envelope, retry).await.unwrap().status, 200);
    }
    let ts = event["ts"].as_str().unwrap();
    answered(&bot, CHANNEL, ts).await;
    // What comes last is answered last: nothing is under way any more.
    let (last, _) = bot.world.slack.mention(ANA, CHANNEL, "sources").await.unwrap();
    answered(&bot, CHANNEL, &last).await;
    assert_eq!(below(&bot, CHANNEL, ts).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_carried_out_once_and_its_outcome_told_to_who_asked() {
    let bot = Bot::start().await;
    let event = bot.world.slack.said("app_mention", ANA, CHANNEL, &format!("<@{BOT_USER}> run school"), None);
    let envelope = bot.world.slack.envelope(&event);
    for retry in [None, Some(1)] {
        assert_eq!(bot.world.slack.deliver(&envelope, retry).await.unwrap().status, 200);
    }
    bot.run_shown().await;
    assert_eq!(bot.runs().await.len(), 1);
    let ts = event["ts"].as_str().unwrap();
    let told = below(&bot, CHANNEL, ts);
    assert!(told.len() == 1 && told[0].only_for.as_deref() == Some(ANA), "{told:?}");
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_mistakes_are_private() {
    let bot = Bot::start().await;
    for (user, text, words) in [
        (OLGA, "run school", "S0DATAOPS01"),
        (ANA, "run", "needs SOURCE"),
        (ANA, "rnu school", "no command"),
        (ANA, "whoami", ANA),
        (GUEST, "status school", "only full members"),
        (STRANGER, "sources", "another workspace"),
        (MINA, "run school", "権限が必要です"),
    ] {
        let (ts, ack) = bot.world.slack.mention(user, CHANNEL, text).await.unwrap();
        assert_eq!(ack.status, 200);
        let answer = answered(&bot, CHANNEL, &ts).await;
        assert_eq!(answer.only_for.as_deref(), Some(user), "{text}");
        assert!(answer.text.contains(words), "{text}: {}", answer.text);
    }
    assert_eq!(bot.runs().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn direct_messages_are_answered_there() {
    let bot = Bot::start().await;
    let (direct, ack) = bot.world.slack.direct(ANA, "status school").await.unwrap();
    assert_eq!(ack.status, 200);
    let of_bot = || bot.world.slack.messages(&direct).into_iter().filter(|it| it.user == BOT_USER);
    bot.until("an answer", async || of_bot().next()).await;
    bot.world.slack.direct(ANA, "run school").await.unwrap();
    bot.run_shown().await;
    bot.until("the outcome", async || of_bot().find(|it| it.text.contains("school-"))).await;
    assert!(bot.messages(CHANNEL).iter().all(|it| !it.text.contains("Recorded")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_said_to_the_bot_is_dropped() {
    let bot = Bot::start().await;
    let named = format!("<@{BOT_USER}> status school");
    let said = |kind: &str, user: &str, sort| bot.world.slack.said(kind, user, CHANNEL, &named, sort);
    let mut by_bot = said("app_mention", ANA, None);
    by_bot["bot_id"] = "B0OTHER".into();
    let mut edited = said("message", ANA, Some("im"));
    edited["subtype"] = "message_changed".into();
    let own = said("message", BOT_USER, Some("im"));
    let to_others = said("message", ANA, Some("channel"));
    let odd = json!({"type": "app_mention", "user": 7, "text": null});
    for event in [by_bot, edited, own, to_others, odd, json!({"type": "message"}), json!(null)] {
        assert_eq!(bot.world.slack.event(&event).await.unwrap().status, 200, "{event}");
    }
    let (last, _) = bot.world.slack.mention(ANA, CHANNEL, "sources").await.unwrap();
    answered(&bot, CHANNEL, &last).await;
    let written = bot.world.slack.messages(CHANNEL).into_iter().filter(|it| it.user == BOT_USER && it.text != named);
    assert_eq!(written.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_bot_is_not_a_member_it_writes_directly() {
    let bot = Bot::start().await;
    for text in ["status school", "rnu"] {
        let ack = bot.world.slack.mention(ANA, ELSEWHERE, text).await;
        // Ana does not see that channel.
        assert!(ack.is_err());
        let (_, ack) = bot.world.slack.mention(OLGA, ELSEWHERE, text).await.unwrap();
        assert_eq!(ack.status, 200);
    }
    let direct = "D0OLGA00001";
    let of_bot = async || Some(bot.world.slack.messages(direct)).filter(|it| it.len() == 2);
    bot.until("both answers", of_bot).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_private_where_not_everybody_may_look() {
    let world = World::start(options()).await.unwrap();
    let edit = |config: String| config.replace("viewers = [\"*\"]", "viewers = [\"U0OLGA00001\"]");
    let bot = Bot::start_in(world, edit).await;
    let (ts, _) = bot.world.slack.mention(OLGA, CHANNEL, "status school").await.unwrap();
    assert_eq!(answered(&bot, CHANNEL, &ts).await.only_for.as_deref(), Some(OLGA));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_out_of_reach_is_told() {
    let bot = Bot::start().await;
    let kind =
        Kind::Refuse { status: 400, code: "AccessDeniedException".into(), message: "no".into(), retry_after: None };
    bot.world.front.faults.plant(Fault::once("dynamodb", "PutItem", kind).times(1000));
    let (ts, ack) = bot.world.slack.mention(ANA, CHANNEL, "run school").await.unwrap();
    assert_eq!(ack.status, 200);
    assert!(answered(&bot, CHANNEL, &ts).await.text.contains("Nothing was started"));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_acknowledged_in_time_though_aws_is_slow() {
    let bot = Bot::start().await;
    let kind = Kind::Delay { at: Moment::BeforeEffect, by: Duration::from_secs(30) };
    bot.world.front.faults.plant(Fault::once("dynamodb", "*", kind).times(1000));
    for text in ["run school", "status school"] {
        let (_, ack) = bot.world.slack.mention(ANA, CHANNEL, text).await.unwrap();
        assert_eq!((ack.status, ack.failure), (200, None), "{text}: {ack:?}");
    }
}
