//! What an export holds, judged: by the classification, beside the last good run, by the source's policy.

use datalake_bot::{
    domain::{failure::codes, run::RunStatus, stage::StageId},
    sandbox::{
        aws::{Column, SnapshotType},
        world::BUCKET,
    },
};
use serde_json::Value;

use crate::harness::{ALERTS, ANA, Bot, CHANNEL, MINA, key};

/// Lessons and languages are for everybody, and of users two columns; campaigns are nobody's but the approvers'.
const RULES: &str = r#"
[learning.users]
id = "normal"
created_at = "normal"
email = { class = "sensitive", normal = "hash" }
is_paying = "sensitive"
name = "sensitive"
[learning.languages]
"*" = "normal"
[learning.lessons]
"*" = "normal"
[learning.user_codes]
"*" = "normal"
[learning.lesson_histories]
"*" = "normal"
[learning.campaigns]
"*" = "sensitive"
"#;

/// Starts the Normal layer of a new snapshot: the run of this number.
async fn start(bot: &Bot, number: usize) {
    let snapshot = format!("night-{number}");
    bot.world.aws.rds.create_snapshot("learning-db", &snapshot, SnapshotType::Manual).unwrap();
    let command = format!("/datalake run learning --layers normal --snapshot {snapshot}");
    // RDS tells of a snapshot a moment after it was asked for; a command that comes again finds its run.
    let recorded = async || {
        bot.slash(ANA, &command).await;
        (bot.runs().await.len() == number).then_some(())
    };
    bot.until("the run is recorded", recorded).await;
}

/// Brings the run of this number to its end, and returns its thread as Ana reads it.
async fn refresh(bot: &Bot, runs: usize) -> String {
    start(bot, runs).await;
    let ended = async || {
        let runs_now = bot.runs().await;
        (runs_now.len() == runs && runs_now.iter().all(|it| it.status.is_over())).then_some(())
    };
    bot.until("the run ends", ended).await;
    let shown = async || {
        let ends = bot.messages(CHANNEL).iter().filter(|it| key(it).starts_with("end:")).count();
        (ends == runs).then_some(())
    };
    bot.until("the thread shows it", shown).await;
    let roots: Vec<_> = bot.messages(CHANNEL).into_iter().filter(|it| key(it) == "root").collect();
    bot.world.slack.thread(CHANNEL, &roots.last().unwrap().ts)
}

fn drop_table(bot: &Bot, name: &str) {
    bot.world.aws.rds.edit_database(|database| database.tables.retain(|it| it.name != name));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_is_told_and_what_is_sensitive_is_not_named() {
    let bot = Bot::start_classified(RULES, "").await;
    let first = refresh(&bot, 1).await;
    assert!(!first.contains("not classified") && !first.contains("What was found"), "{first}");

    bot.world.aws.rds.edit_database(|database| {
        let values = (0..40).map(|it| format!("{it}"));
        database.table_mut("users").unwrap().columns.push(Column::text("passport", values));
        database.table_mut("languages").unwrap().columns.push(Column::text("family", ["a", "b", "c", "d", "e", "f"]));
        database.tables.retain(|it| it.name != "campaigns");
    });
    let thread = refresh(&bot, 2).await;
    for told in [
        "Column family of learning.languages: new",
        "Column 4 (sensitive) of learning.users: new",
        "Column 4 (sensitive) of learning.users: not classified",
        "a sensitive table: this table is gone since the last good run",
    ] {
        assert!(thread.contains(told), "{told}\n{thread}");
    }
    assert!(!thread.contains("passport") && !thread.contains("campaigns"), "{thread}");
    let last = bot.runs().await.into_iter().max_by_key(|it| it.created_at).unwrap();
    assert_eq!(last.status, RunStatus::SucceededWithWarnings);
    assert!(last.inspection().unwrap().against.is_some());

    // Ana runs things, and approves nothing; Mina approves.
    let status = format!("/datalake status {}", last.export_task);
    assert!(!bot.slash(ANA, &status).await.contains("campaigns"));
    let read = bot.world.slack.slash(MINA, CHANNEL, &status).await.unwrap().json().to_string();
    assert!(read.contains("learning.campaigns"), "{read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_job_finds_the_rules_that_it_is_told_of() {
    let bot = Bot::start_classified(RULES, "").await;
    refresh(&bot, 1).await;
    let started = &bot.effects("glue", "StartJobRun")[0];
    let arguments = &started.note["arguments"];
    let digest = arguments["--datalake_classification"].as_str().unwrap();
    let name = format!("classification/learning/{digest}.toml");
    assert_eq!(arguments["--datalake_rules"], Value::from(format!("s3://{BUCKET}/{name}")));
    assert_eq!(bot.world.aws.s3.get(BUCKET, &name).unwrap(), RULES.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_gone_fails_the_run_where_the_policy_says_so() {
    let bot = Bot::start_classified(RULES, "gone_tables = \"fail\"").await;
    refresh(&bot, 1).await;
    drop_table(&bot, "languages");
    drop_table(&bot, "campaigns");
    refresh(&bot, 2).await;
    let failed = bot.run_that_is(RunStatus::Failed).await;
    let error = failed.error.unwrap();
    assert_eq!((error.stage, error.failure.code.as_str()), (StageId::Verify, codes::TABLES_GONE));
    assert!(error.failure.remedy.contains("gone_tables"));
    let alert = bot.button(ALERTS, "run.retry").await;
    let read = bot.world.slack.thread(ALERTS, &alert.ts);
    assert!(read.contains("learning.languages") && read.contains("a sensitive table"), "{read}");
    assert!(!read.contains("campaigns"), "{read}");
    let manifest = bot.world.aws.s3.get(BUCKET, "latest/learning/_manifest.json").unwrap();
    assert!(!String::from_utf8_lossy(&manifest).contains(failed.export_task.as_str()), "nothing is published");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_asked_about_a_table_that_is_gone_where_the_policy_says_so() {
    let bot = Bot::start_classified(RULES, "gone_tables = \"ask\"").await;
    refresh(&bot, 1).await;
    drop_table(&bot, "languages");
    start(&bot, 2).await;
    let request = bot.button(CHANNEL, "approval.approve").await;
    let asked = bot.run_that_is(RunStatus::WaitingApproval).await;
    assert_eq!(asked.stage, StageId::Verify);
    assert!(request.blocks.iter().any(|it| it.to_string().contains("learning.languages")));
    bot.world.slack.press(MINA, CHANNEL, &request.ts, "approval.approve").await.unwrap();
    let ended =
        async || bot.runs().await.into_iter().find(|it| it.export_task == asked.export_task && it.status.is_over());
    let run = bot.until("the run ends", ended).await;
    assert_eq!(run.status, RunStatus::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_asked_about_what_rds_has_skipped_where_the_policy_says_so() {
    let bot = Bot::start_classified(RULES, "skipped_tables = \"ask\"").await;
    bot.world
        .aws
        .rds
        .warn_next_export(r#"{"skippedTables":["learning.campaigns"],"skippedObjectives":[],"general":[]}"#);
    bot.slash(ANA, "/datalake run learning --layers normal").await;
    let request = bot.button(CHANNEL, "approval.deny").await;
    let text: String = request.blocks.iter().map(ToString::to_string).collect();
    assert!(text.contains("a sensitive table") && !text.contains("campaigns"), "{text}");
    bot.world.slack.press(MINA, CHANNEL, &request.ts, "approval.deny").await.unwrap();
    let run = bot.run_shown().await;
    assert_eq!((run.status, run.stage), (RunStatus::Canceled, StageId::Verify));
    assert!(bot.effects("glue", "StartJobRun").is_empty());
}
