use proptest::prelude::{any, proptest};
use rstest::rstest;
use serde_json::json;

use super::{read as read_of, *};
use crate::domain::source::Engine;

const SNAPSHOT: &str = "arn:aws:rds:ap-northeast-1:123456789012:snapshot:rds:shop-db-2026-11-22-03-00";

fn subscription(id: &str, source: &str) -> Value {
    json!({
        "Event Source": source, "Event Time": "2026-11-22 03:10:41.322",
        "Source ID": "rds:shop-db-2026-11-22-03-00", "Source ARN": SNAPSHOT,
        "Event ID": format!("http://docs.amazonwebservices.com/AmazonRDS/latest/UserGuide/USER_Events.html#{id}"),
        "Event Message": "Automated snapshot created",
    })
}

fn event_bridge(id: &str) -> Value {
    json!({
        "version": "0", "id": "x", "detail-type": "RDS DB Snapshot Event", "source": "aws.rds",
        "detail": {"EventID": id, "SourceArn": SNAPSHOT, "SourceIdentifier": "rds:shop-db-2026-11-22-03-00"},
    })
}

fn sns(inner: &Value) -> String {
    json!({
        "Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:ap-northeast-1:123456789012:rds",
        "Subject": "RDS Notification Message", "Message": inner.to_string(), "Timestamp": "2026-11-22T03:10:42.000Z",
    })
    .to_string()
}

/// Reads a body where the queue alone decides who may send.
fn read(body: &str) -> Reading {
    read_of(body, &[])
}

fn hint(body: &str) -> Hint {
    let read = read(body);
    let Reading::Hint(found) = read else { panic!("{read:?}") };
    found.hint
}

#[rstest]
#[case("RDS-EVENT-0091", Hint::SnapshotAvailable { snapshot: SNAPSHOT.into(), engine: Engine::Rds })]
#[case("RDS-EVENT-0042", Hint::SnapshotAvailable { snapshot: SNAPSHOT.into(), engine: Engine::Rds })]
#[case("RDS-EVENT-0169", Hint::SnapshotAvailable { snapshot: SNAPSHOT.into(), engine: Engine::Aurora })]
#[case("RDS-EVENT-0161", Hint::ExportEnded { source_arn: SNAPSHOT.into() })]
#[case("RDS-EVENT-0159", Hint::ExportEnded { source_arn: SNAPSHOT.into() })]
#[case("RDS-EVENT-0164", Hint::ExportEnded { source_arn: SNAPSHOT.into() })]
fn one_receiver_tells_events_apart_in_every_wrapping(#[case] id: &str, #[case] expected: Hint) {
    let subscription = subscription(id, "db-snapshot");
    for body in [subscription.to_string(), sns(&subscription), event_bridge(id).to_string(), sns(&event_bridge(id))] {
        assert_eq!(hint(&body), expected, "{body}");
    }
}

#[test]
fn a_job_that_goes_on_has_not_ended() {
    let event = |state: &str| {
        json!({"source": "aws.glue", "detail-type": "Glue Job State Change", "detail": {"jobName": "j", "state": state}})
            .to_string()
    };
    for state in ["RUNNING", "STARTING", "STOPPING"] {
        assert!(matches!(read(&event(state)), Reading::Ignored(_)), "{state}");
    }
    for state in ["SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED", "UNHEARD_OF"] {
        assert_eq!(hint(&event(state)), Hint::JobEnded { job: "j".to_owned() }, "{state}");
    }
}

#[rstest]
#[case::creating("RDS-EVENT-0090")]
#[case::progress("RDS-EVENT-0488")]
#[case::deleted("RDS-EVENT-0041")]
#[case::never_heard_of("RDS-EVENT-9999")]
fn other_events_are_ignored_with_a_reason(#[case] id: &str) {
    let read = read(&sns(&subscription(id, "db-snapshot")));
    assert!(matches!(&read, Reading::Ignored(it) if it.why.contains(id) && it.event.is_some()), "{read:?}");
}

#[test]
fn an_old_event_without_an_arn_gets_one_from_its_topic() {
    let mut event = subscription("RDS-EVENT-0161", "db-snapshot");
    event.as_object_mut().unwrap().remove("Source ARN");
    assert_eq!(hint(&sns(&event)), Hint::ExportEnded { source_arn: SNAPSHOT.into() });
}

#[test]
fn glue_events_name_their_job_or_crawler() {
    let event =
        |kind: &str, detail: Value| json!({"detail-type": kind, "source": "aws.glue", "detail": detail}).to_string();
    let job = event("Glue Job State Change", json!({"jobName": "shop-normal", "state": "FAILED", "jobRunId": "jr_1"}));
    assert_eq!(hint(&job), Hint::JobEnded { job: "shop-normal".into() });
    let crawl = event("Glue Crawler State Change", json!({"crawlerName": "shop", "state": "Succeeded"}));
    assert_eq!(hint(&crawl), Hint::CrawlEnded { crawler: "shop".into() });
    let started = event("Glue Crawler State Change", json!({"crawlerName": "shop", "state": "Started"}));
    assert!(matches!(read(&started), Reading::Ignored(_)));
}

#[test]
fn our_own_wake_ups_are_read() {
    let body = r#"{"export_task":"shop-202611220304-0a09292e-a1"}"#;
    assert!(matches!(hint(body), Hint::Own(Message::ExportTask(_))));
    assert_eq!(hint(r#"{"request":"abc"}"#), Hint::Own(Message::Request("abc".into())));
}

#[rstest]
#[case::confirmation(json!({"Type": "SubscriptionConfirmation", "Message": "You have chosen", "TopicArn": "x"}).to_string())]
#[case::text(json!({"Type": "Notification", "Message": "hello", "TopicArn": "x"}).to_string())]
#[case::other_service(json!({"detail-type": "EC2 Instance State-change", "source": "aws.ec2", "detail": {}}).to_string())]
fn messages_that_are_no_events_are_ignored(#[case] body: String) {
    assert!(matches!(read(&body), Reading::Ignored(_)), "{body}");
}

#[rstest]
#[case("")]
#[case("not json")]
#[case("[]")]
#[case("{}")]
#[case(r#"{"Type":"Notification"}"#)]
#[case(r#"{"Type":"Sermon","Message":"x"}"#)]
#[case(r#"{"Event ID":"RDS-EVENT-0091"}"#)]
#[case(r#"{"detail-type":"RDS DB Snapshot Event","source":"aws.rds"}"#)]
#[case(r#"{"export_task":"not a name"}"#)]
fn what_nobody_should_have_sent_is_malformed(#[case] body: &str) {
    assert!(matches!(read(body), Reading::Malformed { .. }), "{body}: {:?}", read(body));
}

#[test]
fn a_topic_that_is_not_named_is_not_believed() {
    let topics = |arns: &[&str]| -> Vec<TopicArn> { arns.iter().map(|it| it.parse().unwrap()).collect() };
    let ours = topics(&["arn:aws:sns:ap-northeast-1:123456789012:rds"]);
    let others = topics(&["arn:aws:sns:ap-northeast-1:123456789012:rds2", "arn:aws:sns:eu-west-1:123456789012:rds"]);
    let event = subscription("RDS-EVENT-0091", "db-snapshot");
    assert!(matches!(read_of(&sns(&event), &ours), Reading::Hint(_)));
    let stranger = |body: &str, topics| {
        let read = read_of(body, topics);
        assert!(matches!(&read, Reading::Ignored(it) if it.kind == IgnoredKind::Stranger), "{body}: {read:?}");
    };
    stranger(&sns(&event), &others);
    stranger(&json!({"Type": "Notification", "Message": event.to_string()}).to_string(), &ours);
    stranger(&json!({"Type": "SubscriptionConfirmation", "Message": "x", "TopicArn": "y"}).to_string(), &ours);
    // What comes in no envelope of SNS is for the queue's policy to let in.
    assert!(matches!(read_of(&event.to_string(), &ours), Reading::Hint(_)));
}

proptest! {
    #[test]
    fn no_body_is_too_odd_to_be_read(body in any::<String>()) {
        let _ = read(&body);
    }

    #[test]
    fn no_event_id_is_too_odd(id in any::<String>(), source in any::<String>()) {
        let mut event = subscription("", &source);
        event["Event ID"] = json!(id);
        let _ = read(&sns(&event));
    }
}
