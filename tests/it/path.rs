//! The main path: from a command, or an event, to a finished thread, a complete `latest/` and two catalogs.

use datalake_bot::{
    domain::{
        run::{RunStatus, Trigger},
        stage::{StageId, StageStatus},
    },
    sandbox::{
        aws::Wrapping,
        world::{BUCKET, World},
    },
};
use rstest::rstest;
use serde_json::Value;

use crate::harness::{ANA, Bot, CHANNEL, MINA, has, key, name, options};

#[tokio::test(flavor = "multi_thread")]
async fn a_command_leads_to_a_finished_thread_and_two_catalogs() {
    let bot = Bot::start().await;
    let answer = bot.slash(ANA, "/datalake run learning").await;
    assert!(!answer.to_lowercase().contains("started"), "what is only recorded must not be called started: {answer}");
    let request = bot.button(CHANNEL, "approval.approve").await;
    bot.world.slack.press(MINA, CHANNEL, &request.ts, "approval.approve").await.unwrap();
    let run = bot.run_shown().await;

    assert_eq!((run.status, run.trigger), (RunStatus::Succeeded, Trigger::Slack));
    assert_eq!(run.requested_by.as_deref(), Some(ANA));
    assert!(run.stages.iter().all(|it| it.status == StageStatus::Succeeded), "{:#?}", run.stages);
    assert!(run.stages.iter().is_sorted_by_key(|it| it.finished_at), "{:#?}", run.stages);
    assert!(!run.has_turn);

    the_thread_tells_every_stage_in_order(&bot);
    latest_holds_the_export_and_nothing_else(&bot, name(&run));
    glue_was_told_what_the_contract_says(&bot, name(&run));
    bot.assert_nothing_twice(1);
    assert_eq!(bot.effects("glue", "StartCrawler").len(), 2);
}

fn the_thread_tells_every_stage_in_order(bot: &Bot) {
    let messages = bot.messages(CHANNEL);
    let root = messages.iter().find(|it| key(it) == "root").unwrap();
    assert!(!has(root, "run.cancel") && has(root, "run.details"), "a run that is over cannot be canceled");
    assert!(messages.iter().all(|it| it.ts == root.ts || it.thread_ts.as_deref() == Some(&root.ts)));
    let told: Vec<String> = messages.iter().map(key).filter(|it| it.starts_with("stage:")).collect();
    let wanted: Vec<String> = StageId::ALL.iter().map(|it| format!("stage:{it}:1")).collect();
    assert_eq!(told, wanted);
    assert!(key(messages.last().unwrap()).starts_with("end:"));
    let approval = messages.iter().find(|it| key(it).starts_with("approval:")).unwrap();
    assert!(!has(approval, "approval.approve"), "a decided request has no buttons");
}

fn latest_holds_the_export_and_nothing_else(bot: &Bot, task: &str) {
    let s3 = &bot.world.aws.s3;
    let raw = format!("raw/{task}/");
    let data = |key: &String| key.ends_with(".parquet") || key.ends_with("/_SUCCESS");
    let mut wanted: Vec<String> =
        s3.keys(BUCKET, &raw).into_iter().filter(data).map(|it| it.replacen(&raw, "latest/learning/", 1)).collect();
    wanted.sort();
    assert!(wanted.len() >= 10, "{wanted:?}");
    let mut there = s3.keys(BUCKET, "latest/learning/");
    there.retain(|it| it != "latest/learning/_manifest.json");
    assert_eq!(there, wanted);
    let manifest = s3.get(BUCKET, "latest/learning/_manifest.json").unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["export_task"], task);
    assert_eq!(manifest["keys"].as_array().unwrap().len(), wanted.len());
    let puts = bot.effects("s3", "PutObject");
    let last_copy = bot.effects("s3", "CopyObject").last().unwrap().seq;
    assert!(puts.last().unwrap().seq > last_copy, "the manifest is written last");
}

fn glue_was_told_what_the_contract_says(bot: &Bot, task: &str) {
    let started = bot.effects("glue", "StartJobRun");
    let layers: Vec<&Value> = started.iter().map(|it| &it.note["arguments"]["--datalake_layer"]).collect();
    assert_eq!(layers, ["normal", "sensitive"]);
    for entry in &started {
        let arguments = &entry.note["arguments"];
        assert_eq!(arguments["--datalake_run"], task);
        assert_eq!(arguments["--datalake_input"], "s3://lake/latest/learning/");
        assert_eq!(arguments["--datalake_classification"].as_str().unwrap().len(), 64);
    }
}

#[rstest]
#[case::subscription(Wrapping::Sns)]
#[case::raw(Wrapping::SnsRaw)]
#[case::event_bridge(Wrapping::EventBridge)]
#[case::event_bridge_in_sns(Wrapping::EventBridgeInSns)]
#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_of_a_cluster_starts_a_run_by_itself(#[case] wrapping: Wrapping) {
    let bot = Bot::start().await;
    bot.world.aws.events.set_wrapping(wrapping);
    bot.world.aws.events.duplicate(100);
    bot.world.aws.rds.create_automated_snapshot("school-db").unwrap();
    let run = bot.run_shown().await;
    assert_eq!((run.status, run.trigger, run.source.as_str()), (RunStatus::Succeeded, Trigger::Event, "school"));
    assert_eq!(run.stage(StageId::SensitiveApproval).status, StageStatus::Skipped);
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_though_every_event_is_lost() {
    let bot = Bot::start().await;
    bot.world.aws.events.lose(1000);
    bot.world.aws.rds.create_automated_snapshot("school-db").unwrap();
    let run = bot.run_shown().await;
    assert_eq!((run.status, run.trigger), (RunStatus::Succeeded, Trigger::Sweep));
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_that_were_there_before_the_bot_are_left_alone() {
    let bot = Bot::start().await;
    let swept = async || (bot.world.front.history.calls("rds", "DescribeDBSnapshots").len() >= 3).then_some(());
    bot.until("three sweeps", swept).await;
    assert_eq!(bot.runs().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_finds_the_run_that_it_has_started() {
    let bot = Bot::start().await;
    bot.slash(ANA, "/datalake run school").await;
    let first = bot.run_shown().await;
    bot.slash(ANA, "/datalake run school").await;
    bot.told(ANA, name(&first)).await;
    let answered = async || (bot.world.slack.ephemeral(ANA).len() >= 4).then_some(());
    bot.until("both requests have their outcome", answered).await;
    assert_eq!(bot.runs().await.len(), 1);
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_run_of_a_source_at_a_time_and_the_newer_snapshot_waits() {
    let world = World::start(options()).await.unwrap();
    let bot = Bot::start_in(world, |config| config).await;
    bot.world.aws.rds.hold_exports("school", datalake_bot::sandbox::aws::ExportStatus::InProgress);
    bot.slash(ANA, "/datalake run school").await;
    bot.until("the first exports", async || (bot.effects("rds", "StartExportTask").len() == 1).then_some(())).await;
    bot.world.aws.rds.create_automated_snapshot("school-db").unwrap();
    bot.until("the second is recorded", async || (bot.runs().await.len() == 2).then_some(())).await;
    let waits = async || {
        let waiting = |it: &datalake_bot::domain::run::Run| it.stage(StageId::Snapshot).waiting.is_some();
        bot.runs().await.iter().any(waiting).then_some(())
    };
    bot.until("the second waits for its turn", waits).await;
    assert_eq!(bot.effects("rds", "StartExportTask").len(), 1);
    bot.world.aws.rds.release_exports();
    let both = async || {
        let runs = bot.runs().await;
        runs.iter().all(|it| it.status == RunStatus::Succeeded).then_some(())
    };
    bot.until("both runs succeed, one after the other", both).await;
    assert_eq!(bot.effects("rds", "StartExportTask").len(), 2);
}
