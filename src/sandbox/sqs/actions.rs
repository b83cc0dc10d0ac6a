//! The operations, one function each: a request's JSON in, the answer's JSON out.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use md5::{Digest as _, Md5};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    queue::{Message, Queue, Receipt},
    refusal::Refusal,
    state::State,
};

/// What an operation answers, and what the history shall say of it.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) answer: Value,
    pub(super) note: Value,
}

type Outcome = Result<Done, Refusal>;

/// Carries one operation out. `ReceiveMessage` looks once; waiting is its caller's.
pub(super) fn act(state: &mut State, operation: &str, body: &Value, now: Timestamp) -> Outcome {
    match operation {
        "CreateQueue" => create_queue(state, body, now),
        "GetQueueUrl" => get_queue_url(state, body),
        "SetQueueAttributes" => set_attributes(state, body, now),
        "GetQueueAttributes" => super::describe::get_attributes(state, body, now),
        "SendMessage" => send(state, body, now),
        "ReceiveMessage" => super::receive::receive(state, body, now),
        "DeleteMessage" => delete(state, body),
        "ChangeMessageVisibility" => change_visibility(state, body, now),
        "SendMessageBatch" => super::batch::batch(state, "SendMessage", body, now),
        "DeleteMessageBatch" => super::batch::batch(state, "DeleteMessage", body, now),
        "ChangeMessageVisibilityBatch" => super::batch::batch(state, "ChangeMessageVisibility", body, now),
        "PurgeQueue" => purge(state, body, now),
        _ => Err(Refusal::new("UnknownOperation", "")),
    }
}

/// Reads a request's members.
pub(super) fn read<T: DeserializeOwned>(body: &Value) -> Result<T, Refusal> {
    T::deserialize(body).map_err(|error| {
        let text = error.to_string();
        let kind = if text.starts_with("missing field") { "MissingParameter" } else { "SerializationException" };
        Refusal::new(kind, text)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    queue_name: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

fn create_queue(state: &mut State, body: &Value, now: Timestamp) -> Outcome {
    let Create { queue_name: name, attributes } = read(body)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.ends_with(".fifo") {
        return Err(Refusal::new("UnsupportedOperation", "This stand-in has standard queues only."));
    }
    if name.is_empty() || name.len() > 80 || !name.chars().all(allowed) {
        let reason = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
        return Err(Refusal::new("InvalidParameterValue", reason));
    }
    if let Some(queue) = state.queues.get(&name) {
        if let Some(other) = queue.attributes.differs(&attributes) {
            let text = format!("A queue already exists with the same name and a different value for attribute {other}");
            return Err(Refusal::new("QueueNameExists", text));
        }
    } else {
        let checked = state.checked(Default::default(), &attributes)?;
        state.queues.insert(name.clone(), Queue::new(checked, now));
    }
    Ok(Done { answer: json!({ "QueueUrl": state.url(&name) }), note: json!({ "queue": name }) })
}

fn get_queue_url(state: &State, body: &Value) -> Outcome {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Asked {
        queue_name: String,
    }
    let Asked { queue_name: name } = read(body)?;
    if !state.queues.contains_key(&name) {
        return Err(Refusal::no_queue());
    }
    Ok(Done { answer: json!({ "QueueUrl": state.url(&name) }), note: json!({ "queue": name }) })
}

fn set_attributes(state: &mut State, body: &Value, now: Timestamp) -> Outcome {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Asked {
        queue_url: String,
        attributes: BTreeMap<String, String>,
    }
    let asked: Asked = read(body)?;
    let (name, queue) = state.queue(&asked.queue_url)?;
    let before = queue.attributes.clone();
    let checked = state.checked(before, &asked.attributes)?;
    let (_, queue) = state.queue(&asked.queue_url)?;
    queue.attributes = checked;
    queue.modified = now;
    Ok(Done { answer: json!({}), note: json!({ "queue": name, "attributes": asked.attributes }) })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Send {
    queue_url: String,
    message_body: String,
    delay_seconds: Option<i64>,
    message_attributes: Option<BTreeMap<String, Value>>,
    message_system_attributes: Option<BTreeMap<String, Value>>,
}

fn send(state: &mut State, body: &Value, now: Timestamp) -> Outcome {
    let asked: Send = read(body)?;
    let (name, queue) = state.queue(&asked.queue_url)?;
    let filled = |it: &Option<BTreeMap<_, _>>| it.as_ref().is_some_and(|it| !it.is_empty());
    if filled(&asked.message_attributes) || filled(&asked.message_system_attributes) {
        return Err(Refusal::new("UnsupportedOperation", "This stand-in does not keep message attributes."));
    }
    let most = queue.attributes.number("MaximumMessageSize");
    if asked.message_body.is_empty() {
        return Err(Refusal::new("MissingParameter", "The request must contain the parameter MessageBody."));
    }
    if asked.message_body.len() as i64 > most {
        let text = format!("One or more parameters are invalid. Reason: Message must be shorter than {most} bytes.");
        return Err(Refusal::new("InvalidParameterValue", text));
    }
    if !asked.message_body.chars().all(is_allowed) {
        return Err(Refusal::new("InvalidMessageContents", "Invalid characters found."));
    }
    let delay = match asked.delay_seconds {
        None => queue.attributes.seconds("DelaySeconds"),
        Some(it) if (0..=900).contains(&it) => SignedDuration::from_secs(it),
        Some(it) => return Err(Refusal::value(it, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")),
    };
    let id = state.put(&name, &asked.message_body, delay, now);
    let answer = json!({ "MessageId": id, "MD5OfMessageBody": md5(&asked.message_body) });
    Ok(Done { answer, note: json!({ "queue": name, "message_id": id, "body": asked.message_body }) })
}

/// Returns the check sum of a body as SQS gives it.
pub(super) fn md5(body: &str) -> String {
    hex::encode(Md5::digest(body.as_bytes()))
}

/// The characters of XML 1.0 (SQS API reference, `SendMessage`).
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

fn delete(state: &mut State, body: &Value) -> Outcome {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Asked {
        queue_url: String,
        receipt_handle: String,
    }
    let asked: Asked = read(body)?;
    let (name, queue) = state.queue(&asked.queue_url)?;
    let deleted = queue.delete(Receipt::read(&asked.receipt_handle)?);
    Ok(Done { answer: json!({}), note: json!({ "queue": name, "message_id": deleted }) })
}

fn change_visibility(state: &mut State, body: &Value, now: Timestamp) -> Outcome {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Asked {
        queue_url: String,
        receipt_handle: String,
        visibility_timeout: i64,
    }
    let asked: Asked = read(body)?;
    let (name, queue) = state.queue(&asked.queue_url)?;
    let seconds = asked.visibility_timeout;
    if !(0..=43_200).contains(&seconds) {
        return Err(Refusal::value(seconds, "VisibilityTimeout", "Must be between 0 and 43200, if provided."));
    }
    let id = queue.hide(Receipt::read(&asked.receipt_handle)?, SignedDuration::from_secs(seconds), now)?;
    Ok(Done { answer: json!({}), note: json!({ "queue": name, "message_id": id, "seconds": seconds }) })
}

fn purge(state: &mut State, body: &Value, now: Timestamp) -> Outcome {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Asked {
        queue_url: String,
    }
    let Asked { queue_url } = read(body)?;
    let (name, queue) = state.queue(&queue_url)?;
    if queue.purged.is_some_and(|at| now.duration_since(at) < SignedDuration::from_secs(60)) {
        let text = format!("Only one PurgeQueue operation on {name} is allowed every 60 seconds.");
        return Err(Refusal::new("PurgeQueueInProgress", text));
    }
    let ids: Vec<String> = queue.messages().map(|it: &Message| it.id.clone()).collect();
    queue.purge(now);
    Ok(Done { answer: json!({}), note: json!({ "queue": name, "message_ids": ids }) })
}
