//! `sns verify` and `events explain`, on captured messages.

use std::{fs, path::Path, process::Command};

use rstest::rstest;
use serde_json::{Value, json};

/// Runs the program. Returns its exit code, and the JSON that it has printed.
fn run(arguments: &[&str]) -> (i32, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_datalake-bot")).args(arguments).env_clear().output().unwrap();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap_or_default())
}

struct Capture {
    folder: tempfile::TempDir,
    vector: Value,
}

impl Capture {
    /// Returns a published message in a folder with its certificate.
    fn of(id: &str) -> Self {
        let published: Value =
            serde_json::from_str(&crate::sources::read("tests/fixtures/sns_published.json")).unwrap();
        let vector = published["vectors"].as_array().unwrap().iter().find(|it| it["id"] == id).unwrap().clone();
        let folder = tempfile::tempdir().unwrap();
        for (url, pem) in published["certs"].as_object().unwrap() {
            fs::write(folder.path().join(url.rsplit('/').next().unwrap()), pem.as_str().unwrap()).unwrap();
        }
        fs::write(folder.path().join("message"), vector["body"].as_str().unwrap()).unwrap();
        Self { folder, vector }
    }

    fn verify(&self, change: impl FnOnce(&mut Vec<String>)) -> (i32, Value) {
        let path = |it: &Path| it.display().to_string();
        let text = |key: &str| self.vector[key].as_str().unwrap().to_owned();
        let folder = self.folder.path();
        let mut arguments = vec!["sns".to_owned(), "verify".to_owned(), path(&folder.join("message"))];
        arguments.extend(["--topic".to_owned(), text("topic"), "--certs".to_owned(), path(folder)]);
        arguments.extend(["--now".to_owned(), text("now")]);
        change(&mut arguments);
        run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

#[rstest]
#[case("P02", 0, "the message is valid")]
#[case("P05", 0, "the message is valid")]
#[case("P10", 1, "the certificate's key is not RSA with at least 2048 bits")]
#[case("P11", 1, "the message is older than 65 minutes")]
#[case(
    "P12",
    1,
    "topic `arn:aws:sns:us-west-2:131990247566:dongie-standard-topic` is not one whose messages are believed"
)]
#[case("P13", 1, "the signature does not match")]
#[case("P15", 1, "the message has no `SigningCertURL`")]
fn a_published_message_is_verified(#[case] id: &str, #[case] exit: i32, #[case] reason: &str) {
    let expected = json!({"valid": exit == 0, "reason": reason});
    assert_eq!(Capture::of(id).verify(|_| ()), (exit, expected));
}

#[test]
fn wrong_usage_is_told_from_a_message_that_is_not_valid() {
    let capture = Capture::of("P01");
    assert_eq!(capture.verify(|it| it[2] = "/nowhere".to_owned()).0, 2);
    assert_eq!(capture.verify(|it| it[4] = "not-an-arn".to_owned()).0, 2);
    assert_eq!(capture.verify(|it| it[6] = "/nowhere".to_owned()).0, 2);
    assert_eq!(capture.verify(|it| it[8] = "yesterday".to_owned()).0, 2);
    // Without a time it is judged by today's.
    assert_eq!(capture.verify(|it| it.truncate(7)).0, 1);
    let empty = tempfile::tempdir().unwrap();
    let (exit, told) = capture.verify(|it| it[6] = empty.path().display().to_string());
    assert_eq!((exit, &told["valid"]), (1, &json!(false)));
    assert!(told["reason"].as_str().unwrap().ends_with("is not at hand"), "{told}");
}

#[test]
fn several_messages_are_not_explained_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("captured");
    let explain = |captured: &Value| {
        fs::write(&file, captured.to_string()).unwrap();
        run(&["events", "explain", file.to_str().unwrap()])
    };
    let event = json!({"detail-type": "Glue Job State Change", "source": "aws.glue",
        "detail": {"jobName": "shop-normal", "state": "SUCCEEDED"}});
    let one = json!({"Messages": [{"MessageId": "1", "Body": event.to_string()}]});
    let (exit, told) = explain(&one);
    assert_eq!((exit, &told["kind"], &told["wrapping"]), (0, &json!("job_ended"), &json!("eventbridge")));
    let (exit, told) = explain(&json!({"Messages": [{"Body": "{}"}, {"Body": "{}"}]}));
    assert_eq!((exit, &told["kind"]), (1, &json!("malformed")));
    assert!(told["why"].as_str().unwrap().contains("one at a time"), "{told}");
}
