//! The stage `export`.

use datalake_bot::{
    domain::{
        failure::{Class, codes},
        run::Run,
        seen::{Seen, Started},
        stage::{StageId, WaitOn},
    },
    engine::ports::Work as _,
    sandbox::aws::{ExportStatus, Pace, SnapshotType},
};

use super::{World, lost_answer, state};

const STAGE: StageId = StageId::Export;

#[tokio::test]
async fn an_export_is_absent_then_under_way_then_done() {
    let world = World::start(Pace::default()).await;
    let run = world.run().await;
    for lenient in [false, true] {
        world.stand_ins.rds.describe_unknown_as_empty(lenient);
        assert_eq!(world.look(&run, STAGE).await, Seen::Absent { marker: None });
    }

    let handle = Some(run.export_task.as_str().to_owned());
    assert_eq!(world.begin(&run, STAGE).await, Started::Acted { handle });
    assert_eq!(state(&world.look(&run, STAGE).await), "STARTING");
    world.pass(2);
    let Seen::Running { detail, .. } = world.look(&run, STAGE).await else { panic!("under way") };
    assert_eq!(detail.state.as_deref(), Some("IN_PROGRESS"));
    assert!(detail.percent.is_some_and(|it| (1..100).contains(&it)), "{detail:?}");
    world.pass(10);
    let Seen::Done { detail, warnings } = world.look(&run, STAGE).await else { panic!("done") };
    assert_eq!((detail.percent, warnings), (Some(100), Vec::new()));
}

#[tokio::test]
async fn tables_are_counted_while_they_are_exported_if_rds_says_so() {
    let world = World::start(Pace::default()).await;
    let run = world.run().await;
    world.begin(&run, STAGE).await;
    world.pass(2);
    let tables = async || {
        let Seen::Running { detail, .. } = world.look(&run, STAGE).await else { panic!("under way") };
        (detail.exported_tables, detail.tables)
    };
    assert_eq!(tables().await, (None, None));
    let write = |part: &str, body: &str| {
        let key = format!("raw/{0}/export_tables_info_{0}_{part}.json", run.export_task);
        world.stand_ins.s3.put("lake", &key, body.to_owned()).unwrap();
    };
    write("from_1_to_3", "{");
    assert_eq!(tables().await, (None, None), "it is being written");
    let entry = |name: &str, status: &str| format!(r#"{{"target":"shop.{name}","status":"{status}"}}"#);
    let entries = [entry("a", "COMPLETE"), entry("b", "IN_PROGRESS"), entry("c", "COMPLETE")];
    write("from_1_to_3", &format!(r#"{{"perTableStatus":[{}]}}"#, entries.join(",")));
    assert_eq!(tables().await, (Some(2), Some(3)));
    world.once("s3", "GetObject", lost_answer());
    assert_eq!(tables().await, (None, None), "that it cannot be read is no trouble");
    write("from_4_to_6", "{}");
    assert_eq!(tables().await, (None, None), "several files are not read every time");
}

#[tokio::test]
async fn starting_twice_and_losing_the_answer_make_one_export() {
    let world = World::start(Pace::default()).await;
    let run = world.run().await;
    world.once("rds", "StartExportTask", lost_answer());
    assert!(matches!(world.begin(&run, STAGE).await, Started::Unclear(it) if it.code == codes::NO_ANSWER));
    assert!(matches!(world.begin(&run, STAGE).await, Started::Acted { .. }));
    assert_eq!(world.effects("rds", "StartExportTask"), 1);
    assert_eq!(state(&world.look(&run, STAGE).await), "STARTING");
}

#[tokio::test]
async fn a_task_of_our_name_that_is_of_something_else_is_not_ours() {
    let mut world = World::start(Pace::default()).await;
    let run = world.run().await;
    world.begin(&run, STAGE).await;
    world.source.export.to.prefix = "elsewhere".to_owned();
    let Seen::Failed(failure) = world.look(&run, STAGE).await else { panic!("taken") };
    assert_eq!((failure.class, failure.code.as_str()), (Class::Config, codes::EXPORT_NAME_TAKEN));
    assert_eq!(world.begin(&run, STAGE).await, Started::Failed(failure));
}

#[tokio::test]
async fn a_snapshot_that_is_being_exported_and_a_full_account_are_waited_for() {
    let world = World::start(Pace::default()).await;
    let mut runs = Vec::new();
    for _ in 0..6 {
        runs.push(world.run().await);
    }
    let again = Run { export_task: runs[0].export_task.with_attempt(2), ..runs[0].clone() };
    world.stand_ins.rds.hold_exports("shop", ExportStatus::InProgress);
    assert!(matches!(world.begin(&runs[0], STAGE).await, Started::Acted { .. }));
    let slot = |started| {
        let Started::Refused(WaitOn::ExportSlot { message, .. }) = started else { panic!("{started:?}") };
        message
    };
    assert!(!slot(world.begin(&again, STAGE).await).is_empty());
    for run in &runs[1..5] {
        assert!(matches!(world.begin(run, STAGE).await, Started::Acted { .. }));
    }
    assert!(slot(world.begin(&runs[5], STAGE).await).contains("limit of 5"));
    assert_eq!(world.look(&runs[5], STAGE).await, Seen::Absent { marker: None });
}

#[tokio::test]
async fn a_wrong_set_up_fails_with_what_aws_said() {
    let mut world = World::start(Pace::default()).await;
    let run = world.run().await;
    world.source.export.role_arn = "nobody".to_owned();
    let Started::Failed(failure) = world.begin(&run, STAGE).await else { panic!("refused") };
    assert_eq!((failure.class, failure.code.as_str()), (Class::Config, "IamRoleNotFound"));
    assert!(failure.message.contains("nobody"), "{}", failure.message);
}

#[tokio::test]
async fn an_export_that_fails_says_why() {
    let world = World::start(Pace::default()).await;
    let run = world.run().await;
    world.stand_ins.rds.fail_next_export("An unknown internal error occurred.");
    world.begin(&run, STAGE).await;
    world.pass(60);
    let Seen::Failed(failure) = world.look(&run, STAGE).await else { panic!("failed") };
    assert_eq!((failure.class, failure.code.as_str()), (Class::NewAttempt, codes::EXPORT_FAILED));
    assert_eq!(failure.message, "An unknown internal error occurred.");
}

#[tokio::test]
async fn stopping_cancels_and_does_no_harm_twice_or_without_an_export() {
    let world = World::start(Pace::default()).await;
    let run = world.run().await;
    assert_eq!(world.aws.stop(&run, &world.source, STAGE).await, Ok(()));
    world.begin(&run, STAGE).await;
    assert_eq!(world.aws.stop(&run, &world.source, STAGE).await, Ok(()));
    assert_eq!(state(&world.look(&run, STAGE).await), "CANCELING");
    world.pass(10);
    assert_eq!(world.look(&run, STAGE).await, Seen::Stopped);
    assert_eq!(world.aws.stop(&run, &world.source, STAGE).await, Ok(()));
}

#[tokio::test]
async fn an_export_of_a_snapshot_that_is_not_ready_is_refused_for_now() {
    let world = World::start(Pace::default()).await;
    let mut run = world.run().await;
    run.source_arn = world.stand_ins.rds.create_snapshot("shop-db", "fresh", SnapshotType::Manual).unwrap();
    assert!(matches!(world.begin(&run, STAGE).await, Started::Refused(WaitOn::ExportSlot { .. })));
}
