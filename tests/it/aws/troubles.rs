//! Publishing while S3 is in trouble: errors within a 200, bursts of 503, connections that break before and after the
//! effect, answers that are cut off. One publish rides them out; nothing is missing, nothing is wrong, and at no moment is
//! there too little.

use std::collections::BTreeMap;

use datalake_bot::{
    adapters::aws::{Endpoints, local_config, publish, s3_client},
    engine::ports::Progress,
    sandbox::{
        aws::{ACCESS_KEY, Pace, REGION, SECRET_KEY},
        faults::{Fault, Kind, Moment},
    },
};
use rstest::rstest;

use super::{
    World,
    latest::{at, of},
    readers::{reader::Objects, watch::Watch},
};

/// Objects of each export.
const OBJECTS: usize = 300;

fn objects(task: &str) -> Objects {
    let name = |part| format!("db/db.table_{}/1/part-{part:05}-{task}.gz.parquet", part % 7);
    (0..OBJECTS).map(name).map(|name| (name.clone(), format!("{task}: {name}").into_bytes())).collect()
}

fn refuse(status: u16, code: &str) -> Kind {
    Kind::Refuse { status, code: code.to_owned(), message: "planted".to_owned(), retry_after: None }
}

/// Publishes one export in peace and the next one in `trouble`, with the retries of the SDK that the bot has.
async fn in_trouble(trouble: Fault) {
    let world = World::start(Pace::default()).await;
    let endpoints = Endpoints(BTreeMap::from([("S3", world.stand_ins.endpoints.s3.clone())]));
    let client = s3_client(&local_config(REGION, ACCESS_KEY, SECRET_KEY, endpoints));
    let watch = Watch::new(&world, 18);
    for (task, trouble) in [("shop-001-a1", None), ("shop-002-a1", Some(trouble))] {
        watch.export(task, objects(task));
        watch.begin(&world, task);
        let planted = trouble.is_some();
        trouble.into_iter().for_each(|it| world.front.faults.plant(it));
        let (from, progress) = (at(&format!("raw/{task}")), Progress::default());
        let stamp = of(task, if planted { 2 } else { 1 });
        let done = Box::pin(publish(&client, &world.front.clock, &from, &at("latest/shop"), &stamp, &progress)).await;
        assert_eq!(done.map(|it| (it.objects, it.removed)), Ok((300, if planted { 300 } else { 0 })));
        watch.settle(task);
        world.front.faults.clear();
    }
}

#[rstest]
#[tokio::test]
async fn an_error_within_a_200_is_an_error(
    #[values("CopyObject", "DeleteObjects")] operation: &str,
    #[values("InternalError", "SlowDown")] code: &str,
) {
    in_trouble(Fault::once("s3", operation, refuse(200, code)).times(2)).await;
}

/// More than the SDK's own quota of retries, which is spent after about a hundred.
#[rstest]
#[case::at_the_beginning(0, 250)]
#[case::in_the_middle(120, 250)]
#[case::for_long(0, 1500)]
#[tokio::test]
async fn a_burst_of_503_only_takes_time(#[case] skip: usize, #[case] times: usize) {
    in_trouble(Fault { skip, ..Fault::once("s3", "CopyObject", refuse(503, "SlowDown")).times(times) }).await;
}

#[rstest]
#[tokio::test]
async fn a_refusal_of_any_other_call_only_takes_time(
    #[values("ListObjectsV2", "DeleteObjects", "GetObject", "PutObject")] operation: &str,
    #[values("SlowDown", "ServiceUnavailable", "InternalError")] code: &str,
) {
    let status = if code == "InternalError" { 500 } else { 503 };
    in_trouble(Fault::once("s3", operation, refuse(status, code)).times(2)).await;
}

#[rstest]
#[tokio::test]
async fn a_connection_that_breaks_costs_nothing(
    #[values("ListObjectsV2", "CopyObject", "DeleteObjects", "GetObject", "PutObject")] operation: &str,
    #[values(Moment::BeforeEffect, Moment::AfterEffect)] at: Moment,
) {
    let times = if operation == "CopyObject" { 20 } else { 1 };
    in_trouble(Fault::once("s3", operation, Kind::Reset { at }).times(times)).await;
}

#[rstest]
#[tokio::test]
async fn an_answer_that_is_cut_off_is_none(
    #[values("ListObjectsV2", "CopyObject", "DeleteObjects", "GetObject")] operation: &str,
) {
    let times = if operation == "CopyObject" { 20 } else { 1 };
    in_trouble(Fault::once("s3", operation, Kind::Cut).times(times)).await;
}
