//! The stages `normal.transform` and `normal.catalog`.

use std::sync::Arc;

use aws_config::retry::RetryConfig;
use datalake_bot::{
    adapters::aws::Aws,
    config::classification,
    domain::{
        failure::{Class, codes},
        run::Run,
        seen::{Seen, Started},
        source::{Catalog, Publish},
        stage::{StageId, StageStatus, WaitOn},
    },
    engine::ports::{Progress, Work as _},
    sandbox::{
        aws::{Pace, RunState},
        faults::Kind,
    },
};
use serde_json::json;

use super::{World, intend, lost_answer, state};

const JOB: StageId = StageId::NormalTransform;
const CRAWL: StageId = StageId::NormalCatalog;

/// Returns a run whose job may be started.
async fn intended(world: &World) -> Run {
    let mut run = world.run().await;
    intend(&mut run, JOB, None, None);
    run
}

fn handle(started: Started) -> Option<String> {
    let Started::Acted { handle } = started else { panic!("{started:?}") };
    handle
}

#[tokio::test]
async fn a_job_run_has_the_contracts_arguments_and_is_found_with_and_without_its_id() {
    let world = World::start(Pace::default()).await;
    let mut run = intended(&world).await;
    assert_eq!(world.look(&run, JOB).await, Seen::Absent { marker: None });
    let id = handle(world.begin(&run, JOB).await);
    let arguments = &world.front.history.effects("glue", "StartJobRun")[0].note["arguments"];
    let expected = json!({
        "--datalake_run": run.export_task.as_str(),
        "--datalake_layer": "normal",
        "--datalake_attempt": "1",
        "--datalake_input": "s3://lake/latest/shop/",
        "--datalake_output": "s3://lake/normal/shop/",
        "--datalake_export": format!("s3://lake/raw/{}/", run.export_task),
        "--datalake_classification": "c1a55",
    });
    assert_eq!(arguments, &expected);

    for known in [None, id.clone()] {
        intend(&mut run, JOB, None, known);
        let Seen::Running { handle, detail } = world.look(&run, JOB).await else { panic!("under way") };
        assert_eq!((&handle, &detail.job_run_id), (&id, &id));
    }
    world.pass(60);
    assert_eq!(state(&world.look(&run, JOB).await), "SUCCEEDED");
}

#[tokio::test]
async fn the_rules_are_where_the_job_is_told_before_it_starts_and_are_never_written_over() {
    let mut world = World::start(Pace::default()).await;
    let text = "[shop.users]\nid = \"normal\"\n";
    world.source.rules = Arc::new(classification::read(text).unwrap());
    let run = intended(&world).await;
    handle(world.begin(&run, JOB).await);
    let arguments = &world.front.history.effects("glue", "StartJobRun")[0].note["arguments"];
    assert_eq!(arguments["--datalake_rules"], "s3://lake/classification/shop/c1a55.toml");
    let there = || world.stand_ins.s3.get("lake", "classification/shop/c1a55.toml").unwrap();
    assert_eq!(there(), text.as_bytes());

    world.source.rules = Arc::new(classification::read("# another\n").unwrap());
    world.stand_ins.glue.add_job("shop-normal", 9, None);
    handle(world.begin(&intended(&world).await, JOB).await);
    assert_eq!(there(), text.as_bytes());
}

#[tokio::test]
async fn a_job_is_not_started_without_the_rules_that_it_is_told_of() {
    let mut world = World::start(Pace::default()).await;
    world.source.rules = Arc::new(classification::read("# none\n").unwrap());
    let run = intended(&world).await;
    world.once(
        "s3",
        "PutObject",
        Kind::Refuse { status: 403, code: "AccessDenied".to_owned(), message: String::new(), retry_after: None },
    );
    assert!(matches!(world.begin(&run, JOB).await, Started::Failed(it) if it.code == "AccessDenied"));
    assert_eq!(world.effects("glue", "StartJobRun"), 0);
}

#[tokio::test]
async fn the_answer_to_a_start_is_lost_but_not_the_run_and_it_is_not_started_twice() {
    let world = World::start(Pace::default()).await;
    world.stand_ins.glue.add_job("shop-normal", 9, None);
    let run = intended(&world).await;
    world.once("glue", "StartJobRun", lost_answer());
    // With the SDK's retries on.
    let sdk = super::sdk(&world.stand_ins, RetryConfig::standard());
    let aws = Aws::new(&sdk, Arc::new(world.front.clock.clone()));
    let started = Box::pin(aws.start(&run, &world.source, JOB, &Progress::default())).await;
    assert!(matches!(started, Started::Unclear(it) if it.class == Class::Transient));
    assert_eq!(world.effects("glue", "StartJobRun"), 1);
    assert!(matches!(world.look(&run, JOB).await, Seen::Running { handle: Some(_), .. }));
}

#[tokio::test]
async fn a_failed_attempt_is_not_taken_for_the_next_one() {
    let world = World::start(Pace::default()).await;
    world.stand_ins.glue.fail_next_run("shop-normal", "No such column");
    let mut run = intended(&world).await;
    handle(world.begin(&run, JOB).await);
    world.pass(60);
    let Seen::Failed(failure) = world.look(&run, JOB).await else { panic!("failed") };
    assert_eq!((failure.class, failure.code.as_str()), (Class::NewAttempt, codes::JOB_FAILED));
    assert_eq!(failure.message, "No such column");

    let stage = run.stages.iter_mut().find(|it| it.id == JOB).unwrap();
    stage.status = StageStatus::Pending;
    stage.intent = None;
    assert_eq!(world.look(&run, JOB).await, Seen::Absent { marker: None });
    intend(&mut run, JOB, None, None);
    assert_eq!(world.look(&run, JOB).await, Seen::Absent { marker: None });
    handle(world.begin(&run, JOB).await);
    assert!(matches!(world.look(&run, JOB).await, Seen::Running { .. }));
}

#[tokio::test]
async fn a_job_that_is_taken_is_waited_for_and_one_that_is_missing_is_not() {
    let mut world = World::start(Pace::default()).await;
    handle(world.begin(&intended(&world).await, JOB).await);
    let other = intended(&world).await;
    world.stand_ins.glue.hold_runs("shop-normal", RunState::Running);
    handle(world.begin(&other, JOB).await);
    let third = intended(&world).await;
    assert!(matches!(world.begin(&third, JOB).await, Started::Refused(WaitOn::JobSlot { .. })));

    world.source.normal.glue_job = "nobody".to_owned();
    let Seen::Failed(failure) = world.look(&third, JOB).await else { panic!("missing") };
    assert_eq!((failure.class, failure.code.as_str()), (Class::Config, "JobNotFound"));
    assert!(matches!(world.begin(&third, JOB).await, Started::Failed(it) if it.code == "JobNotFound"));
}

#[tokio::test]
async fn a_job_run_is_stopped_with_and_without_its_id() {
    let world = World::start(Pace::default()).await;
    let mut run = intended(&world).await;
    assert_eq!(world.aws.stop(&run, &world.source, JOB).await, Ok(()));
    let id = handle(world.begin(&run, JOB).await);
    assert_eq!(world.aws.stop(&run, &world.source, JOB).await, Ok(()));
    assert_eq!(state(&world.look(&run, JOB).await), "STOPPING");
    intend(&mut run, JOB, None, id);
    assert_eq!(world.aws.stop(&run, &world.source, JOB).await, Ok(()));
    world.pass(60);
    assert_eq!(world.look(&run, JOB).await, Seen::Stopped);
    assert_eq!(world.aws.stop(&run, &world.source, JOB).await, Ok(()));
    assert_eq!(world.effects("glue", "BatchStopJobRun"), 1);
}

#[tokio::test]
async fn a_crawl_is_told_from_the_one_before_by_when_it_began() {
    let world = World::start(Pace::default()).await;
    let mut run = world.run().await;
    for index in 0..2 {
        let Seen::Absent { marker } = world.look(&run, CRAWL).await else { panic!("free") };
        assert_eq!(marker.as_deref() == Some("none"), index == 0);
        intend(&mut run, CRAWL, marker.clone(), None);
        assert_eq!(world.look(&run, CRAWL).await, Seen::Absent { marker });
        handle(world.begin(&run, CRAWL).await);
        assert_eq!(state(&world.look(&run, CRAWL).await), "RUNNING");
        world.pass(60);
        assert_eq!(state(&world.look(&run, CRAWL).await), "SUCCEEDED");
        run.stages.iter_mut().find(|it| it.id == CRAWL).unwrap().intent = None;
    }
}

#[tokio::test]
async fn a_crawl_from_before_is_waited_out_and_one_from_after_the_look_will_do() {
    let world = World::start(Pace::default()).await;
    let mut run = world.run().await;
    handle(world.begin(&run, CRAWL).await);
    assert_eq!(world.look(&run, CRAWL).await, Seen::Busy(WaitOn::CrawlerFree));
    world.pass(60);
    let Seen::Absent { marker } = world.look(&run, CRAWL).await else { panic!("free") };
    intend(&mut run, CRAWL, marker, None);
    // Somebody else is faster.
    handle(world.begin(&run, CRAWL).await);
    handle(world.begin(&run, CRAWL).await);
    assert_eq!(world.effects("glue", "StartCrawler"), 2);
    world.pass(60);
    assert_eq!(state(&world.look(&run, CRAWL).await), "SUCCEEDED");
}

#[tokio::test]
async fn a_crawl_fails_is_stopped_or_has_no_crawler() {
    let mut world = World::start(Pace::default()).await;
    let mut run = world.run().await;
    intend(&mut run, CRAWL, Some("none".to_owned()), None);
    world.stand_ins.glue.fail_next_crawl("shop-normal", "Access denied");
    handle(world.begin(&run, CRAWL).await);
    world.pass(60);
    let Seen::Failed(failure) = world.look(&run, CRAWL).await else { panic!("failed") };
    assert_eq!((failure.code.as_str(), failure.message.as_str()), (codes::CRAWL_FAILED, "Access denied"));

    handle(world.begin(&run, CRAWL).await);
    for _ in 0..2 {
        assert_eq!(world.aws.stop(&run, &world.source, CRAWL).await, Ok(()));
    }
    world.pass(60);
    assert_eq!(world.look(&run, CRAWL).await, Seen::Stopped);
    assert_eq!(world.aws.stop(&run, &world.source, CRAWL).await, Ok(()));

    world.source.normal.catalog = Catalog::Crawler("nobody".to_owned());
    let Seen::Failed(failure) = world.look(&run, CRAWL).await else { panic!("missing") };
    assert_eq!((failure.class, failure.code.as_str()), (Class::Config, "CrawlerNotFound"));
}

/// Makes the source a pointer.
fn point(world: &mut World) {
    world.source.publish = Publish::Pointer;
    world.source.normal.catalog = Catalog::Tables { database: "shop_normal".to_owned() };
}

/// Returns the run's report on tables `one`, `two` and so on, where a pointer's job leaves it.
fn report(world: &World, run: &Run, tables: usize) {
    let name = &run.export_task;
    let table = |number| {
        json!({
            "database": "shop", "table": format!("shop.t{number}"), "rows": 0, "columns": [{ "name": "id", "type": "bigint" }],
        })
    };
    let report = json!({
        "datalake_run": name.as_str(), "layer": "normal", "classification": "c1a55",
        "tables": (0..tables).map(table).collect::<Vec<_>>(),
    });
    let key = format!("normal/shop/{name}/_reports/{name}.json");
    world.stand_ins.s3.put("lake", &key, report.to_string()).unwrap();
}

#[tokio::test]
async fn what_a_job_has_written_for_a_pointer_is_not_written_again_while_it_is_there() {
    let mut world = World::start(Pace::default()).await;
    point(&mut world);
    let mut run = intended(&world).await;
    run.stages.iter_mut().find(|it| it.id == JOB).unwrap().is_whole = true;
    handle(world.begin(&run, JOB).await);
    assert_eq!(world.effects("glue", "StartJobRun"), 1, "nothing is there");
    let arguments = &world.front.history.effects("glue", "StartJobRun")[0].note["arguments"];
    assert_eq!(arguments["--datalake_input"], format!("s3://lake/raw/{}/", run.export_task));
    assert_eq!(arguments["--datalake_output"], format!("s3://lake/normal/shop/{}/", run.export_task));

    report(&world, &run, 1);
    let kept = handle(world.begin(&run, JOB).await);
    assert_eq!(world.effects("glue", "StartJobRun"), 1);
    intend(&mut run, JOB, None, kept);
    assert!(matches!(world.look(&run, JOB).await, Seen::Done { .. }));
    assert_eq!(world.aws.stop(&run, &world.source, JOB).await, Ok(()));
    world.stand_ins.glue.add_job("shop-normal", 9, None);
    world.source.classification = "another".to_owned();
    intend(&mut run, JOB, None, None);
    handle(world.begin(&run, JOB).await);
    assert_eq!(world.effects("glue", "StartJobRun"), 2, "it was written under another classification");
}

#[tokio::test]
async fn more_tables_than_a_page_are_turned_and_what_is_done_is_not_done_again() {
    let mut world = World::start(Pace::default()).await;
    point(&mut world);
    let run = world.run().await;
    assert!(matches!(world.look(&run, CRAWL).await, Seen::Failed(it) if it.code == codes::REPORT_MISSING));
    report(&world, &run, 130);
    assert_eq!(world.look(&run, CRAWL).await, Seen::Absent { marker: None });
    assert_eq!(world.begin(&run, CRAWL).await, Started::Acted { handle: None });
    let Seen::Done { detail, .. } = world.look(&run, CRAWL).await else { panic!("done") };
    assert_eq!((detail.tables, detail.switched_tables), (Some(130), Some(130)));
    assert_eq!(world.begin(&run, CRAWL).await, Started::Acted { handle: None });
    assert_eq!((world.effects("glue", "CreateTable"), world.effects("glue", "UpdateTable")), (130, 0));

    report(&world, &run, 0);
    assert!(matches!(world.look(&run, CRAWL).await, Seen::Failed(it) if it.code == codes::EMPTY_LAYER));
    report(&world, &run, 1);
    world.once("glue", "DeleteTable", lost_answer());
    assert!(matches!(world.begin(&run, CRAWL).await, Started::Refused(WaitOn::Trouble(_))));
    assert_eq!(world.begin(&run, CRAWL).await, Started::Acted { handle: None });
    assert_eq!(world.stand_ins.glue.tables("shop_normal").len(), 1);
}

#[tokio::test]
async fn a_layer_that_the_source_no_longer_has_is_a_failure() {
    let world = World::start(Pace::default()).await;
    let run = world.run().await;
    for stage in [StageId::SensitiveTransform, StageId::SensitiveCatalog] {
        assert!(matches!(world.look(&run, stage).await, Seen::Failed(it) if it.code == codes::SOURCE_GONE));
    }
}
