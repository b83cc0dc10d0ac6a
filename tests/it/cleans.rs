//! Cleaning: what nothing needs any more is removed, and the record says so.

use std::time::Duration;

use datalake_bot::{
    domain::run::Run,
    sandbox::{
        faults::{Fault, Kind, Moment},
        history::Entry,
        world::{BUCKET, World},
    },
};
use jiff::Timestamp;
use rstest::rstest;
use serde_json::Value;

use crate::{
    harness::{ANA, Bot, CHANNEL, Judge, name, options},
    rollback::{CONFIRM, back_to, night, previewed, published, record, succeeded, two_nights},
};

/// What makes the removal of an export three calls.
const MANY: usize = 2500;

/// A bot that keeps two exports of `school`.
async fn start() -> Bot {
    let keeps = "schedule = \"on-snapshot\"\nretention = { exports = 2, grace = \"2s\" }\n";
    let edit = |config: String| config.replace("schedule = \"on-snapshot\"\n", keeps);
    Bot::start_in(World::start(options()).await.unwrap(), edit).await
}

/// Puts so many objects below `folder` that no call removes them all. Their names are no data's.
pub(crate) fn fill(world: &World, folder: &str) {
    (0..MANY).for_each(|it| world.aws.s3.put(BUCKET, &format!("{folder}_filler-{it:05}"), "").unwrap());
}

/// Waits until nothing is there any more of the run's export.
pub(crate) async fn removed(bot: &Bot, run: &Run) {
    let is_removed = |it: &Run| it.removal.is_some_and(|it| it.ended_at.is_some());
    bot.until("the export is removed", async || Some(record(bot, run).await).filter(is_removed)).await;
}

/// Returns when and which keys were removed, but for what was stale below `latest/`.
pub(crate) fn removals(judge: &Judge) -> Vec<(Timestamp, String)> {
    let keys = |it: Entry| {
        let keys = it.note["keys"].as_array().cloned().unwrap_or_default();
        keys.into_iter().map(move |key| (it.at, key.as_str().unwrap_or_default().to_owned()))
    };
    let all = judge.effects("s3", "DeleteObjects").into_iter().flat_map(keys);
    all.filter(|(_, key)| !key.starts_with("latest/")).collect()
}

/// Asserts that everything is there that the manifest of `source` names.
pub(crate) fn assert_published(judge: &Judge, source: &str, run: &Run) {
    assert_eq!(published(judge, source), name(run));
    let manifest = judge.world.aws.s3.get(BUCKET, &format!("latest/{source}/_manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let keys = manifest["keys"].as_array().unwrap();
    assert!(!keys.is_empty());
    for key in keys.iter().map(|it| it["key"].as_str().unwrap()) {
        assert!(judge.world.aws.s3.get(BUCKET, key).is_some(), "{key} is gone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_that_nothing_needs_are_removed() {
    let bot = start().await;
    let (older, newer) = two_nights(&bot).await;
    night(&bot.world, "school", "third");
    let third = succeeded(&bot, "school", &[&older, &newer]).await;
    let raw = |run: &Run| bot.world.aws.s3.keys(BUCKET, &format!("raw/{}/", name(run))).len();
    removed(&bot, &older).await;
    assert_eq!(raw(&older), 0);
    assert!(raw(&newer) > 0 && raw(&third) > 0, "two are kept");
    assert_eq!(published(&bot, "school"), name(&third));
    assert!(bot.world.aws.s3.keys(BUCKET, "latest/school/").len() > 1);
    bot.slash(ANA, &format!("/datalake rollback school --to {}", name(&older))).await;
    bot.told(ANA, "is not there any more").await;
    bot.slash(ANA, &format!("/datalake status {}", name(&older))).await;
    bot.told(ANA, "removed").await;
    let settled = async || bot.items().await.iter().all(|it| !it.contains_key("open")).then_some(());
    bot.until("the records are left alone", settled).await;
    bot.assert_nothing_twice(3);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_within_a_removal_leaves_the_rest_for_the_next_process(#[values(1, 2)] calls: usize) {
    let mut bot = start().await;
    let (older, newer) = two_nights(&bot).await;
    let folder = format!("raw/{}/", name(&older));
    fill(&bot.world, &folder);
    let all = bot.world.aws.s3.keys(BUCKET, &folder).len();
    let kill = Kind::Hook { at: Moment::AfterEffect, hook: bot.killer() };
    let fault = Fault { skip: calls - 1, ..Fault::once("s3", "DeleteObjects", kill).containing(&folder) };
    bot.world.front.faults.plant(fault);
    night(&bot.world, "school", "third");
    let third = succeeded(&bot, "school", &[&older, &newer]).await;
    bot.ended().await;
    let left = bot.world.aws.s3.keys(BUCKET, &folder).len();
    assert_eq!(all - left, calls * 1000);
    assert!(record(&bot, &older).await.removal.unwrap().ended_at.is_none());

    bot.spawn().await;
    removed(&bot, &older).await;
    assert!(bot.world.aws.s3.keys(BUCKET, &folder).is_empty());
    let others: Vec<_> = removals(&bot).into_iter().filter(|(_, key)| !key.starts_with(&folder)).collect();
    assert!(others.is_empty(), "{others:?}");
    assert_published(&bot, "school", &third);

    // What is kept to roll back to is whole.
    let preview = previewed(&bot, ANA, "school").await;
    bot.world.slack.press(ANA, CHANNEL, &preview.ts, CONFIRM).await.unwrap();
    back_to(&bot, &newer).await;
    assert_published(&bot, "school", &newer);
    bot.assert_nothing_twice(3);
}

/// Asserts that the first removal below one of `folders` came so long after `needed`.
pub(crate) fn assert_spared(judge: &Judge, folders: &[String], needed: Timestamp, grace: Duration) {
    let removals = removals(judge).into_iter().filter(|(_, key)| folders.iter().any(|it| key.starts_with(it)));
    let first = removals.map(|(at, _)| at).min().expect("something was removed");
    let spared = Duration::try_from(first.duration_since(needed)).unwrap_or_default();
    assert!(spared >= grace, "it was removed {spared:?} after it was needed");
}
