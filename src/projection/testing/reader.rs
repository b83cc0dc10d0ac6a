//! Messages as a person reads them, for snapshots.

use std::fmt::Write;

use serde_json::Value;

use crate::projection::{message::Message, thread::Wanted};

/// Returns the messages of a run, each under its key.
pub(crate) fn read_all(wanted: &[Wanted]) -> String {
    wanted.iter().fold(String::new(), |mut all, it| {
        let place = if it.in_thread { "reply" } else { &it.channel };
        writeln!(all, "── {} · {place}\n{}\n", it.key.0, read(&it.message)).unwrap();
        all
    })
}

/// Returns the message's blocks as text: small print in parentheses, buttons in brackets, the primary one with an
/// exclamation mark.
pub(crate) fn read(message: &Message) -> String {
    let blocks = serde_json::to_value(&message.blocks).unwrap();
    let lines: Vec<String> = blocks.as_array().unwrap().iter().map(block).collect();
    local_dates(&lines.join("\n"))
}

fn block(block: &Value) -> String {
    match block["type"].as_str().unwrap() {
        "section" => block["text"]["text"].as_str().unwrap().to_owned(),
        "context" => format!("({})", block["elements"][0]["text"].as_str().unwrap()),
        "actions" => {
            let buttons: Vec<String> = block["elements"].as_array().unwrap().iter().map(button).collect();
            buttons.join("\n")
        }
        other => format!("?{other}"),
    }
}

fn button(button: &Value) -> String {
    let text = |value: &Value| value["text"].as_str().unwrap().to_owned();
    let primary = if button["style"] == "primary" { "!" } else { "" };
    let confirm = &button["confirm"];
    let question = if confirm.is_null() {
        String::new()
    } else {
        let (title, what) = (text(&confirm["title"]), text(&confirm["text"]));
        format!("\n   ? {title} / {what} / [{}] [{}]", text(&confirm["confirm"]), text(&confirm["deny"]))
    };
    let action = button["action_id"].as_str().unwrap();
    format!("[{}{primary}] {action}={}{question}", text(&button["text"]), button["value"].as_str().unwrap())
}

/// Shows dates as Slack shows them to a reader in UTC, shortened: `{22 03:05}`.
fn local_dates(text: &str) -> String {
    let mut parts = text.split("<!date^");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (mark, rest) = part.split_once('>').unwrap();
        let utc = mark.rsplit('|').next().unwrap();
        write!(shown, "{{{}}}{rest}", &utc[8..16]).unwrap();
    }
    shown
}
