//! Publishing while S3 is in trouble: errors within a 200, bursts of 503, connections that break before and after the
//! effect, answers that are cut off. One publish rides them out; nothing is missing, nothing is wrong, and at no moment is
//! there too little.

use std::{collections::BTreeMap, time::Duration};

use datalake_bot::{
    adapters::aws::{Endpoints, Stamp, local_config, publish, s3_client, stamp},
    engine::ports::Progress,
    sandbox::{
        aws::{ACCESS_KEY, Pace, REGION, SECRET_KEY},
        faults::{Fault, Kind, Moment},
    },
};
use rstest::rstest;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{
    World,
    readers::{at, reader::Objects, watch::Watch},
};

/// Objects of the export that is published in trouble, and of the one before it.
const OBJECTS: usize = 150;
const BEFORE: usize = 20;

fn objects(task: &str, count: usize) -> Objects {
    let name = |part| format!("db/db.table_{}/1/part-{part:05}-{task}.gz.parquet", part % 7);
    (0..count).map(name).map(|name| (name.clone(), format!("{task}: {name}").into_bytes())).collect()
}

fn refuse(status: u16, code: &str) -> Kind {
    Kind::Refuse { status, code: code.to_owned(), message: "planted".to_owned(), retry_after: None }
}

/// Publishes one export in peace and the next one in `trouble`, with the retries of the SDK that the bot has. The trouble
/// strikes as often as it says, or `lasting` for so long.
async fn in_trouble(trouble: Fault, lasting: Option<Duration>) {
    let world = World::start(Pace::default()).await;
    let endpoints = Endpoints(BTreeMap::from([("S3", world.stand_ins.endpoints.s3.clone())]));
    let client = s3_client(&local_config(REGION, ACCESS_KEY, SECRET_KEY, endpoints));
    let watch = Watch::new(&world, 18);
    let from = |task: &str| at(&format!("raw/{task}"));
    let published = async |task: &str, stamp: &Stamp| {
        let (progress, stop) = (Progress::default(), CancellationToken::new());
        let (from, to) = (from(task), at("latest/shop"));
        Box::pin(publish(&client, &world.front.clock, &from, &to, stamp, &progress, &stop)).await
    };
    let (before, task) = ("shop-001-a1", "shop-002-a1");
    watch.export(before, objects(before, BEFORE));
    watch.export(task, objects(task, OBJECTS));
    published(before, &stamp(&client, &from(before)).await.unwrap()).await.unwrap();
    watch.settle(before);
    let of = stamp(&client, &from(task)).await.unwrap();
    watch.begin(&world, task);
    world.front.faults.plant(trouble);
    let over = async {
        let Some(lasting) = lasting else { return };
        sleep(lasting).await;
        world.front.faults.clear();
        watch.plant(&world);
    };
    let (done, ()) = tokio::join!(published(task, &of), over);
    assert_eq!(done.map(|it| it.objects), Ok(OBJECTS as u64));
    assert_eq!(world.front.faults.left(), 1, "the watch remains, and no trouble that has not come");
    watch.settle(task);
}

#[rstest]
#[tokio::test]
async fn an_error_within_a_200_is_an_error(
    #[values("CopyObject", "DeleteObjects")] operation: &str,
    #[values("InternalError", "SlowDown")] code: &str,
) {
    in_trouble(Fault::once("s3", operation, refuse(200, code)).times(2), None).await;
}

/// More than the SDK's own quota of retries, which is spent after about a hundred.
#[rstest]
#[case::at_the_beginning(0)]
#[case::in_the_middle(60)]
#[tokio::test]
async fn a_burst_of_503_only_takes_time(#[case] skip: usize) {
    let fault = Fault { skip, ..Fault::once("s3", "CopyObject", refuse(503, "SlowDown")) };
    in_trouble(fault.times(250), None).await;
}

#[tokio::test]
async fn an_outage_of_seconds_only_takes_time() {
    let fault = Fault::once("s3", "*", refuse(503, "SlowDown")).times(usize::MAX);
    in_trouble(fault, Some(Duration::from_secs(4))).await;
}

#[rstest]
#[tokio::test]
async fn a_refusal_of_any_other_call_only_takes_time(
    #[values("ListObjectsV2", "DeleteObjects", "GetObject", "PutObject")] operation: &str,
    #[values("SlowDown", "ServiceUnavailable", "InternalError")] code: &str,
) {
    let status = if code == "InternalError" { 500 } else { 503 };
    in_trouble(Fault::once("s3", operation, refuse(status, code)).times(2), None).await;
}

#[rstest]
#[tokio::test]
async fn a_connection_that_breaks_costs_nothing(
    #[values("ListObjectsV2", "CopyObject", "DeleteObjects", "GetObject", "PutObject")] operation: &str,
    #[values(Moment::BeforeEffect, Moment::AfterEffect)] at: Moment,
) {
    let times = if operation == "CopyObject" { 20 } else { 1 };
    in_trouble(Fault::once("s3", operation, Kind::Reset { at }).times(times), None).await;
}

#[rstest]
#[tokio::test]
async fn an_answer_that_is_cut_off_is_none(
    #[values("ListObjectsV2", "CopyObject", "DeleteObjects", "GetObject")] operation: &str,
) {
    let times = if operation == "CopyObject" { 20 } else { 1 };
    in_trouble(Fault::once("s3", operation, Kind::Cut).times(times), None).await;
}
