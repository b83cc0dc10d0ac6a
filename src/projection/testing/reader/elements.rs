//! What can be pressed, chosen or filled in.

use serde_json::Value;

use super::{items, word};

/// Returns the text of a text object.
pub(super) fn object(text: &Value) -> String {
    word(text, "text").to_owned()
}

pub(super) fn element(element: &Value) -> String {
    let action = word(element, "action_id");
    match word(element, "type") {
        "button" => button(element),
        "static_select" | "multi_static_select" => format!("[{} ▾] {action}{}", chosen(element), choices(element)),
        "external_select" | "users_select" | "conversations_select" | "datepicker" => {
            format!("[{} ▾] {action}", chosen(element))
        }
        "plain_text_input" | "number_input" => format!("[{}_] {action}{}", shown(element), confirm(element)),
        "checkboxes" => options(element, ["☐", "☑"]),
        "radio_buttons" => options(element, ["○", "◉"]),
        "overflow" => format!("[…] {action}{}{}", choices(element), confirm(element)),
        "image" => format!("(image: {})", word(element, "alt_text")),
        other => format!("?{other}"),
    }
}

fn button(button: &Value) -> String {
    let mark = match button["style"].as_str() {
        Some("primary") => "!",
        Some("danger") => "!!",
        Some(_) | None => "",
    };
    let value = button["value"].as_str().or_else(|| button["url"].as_str()).unwrap_or_default();
    format!("[{}{mark}] {}={value}{}", object(&button["text"]), word(button, "action_id"), confirm(button))
}

fn confirm(element: &Value) -> String {
    let Some(confirm) = element.get("confirm") else { return String::new() };
    let text = |key: &str| object(&confirm[key]);
    format!("\n   ? {} / {} / [{}] [{}]", text("title"), text("text"), text("confirm"), text("deny"))
}

/// Returns what a menu shows while it is closed.
fn chosen(menu: &Value) -> String {
    let one = menu.get("initial_option").map(|it| object(&it["text"]));
    let many = || {
        let all: Vec<String> = items(&menu["initial_options"]).map(|it| object(&it["text"])).collect();
        (!all.is_empty()).then(|| all.join(", "))
    };
    let named = || ["initial_user", "initial_date"].iter().find_map(|key| menu[*key].as_str()).map(str::to_owned);
    one.or_else(many).or_else(named).unwrap_or_else(|| object(&menu["placeholder"]))
}

fn shown(field: &Value) -> String {
    field["initial_value"].as_str().map_or_else(|| object(&field["placeholder"]), str::to_owned)
}

fn choices(menu: &Value) -> String {
    let options = items(&menu["options"]).map(|it| format!("\n   {}", option(it)));
    let groups = items(&menu["option_groups"]).map(|group| {
        let options: String = items(&group["options"]).map(|it| format!("\n   {}", option(it))).collect();
        format!("\n   ▸ {}{options}", object(&group["label"]))
    });
    options.chain(groups).chain([confirm(menu)]).collect()
}

fn options(element: &Value, [off, on]: [&str; 2]) -> String {
    let initial =
        |it: &Value| element["initial_option"] == *it || items(&element["initial_options"]).any(|on| on == it);
    let line = |it: &Value| format!("{} {}", if initial(it) { on } else { off }, option(it));
    let lines: Vec<String> = items(&element["options"]).map(line).collect();
    format!("{} {}{}", lines.join("\n"), word(element, "action_id"), confirm(element))
}

fn option(option: &Value) -> String {
    let more = option.get("description").map(|it| format!(" ({})", object(it))).unwrap_or_default();
    format!("{}{more} ={}", object(&option["text"]), word(option, "value"))
}
