//! Killed at any moment and started again, the bot goes on: nothing lost, nothing twice.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use datalake_bot::{
    domain::run::RunStatus,
    sandbox::{
        aws::ExportStatus,
        faults::{Fault, Kind, Moment},
    },
};
use rstest::rstest;

use crate::harness::{ANA, Bot, CHANNEL};

#[rstest]
#[case::before_export("rds", "StartExportTask", "", Moment::BeforeEffect)]
#[case::after_export("rds", "StartExportTask", "", Moment::AfterEffect)]
#[case::answered_export("rds", "StartExportTask", "", Moment::AfterAnswer)]
#[case::before_job("glue", "StartJobRun", "", Moment::BeforeEffect)]
#[case::after_job("glue", "StartJobRun", "", Moment::AfterEffect)]
#[case::after_crawl("glue", "StartCrawler", "", Moment::AfterEffect)]
#[case::in_the_copy("s3", "CopyObject", "", Moment::AfterEffect)]
#[case::before_the_manifest("s3", "PutObject", "_manifest.json", Moment::BeforeEffect)]
#[case::after_the_root("slack", "chat.postMessage", "root", Moment::AfterEffect)]
#[case::after_a_reply("slack", "chat.postMessage", "stage:export", Moment::AfterEffect)]
#[case::before_a_reply("slack", "chat.postMessage", "stage:export", Moment::BeforeEffect)]
#[case::after_the_request("dynamodb", "PutItem", "REQUEST#", Moment::AfterEffect)]
#[case::in_a_transaction("dynamodb", "TransactWriteItems", "StartExport", Moment::AfterEffect)]
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_costs_nothing(
    #[case] service: &'static str,
    #[case] operation: &str,
    #[case] containing: &str,
    #[case] at: Moment,
) {
    let mut bot = Bot::start().await;
    let hook = bot.killer();
    // A transaction is told apart by nothing but its place in the run: the fifth.
    let skip = if operation == "TransactWriteItems" { 4 } else { 0 };
    let containing = if skip > 0 { "" } else { containing };
    let fault = Fault { skip, ..Fault::once(service, operation, Kind::Hook { at, hook }).containing(containing) };
    bot.world.front.faults.plant(fault);
    // Where the kill strikes before the acknowledgement, there is none.
    let _ = bot.world.slack.slash(ANA, CHANNEL, "/datalake run school").await;
    bot.ended().await;
    bot.spawn().await;
    let run = bot.run_shown().await;
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    bot.assert_nothing_twice(1);
    assert_eq!(bot.effects("glue", "StartJobRun").len(), 1);
    assert_eq!(bot.effects("glue", "StartCrawler").len(), 1);
}

#[rstest]
#[case::export("rds", "StartExportTask")]
#[case::job("glue", "StartJobRun")]
#[case::crawl("glue", "StartCrawler")]
#[case::post("slack", "chat.postMessage")]
#[case::record("dynamodb", "TransactWriteItems")]
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_after_the_effect_is_looked_for(#[case] service: &'static str, #[case] operation: &str) {
    let bot = Bot::start().await;
    bot.world.front.faults.plant(Fault::once(service, operation, Kind::Reset { at: Moment::AfterEffect }));
    bot.slash(ANA, "/datalake run school").await;
    let run = bot.run_shown().await;
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    bot.assert_nothing_twice(1);
    assert_eq!(bot.effects("glue", "StartJobRun").len(), 1);
}

#[rstest]
#[case::posts("chat.postMessage")]
#[case::edits("chat.update")]
#[tokio::test(flavor = "multi_thread")]
async fn slack_is_left_alone_for_as_long_as_it_asks(#[case] method: &str) {
    let bot = Bot::start().await;
    let wait = 2;
    let code = "ratelimited".to_owned();
    let kind = Kind::Refuse { status: 429, code, message: String::new(), retry_after: Some(wait) };
    bot.world.front.faults.plant(Fault::once("slack", method, kind).times(2));
    bot.slash(ANA, "/datalake run school").await;
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
    let calls = bot.world.front.history.calls("slack", method);
    assert_eq!(calls.iter().filter(|it| it.error.is_some()).count(), 2);
    for pair in calls.windows(2).filter(|it| it[0].error.is_some()) {
        let pause = pair[1].at.duration_since(pair[0].at);
        assert!(pause.as_millis() >= i128::from(wait) * 1000 - 50, "called again after {pause}");
    }
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_soon_and_drops_nothing() {
    let mut bot = Bot::start().await;
    bot.slash(ANA, "/datalake run school").await;
    bot.until("the export has begun", async || bot.effects("rds", "StartExportTask").pop()).await;
    bot.terminate();
    let status = tokio::time::timeout(Duration::from_secs(40), bot.ended()).await.expect("it stops");
    assert!(status.success(), "{status}");
    bot.spawn().await;
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_keeps_what_another_version_of_the_bot_has_written_there() {
    let mut bot = Bot::start().await;
    bot.world.aws.rds.hold_exports("school", ExportStatus::InProgress);
    bot.slash(ANA, "/datalake run school").await;
    bot.until("the export has begun", async || bot.effects("rds", "StartExportTask").pop()).await;
    let run = bot.runs().await.remove(0);
    let client = aws_sdk_dynamodb::Client::new(&bot.world.sdk_config());
    let update = client.update_item().table_name("datalake-runs");
    let update = update.key("export_task", AttributeValue::S(run.export_task.to_string()));
    let update = update.update_expression("SET lineage = :it");
    update.expression_attribute_values(":it", AttributeValue::S("of tomorrow".to_owned())).send().await.unwrap();
    bot.signal("-KILL");
    bot.ended().await;
    bot.spawn().await;
    bot.world.aws.rds.release_exports();
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
    assert_eq!(bot.items().await[0]["lineage"], AttributeValue::S("of tomorrow".to_owned()));
    bot.assert_nothing_twice(1);
}
