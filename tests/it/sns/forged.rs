//! Messages that are not SNS's, or not for us: 403, no effect, and nothing is asked of anybody on their account.

use datalake_bot::sandbox::{
    aws::{Signer, Subject, pem},
    world::World,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::harness::{Bot, options};

/// A key on the curve P-256, with its algorithm: as good as another, but not RSA.
const CURVE: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

fn moved(message: &Value, by: i64) -> String {
    let sent: Timestamp = message["Timestamp"].as_str().unwrap().parse().unwrap();
    (sent + SignedDuration::from_secs(by)).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_ours_is_refused_before_a_certificate_is_asked_for() {
    let bot = Bot::start().await;
    let event = bot.event().await;
    let topic = event["TopicArn"].as_str().unwrap();
    let (region, other) = ("ap-northeast-1", "us-east-1");
    let host = format!("https://sns.{region}.amazonaws.com");
    let foreign = topic.replace(region, other);
    let mut tried = 0;
    for (key, value) in [
        ("TopicArn", format!("{topic}2")),
        ("TopicArn", foreign),
        ("TopicArn", topic.replace("123456789012", "210987654321")),
        ("TopicArn", format!("{topic}\nType\nNotification")),
        ("Timestamp", moved(&event, -3950)),
        ("Timestamp", moved(&event, 350)),
        ("Type", "Sermon".to_owned()),
        ("MessageId", "1".to_owned()),
        ("Subject", "x\nTimestamp\ny".to_owned()),
        ("SigningCertURL", format!("https://sns.{other}.amazonaws.com/x.pem")),
        ("SigningCertURL", format!("{host}.evil.example/x.pem")),
        ("SigningCertURL", format!("{host}@evil.example/x.pem")),
        ("SigningCertURL", format!("{host}:8443/x.pem")),
        ("SigningCertURL", format!("{host}/x.pem?y")),
        ("SigningCertURL", format!("{host}/x")),
        ("SigningCertURL", format!("{host}/../x.pem")),
        ("SigningCertURL", "http://169.254.169.254/x.pem".to_owned()),
        ("SigningCertURL", "https://sns.s3.amazonaws.com/x.pem".to_owned()),
    ] {
        let mut message = event.clone();
        message[key] = value.clone().into();
        bot.world.aws.sns.sign(&mut message);
        assert_eq!(bot.post(&message).await, 403, "{key}: {value:?}");
        tried += 1;
    }
    let sns = &bot.world.aws.sns;
    for body in ["", "{}", "[]", "null", "not json", "{\"Type\":\"Notification\"}"] {
        assert_eq!(sns.post(&bot.door(), &[], body).await, Some(403), "{body:?}");
    }
    let signed = bot.signed_event().await;
    let twice = signed.to_string().replacen("\"Type\":", "\"Type\":\"Notification\",\"Type\":", 1);
    assert_eq!(sns.post(&bot.door(), &[], &twice).await, Some(403));
    let raw = ("x-amz-sns-rawdelivery", "true");
    assert_eq!(sns.post(&bot.door(), &[raw], &signed.to_string()).await, Some(403));
    assert_eq!(sns.post(&bot.door(), &[raw], event["Message"].as_str().unwrap()).await, Some(403));
    let large = json!({"Message": "x".repeat(1024 * 1024)}).to_string();
    assert!(matches!(sns.post(&bot.door(), &[], &large).await, Some(413) | None));
    assert_eq!((tried, bot.fetched()), (18, 0));
    assert_eq!(bot.runs().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sns_has_not_signed_is_refused() {
    let bot = Bot::start().await;
    let signed = bot.signed_event().await;
    for (key, value) in [
        ("Message", json!("{}")),
        ("Subject", json!("another")),
        ("Subject", Value::Null),
        ("Timestamp", json!(moved(&signed, 1))),
        ("MessageId", json!("00000000-0000-4000-8000-000000000000")),
        ("SignatureVersion", json!("1")),
        ("Signature", json!("Zm9v")),
    ] {
        let mut message = signed.clone();
        message[key] = value;
        assert_eq!(bot.post(&message).await, 403, "{key}");
    }
    let mut invited = bot.world.aws.sns.confirmation("SubscriptionConfirmation");
    Signer::new().sign(&mut invited);
    assert_eq!(bot.post(&invited).await, 403, "signed by another key");
    bot.world.aws.sns.sign(&mut invited);
    invited["SubscribeURL"] = "http://169.254.169.254/".into();
    assert_eq!(bot.post(&invited).await, 403);
    assert_eq!(bot.effects("sns", "ConfirmSubscription").len(), 0);
    assert_eq!(bot.runs().await, []);
}

/// Certificates that SNS's own host would have to serve.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_sns_s_and_of_now() {
    let bot = Bot::start().await;
    let sns = &bot.world.aws.sns;
    let (good, signer) = (sns.subject(), sns.signer());
    let day = SignedDuration::from_hours(24);
    let now = good.from + day * 365;
    let named = |name: &str, names: &[&str]| Subject {
        common_name: name.to_owned(),
        names: names.iter().map(|it| (*it).to_owned()).collect(),
        ..good.clone()
    };
    let own = good.certificate(signer);
    for (what, pem, status) in [
        ("common name alone", named("sns.amazonaws.com", &[]).certificate(signer), 200),
        ("one of several names", named("x", &["a.example", "sns.amazonaws.com"]).certificate(signer), 200),
        ("blanks around", format!("\n{own}\n"), 200),
        ("another's", named("sns.evil.example", &[]).certificate(signer), 403),
        ("another's beside the right common name", named("sns.amazonaws.com", &["x.example"]).certificate(signer), 403),
        ("a wildcard", named("*.amazonaws.com", &["*.amazonaws.com"]).certificate(signer), 403),
        ("a longer name", named("sns.amazonaws.com.evil.example", &[]).certificate(signer), 403),
        ("another Region's", named("sns-signing.me-south-1.amazonaws.com", &[]).certificate(signer), 403),
        ("expired", Subject { until: now - day, ..good.clone() }.certificate(signer), 403),
        ("of tomorrow", Subject { from: now + day, ..good.clone() }.certificate(signer), 403),
        ("of a curve", good.certificate_for(&hex::decode(CURVE).unwrap(), signer), 403),
        ("of another key", good.certificate(&Signer::new()), 403),
        ("two blocks", format!("{own}{own}"), 403),
        ("something before", format!("subject=CN=sns.amazonaws.com\n{own}"), 403),
        ("another label", own.replace("CERTIFICATE", "PUBLIC KEY"), 403),
        ("no certificate", pem(b"0\x03\x02\x01\x01"), 403),
        ("a page", "<html>".to_owned(), 403),
        ("nothing", String::new(), 403),
        ("far too large", format!("{own}{}", " ".repeat(70_000)), 503),
    ] {
        let file = format!("{}.pem", what.replace([' ', '\''], "-"));
        sns.serve(&file, &pem);
        let mut message = sns.notification("a line of text");
        message["SigningCertURL"] = format!("https://sns.ap-northeast-1.amazonaws.com/{file}").into();
        sns.sign(&mut message);
        let before = bot.fetched();
        assert_eq!(bot.post(&message).await, status, "{what}");
        assert_eq!(bot.post(&message).await, status, "{what}, again");
        assert_eq!(bot.fetched() - before, if status == 200 { 1 } else { 2 }, "{what}: kept only if it is good");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_topic_is_named_the_door_is_shut() {
    let world = World::start(options()).await.unwrap();
    let no_topics = |config: String| {
        let line = config.lines().find(|it| it.starts_with("sns_topics")).unwrap().to_owned();
        config.replace(&line, "")
    };
    let bot = Bot::start_in(world, no_topics).await;
    assert_eq!(bot.post(&bot.signed_event().await).await, 403);
    assert_eq!(bot.fetched(), 0);
    bot.world.aws.rds.create_automated_snapshot("school-db").unwrap();
    bot.until("the queue is believed", async || bot.runs().await.pop()).await;
}
