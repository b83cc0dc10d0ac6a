//! What is published, and how it arrives.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::Value;

use super::{KEY, NIGHT, ROLE, World};
use crate::sandbox::aws::{
    Events, Pace, SnapshotType, Wrapping,
    events::{About, RdsEvent},
};

/// Returns the event ids of RDS in `bodies`, which are SNS envelopes.
fn ids(bodies: &[Value]) -> Vec<String> {
    let message = |body: &Value| -> Value { serde_json::from_str(body["Message"].as_str().unwrap()).unwrap() };
    let id = |body| message(body)["Event ID"].as_str().unwrap().rsplit('#').next().unwrap().to_owned();
    bodies.iter().map(id).collect()
}

#[tokio::test]
async fn each_kind_of_snapshot_and_export_has_its_events() {
    let world = World::start(Pace::instant()).await;
    let cases = [
        ("shop-db", SnapshotType::Manual, "s1", ["0040", "0042", "0488", "0161"]),
        ("shop-db", SnapshotType::Automated, "rds:s2", ["0090", "0091", "0488", "0161"]),
        ("shop-aurora", SnapshotType::Manual, "s3", ["0074", "0075", "0493", "0164"]),
        ("shop-aurora", SnapshotType::Automated, "rds:s4", ["0168", "0169", "0493", "0164"]),
    ];
    for (index, (server, origin, name, expected)) in cases.into_iter().enumerate() {
        let arn = world.aws.rds.create_snapshot(server, name, origin).unwrap();
        world.pass(1);
        let start = world.rds.start_export_task().export_task_identifier(format!("e{index}")).source_arn(&arn);
        let start = start.s3_bucket_name("raw").iam_role_arn(ROLE).kms_key_id(KEY);
        start.send().await.unwrap();
        world.pass(1);
        let delivered = world.delivered();
        assert_eq!(ids(&delivered), expected.map(|it| format!("RDS-EVENT-{it}")));
        let last: Value = serde_json::from_str(delivered[3]["Message"].as_str().unwrap()).unwrap();
        assert_eq!(last["Source ARN"], arn.as_str());
        assert!(!last["Event Message"].as_str().unwrap().contains(&format!("e{index}")), "{last}");
    }
}

fn event(number: i64) -> RdsEvent {
    RdsEvent {
        id: "RDS-EVENT-0042",
        category: "creation",
        about: About::Snapshot,
        source_id: format!("s{number}"),
        source_arn: format!("arn:aws:rds:ap-northeast-1:123456789012:snapshot:s{number}"),
        message: "Manual snapshot created".to_owned(),
        at: NIGHT.parse::<Timestamp>().unwrap(),
    }
}

fn events() -> (Events, impl Fn() -> Vec<String>) {
    let bodies = Arc::<Mutex<Vec<String>>>::default();
    let inbox = Arc::clone(&bodies);
    (Events::new(Arc::new(move |body| inbox.lock().unwrap().push(body))), move || {
        bodies.lock().unwrap().drain(..).collect()
    })
}

#[test]
fn an_event_is_wrapped_as_is_asked() {
    let (events, delivered) = events();
    let published = |wrapping| -> Value {
        events.set_wrapping(wrapping);
        events.rds(&event(1));
        serde_json::from_str(&delivered()[0]).unwrap()
    };
    let inner = |envelope: &Value| -> Value { serde_json::from_str(envelope["Message"].as_str().unwrap()).unwrap() };

    let sns = published(Wrapping::Sns);
    assert_eq!(sns["Subject"], "RDS Notification Message");
    let subscription = inner(&sns);
    assert_eq!(subscription["Event Time"], "2026-11-01 18:05:00.000");
    assert_eq!(subscription["Event Source"], "db-snapshot");
    assert_eq!(published(Wrapping::SnsRaw), subscription);
    let bridged = published(Wrapping::EventBridge);
    assert_eq!(bridged["detail-type"], "RDS DB Snapshot Event");
    assert_eq!(bridged["detail"]["EventID"], "RDS-EVENT-0042");
    assert_eq!(bridged["time"], "2026-11-01T18:05:00Z");
    assert_eq!(inner(&published(Wrapping::EventBridgeInSns))["detail"], bridged["detail"]);
}

#[test]
fn events_are_lost_doubled_and_shuffled() {
    let (events, delivered) = events();
    events.set_wrapping(Wrapping::SnsRaw);
    let sources = || -> Vec<String> {
        let source =
            |body: &String| serde_json::from_str::<Value>(body).unwrap()["Source ID"].as_str().unwrap().to_owned();
        delivered().iter().map(source).collect()
    };
    let publish = |numbers: std::ops::RangeInclusive<i64>| numbers.for_each(|it| events.rds(&event(it)));

    events.lose(1);
    publish(1..=2);
    assert_eq!(sources(), ["s2"]);
    events.duplicate(1);
    publish(1..=2);
    assert_eq!(sources(), ["s1", "s1", "s2"]);
    events.reorder(2);
    publish(1..=3);
    assert_eq!(sources(), ["s2", "s1", "s3"]);
    events.reorder(9);
    publish(1..=2);
    assert_eq!(sources(), Vec::<String>::new());
    events.flush();
    assert_eq!(sources(), ["s2", "s1"]);
}
