//! `GetQueueAttributes`.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    actions::{self, Done},
    queue::Message,
    refusal::Refusal,
    state::State,
};

/// Returns the attributes that are asked for and set, the counts of messages among them.
///
/// # Errors
/// The queue is not there.
pub(super) fn get_attributes(state: &mut State, body: &Value, now: Timestamp) -> Result<Done, Refusal> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Asked {
        queue_url: String,
        #[serde(default)]
        attribute_names: Vec<String>,
    }
    let asked: Asked = actions::read(body)?;
    let (name, queue) = state.queue(&asked.queue_url)?;
    let count = |which: &dyn Fn(&Message) -> bool| queue.messages().filter(|it| which(it)).count().to_string();
    let counted = [
        ("ApproximateNumberOfMessages", count(&|it| it.visible_from <= now)),
        ("ApproximateNumberOfMessagesNotVisible", count(&|it| it.in_flight(now))),
        ("ApproximateNumberOfMessagesDelayed", count(&|it| it.received == 0 && it.visible_from > now)),
        ("CreatedTimestamp", queue.created.as_second().to_string()),
        ("LastModifiedTimestamp", queue.modified.as_second().to_string()),
        ("QueueArn", State::arn(&name)),
    ];
    let mut attributes = queue.attributes.all();
    attributes.extend(counted.map(|(name, value)| (name.to_owned(), value)));
    if !asked.attribute_names.iter().any(|it| it == "All") {
        attributes.retain(|name, _| asked.attribute_names.contains(name));
    }
    let answer = if attributes.is_empty() { json!({}) } else { json!({ "Attributes": attributes }) };
    Ok(Done { answer, note: json!({ "queue": name }) })
}
