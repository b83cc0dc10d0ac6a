//! The whole bot on moto, an emulator of AWS that nobody here wrote: what the bot and our own stand-ins agree on by
//! mistake comes to light here. Only Slack is our own, and the parts of AWS that moto does not play.

mod bot;
mod export;
mod lake;
mod python;
mod server;
mod tables;

use std::time::Duration;

use aws_sdk_glue::types::JobRunState;
use datalake_bot::domain::stage::StageId;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use self::{
    bot::Bot,
    lake::{BUCKET, Lake, SNAPSHOT},
    server::Server,
};
use crate::harness::{ANA, CHANNEL, MINA, has, key};

/// How long anything may take before the test gives up; far above what it takes.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often the test looks. moto answers slowly, and the bot needs its answers too.
const LOOK_EVERY: Duration = Duration::from_millis(100);

const STALE: &str = "latest/shop/shop/shop.dropped/1/part-00000-old-c000.gz.parquet";
/// The prefix of another source, which begins with the same letters.
const NEIGHBOUR: &str = "latest/shop-archive/shop/shop.users/1/part-00000-c000.gz.parquet";

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_from_a_command_to_two_catalogs() {
    let server = Server::start().await;
    let lake = Lake::create(&server).await;
    lake.put(STALE, "of a table that is no more").await;
    lake.put(NEIGHBOUR, "of somebody else").await;
    let bot = Bot::start(&lake).await;

    bot.slash(ANA, "/datalake run shop").await;
    let task = bot.until("the export", async || lake.exports().await.pop()).await;
    let name = task.export_task_identifier().unwrap();
    assert!(task.source_arn().unwrap().ends_with(&format!(":snapshot:{SNAPSHOT}")), "{task:?}");
    assert_eq!((task.s3_bucket(), task.s3_prefix()), (Some(BUCKET), Some("raw")));
    lake.finish_export(&task).await;
    play_glue(&bot, &lake, "normal").await;
    let wanted = async || bot.messages().into_iter().find(|it| has(it, "approval.approve"));
    let request = bot.until("the request for approval", wanted).await;
    assert!(lake.job_runs("sensitive").await.is_empty(), "nobody has approved yet");
    bot.slack.press(MINA, CHANNEL, &request.ts, "approval.approve").await.unwrap();
    play_glue(&bot, &lake, "sensitive").await;
    bot.until("the end is told", async || bot.messages().into_iter().find(|it| key(it).starts_with("end:"))).await;

    the_record_says_that_all_is_well(&bot, name).await;
    latest_holds_the_export_and_nothing_else(&lake, name).await;
    glue_was_told_what_the_contract_says(&lake, name).await;
    the_thread_tells_every_stage(&bot);
    nothing_happens_twice(&bot, &lake, name).await;
}

/// Waits until the layer's job and crawl have ended in moto, and tells the bot of each as Glue does.
async fn play_glue(bot: &Bot<'_>, lake: &Lake<'_>, layer: &str) {
    let succeeded = async || {
        let runs = lake.job_runs(layer).await;
        runs.into_iter().find(|it| it.job_run_state() == Some(&JobRunState::Succeeded))
    };
    let run = bot.until(&format!("the job of {layer}"), succeeded).await;
    lake.tell_job_ended(layer, &run).await;
    bot.until(&format!("the crawl of {layer}"), async || lake.has_crawled(layer).await.then_some(())).await;
    lake.tell_crawl_ended(layer).await;
}

async fn the_record_says_that_all_is_well(bot: &Bot<'_>, name: &str) {
    let listed = bot.says_json(&["runs", "list", "--json"]).await;
    let shown = bot.says_json(&["runs", "show", name, "--json"]).await;
    assert_eq!(listed, json!([shown]));
    assert_eq!(shown["status"], "SUCCEEDED", "{shown:#}");
    assert_eq!((&shown["export_task"], &shown["snapshot_id"]), (&json!(name), &json!(SNAPSHOT)));
    assert_eq!((&shown["trigger"], &shown["requested_by"]), (&json!("slack"), &json!(ANA)));
    let stages = shown["stages"].as_array().unwrap();
    assert_eq!(stages.len(), StageId::ALL.len());
    assert!(stages.iter().all(|it| it["status"] == "succeeded"), "{stages:#?}");
}

async fn latest_holds_the_export_and_nothing_else(lake: &Lake<'_>, name: &str) {
    let (raw, latest) = (format!("raw/{name}/"), "latest/shop/");
    let data = export::files(name).into_iter().filter(|(key, _)| !key.ends_with(".json"));
    let mut wanted: Vec<(String, String)> = data.map(|(key, body)| (key.replacen(&raw, latest, 1), body)).collect();
    wanted.sort();
    for (key, body) in &wanted {
        assert_eq!(lake.get(key).await, body.as_bytes(), "{key}");
    }
    let wanted: Vec<String> = wanted.into_iter().map(|(key, _)| key).collect();
    let manifest_key = format!("{latest}_manifest.json");
    let mut there = lake.keys(latest).await;
    there.retain(|it| *it != manifest_key);
    assert_eq!(there, wanted);
    let manifest: Value = serde_json::from_slice(&lake.get(&manifest_key).await).unwrap();
    let named = manifest["keys"].as_array().unwrap().iter().map(|it| it["key"].as_str().unwrap());
    assert_eq!(named.collect::<Vec<_>>(), wanted);
    assert_eq!((&manifest["export_task"], &manifest["removed"]), (&json!(name), &json!(1)));
    assert_eq!(lake.get(NEIGHBOUR).await, b"of somebody else");
}

async fn glue_was_told_what_the_contract_says(lake: &Lake<'_>, name: &str) {
    for layer in ["normal", "sensitive"] {
        let runs = lake.job_runs(layer).await;
        assert_eq!(runs.len(), 1, "{runs:?}");
        let arguments = runs[0].arguments().unwrap();
        assert_eq!(arguments["--datalake_run"], name);
        assert_eq!(arguments["--datalake_layer"], layer);
        assert_eq!(arguments["--datalake_input"], format!("s3://{BUCKET}/latest/shop/"));
        assert_eq!(arguments["--datalake_classification"].len(), 64);
    }
}

fn the_thread_tells_every_stage(bot: &Bot<'_>) {
    let messages = bot.messages();
    let root = messages.iter().find(|it| key(it) == "root").unwrap();
    assert!(messages.iter().all(|it| it.ts == root.ts || it.thread_ts.as_deref() == Some(&root.ts)));
    let told: Vec<String> = messages.iter().map(key).filter(|it| it.starts_with("stage:")).collect();
    let wanted: Vec<String> = StageId::ALL.iter().map(|it| format!("stage:{it}:1")).collect();
    assert_eq!(told, wanted);
}

/// The same request finds the run that is there, and every message of the queue has been dealt with.
async fn nothing_happens_twice(bot: &Bot<'_>, lake: &Lake<'_>, name: &str) {
    bot.slash(ANA, "/datalake run shop").await;
    // Of the first request they were told so too.
    let told = async || bot.slack.ephemeral(ANA).iter().filter(|it| it.contains(name)).nth(1).map(drop);
    bot.until("both requests have led to the run", told).await;
    bot.until("the queue is empty", async || (lake.messages().await == 0).then_some(())).await;
    assert_eq!(lake.exports().await.len(), 1);
    assert_eq!(bot.says_json(&["runs", "list", "--json"]).await.as_array().unwrap().len(), 1);
}

/// Waits for `found`; if it does not come, tells `why`.
async fn until<T>(what: &str, mut found: impl AsyncFnMut() -> Option<T>, why: impl Fn() -> String) -> T {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if let Some(found) = found().await {
            return found;
        }
        sleep(LOOK_EVERY).await;
    }
    panic!("it did not come to this: {what}\n{}", why());
}
