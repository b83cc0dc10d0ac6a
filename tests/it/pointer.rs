//! A source that is published as a pointer: nothing is copied, and the bot itself turns the tables of its catalogs from
//! one run to the next.

mod cleans;
mod lake;
mod rollback;

use std::{collections::BTreeMap, sync::Arc};

use datalake_bot::{
    domain::{
        approval::Subject,
        failure::codes,
        run::RunStatus,
        stage::{StageId, StageStatus},
    },
    sandbox::{
        aws::{ExportStatus, Slips},
        faults::{Fault, Kind, Moment},
    },
};
use rstest::rstest;
use serde_json::{Value, json};

use self::lake::{LAYERS, Lake, NORMAL, text};
use crate::{
    harness::{ALERTS, ANA, CHANNEL, KENJI, MINA},
    leaks::leaking,
    rollback::record,
};

#[tokio::test(flavor = "multi_thread")]
async fn both_layers_are_turned_to_the_run_and_nothing_is_copied() {
    let lake = Lake::start(Slips::default()).await;
    lake.bot.slash(ANA, "/datalake run learning").await;
    let request = lake.bot.button(CHANNEL, "approval.approve").await;
    lake.bot.world.slack.press(MINA, CHANNEL, &request.ts, "approval.approve").await.unwrap();
    let run = lake.bot.run_shown().await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:?}", run.error);
    let name = run.export_task.as_str();
    for (layer, database) in [("normal", NORMAL), ("sensitive", LAYERS[1].1)] {
        let tables = lake.glue().tables(database);
        assert!(!tables.is_empty());
        for table in tables.values() {
            let folder = format!("s3://lake/{layer}/learning/{name}/learning/learning.");
            let storage = &table["StorageDescriptor"];
            let location = text(&storage["Location"]);
            assert!(
                location.starts_with(&folder) && location.ends_with(&format!("/datalake_run={name}/")),
                "{location}"
            );
            assert!(!storage["Columns"].as_array().unwrap().is_empty(), "{table}");
            assert_eq!(table["Parameters"]["datalake_source"], "learning");
            let (bucket, key) = location["s3://".len()..].split_once('/').unwrap();
            assert!(!lake.bot.world.aws.s3.keys(bucket, key).is_empty(), "nothing lies at {location}");
        }
    }
    for (service, operation) in
        [("s3", "CopyObject"), ("s3", "UploadPartCopy"), ("s3", "DeleteObjects"), ("glue", "StartCrawler")]
    {
        assert!(lake.bot.effects(service, operation).is_empty(), "{operation}");
    }
    let manifest = lake.bot.world.aws.s3.get("lake", "latest/learning/_manifest.json").unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(
        (text(&manifest["export_task"]), text(&manifest["location"])),
        (name.into(), format!("s3://lake/raw/{name}/"))
    );
    let keys: Vec<String> = manifest["keys"].as_array().unwrap().iter().map(|it| text(&it["key"])).collect();
    assert!(keys.iter().all(|it| lake.bot.world.aws.s3.get("lake", it).is_some()) && keys.len() > 2, "{keys:?}");
    assert!(!keys.iter().any(|it| it.contains("export_info")), "{keys:?}");
    assert_eq!(lake.bot.world.aws.s3.keys("lake", "latest/learning/"), ["latest/learning/_manifest.json"]);
    let detail = &run.stage(StageId::NormalCatalog).detail;
    assert_eq!((detail.tables, detail.switched_tables), (Some(2), Some(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_run_turns_each_table_by_its_version_and_keeps_what_people_wrote() {
    let (lake, first) = Lake::with_a_run().await;
    let mut users = lake.glue().tables(NORMAL)["learning_users"].clone();
    for member in ["Name", "DatabaseName", "CatalogId", "CreateTime", "UpdateTime", "VersionId"] {
        users.as_object_mut().unwrap().remove(member);
    }
    users["Name"] = "learning_users".into();
    users["Description"] = "Everybody who learns".into();
    lake.glue().set_table(NORMAL, "learning_users", users);
    let second = lake.run().await;
    assert_ne!(second.export_task, first.export_task);
    lake.assert_shows(&second);
    assert_eq!((lake.calls("CreateTable"), lake.calls("UpdateTable")), (2, 2));
    for update in lake.bot.effects("glue", "UpdateTable") {
        assert!(update.note["version"].is_string() && update.note["skip_archive"] == true, "{}", update.note);
    }
    assert_eq!(lake.glue().tables(NORMAL)["learning_users"]["Description"], "Everybody who learns");
    assert!(!lake.bot.world.aws.s3.keys("lake", &format!("normal/learning/{}/", first.export_task)).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_somebody_changes_meanwhile_is_looked_at_again() {
    let (lake, _) = Lake::with_a_run().await;
    let glue = lake.glue();
    let changed = Arc::new(move |_| {
        let mut users = glue.tables(NORMAL)["learning_users"].clone();
        users["Description"] = "changed".into();
        glue.set_table(NORMAL, "learning_users", users);
    });
    lake.at("UpdateTable", "learning_users", Moment::BeforeEffect, changed);
    let second = lake.run().await;
    assert_eq!(second.status, RunStatus::Succeeded, "{:?}", second.error);
    lake.assert_shows(&second);
    let refused = lake.bot.world.front.history.calls("glue", "UpdateTable").into_iter().filter_map(|it| it.error);
    assert_eq!(refused.collect::<Vec<_>>(), ["ConcurrentModificationException"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_somebody_turns_back_is_turned_again() {
    let (lake, first) = Lake::with_a_run().await;
    let glue = lake.glue();
    let before = glue.tables(NORMAL)["learning_users"].clone();
    let turned_back = Arc::new(move |_| glue.set_table(NORMAL, "learning_users", before.clone()));
    lake.at("UpdateTable", "learning_users", Moment::AfterEffect, turned_back);
    let second = lake.run().await;
    assert_eq!(second.status, RunStatus::Succeeded, "{:?}", second.error);
    lake.assert_shows(&second);
    let users = |it: &&String| it.ends_with("learning_users");
    assert_eq!(lake.turned_to(&second).iter().filter(users).count(), 2);
    assert_eq!(lake.shown(NORMAL).values().filter(|it| **it == first.export_task.to_string()).count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_somebody_else_stops_the_run_before_anything_is_turned() {
    let lake = Lake::start(Slips::default()).await;
    let theirs = json!({ "Name": "learning_users", "Parameters": { "UPDATED_BY_CRAWLER": "learning-normal" } });
    lake.glue().set_table(NORMAL, "learning_users", theirs.clone());
    let failed = lake.run().await;
    let error = failed.error.unwrap();
    assert_eq!((error.stage, error.failure.code.as_str()), (StageId::NormalCatalog, codes::FOREIGN_TABLE));
    assert!(!error.failure.remedy.is_empty());
    assert_eq!(lake.glue().tables(NORMAL).len(), 1, "nothing was written");
    assert_eq!(lake.glue().tables(NORMAL)["learning_users"]["Parameters"], theirs["Parameters"]);

    let client = aws_sdk_glue::Client::new(&lake.bot.world.sdk_config());
    client.delete_table().database_name(NORMAL).name("learning_users").send().await.unwrap();
    let jobs = lake.calls("StartJobRun");
    lake.bot.slash(KENJI, &format!("/datalake retry {}", failed.export_task)).await;
    let run = lake.bot.newest_that_is(&[RunStatus::Succeeded]).await;
    lake.assert_shows(&run);
    assert_eq!(lake.calls("StartJobRun"), jobs, "only the catalog is done again");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_is_killed_between_two_tables_goes_on_where_it_was(
    #[values(("UpdateTable", "learning_users"), ("DeleteTable", "learning_languages"))] step: (&str, &str),
    #[values(Moment::BeforeEffect, Moment::AfterEffect)] at: Moment,
) {
    let (mut lake, _) = Lake::with_a_run().await;
    lake.bot.world.aws.rds.edit_database(|it| it.tables.retain(|it| it.name != "languages"));
    let hook = lake.bot.killer();
    lake.at(step.0, step.1, at, hook);
    lake.ask().await;
    lake.bot.ended().await;
    lake.bot.spawn().await;
    let run =
        lake.bot.newest_that_is(&[RunStatus::SucceededWithWarnings, RunStatus::Succeeded, RunStatus::Failed]).await;
    assert!(run.has_succeeded(), "{:?}", run.error);
    let expected = BTreeMap::from([("learning_users".to_owned(), run.export_task.to_string())]);
    assert_eq!(lake.shown(NORMAL), expected);
    assert_eq!(lake.calls("StartJobRun"), 2, "job runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_gone_is_deleted_when_all_others_are_turned_and_one_without_rows_stays() {
    let (lake, _) = Lake::with_a_run().await;
    lake.bot.world.aws.rds.edit_database(|it| it.tables.retain(|it| it.name != "languages"));
    lake.glue().set_slips(LAYERS[0].0, Slips { keeps_rows: Some(0), ..Slips::default() });
    lake.ask().await;
    // That all rows are gone, people are asked about.
    lake.bot.newest_that_is(&[RunStatus::WaitingApproval]).await;
    lake.bot.vote(MINA, "approval.approve").await;
    let run = lake.bot.newest_that_is(&[RunStatus::SucceededWithWarnings, RunStatus::Failed]).await;
    assert_eq!(run.status, RunStatus::SucceededWithWarnings, "{:?}", run.error);
    assert_eq!(lake.shown(NORMAL), BTreeMap::from([("learning_users".to_owned(), run.export_task.to_string())]));
    let order: Vec<String> = lake.bot.world.front.history.all().into_iter().map(|it| it.operation).collect();
    let last = |operation: &str| order.iter().rposition(|it| it == operation).unwrap();
    assert!(last("UpdateTable") < last("DeleteTable"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leak_is_asked_about_before_anybody_can_see_it_and_once() {
    let (lake, first) = Lake::with_a_run().await;
    lake.glue().set_slips(LAYERS[0].0, leaking());
    let waits = lake.run().await;
    assert_eq!(waits.status, RunStatus::WaitingApproval, "{:?}", waits.error);
    let asked = waits.question.clone().unwrap();
    assert_eq!((asked.subject, asked.stage, asked.quorum), (Subject::Leak, StageId::NormalCatalog, 2));
    let found: Vec<_> = asked.findings.iter().map(|it| (it.table.as_str(), it.column.as_deref())).collect();
    assert_eq!(found, [("learning.users", Some("email"))]);
    lake.assert_shows(&first);
    let alert = lake.bot.button(ALERTS, "approval.approve").await;
    assert!(alert.blocks.iter().any(|it| it.to_string().contains("Nobody can see it yet")), "{:?}", alert.blocks);

    lake.bot.vote(MINA, "approval.approve").await;
    lake.assert_shows(&first);
    lake.bot.vote("U0PAUL00001", "approval.approve").await;
    let run = lake.bot.newest_that_is(&[RunStatus::Succeeded]).await;
    lake.assert_shows(&run);
    assert_eq!(run.question.map(|it| it.id), Some(asked.id), "people are asked once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leak_that_is_denied_is_never_seen() {
    let (lake, first) = Lake::with_a_run().await;
    lake.glue().set_slips(LAYERS[0].0, leaking());
    let waits = lake.run().await;
    lake.bot.vote(MINA, "approval.deny").await;
    lake.bot.newest_that_is(&[RunStatus::Canceled]).await;
    lake.assert_shows(&first);
    lake.glue().set_slips(LAYERS[0].0, Slips::default());
    lake.bot.slash(KENJI, &format!("/datalake retry {}", waits.export_task)).await;
    let run = lake.bot.newest_that_is(&[RunStatus::Succeeded]).await;
    lake.assert_shows(&run);
    assert_eq!(lake.calls("StartJobRun"), 3, "what the job has written is done again");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_report_nothing_is_turned() {
    let lake = Lake::start(Slips { is_silent: true, ..Slips::default() }).await;
    let failed = lake.run().await;
    let error = failed.error.unwrap();
    assert_eq!((error.stage, error.failure.code.as_str()), (StageId::NormalCatalog, codes::REPORT_MISSING));
    assert!(error.failure.message.contains("_reports/") && !error.failure.remedy.is_empty(), "{:?}", error.failure);
    assert!(lake.shown(NORMAL).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trouble_of_glue_is_waited_out_and_how_far_it_came_is_told() {
    let (lake, first) = Lake::with_a_run().await;
    lake.bot.world.front.faults.plant(Fault::once("glue", "UpdateTable", refused()).containing("learning_users"));
    let failed = lake.run().await;
    let error = failed.error.clone().unwrap();
    assert_eq!((error.stage, error.failure.code.as_str()), (StageId::NormalCatalog, "AccessDeniedException"));
    assert!(error.failure.message.contains("of 2 tables of learning_normal show the run"), "{}", error.failure.message);
    assert_eq!(failed.stage(StageId::NormalCatalog).status, StageStatus::Failed);
    assert_eq!(lake.shown(NORMAL)["learning_users"], first.export_task.as_str());
}

/// What Glue says to a role that may not turn tables.
fn refused() -> Kind {
    let message = "User is not authorized to perform: glue:UpdateTable".to_owned();
    Kind::Refuse { status: 400, code: "AccessDeniedException".to_owned(), message, retry_after: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_of_an_older_run_does_not_turn_the_tables_back() {
    let (lake, first) = Lake::with_a_run().await;
    lake.bot.world.front.faults.plant(Fault::once("glue", "UpdateTable", refused()).times(2));
    let failed = lake.run().await;
    assert_eq!(failed.error.as_ref().map(|it| it.stage), Some(StageId::NormalCatalog));
    lake.assert_shows(&first);
    let newest = lake.run().await;
    assert_eq!(newest.status, RunStatus::Succeeded, "{:?}", newest.error);

    lake.bot.slash(KENJI, &format!("/datalake retry {}", failed.export_task)).await;
    let told = async || lake.bot.world.slack.ephemeral(KENJI).pop().filter(|it| it.contains("latest/"));
    let answer = lake.bot.until("the retry is answered", told).await;
    assert_eq!(lake.turned_to(&failed), [""; 0], "{answer}");
    lake.assert_shows(&newest);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_that_waits_while_a_newer_run_is_published_turns_nothing() {
    let (lake, _) = Lake::with_a_run().await;
    lake.bot.world.front.faults.plant(Fault::once("glue", "UpdateTable", refused()).times(2));
    let failed = lake.run().await;
    lake.bot.world.aws.rds.hold_exports("learning", ExportStatus::InProgress);
    lake.ask().await;
    lake.bot.slash(KENJI, &format!("/datalake retry {}", failed.export_task)).await;
    let waits = async || Some(record(&lake.bot, &failed).await).filter(|it| it.status == RunStatus::Running);
    lake.bot.until("the retry waits for its turn", waits).await;
    lake.bot.world.aws.rds.release_exports();
    let newest = lake.bot.newest_that_is(&[RunStatus::Succeeded]).await;
    let ended = async || Some(record(&lake.bot, &failed).await).filter(|it| it.status.is_over());
    let error = lake.bot.until("the retry ends", ended).await.error.unwrap();
    assert_eq!((error.stage, error.failure.code.as_str()), (StageId::NormalCatalog, codes::LATEST_REPLACED));
    assert_eq!(lake.turned_to(&failed), [""; 0]);
    lake.assert_shows(&newest);
}
