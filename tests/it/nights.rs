//! A source with many nights behind it, of which somebody goes back over more than are looked through.

use aws_sdk_dynamodb::types::AttributeValue;
use datalake_bot::{
    adapters::{aws::dynamodb_client, store::DynamoStore},
    clock::Clock as _,
    config::Config,
    domain::{
        rollback::{Rollback, RolledBack},
        run::{Order, Run, RunStatus, Trigger},
        snapshot::{Origin, Snapshot},
        source::Source,
        stage::StageStatus,
    },
    engine::ports::{Change, Store as _},
    sandbox::world::World,
};
use jiff::{SignedDuration, Timestamp};
use rstest::rstest;

use crate::harness::{ANA, Bot, options};

const SOURCE: &str = "school";

/// More than any list of recent runs has.
const NIGHTS: i64 = 25;

fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

/// The record of a good run, of a snapshot that was taken `days` before `now`.
fn night(source: &Source, now: Timestamp, days: i64) -> Run {
    let taken_at = now - hours(24 * days);
    let (begun, ended) = (taken_at + hours(1), taken_at + hours(2));
    let id = format!("rds:{SOURCE}-{days}");
    let arn = format!("arn:aws:rds:ap-northeast-1:123456789012:snapshot:{id}");
    let snapshot = Snapshot { id, arn, taken_at, available: true, origin: Origin::Automated, allocated: None };
    let order = Order { trigger: Trigger::Event, requested_by: None, only: vec![], layers: vec![], reason: None };
    let mut run = Run::new(source, &snapshot, &order, begun);
    for stage in run.stages.iter_mut().filter(|it| it.status == StageStatus::Pending) {
        (stage.status, stage.attempt) = (StageStatus::Succeeded, 1);
        (stage.started_at, stage.finished_at) = (Some(begun), Some(ended));
    }
    (run.status, run.has_turn) = (RunStatus::Succeeded, false);
    (run.finished_at, run.succeeded_at) = (Some(ended), Some(ended));
    run
}

/// A source of which somebody has gone back from the newest run, as `edit` leaves it, to one of long before.
async fn gone_back(edit: impl Fn(&mut Run)) -> (World, DynamoStore, Run) {
    let world = World::start(options()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = Config::load(&world.write_config(folder.path(), "127.0.0.1:0").unwrap()).unwrap();
    let source = config.sources.into_iter().find(|it| it.name == SOURCE).unwrap();
    let store = DynamoStore::new(dynamodb_client(&world.sdk_config()), "datalake-runs".into(), "datalake-state".into());
    let now = world.front.clock.now();
    let (mut older, mut newest) = (night(&source, now, NIGHTS - 1), night(&source, now, 1));
    let (by, at) = (ANA.to_owned(), now - hours(3));
    let to = older.export_task.clone();
    older.rollback = Some(Rollback { from: newest.export_task.clone(), by: by.clone(), at, reason: None });
    newest.rolled_back_to = Some(RolledBack { to, by, at, reason: None });
    edit(&mut newest);
    let between = (2..NIGHTS - 1).rev().map(|days| night(&source, now, days));
    for run in [night(&source, now, NIGHTS), older.clone()].into_iter().chain(between).chain([newest]) {
        store.write(&[Change::Create(&run)]).await.unwrap();
        store.settle(&run.export_task, run.version).await.unwrap();
    }
    (world, store, older)
}

fn as_it_is(_: &mut Run) {}

fn never_good(run: &mut Run) {
    (run.status, run.succeeded_at) = (RunStatus::Failed, None);
}

#[rstest]
#[case::from_a_good_one(as_it_is)]
#[case::from_one_that_never_was(never_good)]
#[tokio::test(flavor = "multi_thread")]
async fn who_has_gone_back_over_many_good_nights_is_told_how_old_the_data_is(#[case] edit: fn(&mut Run)) {
    let (world, store, older) = Box::pin(gone_back(edit)).await;
    let last = store.last_success(SOURCE).await.unwrap().unwrap();
    assert_eq!(last.export_task, older.export_task, "what the next run is compared with");
    let bot = Bot::start_in(world, |it| it).await;
    let told = bot.slash(ANA, &format!("/datalake status {SOURCE}")).await;
    let taken = format!("<!date^{}^", older.snapshot_time.as_second());
    assert!(told.contains(&taken), "{taken} {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_read_hides_no_other() {
    let (world, store, older) = Box::pin(gone_back(as_it_is)).await;
    let table = dynamodb_client(&world.sdk_config());
    let (name, value) = ("stage", AttributeValue::S("of.another.version".to_owned()));
    let call = table.update_item().table_name("datalake-runs").update_expression("SET #s = :s");
    let call = call.key("export_task", AttributeValue::S(older.export_task.to_string()));
    call.expression_attribute_names("#s", name).expression_attribute_values(":s", value).send().await.unwrap();
    assert!(store.run(&older.export_task).await.is_err());
    let last = store.last_success(SOURCE).await.unwrap().unwrap();
    assert!(last.is_good() && last.snapshot_time > older.snapshot_time);
}
