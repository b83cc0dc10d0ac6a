//! The forms an event takes on its way: RDS event subscription, EventBridge, SNS envelope.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::{About, GlueEvent, RdsEvent, Wrapping};
use crate::sandbox::aws::{ACCOUNT, REGION, TOPIC_ARN, ids::uuid, sns};

/// The page whose anchors are RDS's event ids.
const EVENTS_PAGE: &str = "http://docs.amazonwebservices.com/AmazonRDS/latest/UserGuide/USER_Events.html";

/// Returns the body of the SQS message that an event of RDS makes. `serial` makes its ids unlike any other's.
pub(super) fn rds(event: &RdsEvent, wrapping: Wrapping, serial: u64) -> String {
    match wrapping {
        Wrapping::Sns => envelope(&subscription(event), Some(event), event.at, serial),
        Wrapping::SnsRaw => subscription(event).to_string(),
        Wrapping::EventBridge => bridged_rds(event, serial).to_string(),
        Wrapping::EventBridgeInSns => envelope(&bridged_rds(event, serial), None, event.at, serial),
    }
}

/// Returns the body of the SQS message that an event of Glue makes.
pub(super) fn glue(event: &GlueEvent, wrapping: Wrapping, serial: u64) -> String {
    let body = bridge("aws.glue", event.detail_type, event.at, serial, &json!([]), &event.detail);
    match wrapping {
        Wrapping::Sns | Wrapping::EventBridgeInSns => envelope(&body, None, event.at, serial),
        Wrapping::SnsRaw | Wrapping::EventBridge => body.to_string(),
    }
}

/// Returns what an event subscription sends
/// ([working with event notification](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.html)).
fn subscription(event: &RdsEvent) -> Value {
    let anchor = match event.about {
        About::Snapshot => "snapshot:id=",
        About::ClusterSnapshot => "snapshot:engine=aurora;id=",
        About::Cluster => "dbclusters:id=",
    };
    json!({
        "Event Source": source_type(event.about),
        "Event Time": event.at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
        "Identifier Link":
            format!("https://console.aws.amazon.com/rds/home?region={REGION}#{anchor}{}", event.source_id),
        "Source ID": event.source_id,
        "Source ARN": event.source_arn,
        "Event ID": format!("{EVENTS_PAGE}#{}", event.id),
        "Event Message": event.message,
        "Tags": {},
    })
}

fn bridged_rds(event: &RdsEvent, serial: u64) -> Value {
    let (source_type, detail_type) = match event.about {
        About::Snapshot => ("SNAPSHOT", "RDS DB Snapshot Event"),
        About::ClusterSnapshot => ("CLUSTER_SNAPSHOT", "RDS DB Cluster Snapshot Event"),
        About::Cluster => ("CLUSTER", "RDS DB Cluster Event"),
    };
    let detail = json!({
        "EventCategories": [event.category],
        "SourceType": source_type,
        "SourceArn": event.source_arn,
        "Date": milliseconds(event.at),
        "SourceIdentifier": event.source_id,
        "Message": event.message,
        "EventID": event.id,
        "Tags": {},
    });
    bridge("aws.rds", detail_type, event.at, serial, &json!([event.source_arn]), &detail)
}

/// Returns an EventBridge event.
fn bridge(source: &str, detail_type: &str, at: Timestamp, serial: u64, resources: &Value, detail: &Value) -> Value {
    json!({
        "version": "0",
        "id": uuid(&format!("event {serial}")),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": REGION,
        "resources": resources,
        "detail": detail,
    })
}

/// Returns `message` in the envelope that SNS puts around it. The signature is none yet: a queue's policy is what vouches
/// for its messages.
fn envelope(message: &Value, subscribed: Option<&RdsEvent>, at: Timestamp, serial: u64) -> String {
    let mut envelope = json!({
        "Type": "Notification",
        "MessageId": uuid(&format!("message {serial}")),
        "TopicArn": TOPIC_ARN,
        "Message": message.to_string(),
        "Timestamp": milliseconds(at),
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
        "SigningCertURL": sns::certificate_url(),
        "UnsubscribeURL": format!("{}/?Action=Unsubscribe&SubscriptionArn={TOPIC_ARN}:sandbox", sns::host()),
    });
    if let Some(event) = subscribed {
        envelope["Subject"] = "RDS Notification Message".into();
        envelope["MessageAttributes"] = json!({
            "Resource": { "Type": "String", "Value": event.source_arn },
            "EventID": { "Type": "String", "Value": event.id },
        });
    }
    envelope.to_string()
}

fn source_type(about: About) -> &'static str {
    match about {
        About::Snapshot => "db-snapshot",
        About::ClusterSnapshot => "db-cluster-snapshot",
        About::Cluster => "db-cluster",
    }
}

fn milliseconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
