//! `ReceiveMessage`: one look at a queue.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    actions::{self, Done, md5},
    queue::{Message, Receipt},
    refusal::Refusal,
    state::State,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    queue_url: String,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
}

/// Takes what is visible now.
///
/// # Errors
/// A number is outside its limits (`InvalidParameterValue`) or the queue is not there.
pub(super) fn receive(state: &mut State, body: &Value, now: Timestamp) -> Result<Done, Refusal> {
    let asked: Asked = actions::read(body)?;
    let (name, _) = state.queue(&asked.queue_url)?;
    let max = within("MaxNumberOfMessages", asked.max_number_of_messages, 1, 10)?.unwrap_or(1);
    within("WaitTimeSeconds", asked.wait_time_seconds, 0, 20)?;
    let hidden = within("VisibilityTimeout", asked.visibility_timeout, 0, 43_200)?;
    state.sweep(&name, now);
    let (_, queue) = state.queue(&asked.queue_url)?;
    let hidden = hidden.map_or_else(|| queue.attributes.seconds("VisibilityTimeout"), SignedDuration::from_secs);
    let taken = queue.receive(usize::try_from(max).unwrap_or(1), hidden, now);
    let wanted: Vec<String> = [asked.attribute_names, asked.message_system_attribute_names].concat();
    let messages: Vec<Value> = taken.iter().map(|it| written(it, &wanted)).collect();
    let ids: Vec<&str> = taken.iter().map(|it| it.id.as_str()).collect();
    let note = json!({ "queue": name, "message_ids": ids });
    // An empty answer has no member `Messages`, as with AWS.
    let answer = if messages.is_empty() { json!({}) } else { json!({ "Messages": messages }) };
    Ok(Done { answer, note })
}

/// Returns how many seconds the request wants to wait for a message; the queue's own setting if it does not say.
pub(super) fn wait_seconds(state: &mut State, body: &Value) -> u64 {
    let asked = body["WaitTimeSeconds"].as_i64();
    let own = || {
        let (_, queue) = state.queue(body["QueueUrl"].as_str()?).ok()?;
        Some(queue.attributes.number("ReceiveMessageWaitTimeSeconds"))
    };
    asked.or_else(own).and_then(|it| u64::try_from(it).ok()).unwrap_or_default()
}

fn within(name: &str, value: Option<i64>, least: i64, most: i64) -> Result<Option<i64>, Refusal> {
    match value {
        Some(it) if !(least..=most).contains(&it) => {
            Err(Refusal::value(it, name, &format!("Must be between {least} and {most}, if provided.")))
        }
        Some(_) | None => Ok(value),
    }
}

fn written(message: &Message, wanted: &[String]) -> Value {
    let mut known = BTreeMap::from([
        ("ApproximateReceiveCount", message.received.to_string()),
        ("SentTimestamp", message.sent.as_millisecond().to_string()),
        ("SenderId", "AIDASTANDIN".to_owned()),
    ]);
    if let Some(first) = message.first_received {
        known.insert("ApproximateFirstReceiveTimestamp", first.as_millisecond().to_string());
    }
    if let Some(source) = &message.dead_from {
        known.insert("DeadLetterQueueSourceArn", source.clone());
    }
    known.retain(|name, _| wanted.iter().any(|it| it == "All" || it == name));
    let mut written = json!({
        "MessageId": message.id,
        "ReceiptHandle": Receipt::of(message).write(),
        "MD5OfBody": md5(&message.body),
        "Body": message.body,
    });
    if !known.is_empty() {
        written["Attributes"] = json!(known);
    }
    written
}
