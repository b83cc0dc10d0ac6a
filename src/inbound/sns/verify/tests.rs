use rstest::rstest;
use serde_json::{Map, Value};

use super::*;
use crate::inbound::sns::envelope;

/// Messages that SNS has signed, as AWS's SDKs publish them in their tests.
const PUBLISHED: &str = include_str!("../../../../tests/fixtures/sns_published.json");

struct Vector {
    body: String,
    topic: TopicArn,
    now: Timestamp,
    expect: String,
}

fn published() -> Value {
    serde_json::from_str(PUBLISHED).unwrap()
}

fn vector(value: &Value) -> Vector {
    let text = |key: &str| value[key].as_str().unwrap().to_owned();
    Vector {
        body: text("body"),
        topic: text("topic").parse().unwrap(),
        now: text("now").parse().unwrap(),
        expect: text("expect"),
    }
}

fn named(id: &str) -> Vector {
    let all = published();
    vector(all["vectors"].as_array().unwrap().iter().find(|it| it["id"] == id).unwrap())
}

fn judge(body: &str, topic: &TopicArn, now: Timestamp) -> Result<(), Refusal> {
    let envelope = envelope::read(body.as_bytes())?;
    let topics = [topic.clone()];
    let candidate = admit(&envelope, &topics, now)?;
    let all = published();
    let pem = all["certs"][candidate.certificate.to_string()].as_str().ok_or(Refusal::Certificate)?;
    candidate.verify(&Certificate::read(pem.as_bytes())?, now)
}

/// Returns the message with one field changed, or without it.
fn changed(body: &str, key: &str, value: Option<Value>) -> String {
    let mut message: Map<String, Value> = serde_json::from_str(body).unwrap();
    match value {
        Some(value) => message.insert(key.to_owned(), value),
        None => message.remove(key),
    };
    Value::Object(message).to_string()
}

#[test]
fn published_messages_are_judged_as_they_should_be() {
    let all = published();
    let vectors = all["vectors"].as_array().unwrap();
    for value in vectors {
        let Vector { body, topic, now, expect } = vector(value);
        let judged = judge(&body, &topic, now);
        let as_expected = match expect.as_str() {
            "accept" => judged.is_ok(),
            "reject" => judged.is_err(),
            // The spelling of Lambda's events is none of HTTP's.
            _ => judged == Err(Refusal::Missing("SigningCertURL")),
        };
        assert!(as_expected, "{}: {expect}: {judged:?}", value["id"]);
    }
    assert!(vectors.len() >= 16);
}

/// One of each type and of each version, with a subject and without.
#[rstest]
fn every_change_of_what_is_signed_is_refused(#[values("P01", "P02", "P03", "P04", "P05")] id: &str) {
    let Vector { body, topic, now, .. } = named(id);
    let message: Map<String, Value> = serde_json::from_str(&body).unwrap();
    for (key, value) in message.iter().filter(|(key, _)| *key != "UnsubscribeURL") {
        let text = value.as_str().unwrap();
        let other = text.replacen(|it: char| it.is_ascii_digit(), if text.contains('7') { "3" } else { "7" }, 1);
        let shorter: String = text.chars().skip(1).collect();
        for changed_to in [format!("{text} "), format!("{text}\n"), text.to_uppercase(), other, shorter, String::new()]
        {
            if changed_to != text {
                let body = changed(&body, key, Some(changed_to.clone().into()));
                assert!(judge(&body, &topic, now).is_err(), "{key} as {changed_to:?}");
            }
        }
        for none in [None, Some(Value::Null), Some(1.into()), Some(vec![text].into())] {
            assert!(judge(&changed(&body, key, none.clone()), &topic, now).is_err(), "{key} as {none:?}");
        }
    }
    if id != "P03" {
        let subject = judge(&changed(&body, "Subject", Some("x".into())), &topic, now);
        assert_eq!(subject.is_err(), id != "P04" && id != "P05", "a confirmation has no subject that would count");
    }
    let more = changed(&body, "MessageAttributes", Some(serde_json::json!({"EventID": {"Type": "String"}})));
    assert_eq!(judge(&more, &topic, now), Ok(()), "what is not signed does not count");
}

/// A type that is signed cannot be called by another name, though its fields are there.
#[test]
fn no_type_passes_for_another() {
    for id in ["P01", "P04", "P05"] {
        let Vector { body, topic, now, .. } = named(id);
        let own: Value = serde_json::from_str(&body).unwrap();
        let kinds = ["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation", "notification", "X"];
        for kind in kinds.into_iter().filter(|it| own["Type"] != *it) {
            assert!(judge(&changed(&body, "Type", Some(kind.into())), &topic, now).is_err(), "{id} as {kind}");
        }
    }
}

/// What an attacker has SNS sign for a topic of their own, taken apart so that it seems to be of ours: the same signed
/// text, other fields.
#[test]
fn a_text_that_was_signed_is_not_taken_apart_in_another_way() {
    let Vector { body, now, .. } = named("P03");
    let own: Value = serde_json::from_str(&body).unwrap();
    let field = |key: &str| own[key].as_str().unwrap();
    let ours: TopicArn = "arn:aws:sns:us-west-2:123456789012:ours".parse().unwrap();
    let tail = format!("x\nTopicArn\n{}\nType\nNotification", field("TopicArn"));
    for (key, value) in [
        ("Type", format!("Notification\n{tail}")),
        ("TopicArn", format!("{ours}\n{tail}")),
        ("Timestamp", format!("{}\nTopicArn\n{ours}\nType\nNotification\n{tail}", field("Timestamp"))),
        ("Subject", format!("x\nTimestamp\n{}\nTopicArn\n{ours}\nType\nNotification\n{tail}", field("Timestamp"))),
        ("MessageId", format!("{}\n{tail}", field("MessageId"))),
    ] {
        let split = changed(&changed(&body, "TopicArn", Some(ours.as_str().into())), key, Some(value.into()));
        let refused = judge(&split, &ours, now).unwrap_err();
        let by_the_parser = matches!(refused, Refusal::LineFeed(_) | Refusal::Type(_) | Refusal::MessageId);
        assert!(by_the_parser, "{key}: before any signature is looked at, not by {refused:?}");
    }
}

#[rstest]
#[case::fresh(0, None)]
#[case::last_retry(3600, None)]
#[case::oldest(3899, None)]
#[case::too_old(3902, Some(Refusal::Old))]
#[case::clock_behind(-298, None)]
#[case::from_the_future(-302, Some(Refusal::Future))]
fn a_message_is_of_now(#[case] age: i64, #[case] refused: Option<Refusal>) {
    let Vector { body, topic, .. } = named("P02");
    let sent = envelope::read(body.as_bytes()).unwrap().sent_at;
    assert_eq!(judge(&body, &topic, sent + SignedDuration::from_secs(age)).err(), refused);
}

#[test]
fn another_topic_is_not_believed_whoever_has_signed() {
    let Vector { body, now, topic, .. } = named("P01");
    let region = topic.region().to_owned();
    for other in [format!("{topic}2"), format!("arn:aws:sns:{region}:111122223333:dongie-standard-topic")] {
        assert!(matches!(judge(&body, &other.parse().unwrap(), now), Err(Refusal::Topic(_))));
    }
    let envelope = envelope::read(body.as_bytes()).unwrap();
    assert!(matches!(admit(&envelope, &[], now), Err(Refusal::Topic(_))), "nobody is believed where nobody is named");
}
