//! `events explain`: what the bot understands of a captured event, and what it would do.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Exit, say};
use crate::{
    domain::source::{Engine, Schedule, Source},
    engine::hints::Hint,
    inbound::queue::{
        event::{Event, Form},
        message::{self, Found, Reading, Wrapping},
    },
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Say what the bot makes of one event, in any wrapping. Prints JSON.
    Explain {
        /// The file with the event; `-` is standard input.
        file: PathBuf,
        /// With it, it is said which source the event is about.
        #[arg(long, env = "DATALAKE_CONFIG", value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

pub(super) fn run(command: &Command) -> anyhow::Result<Exit> {
    let Command::Explain { file, config } = command;
    let body = if file.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())?
    } else {
        std::fs::read_to_string(file).map_err(|it| anyhow::anyhow!("cannot read {}: {it}", file.display()))?
    };
    let sources = match config {
        Some(config) => crate::config::Config::load(config)?.sources,
        None => Vec::new(),
    };
    let (explained, exit) = explain(&body, &sources);
    say(&serde_json::to_string_pretty(&explained)?);
    Ok(exit)
}

fn explain(body: &str, sources: &[Source]) -> (Value, Exit) {
    // A captured SQS message may still be in the form in which the SDKs give it.
    let inner = serde_json::from_str::<Value>(body).ok().and_then(|it| Some(it.get("Body")?.as_str()?.to_owned()));
    match message::read(inner.as_deref().unwrap_or(body)) {
        Reading::Hint(found) => (understood(&found, sources), Exit::Done),
        Reading::Ignored { why } => {
            let kind = if why.contains("Confirmation") { "subscription_confirmation" } else { "ignored" };
            (json!({"kind": kind, "would": "nothing", "why": why}), Exit::Done)
        }
        Reading::Malformed { why } => (
            json!({"kind": "malformed", "would": "leave it in the queue, for the dead-letter queue", "why": why}),
            Exit::Failed,
        ),
    }
}

fn understood(found: &Found, sources: &[Source]) -> Value {
    let (event_id, form, source_arn, source_id) = match &found.event {
        Some(Event::Rds { id, form, source_arn, source_id }) => {
            (Some(id.as_str()), Some(*form), source_arn.as_deref(), Some(source_id.as_str()))
        }
        Some(Event::GlueJob { .. } | Event::GlueCrawler { .. } | Event::Other { .. }) => {
            (None, Some(Form::EventBridge), None, None)
        }
        None => (None, None, None, None),
    };
    let (kind, would, why) = meaning(&found.hint);
    let source = source_id.and_then(|id| source_of(id, &found.hint, sources));
    json!({
        "kind": kind,
        "wrapping": wrapping(found.wrapping, form),
        "event_id": event_id,
        "source_arn": source_arn,
        "source": source.map(|it| &it.name),
        "would": match source {
            Some(source) if kind == "snapshot_available" && source.schedule == Schedule::Manual => {
                format!("nothing: source {} is run by people only", source.name)
            }
            _ => would,
        },
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
fn source_of<'a>(snapshot: &str, hint: &Hint, sources: &'a [Source]) -> Option<&'a Source> {
    let engine = match hint {
        Hint::SnapshotAvailable { engine, .. } => Some(*engine),
        Hint::Own(_) | Hint::ExportEnded { .. } | Hint::JobEnded { .. } | Hint::CrawlEnded { .. } => None::<Engine>,
    };
    let name = snapshot.strip_prefix("rds:").unwrap_or(snapshot);
    let ours =
        |it: &&Source| name.strip_prefix(&it.identifier).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    sources
        .iter()
        .filter(|it| engine.is_none_or(|engine| it.engine == engine))
        .filter(ours)
        .max_by_key(|it| it.identifier.len())
}
