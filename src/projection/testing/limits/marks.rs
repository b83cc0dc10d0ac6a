//! What a text may hold that Slack reads as more than text.

use serde_json::Value;

/// Every `<…>` must be one of ours, every `&` an entity.
#[track_caller]
pub(super) fn check_marks(text: &str) {
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
    let date =
        |it: &str| it.split_once('^').is_some_and(|(second, rest)| second.parse::<i64>().is_ok() && rest.contains('|'));
    mark.strip_prefix('@').is_some_and(is_id)
        || mark.strip_prefix('#').is_some_and(is_id)
        || mark.strip_prefix("!subteam^").is_some_and(is_id)
        || mark.strip_prefix("!date^").is_some_and(date)
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit())
}

/// Checks an element of rich text. Nobody is called out by one (`broadcast`), and a link leads to https.
#[track_caller]
pub(super) fn check_rich(element: &Value) {
    let named = |key: &str| element[key].as_str().is_some_and(is_id);
    let holds = match element["type"].as_str().unwrap() {
        "text" => element["text"].as_str().is_some_and(|it| !it.is_empty()),
        "link" => element["url"].as_str().is_some_and(|it| it.starts_with("https://")),
        "user" => named("user_id"),
        "usergroup" => named("usergroup_id"),
        "channel" => named("channel_id"),
        "emoji" => element["name"].is_string(),
        "date" => ["format", "fallback"].iter().all(|it| element[it].is_string()) && element["timestamp"].is_i64(),
        other => panic!("rich text of type {other}"),
    };
    assert!(holds, "{element}");
}
