//! Slack's rules for messages, checked on the JSON that goes on the wire.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::projection::{blocks, message::Message, text::width};

/// Panics if Slack would refuse the message, or if it holds a mark of mrkdwn that is not ours.
#[track_caller]
pub(crate) fn check(message: &Message) {
    let json = serde_json::to_value(message).unwrap();
    let mut total = 0;
    let mut ids = BTreeSet::new();
    check_text(&json["text"], 3500);
    let all = json["blocks"].as_array().unwrap();
    assert!(!all.is_empty() && all.len() <= 50, "{} blocks", all.len());
    for block in all {
        match block["type"].as_str().unwrap() {
            "section" => total += check_text(&block["text"]["text"], blocks::SECTION),
            "context" => total += check_text(&block["elements"][0]["text"], 3000),
            "actions" => total += check_actions(block),
            other => panic!("a block of type {other}"),
        }
        if let Some(id) = block["block_id"].as_str() {
            assert!(id.len() <= 255 && ids.insert(id.to_owned()), "block_id {id}");
        }
    }
    assert!(total <= 12_000, "{total} characters in all");
}

fn check_actions(block: &Value) -> usize {
    let buttons = block["elements"].as_array().unwrap();
    assert!((1..=25).contains(&buttons.len()));
    let actions: BTreeSet<_> = buttons.iter().map(|it| it["action_id"].as_str().unwrap()).collect();
    assert_eq!(actions.len(), buttons.len(), "an action_id twice");
    assert!(buttons.iter().filter(|it| it["style"] == "primary").count() <= 1, "two primary buttons");
    buttons.iter().map(check_button).sum()
}

fn check_button(button: &Value) -> usize {
    let value = button["value"].as_str().unwrap();
    assert!(!value.is_empty() && width(value) <= 2000);
    let text = check_plain(&button["text"], 75);
    let confirm = &button["confirm"];
    if confirm.is_null() {
        return text;
    }
    text + check_plain(&confirm["title"], 100)
        + check_text(&confirm["text"]["text"], 300)
        + check_plain(&confirm["confirm"], 30)
        + check_plain(&confirm["deny"], 30)
}

fn check_plain(text: &Value, max: usize) -> usize {
    assert_eq!(text["type"], "plain_text");
    check_length(text["text"].as_str().unwrap(), max)
}

fn check_text(text: &Value, max: usize) -> usize {
    let text = text.as_str().unwrap();
    check_marks(text);
    check_length(text, max)
}

fn check_length(text: &str, max: usize) -> usize {
    assert!(!text.trim().is_empty(), "an empty text");
    assert!(width(text) <= max, "{} of {max}: {text}", width(text));
    width(text)
}

/// Every `<…>` must be one of ours, every `&` an entity.
fn check_marks(text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['<', '>', '&']) {
        rest = &rest[at..];
        let end = match rest.as_bytes()[0] {
            b'<' => rest.find('>').filter(|end| is_ours(&rest[1..*end])),
            b'&' => ["&amp;", "&lt;", "&gt;"].iter().find(|it| rest.starts_with(**it)).map(|it| it.len() - 1),
            _ => None,
        };
        rest = &rest[end.unwrap_or_else(|| panic!("a raw mark at {rest:?}")) + 1..];
    }
}

fn is_ours(mark: &str) -> bool {
    let id = |it: &str| !it.is_empty() && it.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let date =
        |it: &str| it.split_once('^').is_some_and(|(second, rest)| second.parse::<i64>().is_ok() && rest.contains('|'));
    mark.strip_prefix(['@', '#']).is_some_and(id)
        || mark.strip_prefix("!subteam^").is_some_and(id)
        || mark.strip_prefix("!date^").is_some_and(date)
}

#[test]
fn marks_that_are_not_ours_are_found() {
    for text in ["<!channel>", "<https://x|y>", "a > b", "a & b", "<@", "<!date^x|y>"] {
        assert!(std::panic::catch_unwind(|| check_marks(text)).is_err(), "{text}");
    }
    check_marks("&lt; <@U1> <!subteam^S1> <!date^1^{time}|x> &amp;");
}
