//! From the body of a message to a [`Hint`]: our own wake-ups, and AWS's events in each of their wrappings. Pure.

use serde::Deserialize;
use serde_json::Value;

use super::event::{self, Event};
use crate::{
    domain::topic::TopicArn,
    engine::hints::{Hint, Message},
};

/// What a body says.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    Hint(Box<Found>),
    /// Understood, and of no interest here.
    Ignored(Box<Ignored>),
    /// Not a message that anybody should have sent.
    Malformed {
        why: String,
    },
}

/// A hint, and how it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub hint: Hint,
    pub wrapping: Wrapping,
    /// The event it came from; `None` for our own wake-ups.
    pub event: Option<Event>,
}

/// What is of no interest, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Ignored {
    pub why: String,
    pub kind: IgnoredKind,
    pub wrapping: Wrapping,
    /// The event, if it is one.
    pub event: Option<Event>,
}

/// What kind of message is of no interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoredKind {
    /// An event, or a line of text.
    Notification,
    /// SNS asks that a subscription be confirmed.
    Confirmation,
    /// It came through a topic that is not believed.
    Stranger,
}

/// In what an event was wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapping {
    /// The message itself.
    Raw,
    /// An envelope of SNS around it.
    Sns,
}

/// The envelope in which SNS delivers a notification.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "Message")]
    message: String,
    #[serde(rename = "TopicArn")]
    topic_arn: Option<String>,
}

impl Reading {
    /// Returns the reading's name in metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Hint(found) => match found.hint {
                Hint::Own(_) => "wake_up",
                Hint::SnapshotAvailable { .. } => "snapshot_available",
                Hint::ExportEnded { .. } => "export_ended",
                Hint::JobEnded { .. } => "job_ended",
                Hint::CrawlEnded { .. } => "crawl_ended",
            },
            Self::Ignored(_) => "ignored",
            Self::Malformed { .. } => "malformed",
        }
    }
}

/// Reads the body of a message from the queue. What came through SNS is believed if it is of one of `topics`, or if
/// there are none.
pub fn read(body: &str, topics: &[TopicArn]) -> Reading {
    if let Ok(own) = serde_json::from_str::<Message>(body) {
        return Reading::Hint(Box::new(Found { hint: Hint::Own(own), wrapping: Wrapping::Raw, event: None }));
    }
    let value = match serde_json::from_str::<Value>(body) {
        Ok(value @ Value::Object(_)) => value,
        Ok(_) => return malformed("the body is JSON, but not an object"),
        Err(error) => return malformed(&format!("the body is not JSON: {error}")),
    };
    if value.get("Type").is_none() || value.get("Message").is_none() {
        return read_event(&value, None, Wrapping::Raw);
    }
    let envelope = match serde_json::from_value::<Envelope>(value) {
        Ok(envelope) => envelope,
        Err(error) => return malformed(&format!("the envelope of SNS is not complete: {error}")),
    };
    let topic = envelope.topic_arn.as_deref();
    if !topics.is_empty() && !topics.iter().any(|it| Some(it.as_str()) == topic) {
        let topic = topic.unwrap_or("(none)");
        return ignored(format!("topic {topic} is not among aws.sns_topics"), IgnoredKind::Stranger);
    }
    match envelope.kind.as_str() {
        "Notification" => published(&envelope.message, topic),
        "SubscriptionConfirmation" => {
            ignored("a subscription of a queue needs no confirmation".to_owned(), IgnoredKind::Confirmation)
        }
        "UnsubscribeConfirmation" => ignored("a subscription has ended".to_owned(), IgnoredKind::Notification),
        other => malformed(&format!("SNS has no message of type `{other}`")),
    }
}

/// Reads what was published to a topic, out of its envelope.
pub fn published(message: &str, topic_arn: Option<&str>) -> Reading {
    match serde_json::from_str::<Value>(message) {
        Ok(inner @ Value::Object(_)) => read_event(&inner, topic_arn, Wrapping::Sns),
        // SNS and RDS send a line of text when a subscription is made or tested.
        _ => ignored("a notification that is not an event".to_owned(), IgnoredKind::Notification),
    }
}

fn read_event(value: &Value, topic_arn: Option<&str>, wrapping: Wrapping) -> Reading {
    match event::read(value, topic_arn) {
        Ok(event) => match event.hint() {
            Some(hint) => Reading::Hint(Box::new(Found { hint, wrapping, event: Some(event) })),
            None => Reading::Ignored(Box::new(Ignored {
                why: event.why_ignored(),
                kind: IgnoredKind::Notification,
                wrapping,
                event: Some(event),
            })),
        },
        Err(why) => malformed(&why),
    }
}

fn ignored(why: String, kind: IgnoredKind) -> Reading {
    Reading::Ignored(Box::new(Ignored { why, kind, wrapping: Wrapping::Sns, event: None }))
}

fn malformed(why: &str) -> Reading {
    Reading::Malformed { why: why.to_owned() }
}

#[cfg(test)]
mod tests;
