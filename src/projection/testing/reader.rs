//! Messages and views as a person reads them, for snapshots.
//!
//! Small print is in parentheses, buttons are in brackets, the primary one with an exclamation mark. What can be pressed
//! or chosen is followed by its `action_id` and value.

mod elements;
mod rich;
mod tables;

use std::fmt::Write;

use serde_json::Value;

use self::elements::{element, object};
use crate::projection::{message::Message, thread::Wanted, view::View};

/// Stands before the blocks of a message that not every workspace takes.
const RICH: &str = "┄┄ where the workspace takes newer blocks ┄┄";

/// Returns the messages of a run, each under its key.
pub(crate) fn read_all(wanted: &[Wanted]) -> String {
    wanted.iter().fold(String::new(), |mut all, it| {
        let place = if it.in_thread { "reply" } else { &it.channel };
        writeln!(all, "── {} · {place}\n{}\n", it.key.0, read(&it.message)).unwrap();
        all
    })
}

/// Returns the message's blocks as text, then those of its rich form, if it has one.
pub(crate) fn read(message: &Message) -> String {
    let plain = blocks(&serde_json::to_value(&message.blocks).unwrap());
    if message.rich.is_empty() {
        return plain;
    }
    format!("{plain}\n{RICH}\n{}", blocks(&serde_json::to_value(&message.rich).unwrap()))
}

/// Returns the modal or the Home as text.
pub(crate) fn read_view(view: &View) -> String {
    let view = serde_json::to_value(view).unwrap();
    let all = blocks(&view["blocks"]);
    if view["type"] == "home" {
        return all;
    }
    let metadata = view["private_metadata"].as_str().filter(|it| !it.is_empty());
    let metadata = metadata.map_or_else(String::new, |it| format!("={it}"));
    let submit = view.get("submit").map(|it| format!("[{}!] ", object(it))).unwrap_or_default();
    let close = view.get("close").map(|it| format!("[{}]", object(it))).unwrap_or_default();
    let callback = word(&view, "callback_id");
    format!("┌ {}\n{all}\n└ {submit}{close} {callback}{metadata}", object(&view["title"]))
}

fn blocks(blocks: &Value) -> String {
    let lines: Vec<String> = items(blocks).map(block).collect();
    local_dates(&lines.join("\n"))
}

fn block(block: &Value) -> String {
    match word(block, "type") {
        "header" => format!("# {}", object(&block["text"])),
        "section" => section(block),
        "context" => format!("({})", items(&block["elements"]).map(object).collect::<Vec<_>>().join("  ")),
        "actions" => items(&block["elements"]).map(element).collect::<Vec<_>>().join("\n"),
        "divider" => "─────".to_owned(),
        "input" => input(block),
        "rich_text" => rich::text(block),
        "plan" => rich::plan(block),
        "table" | "data_table" => tables::table(block),
        "data_visualization" => tables::chart(block),
        "alert" => format!("⚠ {}", object(&block["text"])),
        other => format!("?{other}"),
    }
}

fn section(block: &Value) -> String {
    let text = block.get("text").map(object);
    let fields = items(&block["fields"]).map(|it| format!("▪ {}", object(it)));
    let accessory = block.get("accessory").map(element);
    text.into_iter().chain(fields).chain(accessory).collect::<Vec<_>>().join("\n")
}

fn input(block: &Value) -> String {
    let optional = if block["optional"] == true { " (optional)" } else { "" };
    let hint = block.get("hint").map(|it| format!("\n({})", object(it))).unwrap_or_default();
    format!("{}{optional}:\n{}{hint}", object(&block["label"]), element(&block["element"]))
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
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

#[cfg(test)]
mod tests;
