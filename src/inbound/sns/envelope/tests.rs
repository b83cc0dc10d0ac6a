use proptest::prelude::{any, prop_assert, proptest};
use serde_json::{Value, json};

use super::*;

fn message() -> Value {
    json!({
        "Type": "Notification", "MessageId": "c0e5a280-53c9-5a98-93bb-c0a560b3d192",
        "TopicArn": "arn:aws:sns:us-west-2:123456789012:t", "Message": "line\nline", "Timestamp": "2026-03-06T19:55:38.903Z",
        "SignatureVersion": "1", "Signature": "Zm9v", "SigningCertURL": "https://sns.us-west-2.amazonaws.com/x.pem",
    })
}

fn with(key: &str, value: Value) -> Result<Envelope, Refusal> {
    let mut message = message();
    message[key] = value;
    read(message.to_string().as_bytes())
}

#[test]
fn a_whole_message_is_read() {
    let read = read(format!(" \r\n{}\n", message()).as_bytes()).unwrap();
    assert_eq!(read.kind, Kind::Notification { subject: None });
    assert_eq!((read.message.as_str(), read.signature.as_slice()), ("line\nline", b"foo".as_slice()));
    assert_eq!(with("Subject", json!(null)).unwrap().kind, Kind::Notification { subject: None });
}

#[test]
fn what_sns_does_not_write_is_refused() {
    let long = "x".repeat(FIELD + 1);
    for (key, value, refusal) in [
        ("Type", json!("Sermon"), Refusal::Type("Sermon".to_owned())),
        ("Type", json!("No\u{1b}[31m\r\u{202e}x"), Refusal::Type("No[31mx".to_owned())),
        ("Type", json!("Notification\n"), Refusal::LineFeed("Type")),
        ("Type", json!("SubscriptionConfirmation"), Refusal::Missing("SubscribeURL")),
        ("MessageId", json!("c0e5a28053c95a9893bbc0a560b3d192"), Refusal::MessageId),
        ("MessageId", json!("c0e5a280-53c9-5a98-93bb-c0a560b3d19g"), Refusal::MessageId),
        ("MessageId", json!("c0e5a280-53c9-5a98-93bbc-0a560b3d192"), Refusal::MessageId),
        ("MessageId", json!(""), Refusal::Missing("MessageId")),
        ("Subject", json!("a\nb"), Refusal::LineFeed("Subject")),
        ("Subject", json!(long), Refusal::TooLong("Subject")),
        ("Message", json!("x".repeat(MESSAGE + 1)), Refusal::TooLong("Message")),
        ("SignatureVersion", json!("3"), Refusal::SignatureVersion),
        ("SignatureVersion", json!("01"), Refusal::SignatureVersion),
        ("Signature", json!("Zm9v\n"), Refusal::LineFeed("Signature")),
        ("Signature", json!("Zm9"), Refusal::Encoding),
    ] {
        assert_eq!(with(key, value.clone()), Err(refusal), "{key}: {value}");
    }
}

#[test]
fn a_time_is_written_in_one_way() {
    for (text, valid) in [
        ("2026-03-06T19:55:38.903Z", true),
        ("2026-03-06T19:55:38.000Z", true),
        ("2026-03-06T19:55:38Z", true),
        ("2026-03-06T19:55:38.903z", false),
        ("2026-03-06t19:55:38.903Z", false),
        ("2026-03-06 19:55:38.903Z", false),
        ("2026-03-06T19:55:38.903+00:00", false),
        ("2026-03-06T19:55:38.903Z[UTC]", false),
        ("2026-13-06T19:55:38.903Z", false),
        ("2026-02-30T19:55:38.903Z", false),
        ("+002026-03-06T19:55:38Z", false),
        ("2026-03-06T19:55:38.Z", false),
        ("1772826938", false),
    ] {
        assert_eq!(with("Timestamp", json!(text)).is_ok(), valid, "{text}");
    }
}

#[test]
fn a_body_can_be_read_in_one_way() {
    let text = message().to_string();
    let twice = text.replacen("\"Type\"", "\"Type\":\"Notification\",\"Type\"", 1);
    let escaped = text.replacen("\"Type\"", "\"Type\":\"Notification\",\"T\\u0079pe\"", 1);
    let array = format!("[{}]", ["\"x\""; 11].join(","));
    for body in [twice, escaped, array, format!("[{text}]"), format!("\u{feff}{text}"), format!("{text}{text}")] {
        assert!(matches!(read(body.as_bytes()), Err(Refusal::Malformed(_))), "{body}");
    }
    assert!(matches!(read(b"{\"Type\":\"\xff\"}"), Err(Refusal::Malformed(_))));
    assert!(matches!(read("[".repeat(100_000).as_bytes()), Err(Refusal::Malformed(_))));
    let deep = text.replacen('{', &format!("{{\"x\":{}", "[".repeat(100_000)), 1);
    assert!(matches!(read(deep.as_bytes()), Err(Refusal::Malformed(_))));
    assert_eq!(read(b"{}"), Err(Refusal::Missing("Type")));
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd_to_be_read(body in any::<Vec<u8>>()) {
        let _ = read(&body);
    }

    #[test]
    fn no_field_but_the_message_has_a_line_feed(key in 0_usize..8, text in "[A-Za-z0-9:\n-]{0,40}") {
        let keys = ["Type", "MessageId", "TopicArn", "Subject", "Timestamp", "SignatureVersion", "Signature", "SigningCertURL"];
        if text.contains('\n') {
            prop_assert!(with(keys[key], json!(text)).is_err());
        }
    }
}
