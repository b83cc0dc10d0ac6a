//! Planted troubles strike the stand-ins: before the effect, after it, after the answer.

use std::sync::{Arc, Mutex};

use aws_sdk_rds::error::ProvideErrorMetadata as _;

use super::{KEY, ROLE, SNAPSHOT, World};
use crate::sandbox::{
    aws::Pace,
    faults::{Fault, Kind, Moment},
};

fn refuse(status: u16, code: &str) -> Kind {
    Kind::Refuse { status, code: code.to_owned(), message: "as planted".to_owned(), retry_after: None }
}

#[tokio::test]
async fn a_refusal_has_the_form_of_its_service() {
    let world = World::start(Pace::instant()).await;
    let faults = &world.front.faults;
    faults.plant(Fault::once("rds", "DescribeDBInstances", refuse(400, "Throttling")));
    faults.plant(Fault::once("glue", "*", refuse(400, "OperationTimeoutException")));
    faults.plant(Fault::once("s3", "ListObjectsV2", refuse(503, "SlowDown")));
    faults.plant(Fault::once("dynamodb", "ListTables", refuse(400, "ThrottlingException")));

    assert_eq!(world.rds.describe_db_instances().send().await.unwrap_err().code(), Some("Throttling"));
    let glue = world.glue.get_crawler().name("x").send().await.unwrap_err().into_service_error();
    assert!(glue.is_operation_timeout_exception());
    let s3 = || world.s3.list_objects_v2().bucket("lake").send();
    assert_eq!(s3().await.unwrap_err().code(), Some("SlowDown"));
    assert!(s3().await.is_ok(), "the fault struck once");
    assert_eq!(world.dynamodb.list_tables().send().await.unwrap_err().code(), Some("ThrottlingException"));
    assert_eq!(world.front.history.calls("s3", "ListObjectsV2").len(), 2);
    assert_eq!(world.front.history.effects("s3", "ListObjectsV2").len(), 1);
}

#[tokio::test]
async fn a_lost_answer_leaves_its_effect() {
    let world = World::start(Pace::default()).await;
    world.snapshot();
    let start = |id: &str| {
        let request = world.rds.start_export_task().export_task_identifier(id).source_arn(SNAPSHOT);
        request.s3_bucket_name("raw").iam_role_arn(ROLE).kms_key_id(KEY).send()
    };
    let lost = |at| Fault::once("rds", "StartExportTask", Kind::Reset { at });
    world.front.faults.plant(lost(Moment::BeforeEffect).containing("shop-1"));
    world.front.faults.plant(lost(Moment::AfterEffect).containing("shop-2"));

    assert!(start("shop-1").await.is_err());
    assert_eq!(world.aws.rds.export_status("shop-1"), None);
    assert!(start("shop-2").await.is_err());
    assert!(world.aws.rds.export_status("shop-2").is_some());
    assert_eq!(start("shop-2").await.unwrap_err().code(), Some("ExportTaskAlreadyExists"));
}

#[tokio::test]
async fn hooks_run_before_and_after_the_effect() {
    let world = World::start(Pace::instant()).await;
    let seen = Arc::<Mutex<Vec<(Moment, bool)>>>::default();
    let told = Arc::new(tokio::sync::Notify::new());
    for at in [Moment::BeforeEffect, Moment::AfterEffect, Moment::AfterAnswer] {
        let (s3, seen, told) = (Arc::clone(&world.aws.s3), Arc::clone(&seen), Arc::clone(&told));
        let hook = move |_| {
            seen.lock().unwrap().push((at, s3.get("lake", "x").is_some()));
            if at == Moment::AfterAnswer {
                told.notify_one();
            }
        };
        world.front.faults.plant(Fault::once("s3", "PutObject", Kind::Hook { at, hook: Arc::new(hook) }));
    }
    world.s3.put_object().bucket("lake").key("x").send().await.unwrap();
    told.notified().await;
    let expected = [(Moment::BeforeEffect, false), (Moment::AfterEffect, true), (Moment::AfterAnswer, true)];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn the_world_moves_when_nobody_asks_and_stops_when_told() {
    let world = World::start(Pace::default()).await;
    world.aws.rds.create_automated_snapshot("shop-db").unwrap();
    world.front.clock.advance(jiff::SignedDuration::from_secs(60));
    while world.delivered.lock().unwrap().len() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    world.front.stop.cancel();
    world.front.tracker.close();
    world.front.tracker.wait().await;
    assert!(world.rds.describe_db_instances().send().await.is_err());
}
