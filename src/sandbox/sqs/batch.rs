//! The batch operations: the single operation for each entry, with an outcome of its own.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    actions::{self, Done},
    refusal::Refusal,
    state::State,
};

/// Entries in one request (SQS API reference).
const MOST_ENTRIES: usize = 10;

/// Bytes of all bodies in one request (SQS API reference).
const MOST_BYTES: usize = 1_048_576;

/// Carries `single` out for every entry of the request.
///
/// # Errors
/// The batch itself is wrong. An entry that is refused stands under `Failed` in the answer.
pub(super) fn batch(state: &mut State, single: &str, body: &Value, now: Timestamp) -> Result<Done, Refusal> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Asked {
        queue_url: String,
        #[serde(default)]
        entries: Vec<Map<String, Value>>,
    }
    let asked: Asked = actions::read(body)?;
    let (name, _) = state.queue(&asked.queue_url)?;
    check(&asked.entries)?;
    let (mut successful, mut failed, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for mut entry in asked.entries {
        let id = id_of(&entry).to_owned();
        entry.insert("QueueUrl".to_owned(), asked.queue_url.clone().into());
        match actions::act(state, single, &Value::Object(entry), now) {
            Ok(Done { mut answer, note }) => {
                answer["Id"] = id.into();
                successful.push(answer);
                notes.push(note);
            }
            Err(refusal) => failed.push(refusal.entry(&id)),
        }
    }
    let note = json!({ "queue": name, "entries": notes, "failed": failed });
    Ok(Done { answer: json!({ "Successful": successful, "Failed": failed }), note })
}

fn check(entries: &[Map<String, Value>]) -> Result<(), Refusal> {
    if entries.is_empty() {
        return Err(Refusal::new("EmptyBatchRequest", "There should be at least one entry in the request."));
    }
    if entries.len() > MOST_ENTRIES {
        let text =
            format!("Maximum number of entries per request are {MOST_ENTRIES}. You have sent {}.", entries.len());
        return Err(Refusal::new("TooManyEntriesInBatchRequest", text));
    }
    let mut seen = BTreeSet::new();
    for id in entries.iter().map(id_of) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if id.is_empty() || id.len() > 80 || !id.chars().all(allowed) {
            let text = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. \
                        It can be at most 80 letters long.";
            return Err(Refusal::new("InvalidBatchEntryId", text));
        }
        if !seen.insert(id) {
            return Err(Refusal::new("BatchEntryIdsNotDistinct", format!("Id {id} repeated.")));
        }
    }
    let bytes: usize = entries.iter().filter_map(|it| it.get("MessageBody")?.as_str()).map(str::len).sum();
    if bytes > MOST_BYTES {
        let text = format!("Batch requests cannot be longer than {MOST_BYTES} bytes. You have sent {bytes} bytes.");
        return Err(Refusal::new("BatchRequestTooLong", text));
    }
    Ok(())
}

fn id_of(entry: &Map<String, Value>) -> &str {
    entry.get("Id").and_then(Value::as_str).unwrap_or_default()
}
