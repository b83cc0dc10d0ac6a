//! R9 and R10: acknowledged in time, and true when it was said.

use std::{collections::BTreeSet, time::Duration};

use datalake_bot::sandbox::faults::{Fault, Kind, Moment};
use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until};

use super::{Load, figure, percentile, size};
use crate::harness::{Bot, Judge};

/// Requests of people that are in the table.
pub(super) async fn recorded(judge: &Judge) -> BTreeSet<String> {
    let client = aws_sdk_dynamodb::Client::new(&judge.world.sdk_config());
    let mut found = BTreeSet::new();
    let mut pages = client.scan().table_name("datalake-state").consistent_read(true).into_paginator().items().send();
    while let Some(item) = pages.next().await {
        let key = item.unwrap()["pk"].as_s().unwrap().clone();
        if key.starts_with("REQUEST#") {
            found.insert(key);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_acknowledged_while_dynamodb_is_slow_and_slack_is_down() {
    let bot = Bot::start().await;
    let load = Load::new(&bot.url());
    load.command("status", 0).await;
    let slow = Kind::Delay { at: Moment::BeforeEffect, by: Duration::from_millis(500) };
    bot.world.front.faults.plant(Fault::once("dynamodb", "*", slow).times(usize::MAX));
    let down = Kind::Reset { at: Moment::BeforeEffect };
    bot.world.front.faults.plant(Fault::once("slack", "*", down).times(usize::MAX));
    let (seconds, rate) = (size(2, 60), 50);
    let begun = Instant::now();
    let posts = (0..seconds * rate).map(|number| {
        let load = load.clone();
        async move {
            sleep_until(begun + Duration::from_millis((number * 1000 / rate) as u64)).await;
            load.command("run school", number + 1).await
        }
    });
    let answers = join_all(posts).await;
    let mut took: Vec<Duration> = answers.iter().map(|it| it.took).collect();
    assert!(answers.iter().all(|it| it.status == Some(200)), "every command is answered");
    let accepted = answers.iter().filter(|it| it.is_accepted()).count();
    bot.world.front.faults.clear();
    assert!(recorded(&bot).await.len() >= accepted, "what was called recorded is");
    figure(
        "R9",
        &format!(
            "{} commands at {rate}/s, DynamoDB +500 ms, Slack down: p50 {} ms, p99 {} ms, max {} ms; {} recorded",
            answers.len(),
            percentile(&mut took, 50),
            percentile(&mut took, 99),
            percentile(&mut took, 100),
            accepted,
        ),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_called_recorded_is_there_after_a_kill() {
    let mut bot = Bot::start().await;
    let kills = size(3, 300);
    let mut accepted = 0;
    for number in 0..kills {
        let answer = Load::new(&bot.url()).command("run school", number).await;
        bot.signal("-KILL");
        accepted += usize::from(answer.is_accepted());
        bot.ended().await;
        assert!(recorded(&bot).await.len() >= accepted, "lost after kill {number}");
        bot.spawn().await;
    }
    assert_eq!(accepted, kills, "every command was accepted");
    bot.run_shown().await;
    bot.assert_nothing_twice(1);
    figure("R10", &format!("killed right after the 200, {kills} times: {accepted} recorded, 0 lost, 1 export"));
}
