//! `events explain`: what the bot understands of a captured event, and what it would do.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Exit, capture, say};
use crate::{
    domain::{
        source::{Schedule, Source},
        topic::TopicArn,
    },
    engine::hints::Hint,
    inbound::queue::{
        event::{Event, Form},
        message::{self, Found, IgnoredKind, Reading, Wrapping},
    },
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Say what the bot makes of one event, in any wrapping. Prints JSON.
    Explain {
        /// The file with the event; `-` is standard input.
        file: PathBuf,
        /// With it, it is said which source the event is about, and whether its topic is believed.
        #[arg(long, env = "DATALAKE_CONFIG", value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

pub(super) fn run(command: &Command) -> anyhow::Result<Exit> {
    let Command::Explain { file, config } = command;
    let body = capture::read(file)?;
    let (sources, topics) = match config {
        Some(config) => {
            let config = crate::config::Config::load(config)?;
            (config.sources, config.aws.sns_topics)
        }
        None => (Vec::new(), Vec::new()),
    };
    let (explained, exit) = explain(&String::from_utf8_lossy(&body), &sources, &topics);
    say(&serde_json::to_string_pretty(&explained)?);
    Ok(exit)
}

fn explain(body: &str, sources: &[Source], topics: &[TopicArn]) -> (Value, Exit) {
    let read = match capture::one_message(body) {
        Ok(message) => message::read(&message, topics),
        Err(why) => Reading::Malformed { why },
    };
    match read {
        Reading::Hint(found) => (understood(&found, sources), Exit::Done),
        Reading::Ignored(it) => {
            let (kind, would) = match it.kind {
                IgnoredKind::Notification | IgnoredKind::Stranger => ("ignored", "nothing"),
                IgnoredKind::Confirmation => ("subscription_confirmation", CONFIRM),
            };
            (explained(kind, Some(it.wrapping), it.event.as_ref(), None, would, &it.why), Exit::Done)
        }
        Reading::Malformed { why } => {
            let would = "leave it in the queue, for the dead-letter queue";
            (explained("malformed", None, None, None, would, &why), Exit::Failed)
        }
    }
}

const CONFIRM: &str = "nothing, if it came through the queue; posted to /sns, verify it and confirm the subscription";

fn understood(found: &Found, sources: &[Source]) -> Value {
    let (kind, would, why) = meaning(&found.hint);
    let source = found.event.as_ref().and_then(|it| source_of(it, &found.hint, sources));
    let would = match source {
        Some(source) if kind == "snapshot_available" && source.schedule == Schedule::Manual => {
            format!("nothing: source {} is run by people only", source.name)
        }
        Some(_) | None => would,
    };
    explained(kind, Some(found.wrapping), found.event.as_ref(), source, &would, why)
}

fn explained(
    kind: &str,
    around: Option<Wrapping>,
    event: Option<&Event>,
    source: Option<&Source>,
    would: &str,
    why: &str,
) -> Value {
    let (event_id, source_arn, form) = match event {
        Some(Event::Rds { id, form, source_arn, .. }) => (Some(id.as_str()), source_arn.as_deref(), Some(*form)),
        Some(Event::GlueJob { .. } | Event::GlueCrawler { .. } | Event::Other { .. }) => {
            (None, None, Some(Form::EventBridge))
        }
        None => (None, None, None),
    };
    json!({
        "kind": kind,
        "wrapping": around.map(|it| wrapping(it, form)),
        "event_id": event_id,
        "source_arn": source_arn,
        "source": source.map(|it| &it.name),
        "would": would,
        "why": why,
    })
}

fn meaning(hint: &Hint) -> (&'static str, String, &'static str) {
    match hint {
        Hint::Own(_) => ("wake_up", "look at it".to_owned(), "it is a wake-up of the bot's own"),
        Hint::SnapshotAvailable { snapshot, .. } => (
            "snapshot_available",
            format!("look {snapshot} up, and start a run of it if its source has schedule \"on-snapshot\""),
            "the event's id says that a snapshot was created",
        ),
        Hint::ExportEnded { source_arn } => (
            "export_ended",
            format!("look at the export tasks of the open runs of {source_arn}"),
            "the event's id says that an export has ended; of which task, no event says",
        ),
        Hint::JobEnded { job } => (
            "job_ended",
            format!("look at the open runs that use Glue job {job}"),
            "Glue says that a job run has ended",
        ),
        Hint::CrawlEnded { crawler } => (
            "crawl_ended",
            format!("look at the open runs that use crawler {crawler}"),
            "Glue says that a crawl has ended",
        ),
    }
}

fn wrapping(wrapping: Wrapping, form: Option<Form>) -> &'static str {
    match (wrapping, form) {
        (Wrapping::Raw, Some(Form::EventBridge)) => "eventbridge",
        (Wrapping::Raw, Some(Form::Subscription)) => "raw",
        (Wrapping::Raw, None) => "none",
        (Wrapping::Sns, Some(Form::EventBridge)) => "sns+eventbridge",
        (Wrapping::Sns, Some(Form::Subscription) | None) => "sns",
    }
}

/// The automated snapshots of a database carry its name; of others only RDS knows whose they are.
fn source_of<'a>(event: &Event, hint: &Hint, sources: &'a [Source]) -> Option<&'a Source> {
    let Event::Rds { source_id, .. } = event else { return None };
    let name = source_id.strip_prefix("rds:").unwrap_or(source_id);
    let ours = |it: &&Source| {
        let engine = !matches!(hint, Hint::SnapshotAvailable { engine, .. } if *engine != it.engine);
        engine && name.strip_prefix(&it.identifier).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    sources.iter().filter(ours).max_by_key(|it| it.identifier.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str) -> String {
        let inner = json!({
            "Event Source": "db-snapshot", "Source ID": "rds:shop-db-2026-11-22-03-00",
            "Source ARN": "arn:aws:rds:ap-northeast-1:123456789012:snapshot:rds:shop-db-2026-11-22-03-00",
            "Event ID": format!("https://docs.aws.amazon.com/x.html#{id}"), "Event Message": "x",
        });
        json!({"Type": "Notification", "Message": inner.to_string(), "TopicArn": "arn:aws:sns:x:1:y"}).to_string()
    }

    #[test]
    fn an_event_is_explained_understood_or_not() {
        let (told, exit) = explain(&event("RDS-EVENT-0161"), &[], &[]);
        assert_eq!((&told["kind"], &told["wrapping"], exit), (&json!("export_ended"), &json!("sns"), Exit::Done));
        let (told, exit) = explain(&event("RDS-EVENT-0090"), &[], &[]);
        assert_eq!((&told["kind"], &told["event_id"]), (&json!("ignored"), &json!("RDS-EVENT-0090")));
        assert!(told["source_arn"].is_string() && exit == Exit::Done);
        let (told, exit) = explain("{}", &[], &[]);
        assert_eq!((&told["kind"], exit), (&json!("malformed"), Exit::Failed));
        for key in ["wrapping", "event_id", "source_arn", "source"] {
            assert_eq!(told.get(key), Some(&Value::Null), "{key}");
        }
    }

    #[test]
    fn a_message_as_the_sdks_give_it_is_unwrapped() {
        let received = json!({"MessageId": "1", "ReceiptHandle": "x", "Body": event("RDS-EVENT-0091")}).to_string();
        assert_eq!(explain(&received, &[], &[]).0["kind"], "snapshot_available");
    }

    #[test]
    fn a_topic_that_is_not_believed_is_named() {
        let ours = ["arn:aws:sns:eu-west-1:123456789012:ours".parse().unwrap()];
        let (told, exit) = explain(&event("RDS-EVENT-0091"), &[], &ours);
        assert_eq!((&told["kind"], &told["would"], exit), (&json!("ignored"), &json!("nothing"), Exit::Done));
        assert!(told["why"].as_str().unwrap().contains("arn:aws:sns:x:1:y"), "{told}");
    }

    #[test]
    fn a_confirmation_of_a_subscription_is_known() {
        let body = json!({"Type": "SubscriptionConfirmation", "Message": "x", "TopicArn": "y"}).to_string();
        assert_eq!(explain(&body, &[], &[]).0["kind"], "subscription_confirmation");
    }
}
