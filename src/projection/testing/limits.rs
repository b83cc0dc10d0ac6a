//! Slack's rules for messages and views, checked on the JSON that goes on the wire.
//!
//! Shapes, lengths, and what fits where are judged by the stand-in for Slack, whose tables name their sources. What it
//! cannot know stands here: whose marks are in a text ([`marks`]), and what is the bot's own promise.

mod marks;

use serde_json::Value;

use self::marks::{check_marks, check_rich};
use crate::{
    projection::{blocks, message::Message, text::width, view::View},
    sandbox::slack::{Surface, refusals, view_refusals},
};

/// `text` of a message: `chat.update` refuses more than 4,000 with `msg_too_long`.
const TOP_LEVEL: usize = 3500;
/// A view as JSON, in bytes (docs.slack.dev, "Views").
const VIEW: usize = 250_000;
/// Fields in a form that people still fill in (Slack's design guidance).
const INPUTS: usize = 6;

/// Panics if Slack would refuse the message, plain or rich, or if it holds a mark of mrkdwn that is not ours.
#[track_caller]
pub(crate) fn check(message: &Message) {
    check_marks(&message.text);
    check_length(&message.text, TOP_LEVEL);
    assert!(!message.blocks.is_empty(), "no blocks");
    for blocks in [&message.blocks, &message.rich] {
        let blocks = serde_json::to_value(blocks).unwrap();
        check_blocks(&blocks, Surface::Message);
        let total = text_of(&blocks);
        assert!(total <= blocks::MESSAGE, "{total} characters in all");
        assert!(count(&blocks, "style", "primary") <= 1, "two primary buttons");
    }
}

/// Panics if Slack would refuse the modal or the Home, or if it holds a mark of mrkdwn that is not ours.
#[track_caller]
pub(crate) fn check_view(view: &View) {
    let view = serde_json::to_value(view).unwrap();
    assert!(view.to_string().len() <= VIEW, "{} bytes", view.to_string().len());
    let surface = if view["type"] == "home" { Surface::Home } else { Surface::Modal };
    check_refusals(&view_refusals(&wide(&view), surface));
    check_blocks(&view["blocks"], surface);
    if surface == Surface::Modal {
        assert!(count(&view, "style", "primary") == 0, "a primary button beside the one that submits");
        assert!(count(&view, "type", "input") <= INPUTS, "{} fields", count(&view, "type", "input"));
    }
    for key in ["title", "submit", "close"] {
        check_texts(&view[key]);
    }
}

#[track_caller]
fn check_blocks(blocks: &Value, surface: Surface) {
    let wide = wide(blocks);
    check_refusals(&refusals(wide.as_array().unwrap(), surface));
    for block in blocks.as_array().unwrap() {
        check_texts(block);
        let primary = count(block, "style", "primary");
        assert!(primary <= 1, "{primary} primary buttons in a row");
    }
}

#[track_caller]
fn check_refusals(refusals: &[String]) {
    assert!(refusals.is_empty(), "Slack refuses it:\n{}", refusals.join("\n"));
}

/// Checks every text at any depth, by what it is a part of.
#[track_caller]
fn check_texts(value: &Value) {
    match value {
        Value::Object(object) => {
            let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
            check_object(kind, value);
            for (key, value) in object {
                match value {
                    Value::String(text) if is_shown(key) && kind != "mrkdwn" => check_literal(text),
                    value => check_texts(value),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(check_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[track_caller]
fn check_object(kind: &str, object: &Value) {
    match kind {
        "mrkdwn" => {
            let text = object["text"].as_str().unwrap();
            assert!(!text.trim().is_empty(), "an empty text");
            assert_eq!(object["verbatim"], true, "Slack would make links of: {text}");
            check_marks(text);
        }
        "plain_text" => assert!(!object["text"].as_str().unwrap().trim().is_empty(), "an empty text"),
        "button" => {
            assert!(object["action_id"].is_string(), "a button without action_id: {object}");
            let named = object["value"].is_string() || object["url"].is_string();
            assert!(named, "a button without value: {object}");
        }
        "rich_text_section" | "rich_text_preformatted" | "rich_text_quote" => {
            object["elements"].as_array().unwrap().iter().for_each(check_rich);
        }
        "table" | "data_table" => {
            let rows = object["rows"].as_array().unwrap();
            let columns: Vec<usize> = rows.iter().map(|it| it.as_array().unwrap().len()).collect();
            assert!(columns.windows(2).all(|it| it[0] == it[1]), "rows of different lengths: {columns:?}");
        }
        _ => {}
    }
}

/// Says whether people read what stands under `key`.
fn is_shown(key: &str) -> bool {
    matches!(key, "text" | "title" | "caption" | "label" | "name" | "fallback" | "x_label" | "y_label")
        || matches!(key, "initial_value" | "accessibility_label" | "alt_text")
}

/// Text that Slack shows as it is must not be written as mrkdwn.
#[track_caller]
fn check_literal(text: &str) {
    for mark in ["&amp;", "&lt;", "&gt;", "<@", "<!", "<#"] {
        assert!(!text.contains(mark), "{mark} would be shown as it is: {text}");
    }
}

#[track_caller]
fn check_length(text: &str, max: usize) {
    assert!(!text.trim().is_empty(), "an empty text");
    assert!(width(text) <= max, "{} of {max}: {text}", width(text));
}

/// Returns the length of all texts that people read, those of mrkdwn as they are written.
fn text_of(value: &Value) -> usize {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| match value {
                Value::String(text) if is_shown(key) => width(text),
                value => text_of(value),
            })
            .sum(),
        Value::Array(items) => items.iter().map(text_of).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Returns how many objects at any depth have `value` under `key`.
fn count(json: &Value, key: &str, value: &str) -> usize {
    match json {
        Value::Object(object) => {
            usize::from(json[key] == value) + object.values().map(|it| count(it, key, value)).sum::<usize>()
        }
        Value::Array(items) => items.iter().map(|it| count(it, key, value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Returns `json` with two characters for each that takes two UTF-16 units: the stand-in counts characters, and Slack
/// may count units.
fn wide(json: &Value) -> Value {
    match json {
        Value::String(text) => {
            let wide = |c: char| if c.len_utf16() == 2 { "xx".to_owned() } else { c.to_string() };
            Value::String(text.chars().map(wide).collect())
        }
        Value::Array(items) => items.iter().map(wide).collect(),
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), wide(value))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => json.clone(),
    }
}

#[cfg(test)]
mod tests;
