//! Rich text, and plans, whose tasks are made of it.

use jiff::Timestamp;
use serde_json::Value;

use super::{items, word};

/// Returns rich text: each part starts a line, each item of a list has a bullet.
pub(super) fn text(block: &Value) -> String {
    let parts = items(&block["elements"]).map(|part| match word(part, "type") {
        "rich_text_list" => {
            items(&part["elements"]).map(|it| format!("• {}", inline(it))).collect::<Vec<_>>().join("\n")
        }
        "rich_text_quote" => format!("| {}", inline(part)),
        _ => inline(part).trim_end_matches('\n').to_owned(),
    });
    parts.collect::<Vec<_>>().join("\n")
}

/// Returns a plan: `[x] title / details / output`.
pub(super) fn plan(block: &Value) -> String {
    let tasks = items(&block["tasks"]).map(task);
    std::iter::once(format!("▤ {}", word(block, "title"))).chain(tasks).collect::<Vec<_>>().join("\n")
}

fn task(task: &Value) -> String {
    let mark = match task["status"].as_str() {
        Some("complete") => "x",
        Some("in_progress") => "~",
        Some("error") => "!",
        Some(_) | None => " ",
    };
    let parts = ["details", "output"].into_iter().filter_map(|key| task.get(key)).map(text);
    let parts: String = parts.map(|it| format!(" / {}", it.replace('\n', "\n      "))).collect();
    format!("[{mark}] {}{parts}", word(task, "title"))
}

fn inline(part: &Value) -> String {
    let shown = items(&part["elements"]).map(|it| match word(it, "type") {
        "link" => it["text"].as_str().unwrap_or_else(|| word(it, "url")).to_owned(),
        "user" => format!("<@{}>", word(it, "user_id")),
        "channel" => format!("<#{}>", word(it, "channel_id")),
        "usergroup" => format!("<!subteam^{}>", word(it, "usergroup_id")),
        "emoji" => format!(":{}:", word(it, "name")),
        "date" => date(it),
        _ => styled(word(it, "text"), &it["style"]),
    });
    shown.collect()
}

fn styled(text: &str, style: &Value) -> String {
    let marks = [("code", "`"), ("bold", "*"), ("italic", "_"), ("strike", "~")];
    let worn = marks.into_iter().filter(|(key, _)| style[key] == true);
    worn.fold(text.to_owned(), |text, (_, mark)| format!("{mark}{text}{mark}"))
}

fn date(date: &Value) -> String {
    let at = Timestamp::from_second(date["timestamp"].as_i64().unwrap()).unwrap();
    format!("{{{}}}", at.strftime("%d %H:%M"))
}
