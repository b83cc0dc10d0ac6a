//! Events of RDS and Glue. One subscription brings "snapshot created" and "export completed" alike: they are told apart
//! by the event's id, never by its text, which has been reworded over the years.

use serde_json::Value;

use crate::{domain::source::Engine, engine::hints::Hint};

/// An event of AWS, in the form of the event subscription or of EventBridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An RDS event: its id (`RDS-EVENT-0091`), and what it is about.
    Rds { id: String, form: Form, source_id: String, source_arn: Option<String> },
    /// A Glue job run has changed its state.
    GlueJob { job: String, state: String },
    /// A crawler has changed its state.
    GlueCrawler { crawler: String, state: String },
    /// Something else that AWS sends.
    Other { what: String },
}

/// How an RDS event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The JSON of an RDS event subscription, with spaces in its keys.
    Subscription,
    EventBridge,
}

/// What the ids mean to us. The lists are RDS's "event categories and messages".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    SnapshotAvailable(Engine),
    ExportEnded,
    Nothing,
}

/// States of a Glue job run that has not ended.
const UNDER_WAY: [&str; 4] = ["WAITING", "STARTING", "RUNNING", "STOPPING"];

fn meaning(id: &str) -> Meaning {
    match id {
        // Manual and automated snapshots created; local copy finished, which is how AWS Backup's end.
        "RDS-EVENT-0042" | "RDS-EVENT-0091" | "RDS-EVENT-0197" => Meaning::SnapshotAvailable(Engine::Rds),
        "RDS-EVENT-0075" | "RDS-EVENT-0169" => Meaning::SnapshotAvailable(Engine::Aurora),
        // Failed, canceled, completed: of instance snapshots, cluster snapshots, clusters.
        "RDS-EVENT-0159" | "RDS-EVENT-0160" | "RDS-EVENT-0161" | "RDS-EVENT-0162" | "RDS-EVENT-0163"
        | "RDS-EVENT-0164" | "RDS-EVENT-0234" | "RDS-EVENT-0235" | "RDS-EVENT-0236" => Meaning::ExportEnded,
        _ => Meaning::Nothing,
    }
}

impl Event {
    /// Returns what the event hints at; `None` if it is of no interest.
    pub fn hint(&self) -> Option<Hint> {
        match self {
            Self::Rds { id, source_id, source_arn, .. } => match meaning(id) {
                Meaning::SnapshotAvailable(engine) => {
                    let snapshot = source_arn.clone().unwrap_or_else(|| source_id.clone());
                    Some(Hint::SnapshotAvailable { snapshot, engine })
                }
                Meaning::ExportEnded => Some(Hint::ExportEnded { source_arn: source_arn.clone()? }),
                Meaning::Nothing => None,
            },
            Self::GlueJob { state, .. } if UNDER_WAY.contains(&state.as_str()) => None,
            Self::GlueJob { job, .. } => Some(Hint::JobEnded { job: job.clone() }),
            Self::GlueCrawler { crawler, state } if state != "Started" => {
                Some(Hint::CrawlEnded { crawler: crawler.clone() })
            }
            Self::GlueCrawler { .. } | Self::Other { .. } => None,
        }
    }

    /// Returns why the event is of no interest.
    pub fn why_ignored(&self) -> String {
        match self {
            Self::Rds { id, .. } => format!("{id} neither makes a snapshot available nor ends an export"),
            Self::GlueJob { job, state } => format!("job {job} is {state}"),
            Self::GlueCrawler { crawler, state } => format!("crawler {crawler} is {state}"),
            Self::Other { what } => format!("{what} is not an event that the bot acts on"),
        }
    }
}

/// Reads an event that has been taken out of its wrapping. `topic_arn` helps where an old event lacks an ARN.
///
/// # Errors
/// It says that it is an event, and is not a whole one.
pub fn read(value: &Value, topic_arn: Option<&str>) -> Result<Event, String> {
    if value.get("Event ID").is_some() || value.get("Event Source").is_some() {
        subscription(value, topic_arn)
    } else if value.get("detail-type").is_some() {
        event_bridge(value)
    } else {
        Err("it is neither an event of RDS, nor of EventBridge, nor a wake-up of the bot".to_owned())
    }
}

fn subscription(value: &Value, topic_arn: Option<&str>) -> Result<Event, String> {
    let Some(address) = text(value, "Event ID") else { return Err("the event has no `Event ID`".to_owned()) };
    // An address in the documentation; its host and page have changed, its end has not.
    let Some(id) = event_id(address) else {
        return Ok(Event::Other { what: format!("`{address}`") });
    };
    let Some(source_id) = text(value, "Source ID") else { return Err(format!("{id} has no `Source ID`")) };
    let source_arn = text(value, "Source ARN").map(str::to_owned).or_else(|| built_arn(value, source_id, topic_arn));
    Ok(Event::Rds { id: id.to_owned(), form: Form::Subscription, source_id: source_id.to_owned(), source_arn })
}

fn event_bridge(value: &Value) -> Result<Event, String> {
    let kind = text(value, "detail-type").unwrap_or_default();
    let detail = value.get("detail").ok_or("the event has no `detail`")?;
    let need = |key: &str| text(detail, key).map(str::to_owned).ok_or(format!("`{kind}` has no `detail.{key}`"));
    match (text(value, "source").unwrap_or_default(), kind) {
        ("aws.rds", _) => {
            let Some(id) = text(detail, "EventID").and_then(event_id) else {
                return Ok(Event::Other { what: format!("`{kind}` without an id") });
            };
            let source_arn = text(detail, "SourceArn").map(str::to_owned);
            let source_id = need("SourceIdentifier").or_else(|missing| source_arn.clone().ok_or(missing))?;
            Ok(Event::Rds { id: id.to_owned(), form: Form::EventBridge, source_id, source_arn })
        }
        ("aws.glue", "Glue Job State Change") => Ok(Event::GlueJob { job: need("jobName")?, state: need("state")? }),
        ("aws.glue", "Glue Crawler State Change") => {
            Ok(Event::GlueCrawler { crawler: need("crawlerName")?, state: need("state")? })
        }
        (source, _) => Ok(Event::Other { what: format!("`{kind}` of {source}") }),
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str).filter(|it| !it.is_empty())
}

/// Returns the `RDS-EVENT-dddd` that `text` ends with.
fn event_id(text: &str) -> Option<&str> {
    let id = &text[text.rfind("RDS-EVENT-")?..];
    let digits = &id["RDS-EVENT-".len()..];
    (digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(id)
}

/// Events before 2021 have no ARN: Region and account are the topic's, the kind is the event's source.
fn built_arn(value: &Value, source_id: &str, topic_arn: Option<&str>) -> Option<String> {
    let mut topic = topic_arn?.split(':').skip(1);
    let (partition, _, region, account) = (topic.next()?, topic.next()?, topic.next()?, topic.next()?);
    let kind = match text(value, "Event Source")? {
        "db-snapshot" => "snapshot",
        "db-cluster-snapshot" => "cluster-snapshot",
        "db-cluster" => "cluster",
        _ => return None,
    };
    Some(format!("arn:{partition}:rds:{region}:{account}:{kind}:{source_id}"))
}
