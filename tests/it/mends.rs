//! Failures: the alert says why and how to mend it, and the button mends it without doing again what is done.

use datalake_bot::{
    domain::{run::RunStatus, stage::StageId},
    sandbox::world::BUCKET,
};

use crate::harness::{ALERTS, ANA, Bot, CHANNEL, KENJI, OLGA, has, key, name};

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_is_retried_at_its_stage_without_a_second_export() {
    let bot = Bot::start().await;
    bot.world.aws.glue.fail_next_run("school-normal", "AnalysisException: no such column");
    bot.slash(ANA, "/datalake run school").await;
    let alert = bot.button(ALERTS, "run.retry").await;
    let read = bot.world.slack.thread(ALERTS, &alert.ts);
    assert!(read.contains("AnalysisException: no such column"), "{read}");
    let failed = bot.runs().await.remove(0);
    let error = failed.error.clone().unwrap();
    assert_eq!((failed.status, error.stage), (RunStatus::Failed, StageId::NormalTransform));
    assert!(!error.failure.remedy.is_empty());

    bot.world.slack.press(KENJI, ALERTS, &alert.ts, "run.retry").await.unwrap();
    let run = bot.run_that_is(RunStatus::Succeeded).await;
    assert_eq!(name(&run), name(&failed), "the export is kept, and so is its name");
    assert_eq!(run.retries[0].by, KENJI);
    let solved = async || {
        let alert = bot.messages(ALERTS).into_iter().find(|it| key(it) == "alert:normal.transform:1")?;
        (!has(&alert, "run.retry")).then_some(())
    };
    bot.until("the alert offers no retry any more", solved).await;
    bot.assert_nothing_twice(1);
    assert_eq!(bot.effects("glue", "StartJobRun").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_export_is_retried_under_the_next_name_and_stays_the_same_run() {
    let bot = Bot::start().await;
    bot.world.aws.rds.fail_next_export("The RDS export failed to assume the IAM role arn:aws:iam::1:role/x.");
    bot.slash(ANA, "/datalake run school").await;
    let alert = bot.button(ALERTS, "run.retry").await;
    let read = bot.world.slack.thread(ALERTS, &alert.ts);
    assert!(read.contains("export.rds.amazonaws.com"), "the remedy names the principal: {read}");
    bot.world.slack.press(ANA, ALERTS, &alert.ts, "run.retry").await.unwrap();
    let run = bot.run_that_is(RunStatus::Succeeded).await;
    assert_eq!(run.attempt, 2);
    assert!(name(&run).ends_with("-a2") && run.run_id.as_str().ends_with("-a1"));
    let shown = async || bot.messages(CHANNEL).into_iter().find(|it| key(it) == "end:1");
    bot.until("the thread goes on", shown).await;
    let roots = bot.messages(CHANNEL).into_iter().filter(|it| key(it) == "root").count();
    assert_eq!(roots, 1, "one message for the whole run");
    bot.assert_nothing_twice(2);
    let first = run.run_id.as_str();
    assert!(bot.slash(ANA, &format!("/datalake status {first}")).await.contains(first), "a name means that attempt");
    bot.slash(ANA, &format!("/datalake retry {first}")).await;
    let refused = async || (bot.world.slack.ephemeral(ANA).last()?.contains("attempt")).then_some(());
    bot.until("the first attempt cannot be retried any more", refused).await;
    assert_eq!(bot.runs().await.len(), 2);
    let slack = run.slack.as_ref().map(|it| it.channel.as_str());
    assert_eq!(slack, Some(CHANNEL));
}

#[tokio::test(flavor = "multi_thread")]
async fn rds_own_trouble_is_tried_again_under_the_next_name_without_an_alert() {
    let bot = Bot::start().await;
    bot.world.aws.rds.fail_next_export("An unknown internal error occurred.");
    bot.slash(ANA, "/datalake run school").await;
    let run = bot.run_shown().await;
    assert_eq!((run.status, run.attempt), (RunStatus::Succeeded, 2));
    assert!(bot.messages(ALERTS).is_empty(), "nobody has to do anything");
    let told: Vec<String> = bot.messages(CHANNEL).iter().map(key).collect();
    assert!(told.contains(&"stage:export:1".to_owned()) && told.contains(&"stage:export:2".to_owned()), "{told:?}");
    bot.assert_nothing_twice(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_does_not_build_on_what_is_gone_and_says_so() {
    let bot = Bot::start().await;
    bot.world.aws.glue.fail_next_run("school-normal", "planted");
    bot.slash(ANA, "/datalake run school").await;
    let alert = bot.button(ALERTS, "run.retry").await;
    bot.world.aws.s3.delete(BUCKET, "latest/school/_manifest.json");
    bot.world.slack.press(ANA, ALERTS, &alert.ts, "run.retry").await.unwrap();
    bot.told(ANA, "Not as the run left it").await;
    let run = bot.run_that_is(RunStatus::Succeeded).await;
    assert_eq!(run.stage(StageId::Latest).attempt, 2, "copied again");
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_retried_does_not_read_or_replace_a_newer_runs_data() {
    let bot = Bot::start().await;
    bot.world.aws.glue.fail_next_run("school-normal", "planted");
    bot.slash(ANA, "/datalake run school").await;
    let alert = bot.button(ALERTS, "run.retry").await;
    let old = bot.runs().await.remove(0);
    bot.world.aws.rds.create_automated_snapshot("school-db").unwrap();
    let newer = bot.run_that_is(RunStatus::Succeeded).await;
    assert!(newer.snapshot_time > old.snapshot_time);
    bot.world.slack.press(ANA, ALERTS, &alert.ts, "run.retry").await.unwrap();
    bot.told(ANA, "newer snapshot").await;
    assert_eq!(bot.runs().await.iter().filter(|it| it.status == RunStatus::Failed).count(), 1);
    assert_eq!(bot.effects("glue", "StartJobRun").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_run_things_may_not_mend_them_and_is_told_privately() {
    let bot = Bot::start().await;
    bot.world.aws.glue.fail_next_run("school-normal", "planted");
    bot.slash(ANA, "/datalake run school").await;
    let alert = bot.button(ALERTS, "run.retry").await;
    let before = bot.messages(ALERTS).len();
    bot.world.slack.press(OLGA, ALERTS, &alert.ts, "run.retry").await.unwrap();
    bot.told(OLGA, "@data-ops").await;
    assert_eq!(bot.messages(ALERTS).len(), before);
    assert_eq!(bot.runs().await[0].status, RunStatus::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_canceled_and_its_export_stopped() {
    let bot = Bot::start().await;
    bot.world.aws.rds.hold_exports("school", datalake_bot::sandbox::aws::ExportStatus::InProgress);
    bot.slash(ANA, "/datalake run school").await;
    bot.until("the export has begun", async || bot.effects("rds", "StartExportTask").pop()).await;
    let root = bot.button(CHANNEL, "run.cancel").await;
    bot.world.slack.press(ANA, CHANNEL, &root.ts, "run.cancel").await.unwrap();
    bot.until("RDS is asked to stop it", async || bot.effects("rds", "CancelExportTask").pop()).await;
    bot.world.aws.rds.release_exports();
    assert_eq!(bot.run_shown().await.status, RunStatus::Canceled);
}
