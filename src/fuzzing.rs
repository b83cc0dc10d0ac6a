//! What the fuzzer calls.
//!
//! One function for every parser of bytes that others write, and for the sinks that make them safe to show. Each takes
//! any bytes; it must neither panic nor break what its comment says.
//!
//! `make fuzz` runs them for long with coverage (`fuzz/`); the test below runs them for a moment with bytes made from
//! what really arrives.

use std::path::Path;

use crate::{
    adapters::aws,
    config,
    domain::{command, name::ExportTask},
    inbound::{queue, slack, sns},
    projection::{phrase::redact::redact, text::Mrkdwn},
};

/// A function that takes any bytes.
pub type Target = fn(&[u8]);

/// Every target, by its name in `fuzz/fuzz_targets/`.
pub const TARGETS: [(&str, Target); 9] = [
    ("command", command),
    ("config", config),
    ("export_files", export_files),
    ("mrkdwn", mrkdwn),
    ("name", name),
    ("queue_message", queue_message),
    ("redact", redacted),
    ("slack_payload", slack_payload),
    ("sns_envelope", sns_envelope),
];

/// What people type. A command that is understood is understood again as the grammar writes its parts.
pub fn command(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let read = command::parse(&text);
    assert_eq!(read, command::parse(&format!("  {text}  ")), "blanks around it change nothing");
}

/// The configuration. Whatever is in it, all mistakes are reported, or there are none.
pub fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Err(mistakes) = config::check::check(&text, Path::new("/nonexistent")) {
        assert!(!mistakes.is_empty(), "refused without a reason");
    }
}

/// The status files of an export, and the manifest under `latest/`.
pub fn export_files(data: &[u8]) {
    aws::read_foreign(data);
}

/// The one sink of texts: nothing in them reaches Slack as a mention, a link or half an entity, however they are cut.
pub fn mrkdwn(data: &[u8]) {
    let (max, text) = data.split_first().map_or((0, data), |(max, text)| (usize::from(*max), text));
    let escaped = Mrkdwn::escaped(&String::from_utf8_lossy(text));
    for shown in [escaped.clone(), escaped.cut(max.max(1))] {
        let text = shown.as_str();
        assert!(!text.contains(['<', '>']), "{text}");
        let entities = ["&amp;", "&lt;", "&gt;"];
        let bare = text.match_indices('&').find(|(at, _)| !entities.iter().any(|it| text[*at..].starts_with(it)));
        assert_eq!(bare, None, "{text}");
    }
}

/// Names of export tasks. One that is read is written as it was.
pub fn name(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(name) = text.parse::<ExportTask>() {
        assert_eq!(name.as_str(), text);
    }
}

/// What the queue brings, in any wrapping.
pub fn queue_message(data: &[u8]) {
    let _ = queue::message::read(&String::from_utf8_lossy(data), &[]).kind();
}

/// What is posted to the door of SNS, and what its certificate host answers.
pub fn sns_envelope(data: &[u8]) {
    let _ = sns::envelope::read(data);
    let _ = sns::certificate::Certificate::read(data);
}

/// What AWS and jobs say. A mail address or an access key does not get through, wherever it stands.
pub fn redacted(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    assert!(!redact(&format!("{text} AKIAIOSFODNN7EXAMPLE {text}")).contains("AKIAIOSFODNN7EXAMPLE"));
    assert!(!redact(&format!("{text} ana@example.com {text}")).contains("ana@example.com"));
}

/// What Slack posts to its three doors.
pub fn slack_payload(data: &[u8]) {
    slack::read_foreign(data);
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::*;

    /// What really arrives, and what has been made to break parsers.
    const SEEDS: [&str; 15] = [
        "run shop --only a.b,c.d --layers normal --plan",
        "team_id=T1&user_id=U1&text=run+shop&response_url=https%3A%2F%2Fhooks.slack.com%2Fx",
        "payload=%7B%22type%22%3A%22block_actions%22%2C%22user%22%3A%7B%22id%22%3A%22U1%22%7D%2C%22actions%22%3A%5B%5D%7D",
        "payload=%7B%22type%22%3A%22view_submission%22%2C%22user%22%3A%7B%22id%22%3A%22U1%22%7D%2C%22view%22%3A%7B%22id%22%3A%22V1%22%2C%22callback_id%22%3A%22run.form%22%2C%22state%22%3A%7B%22values%22%3A%7B%22source%22%3A%7B%22source%22%3A%7B%22selected_option%22%3A%7B%22value%22%3A%22shop%22%7D%7D%7D%7D%7D%7D%7D",
        r#"{"type":"event_callback","event":{"type":"app_home_opened"}}"#,
        r#"{"type":"event_callback","event_id":"E1","authorizations":[{"user_id":"U2"}],"event":{"type":"app_mention","user":"U1","channel":"C1","text":"<@U2|b> run <http://a.b|a.b> &amp;lt;","ts":"1.2"}}"#,
        r#"{"type":"slash_commands","envelope_id":"e","payload":{"team_id":"T1","user_id":"U1","text":"run shop"}}"#,
        r#"{"Type":"Notification","MessageId":"1","TopicArn":"arn:aws:sns:ap-northeast-1:1:t","Message":"{\"Event Source\":\"db-snapshot\",\"Event ID\":\"x#RDS-EVENT-0091\",\"Source ARN\":\"arn:a\"}"}"#,
        r#"{"version":"0","source":"aws.glue","detail-type":"Glue Job State Change","detail":{"jobName":"j","state":"FAILED"}}"#,
        r#"{"perTableStatus":[{"target":"db.public.users","status":"COMPLETE","schemaMetadata":{"originalTypeMappings":[]}}]}"#,
        r#"{"exportTaskIdentifier":"a","status":"COMPLETE","snapshotTime":"2026-11-22T03:00:00Z","totalExportedDataInGB":0.1}"#,
        "[server]\nlisten = \"0.0.0.0:8080\"\n[[sources]]\nname = \"shop\"\nengine = \"rds\"\n",
        "password = hunter2, token: xoxb-1-2 <https://x|y> &lt; \u{202e}evil",
        "shop-202611220304-0a09292e-a1",
        "\u{0}\u{feff}\"\\\n\r\t{{[[<<&&''",
    ];

    fn mutated(rng: &mut Rng) -> Vec<u8> {
        let mut bytes = SEEDS[rng.usize(..SEEDS.len())].as_bytes().to_vec();
        for _ in 0..rng.usize(0..6) {
            let at = rng.usize(..=bytes.len());
            match rng.u8(0..5) {
                0 if at < bytes.len() => bytes[at] = rng.u8(..),
                1 => bytes.truncate(at),
                2 => bytes.insert(at, *b"\"\\{}[]<>&=%,:\0".get(rng.usize(..14)).unwrap()),
                3 => bytes.extend_from_within(..at),
                _ => bytes.splice(at..at, SEEDS[rng.usize(..SEEDS.len())].bytes().take(20)).for_each(drop),
            }
        }
        bytes
    }

    #[test]
    fn any_bytes_are_read_without_harm() {
        let rng = &mut Rng::with_seed(3);
        for (name, target) in TARGETS {
            for seed in SEEDS {
                target(seed.as_bytes());
            }
            for _ in 0..2000 {
                let bytes = mutated(rng);
                let done = std::panic::catch_unwind(|| target(&bytes));
                assert!(done.is_ok(), "{name}: {:?}", String::from_utf8_lossy(&bytes));
            }
        }
    }

    #[test]
    fn every_target_has_its_program() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
        let mut programs: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|it| it.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        programs.sort();
        assert_eq!(programs, TARGETS.map(|(name, _)| name));
    }
}
