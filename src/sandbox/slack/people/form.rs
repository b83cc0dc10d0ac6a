//! Menus and inputs: which there are, and what a person has put into them.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Map, Value, json};

/// What a person enters, by `action_id`: a text, or the chosen options' values.
pub(super) type Entries = BTreeMap<String, Value>;

/// Returns the elements that a person can use, each with its block.
pub(super) fn elements(blocks: &[Value]) -> impl Iterator<Item = (&Value, &Value)> {
    blocks.iter().flat_map(|block| {
        let listed = block["elements"].as_array().into_iter().flatten();
        let single = ["accessory", "element"].into_iter().filter_map(|key| block.get(key));
        listed.chain(single).filter(|it| it.get("action_id").is_some()).map(move |it| (block, it))
    })
}

/// Returns one entry of `actions`: the element was pressed, or `choice` was chosen in it.
///
/// # Errors
/// The element has no such option.
pub(super) fn action(block: &Value, element: &Value, choice: Option<&str>, ts: &str) -> anyhow::Result<Value> {
    let mut action = json!({
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "action_ts": ts,
    });
    if element["type"] == "button" {
        for key in ["text", "value", "style"] {
            if let Some(value) = element.get(key) {
                action[key] = value.clone();
            }
        }
        return Ok(action);
    }
    let choice = choice.context("nothing was chosen")?;
    let chosen = entered(element, Some(&Value::from(choice)))?;
    action.as_object_mut().context("it was written as an object")?.extend(chosen);
    Ok(action)
}

/// Returns `state.values` of blocks after a person has entered `entries`; what they leave alone keeps its initial value.
///
/// # Errors
/// Something is entered that the input does not take, or, as Slack's client checks before it sends a form, a required
/// input is empty (if `complete`).
pub(super) fn state(blocks: &[Value], entries: &Entries, complete: bool) -> anyhow::Result<Value> {
    for key in entries.keys() {
        ensure!(elements(blocks).any(|(_, it)| it["action_id"] == key.as_str()), "there is no input {key}");
    }
    let mut values = json!({});
    for (block, element) in elements(blocks).filter(|(_, it)| it["type"] != "button") {
        let (block_id, action_id) = (name(block, "block_id")?, name(element, "action_id")?);
        let mut value = entered(element, entries.get(action_id))?;
        let filled = value.values().any(|it| !it.is_null() && *it != json!([]));
        let required = block["type"] == "input" && block["optional"] != true;
        let label = block["label"]["text"].as_str().unwrap_or(action_id);
        ensure!(filled || !required || !complete, "{label} must be filled in");
        value.insert("type".to_owned(), element["type"].clone());
        values[block_id][action_id] = Value::Object(value);
    }
    Ok(values)
}

fn name<'a>(value: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    value[key].as_str().with_context(|| format!("there is no {key}"))
}

/// Returns what an element holds after `entry`.
fn entered(element: &Value, entry: Option<&Value>) -> anyhow::Result<Map<String, Value>> {
    let initial = |key: &str| element.get(key).cloned().unwrap_or_default();
    let (key, value) = match element["type"].as_str().unwrap_or_default() {
        "plain_text_input" | "number_input" => {
            ("value", entry.map_or_else(|| Ok(initial("initial_value")), |it| text(element, it))?)
        }
        "users_select" => ("selected_user", entry.cloned().unwrap_or_else(|| initial("initial_user"))),
        "datepicker" => ("selected_date", entry.cloned().unwrap_or_else(|| initial("initial_date"))),
        "multi_static_select" | "checkboxes" => {
            let initial = element.get("initial_options").cloned().unwrap_or_else(|| json!([]));
            let chosen = |it: &Value| -> anyhow::Result<Vec<Value>> {
                it.as_array().into_iter().flatten().map(|it| option(element, it)).collect()
            };
            ("selected_options", entry.map_or_else(|| Ok(initial), |it| chosen(it).map(Value::Array))?)
        }
        "static_select" | "radio_buttons" | "overflow" => {
            ("selected_option", entry.map_or_else(|| Ok(initial("initial_option")), |it| option(element, it))?)
        }
        other => bail!("nobody can use {other} here"),
    };
    Ok(Map::from_iter([(key.to_owned(), value)]))
}

fn text(element: &Value, entry: &Value) -> anyhow::Result<Value> {
    let text = entry.as_str().context("a text is wanted")?;
    let length = text.chars().count() as u64;
    if text.is_empty() {
        return Ok(Value::Null);
    }
    ensure!(element["min_length"].as_u64().is_none_or(|least| length >= least), "the text is too short");
    ensure!(element["max_length"].as_u64().is_none_or(|most| length <= most), "the text is too long");
    Ok(text.into())
}

fn option(element: &Value, value: &Value) -> anyhow::Result<Value> {
    if value.as_str().is_some_and(str::is_empty) {
        return Ok(Value::Null);
    }
    let grouped = element["option_groups"].as_array().into_iter().flatten().filter_map(|it| it["options"].as_array());
    let mut all = element["options"].as_array().into_iter().chain(grouped).flatten();
    all.find(|it| it["value"] == *value).cloned().with_context(|| format!("there is no option {value}"))
}
