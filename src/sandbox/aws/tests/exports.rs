//! Export tasks as the SDK sees them, and the files they leave.

use aws_sdk_rds::{
    error::ProvideErrorMetadata as _, operation::start_export_task::builders::StartExportTaskFluentBuilder,
    types::ExportTask,
};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use serde_json::Value;

use super::{KEY, NIGHT, ROLE, SNAPSHOT, World, instant};
use crate::sandbox::aws::{Column, ExportStatus, Pace, SnapshotType};

fn start(world: &World, id: &str) -> StartExportTaskFluentBuilder {
    world
        .rds
        .start_export_task()
        .export_task_identifier(id)
        .source_arn(SNAPSHOT)
        .s3_bucket_name("raw")
        .s3_prefix("exports")
        .iam_role_arn(ROLE)
        .kms_key_id(KEY)
}

async fn describe(world: &World, id: &str) -> ExportTask {
    let found = world.rds.describe_export_tasks().export_task_identifier(id).send().await.unwrap();
    found.export_tasks.unwrap().remove(0)
}

async fn refusal(request: StartExportTaskFluentBuilder) -> (String, String) {
    let error = request.send().await.unwrap_err().into_service_error();
    (error.code().unwrap().to_owned(), error.message().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn an_export_runs_to_the_end_and_leaves_its_files() {
    let world = World::start(Pace::default()).await;
    world.snapshot();
    let begun = start(&world, "shop-1").send().await.unwrap();
    assert_eq!(begun.status(), Some("STARTING"));
    assert_eq!(begun.task_start_time(), None);
    assert_eq!(begun.snapshot_time(), Some(&instant(NIGHT)));

    world.pass(2);
    let running = describe(&world, "shop-1").await;
    assert_eq!((running.status(), running.percent_progress()), (Some("IN_PROGRESS"), Some(33)));
    let written = world.aws.s3.keys("raw", "exports/shop-1/");
    assert!(!written.is_empty() && !written.iter().any(|key| key.ends_with(".json")), "{written:?}");

    world.pass(2);
    let ended = describe(&world, "shop-1").await;
    assert_eq!((ended.status(), ended.percent_progress()), (Some("COMPLETE"), Some(100)));
    assert_eq!(ended.total_extracted_data_in_gb(), Some(1));
    assert_eq!(ended.task_end_time(), Some(&instant("2026-11-01T19:05:04Z")));
    let keys = world.aws.s3.keys("raw", "exports/shop-1/");
    assert!(keys.contains(&"exports/shop-1/export_info_shop-1.json".to_owned()));
    assert!(keys.contains(&"exports/shop-1/export_tables_info_shop-1_from_1_to_4.json".to_owned()));
    assert!(keys.contains(&"exports/shop-1/export_tables_info_shop-1_from_5_to_6.json".to_owned()));
    assert_eq!(
        world.aws.s3.keys("raw", "exports/shop-1/learning/learning.campaigns/"),
        ["exports/shop-1/learning/learning.campaigns/1/_SUCCESS"]
    );

    let users: Vec<_> = world.aws.s3.keys("raw", "exports/shop-1/learning/learning.users/1/part-00000-");
    let file = world.s3.get_object().bucket("raw").key(&users[0]).send().await.unwrap();
    let file = SerializedFileReader::new(file.body.collect().await.unwrap().into_bytes()).unwrap();
    assert_eq!(file.metadata().file_metadata().num_rows(), 40);
    let columns = file.metadata().file_metadata().schema_descr().columns();
    assert!(columns.iter().any(|it| it.name() == "email"));
}

#[tokio::test]
async fn status_files_describe_the_tables_and_may_come_late() {
    let late = Pace { sidecar_lag: jiff::SignedDuration::from_secs(60), ..Pace::instant() };
    let world = World::start(late).await;
    world.snapshot();
    start(&world, "shop-1").send().await.unwrap();
    world.pass(59);
    assert_eq!(world.aws.rds.export_status("shop-1"), Some(ExportStatus::Complete));
    assert_eq!(world.aws.s3.keys("raw", "exports/shop-1/export_"), Vec::<String>::new());
    world.pass(1);

    let read = |key: &str| -> Value { serde_json::from_slice(&world.aws.s3.get("raw", key).unwrap()).unwrap() };
    let info = read("exports/shop-1/export_info_shop-1.json");
    assert_eq!(info["exportedFilesPath"], "exports/shop-1");
    assert_eq!(info["status"], "COMPLETE");
    let tables = read("exports/shop-1/export_tables_info_shop-1_from_1_to_4.json");
    let users = &tables["perTableStatus"][0];
    assert_eq!(users["target"], "learning.users");
    let columns = users["schemaMetadata"]["originalTypeMappings"].as_array().unwrap();
    assert_eq!(columns[0]["columnName"], "id");
    assert_eq!(columns[0]["expectedExportedType"], "int64");
}

#[tokio::test]
async fn a_partial_export_holds_only_what_was_asked_for() {
    let world = World::start(Pace::instant()).await;
    world.snapshot();
    start(&world, "shop-1").export_only("learning.users").export_only("learning.lessons").send().await.unwrap();
    world.pass(1);
    let written = world.s3.list_objects_v2().bucket("raw").prefix("exports/shop-1/learning/").delimiter("/").send();
    let written = written.await.unwrap();
    let folders: Vec<_> = written.common_prefixes().iter().filter_map(|it| it.prefix()).collect();
    assert_eq!(folders, ["exports/shop-1/learning/learning.lessons/", "exports/shop-1/learning/learning.users/"]);
    assert_eq!(describe(&world, "shop-1").await.export_only(), ["learning.users", "learning.lessons"]);
}

#[tokio::test]
async fn part_names_differ_between_exports_of_the_same_data() {
    let world = World::start(Pace::instant()).await;
    world.snapshot();
    world.aws.rds.edit_database(|database| {
        database.widen(2);
        database.table_mut("languages").unwrap().columns.push(Column::int("rank", 1..=6));
    });
    for id in ["shop-1", "shop-2"] {
        start(&world, id).send().await.unwrap();
        world.pass(1);
    }
    let parts = |id: &str| world.aws.s3.keys("raw", &format!("exports/{id}/learning/learning.languages/1/part-"));
    let (first, second) = (parts("shop-1"), parts("shop-2"));
    let content = |key: &str| world.aws.s3.get("raw", key).unwrap();
    assert_eq!(content(&first[0]), content(&second[0]));
    assert_ne!(first[0].rsplit('/').next(), second[0].rsplit('/').next());
    assert!(!world.aws.s3.keys("raw", "exports/shop-2/learning/learning.extra_0002/").is_empty());
}

#[tokio::test]
async fn identifiers_are_checked_with_the_text_of_rds() {
    let world = World::start(Pace::instant()).await;
    world.snapshot();
    for wrong in ["1shop", "-shop", "shop-", "shop--1", "shop_1", "shop:1", "日本"] {
        let (code, message) = refusal(start(&world, wrong)).await;
        assert_eq!(code, "InvalidParameterValue", "{wrong}");
        assert_eq!(
            message,
            "The parameter ExportTaskIdentifier is not a valid identifier. Identifiers must begin with a letter; must \
             contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two \
             consecutive hyphens."
        );
    }
    assert_eq!(refusal(start(&world, &"a".repeat(61))).await.0, "InvalidParameterValue");
    start(&world, &"a".repeat(60)).send().await.unwrap();
}

#[tokio::test]
async fn each_wrong_parameter_has_its_own_code() {
    let world = World::start(Pace::default()).await;
    world.snapshot();
    world.aws.rds.create_snapshot("shop-db", "young", SnapshotType::Manual).unwrap();
    let arn = |rest: &str| format!("arn:aws:rds:ap-northeast-1:123456789012:{rest}");
    let ok = || start(&world, "shop-1");
    let cases = [
        (ok().s3_bucket_name("nowhere"), "InvalidS3BucketFault"),
        (ok().iam_role_arn("export"), "IamRoleNotFound"),
        (ok().kms_key_id("my key"), "KMSKeyNotAccessibleFault"),
        (ok().kms_key_id("alias/aws/rds"), "KMSKeyNotAccessibleFault"),
        (ok().s3_prefix("a:b"), "InvalidParameterValue"),
        (ok().s3_prefix("a/"), "InvalidParameterValue"),
        (ok().export_only("learning.public.users"), "InvalidExportOnly"),
        (ok().export_only("learning.us-ers"), "InvalidExportOnly"),
        (ok().source_arn("before"), "InvalidParameterValue"),
        (ok().source_arn(arn("db:shop-db")), "InvalidParameterValue"),
        (ok().source_arn(arn("snapshot:other")), "DBSnapshotNotFound"),
        (ok().source_arn(arn("cluster-snapshot:before")), "DBClusterSnapshotNotFoundFault"),
        (ok().source_arn(arn("cluster:other")), "DBClusterNotFoundFault"),
        (ok().source_arn(arn("snapshot:young")), "InvalidExportSourceState"),
        (ok().set_kms_key_id(None), "MissingParameter"),
    ];
    for (request, code) in cases {
        assert_eq!(refusal(request).await.0, code);
    }
    assert_eq!(world.aws.rds.export_status("shop-1"), None);
}

#[tokio::test]
async fn a_name_is_never_used_twice() {
    let world = World::start(Pace::instant()).await;
    world.snapshot();
    start(&world, "shop-1").send().await.unwrap();
    world.pass(1);
    let error = start(&world, "shop-1").send().await.unwrap_err().into_service_error();
    assert!(error.is_export_task_already_exists_fault());
    assert_eq!(
        error.message(),
        Some("Cannot start export task because a task with the identifier shop-1 already exists.")
    );
}

#[tokio::test]
async fn a_source_is_exported_once_at_a_time_and_five_in_all() {
    let world = World::start(Pace::default()).await;
    let sources: Vec<_> = (0..6)
        .map(|index| world.aws.rds.create_snapshot("shop-db", &format!("s{index}"), SnapshotType::Manual).unwrap())
        .collect();
    world.pass(60);
    for (index, source) in sources.iter().take(5).enumerate() {
        start(&world, &format!("shop-{index}")).source_arn(source).send().await.unwrap();
    }
    let busy = refusal(start(&world, "again").source_arn(&sources[0])).await;
    assert_eq!(busy.0, "InvalidExportSourceState");
    let full = refusal(start(&world, "sixth").source_arn(&sources[5])).await;
    assert_eq!(full.0, "ExportTaskLimitReachedFault");
    assert_eq!(full.1, "You have reached the limit of 5 concurrent export tasks");

    world.pass(60);
    start(&world, "sixth").source_arn(&sources[5]).send().await.unwrap();
}

#[tokio::test]
async fn an_export_fails_half_way() {
    let world = World::start(Pace::default()).await;
    world.snapshot();
    world.aws.rds.fail_next_export("An unknown internal error occurred.");
    start(&world, "shop-1").send().await.unwrap();
    world.pass(10);
    let failed = describe(&world, "shop-1").await;
    assert_eq!(failed.status(), Some("FAILED"));
    assert_eq!(failed.failure_cause(), Some("An unknown internal error occurred."));
    assert_eq!(failed.percent_progress(), Some(50));
    let written = world.aws.s3.keys("raw", "exports/shop-1/");
    assert!(written.iter().any(|key| key.contains("learning.users")), "{written:?}");
    assert!(!written.iter().any(|key| key.contains("campaigns") || key.ends_with(".json")), "{written:?}");
}

#[tokio::test]
async fn a_bucket_that_disappears_fails_the_export() {
    let world = World::start(Pace::default()).await;
    world.snapshot();
    start(&world, "shop-1").send().await.unwrap();
    world.aws.s3.remove_bucket("raw");
    world.pass(10);
    assert_eq!(describe(&world, "shop-1").await.status(), Some("FAILED"));
}

#[tokio::test]
async fn an_export_warns_of_tables_it_skips() {
    let world = World::start(Pace::instant()).await;
    world.snapshot();
    let warning = r#"{"skippedTables":["learning.users"],"skippedObjectives":[],"general":[]}"#;
    world.aws.rds.warn_next_export(warning);
    start(&world, "shop-1").send().await.unwrap();
    world.pass(1);
    assert_eq!(describe(&world, "shop-1").await.warning_message(), Some(warning));
    assert!(world.aws.s3.keys("raw", "exports/shop-1/learning/learning.users/").is_empty());
}

#[tokio::test]
async fn an_export_can_be_canceled_until_it_has_ended() {
    let world = World::start(Pace::default()).await;
    world.snapshot();
    start(&world, "shop-1").send().await.unwrap();
    let cancel = || world.rds.cancel_export_task().export_task_identifier("shop-1").send();
    assert_eq!(cancel().await.unwrap().status(), Some("CANCELING"));
    world.pass(1);
    assert_eq!(describe(&world, "shop-1").await.status(), Some("CANCELED"));
    assert!(cancel().await.unwrap_err().into_service_error().is_invalid_export_task_state_fault());
    let unknown = world.rds.cancel_export_task().export_task_identifier("other").send().await.unwrap_err();
    assert!(unknown.into_service_error().is_export_task_not_found_fault());
}

#[tokio::test]
async fn a_held_export_goes_on_when_it_is_released() {
    let world = World::start(Pace::default()).await;
    world.snapshot();
    world.aws.rds.hold_exports("shop", ExportStatus::Starting);
    start(&world, "shop-1").send().await.unwrap();
    world.pass(3600);
    assert_eq!(world.aws.rds.export_status("shop-1"), Some(ExportStatus::Starting));
    world.aws.rds.release_exports();
    world.pass(1);
    assert_eq!(world.aws.rds.export_status("shop-1"), Some(ExportStatus::InProgress));
    world.pass(3);
    assert_eq!(world.aws.rds.export_status("shop-1"), Some(ExportStatus::Complete));
}

#[tokio::test]
async fn tasks_are_found_by_source_and_by_filter() {
    let world = World::start(Pace::default()).await;
    world.snapshot();
    start(&world, "shop-1").send().await.unwrap();
    let by_status = |status: &str| {
        let filter = aws_sdk_rds::types::Filter::builder().name("status").values(status).build();
        world.rds.describe_export_tasks().source_arn(SNAPSHOT).filters(filter).send()
    };
    assert_eq!(by_status("starting").await.unwrap().export_tasks().len(), 1);
    assert!(by_status("complete").await.unwrap().export_tasks().is_empty());
    let wrong = aws_sdk_rds::types::Filter::builder().name("state").values("x").build();
    let error = world.rds.describe_export_tasks().filters(wrong).send().await.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("InvalidParameterValue"));

    let unknown = || world.rds.describe_export_tasks().export_task_identifier("other").send();
    assert!(unknown().await.unwrap_err().into_service_error().is_export_task_not_found_fault());
    world.aws.rds.describe_unknown_as_empty(true);
    assert!(unknown().await.unwrap().export_tasks().is_empty());
}

#[tokio::test]
async fn a_cluster_is_exported_without_a_snapshot() {
    let world = World::start(Pace::instant()).await;
    let arn = "arn:aws:rds:ap-northeast-1:123456789012:cluster:shop-aurora";
    start(&world, "aurora-1").source_arn(arn).send().await.unwrap();
    world.pass(1);
    let task = describe(&world, "aurora-1").await;
    assert_eq!(task.source_type().map(|it| it.as_str()), Some("CLUSTER"));
    assert_eq!(task.status(), Some("COMPLETE"));
}

#[tokio::test]
async fn the_history_tells_what_was_started() {
    let world = World::start(Pace::instant()).await;
    world.snapshot();
    start(&world, "shop-1").send().await.unwrap();
    let _refused = start(&world, "shop-1").send().await.unwrap_err();
    let calls = world.front.history.calls("rds", "StartExportTask");
    assert_eq!(calls[0].note["identifier"], "shop-1");
    assert_eq!(calls[0].note["source_arn"], SNAPSHOT);
    assert_eq!((calls[0].error.as_deref(), calls[1].error.as_deref()), (None, Some("ExportTaskAlreadyExists")));
}
