//! Exports that people start in the console: they are shown, take slots, and runs wait for those in the open, in line.

use aws_sdk_rds::Client;
use datalake_bot::{
    domain::{
        run::{Run, RunStatus},
        stage::{StageId, WaitOn},
    },
    sandbox::{
        aws::{ExportStatus, SnapshotType},
        world::{BUCKET, World},
    },
};

use crate::harness::{ANA, Bot, CHANNEL, key, options};

/// A bot whose sources are run by people only, in an account whose slots are all taken by hand.
async fn crowded() -> (Bot, Client) {
    let world = World::start(options()).await.unwrap();
    let bot = Bot::start_in(world, |config| config.replace("\"on-snapshot\"", "\"manual\"")).await;
    let client = Client::new(&bot.world.sdk_config());
    bot.world.aws.rds.hold_exports("by-hand", ExportStatus::InProgress);
    for n in 1..=5 {
        let name = format!("by-hand-{n}");
        let arn = bot.world.aws.rds.create_snapshot("school-db", &name, SnapshotType::Manual).unwrap();
        let export = async || {
            let task = client.start_export_task().export_task_identifier(&name).source_arn(&arn).s3_bucket_name(BUCKET);
            let task = task.iam_role_arn("arn:aws:iam::123456789012:role/by-hand");
            task.kms_key_id("arn:aws:kms:ap-northeast-1:123456789012:key/by-hand").send().await.ok()
        };
        bot.until("the export by hand has begun", export).await;
    }
    // The newest one, which nobody exports: a run of a snapshot that is being exported waits for that.
    let newest = bot.world.aws.rds.create_automated_snapshot("school-db").unwrap();
    let name = newest.rsplit_once(":rds:").unwrap().1;
    let available = async || {
        let call = client.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(format!("rds:{name}"));
        let found = call.snapshot_type("automated").send().await.ok()?.db_cluster_snapshots?;
        (found.first()?.status() == Some("available")).then_some(())
    };
    bot.until("the newest snapshot is available", available).await;
    (bot, client)
}

/// Returns how many runs are before the run of `source` in the line, once it waits.
async fn place(bot: &Bot, source: &str) -> u32 {
    let waits = async || {
        let run = bot.runs().await.into_iter().find(|it| it.source == source)?;
        let waiting = run.stage(StageId::Export).waiting.as_ref()?;
        if let WaitOn::ExportSlot { before, .. } = waiting.on { Some(before) } else { None }
    };
    bot.until(&format!("{source} waits for a slot"), waits).await
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_by_hand_are_shown_and_left_alone() {
    let (bot, _) = crowded().await;
    for text in ["/datalake", "/datalake status school"] {
        // What is answered may be some seconds old.
        let shown = async || Some(bot.slash(ANA, text).await).filter(|it| it.contains("IN_PROGRESS"));
        let answer = bot.until("the exports are shown", shown).await;
        assert!(answer.contains("outside the bot") && answer.contains("by-hand-1"), "{text}: {answer}");
    }
    assert!(!bot.slash(ANA, "/datalake status learning").await.contains("by-hand"), "they are of another source");
    assert!(bot.effects("rds", "CancelExportTask").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_wait_for_a_slot_in_the_order_in_which_they_came() {
    let (bot, client) = crowded().await;
    bot.slash(ANA, "/datalake run school").await;
    assert_eq!(place(&bot, "school").await, 0);
    bot.slash(ANA, "/datalake run learning").await;
    assert_eq!(place(&bot, "learning").await, 1);
    let shown = async || {
        let mut roots = bot.messages(CHANNEL).into_iter().filter(|it| key(it) == "root");
        roots.find(|it| it.blocks.iter().any(|it| it.to_string().contains("1 before this run")))
    };
    bot.until("the place is shown", shown).await;

    client.cancel_export_task().export_task_identifier("by-hand-3").send().await.unwrap();
    let begun = async || {
        let runs = bot.runs().await;
        let has = |it: &Run| it.stage(StageId::Export).intent.as_ref().is_some_and(|it| it.handle.is_some());
        runs.into_iter().find(|it| has(it) || it.stage(StageId::Export).status.is_over())
    };
    assert_eq!(bot.until("one has the slot", begun).await.source, "school", "who waits longer goes first");
    bot.world.aws.rds.release_exports();
    let exported = async || {
        let runs = bot.runs().await;
        runs.iter().all(|it| it.stage(StageId::Export).status.is_over()).then_some(runs)
    };
    for run in bot.until("both are exported", exported).await {
        assert_ne!(run.status, RunStatus::Failed);
        assert_eq!((run.attempt, run.stage(StageId::Export).attempt), (1, 1), "waiting costs no attempt");
    }
    let told = bot.messages(CHANNEL).into_iter().filter(|it| key(it).contains("export")).count();
    assert!(told <= 2, "a place in the line is no message of its own");
}
