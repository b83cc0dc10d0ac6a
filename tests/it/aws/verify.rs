//! The stage `verify`.

use datalake_bot::{
    domain::{
        failure::{Class, codes},
        run::Run,
        seen::Seen,
        stage::{StageId, WaitOn},
    },
    sandbox::aws::Pace,
};
use jiff::SignedDuration;

use super::World;

const STAGE: StageId = StageId::Verify;

fn info(run: &Run) -> String {
    format!("raw/{0}/export_info_{0}.json", run.export_task.as_str())
}

#[tokio::test]
async fn status_files_that_come_late_are_waited_for() {
    let pace = Pace { sidecar_lag: SignedDuration::from_mins(5), ..Pace::default() };
    let world = World::start(pace).await;
    let run = world.exported().await;
    assert_eq!(world.look(&run, STAGE).await, Seen::Busy(WaitOn::StatusFiles));
    world.pass(600);
    assert!(matches!(world.look(&run, STAGE).await, Seen::Done { .. }));
}

#[tokio::test]
async fn every_table_of_every_file_is_counted() {
    let world = World::start(Pace::default()).await;
    world.stand_ins.rds.edit_database(|it| it.widen(300));
    let run = world.exported().await;
    let files = world.stand_ins.s3.keys("lake", &format!("raw/{}/export_tables_info_", run.export_task.as_str()));
    assert!(files.len() > 1, "{files:?}");
    let Seen::Done { detail, warnings } = world.look(&run, STAGE).await else { panic!("done") };
    assert_eq!(detail.tables, Some(306));
    assert_eq!((detail.skipped_tables, warnings), (Some(0), Vec::new()));
    assert!(detail.gigabytes.is_some());
}

#[tokio::test]
async fn a_table_without_files_is_a_warning() {
    let world = World::start(Pace::default()).await;
    let run = world.exported().await;
    let folder = format!("raw/{}/learning/learning.users/", run.export_task.as_str());
    for key in world.stand_ins.s3.keys("lake", &folder) {
        world.stand_ins.s3.delete("lake", &key);
    }
    let Seen::Done { warnings, .. } = world.look(&run, STAGE).await else { panic!("done") };
    assert_eq!(warnings, ["learning.users: no Parquet, no _SUCCESS".into()]);
}

#[tokio::test]
async fn files_that_cannot_be_read_or_tell_of_a_failure_fail_the_stage() {
    let world = World::start(Pace::default()).await;
    let run = world.exported().await;
    for (text, class, code) in [
        ("{", Class::Data, codes::STATUS_FILES_UNREADABLE),
        (r#"{"status":"FAILED"}"#, Class::NewAttempt, codes::EXPORT_FAILED),
    ] {
        world.stand_ins.s3.put("lake", &info(&run), text).unwrap();
        let Seen::Failed(failure) = world.look(&run, STAGE).await else { panic!("{text}") };
        assert_eq!((failure.class, failure.code.as_str()), (class, code));
    }
    world.stand_ins.s3.put("lake", &info(&run), r#"{"status":"IN_PROGRESS"}"#).unwrap();
    assert_eq!(world.look(&run, STAGE).await, Seen::Busy(WaitOn::StatusFiles));
}

#[tokio::test]
async fn a_missing_bucket_is_nobodys_answer() {
    let world = World::start(Pace::default()).await;
    let run = world.exported().await;
    world.stand_ins.s3.remove_bucket("lake");
    assert!(matches!(world.look(&run, STAGE).await, Seen::Unclear(it) if it.code == "NoSuchBucket"));
}
