//! Jobs, crawlers and the catalog as the SDK sees them.

use std::sync::Arc;

use aws_sdk_glue::{
    error::ProvideErrorMetadata as _,
    types::{CrawlerState, JobRun, JobRunState, LastCrawlStatus},
};
use serde_json::Value;

use super::{World, path};
use crate::sandbox::aws::{JobRunArgs, Pace, RunState, S3};

/// Returns a world in which an export of `learning` lies below `lake/latest`, with a job and a crawler for it.
async fn world(pace: Pace) -> World {
    let world = World::start(pace).await;
    let mut database = None;
    world.aws.rds.edit_database(|it| database = Some(it.clone()));
    for table in &database.unwrap().tables {
        let folder = format!("latest/shop/learning/learning.{}/1", table.name);
        world.aws.s3.put("lake", &format!("{folder}/_SUCCESS"), "").unwrap();
        for (part, body) in table.parquet().into_iter().enumerate() {
            world.aws.s3.put("lake", &format!("{folder}/part-{part:05}.gz.parquet"), body).unwrap();
        }
    }
    world.aws.glue.add_job("shop-normal", 1, Some(path("s3://lake/normal/shop")));
    world.aws.glue.add_database("shop_normal");
    world.aws.glue.add_crawler("shop-normal", "shop_normal", path("s3://lake/normal/shop/"));
    world
}

async fn start(world: &World) -> String {
    let request = world.glue.start_job_run().job_name("shop-normal");
    let request = request.arguments("--datalake_input", "s3://lake/latest/shop/").arguments("--datalake_run", "shop-1");
    request.send().await.unwrap().job_run_id.unwrap()
}

async fn run(world: &World, id: &str) -> JobRun {
    world.glue.get_job_run().job_name("shop-normal").run_id(id).send().await.unwrap().job_run.unwrap()
}

async fn crawler(world: &World) -> aws_sdk_glue::types::Crawler {
    world.glue.get_crawler().name("shop-normal").send().await.unwrap().crawler.unwrap()
}

#[tokio::test]
async fn a_job_run_writes_its_output() {
    let world = world(Pace::default()).await;
    world.aws.s3.put("lake", "normal/shop/learning/learning.users/1/old.parquet", "old").unwrap();
    let id = start(&world).await;
    assert_eq!(run(&world, &id).await.job_run_state(), Some(&JobRunState::Starting));
    world.pass(1);
    assert_eq!(run(&world, &id).await.job_run_state(), Some(&JobRunState::Running));
    world.pass(2);
    let ended = run(&world, &id).await;
    assert_eq!(ended.job_run_state(), Some(&JobRunState::Succeeded));
    assert_eq!(ended.execution_time(), 3);
    assert!(ended.completed_on().is_some());
    assert_eq!(ended.arguments().unwrap()["--datalake_run"], "shop-1");
    assert_eq!(
        world.aws.s3.keys("lake", "normal/shop/learning/learning.users/"),
        ["normal/shop/learning/learning.users/1/part-00000.gz.parquet"]
    );
    let started = &world.front.history.effects("glue", "StartJobRun")[0];
    assert_eq!(started.note["job"], "shop-normal");
    assert_eq!(started.note["run_id"], id);
    assert_eq!(started.note["arguments"]["--datalake_run"], "shop-1");
}

#[tokio::test]
async fn a_transform_does_the_rest_and_may_fail() {
    let world = world(Pace::instant()).await;
    let transform = |args: &JobRunArgs, s3: &S3| -> Result<(), String> {
        let output = args.output.as_ref().ok_or("no output")?;
        if args.arguments.contains_key("--fail") {
            return Err("as was asked".to_owned());
        }
        s3.put(&output.bucket, &format!("{}done", output.folder()), args.run_id.clone()).map_err(|it| it.to_string())
    };
    world.aws.glue.set_transform("shop-normal", Arc::new(transform));
    let id = start(&world).await;
    world.pass(1);
    assert_eq!(world.aws.s3.get("lake", "normal/shop/done").unwrap(), id);

    let request = world.glue.start_job_run().job_name("shop-normal").arguments("--fail", "1");
    let id = request.arguments("--datalake_input", "s3://lake/latest/shop").send().await.unwrap().job_run_id.unwrap();
    assert_eq!(run(&world, &id).await.error_message(), Some("as was asked"));
}

#[tokio::test]
async fn runs_fail_as_planned_and_without_input() {
    let world = world(Pace::instant()).await;
    world.aws.glue.fail_next_run("shop-normal", "Command failed with exit code 10");
    let planned = start(&world).await;
    let failed = run(&world, &planned).await;
    assert_eq!(failed.job_run_state(), Some(&JobRunState::Failed));
    assert_eq!(failed.error_message(), Some("Command failed with exit code 10"));

    let request = world.glue.start_job_run().job_name("shop-normal");
    let request = request.arguments("--datalake_input", "s3://lake/latest/nothing");
    let missing = request.send().await.unwrap().job_run_id.unwrap();
    let failed = run(&world, &missing).await;
    assert_eq!(failed.error_message(), Some("AnalysisException: Path does not exist: s3://lake/latest/nothing"));
    let listed = world.glue.get_job_runs().job_name("shop-normal").max_results(1).send().await.unwrap();
    assert_eq!(listed.job_runs()[0].id(), Some(missing.as_str()));
    let next = world.glue.get_job_runs().job_name("shop-normal").next_token(listed.next_token().unwrap());
    assert_eq!(next.send().await.unwrap().job_runs()[0].id(), Some(planned.as_str()));
}

#[tokio::test]
async fn a_job_runs_no_more_often_at_once_than_it_may() {
    let world = world(Pace::default()).await;
    let id = start(&world).await;
    let second = world.glue.start_job_run().job_name("shop-normal").send().await.unwrap_err().into_service_error();
    assert!(second.is_concurrent_runs_exceeded_exception(), "{second:?}");
    world.pass(3);
    assert_eq!(run(&world, &id).await.job_run_state(), Some(&JobRunState::Succeeded));
    start(&world).await;
    let unknown = world.glue.start_job_run().job_name("other").send().await.unwrap_err().into_service_error();
    assert!(unknown.is_entity_not_found_exception());
}

#[tokio::test]
async fn a_run_is_stopped_once() {
    let world = world(Pace::default()).await;
    let id = start(&world).await;
    let stop = || world.glue.batch_stop_job_run().job_name("shop-normal").job_run_ids(&id).send();
    assert_eq!(stop().await.unwrap().successful_submissions().len(), 1);
    assert_eq!(run(&world, &id).await.job_run_state(), Some(&JobRunState::Stopping));
    world.pass(1);
    assert_eq!(run(&world, &id).await.job_run_state(), Some(&JobRunState::Stopped));
    let again = stop().await.unwrap();
    let detail = again.errors()[0].error_detail().unwrap();
    assert_eq!(detail.error_code(), Some("JobRunInTerminalStateException"));
}

#[tokio::test]
async fn a_held_run_times_out() {
    let world = world(Pace::default()).await;
    world.aws.glue.hold_runs("shop-normal", RunState::Running);
    let request = world.glue.start_job_run().job_name("shop-normal").timeout(10);
    let id = request.send().await.unwrap().job_run_id.unwrap();
    world.pass(599);
    assert_eq!(run(&world, &id).await.job_run_state(), Some(&JobRunState::Running));
    world.pass(1);
    assert_eq!(run(&world, &id).await.job_run_state(), Some(&JobRunState::Timeout));
}

#[tokio::test]
async fn a_crawl_makes_tables_of_folders() {
    let world = world(Pace::default()).await;
    start(&world).await;
    world.pass(3);
    world.glue.start_crawler().name("shop-normal").send().await.unwrap();
    let running = crawler(&world).await;
    assert_eq!(running.state(), Some(&CrawlerState::Running));
    assert!(running.last_crawl().is_none());
    let second = world.glue.start_crawler().name("shop-normal").send().await.unwrap_err().into_service_error();
    assert!(second.is_crawler_running_exception());
    world.pass(2);
    assert_eq!(crawler(&world).await.state(), Some(&CrawlerState::Stopping));
    world.pass(1);
    let ready = crawler(&world).await;
    assert_eq!(ready.state(), Some(&CrawlerState::Ready));
    assert_eq!(ready.last_crawl().unwrap().status(), Some(&LastCrawlStatus::Succeeded));

    let tables = world.glue.get_tables().database_name("shop_normal").send().await.unwrap();
    let names: Vec<_> = tables.table_list().iter().map(|it| it.name()).collect();
    let expected = [
        "learning_languages",
        "learning_lesson_histories",
        "learning_lessons",
        "learning_user_codes",
        "learning_users",
    ];
    assert_eq!(names, expected);
    let users = world.glue.get_table().database_name("shop_normal").name("learning_users").send().await.unwrap();
    let users = users.table.unwrap();
    let storage = users.storage_descriptor().unwrap();
    assert_eq!(storage.location(), Some("s3://lake/normal/shop/learning/learning.users/"));
    let columns: Vec<_> = storage.columns().iter().map(|it| (it.name(), it.r#type().unwrap())).collect();
    let expected = [
        ("id", "bigint"),
        ("name", "string"),
        ("email", "string"),
        ("is_paying", "boolean"),
        ("created_at", "timestamp"),
    ];
    assert_eq!(columns, expected);
    assert_eq!(users.partition_keys()[0].name(), "partition_0");
}

#[tokio::test]
async fn a_crawl_sees_what_was_there_when_it_began() {
    let world = world(Pace::default()).await;
    world.glue.start_crawler().name("shop-normal").send().await.unwrap();
    start(&world).await;
    world.pass(10);
    let tables = || world.glue.get_tables().database_name("shop_normal").send();
    assert!(tables().await.unwrap().table_list().is_empty());
    world.glue.start_crawler().name("shop-normal").send().await.unwrap();
    world.pass(10);
    assert_eq!(tables().await.unwrap().table_list().len(), 5);

    let crawls = world.glue.list_crawls().crawler_name("shop-normal").send().await.unwrap();
    assert_eq!(crawls.crawls().len(), 2);
    assert_eq!(crawls.crawls()[0].summary(), Some(r#"{"TABLE":{"ADD":5,"DELETE":0,"UPDATE":0}}"#));
}

#[tokio::test]
async fn tables_without_files_are_deprecated() {
    let world = world(Pace::instant()).await;
    start(&world).await;
    world.pass(1);
    let crawl = async || {
        world.glue.start_crawler().name("shop-normal").send().await.unwrap();
        world.pass(1);
    };
    crawl().await;
    for key in world.aws.s3.keys("lake", "normal/shop/learning/learning.users/") {
        world.aws.s3.delete("lake", &key);
    }
    crawl().await;
    let users = world.glue.get_table().database_name("shop_normal").name("learning_users").send().await.unwrap();
    assert!(users.table.unwrap().parameters().unwrap().contains_key("DEPRECATED_BY_CRAWLER"));
}

#[tokio::test]
async fn a_crawl_fails_or_is_stopped() {
    let world = world(Pace::default()).await;
    world.aws.glue.fail_next_crawl("shop-normal", "Access denied to s3://lake");
    world.glue.start_crawler().name("shop-normal").send().await.unwrap();
    world.pass(3);
    let failed = crawler(&world).await.last_crawl.unwrap();
    assert_eq!(failed.status(), Some(&LastCrawlStatus::Failed));
    assert_eq!(failed.error_message(), Some("Access denied to s3://lake"));

    let idle = world.glue.stop_crawler().name("shop-normal").send().await.unwrap_err().into_service_error();
    assert!(idle.is_crawler_not_running_exception());
    world.aws.glue.hold_crawler("shop-normal");
    world.glue.start_crawler().name("shop-normal").send().await.unwrap();
    world.pass(60);
    assert_eq!(crawler(&world).await.state(), Some(&CrawlerState::Running));
    world.glue.stop_crawler().name("shop-normal").send().await.unwrap();
    world.pass(1);
    assert_eq!(crawler(&world).await.last_crawl.unwrap().status(), Some(&LastCrawlStatus::Cancelled));
}

#[tokio::test]
async fn a_crawl_into_a_database_that_is_not_there_fails() {
    let world = world(Pace::instant()).await;
    world.aws.glue.add_crawler("lost", "nowhere", path("s3://lake/latest/shop"));
    world.glue.start_crawler().name("lost").send().await.unwrap();
    let lost = world.glue.get_crawler().name("lost").send().await.unwrap().crawler.unwrap();
    assert_eq!(lost.last_crawl().unwrap().error_message(), Some("Database nowhere not found."));
    let missing = world.glue.get_database().name("nowhere").send().await.unwrap_err().into_service_error();
    assert!(missing.is_entity_not_found_exception());
    assert_eq!(world.glue.get_triggers().send().await.unwrap_err().code(), Some("UnknownOperationException"));
}

#[tokio::test]
async fn glue_publishes_its_events_through_the_same_door() {
    let world = world(Pace::instant()).await;
    start(&world).await;
    world.pass(1);
    world.glue.start_crawler().name("shop-normal").send().await.unwrap();
    world.pass(1);
    let told: Vec<(String, String)> = world
        .delivered()
        .iter()
        .map(|body| {
            let event: Value = serde_json::from_str(body["Message"].as_str().unwrap()).unwrap();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&event["detail-type"]), text(&event["detail"]["state"]))
        })
        .collect();
    let expected = [
        ("Glue Job State Change", "SUCCEEDED"),
        ("Glue Crawler State Change", "Started"),
        ("Glue Crawler State Change", "Succeeded"),
    ];
    assert_eq!(told, expected.map(|(kind, state)| (kind.to_owned(), state.to_owned())));
}
