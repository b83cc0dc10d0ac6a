//! Each limit of blocks, and what breaks it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Problem, Surface, check};

fn problems(blocks: &[Value], surface: Surface) -> Vec<String> {
    check(blocks, surface, &BTreeSet::new(), "/blocks").iter().map(Problem::text).collect()
}

fn text(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text })
}

fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text })
}

fn long(length: usize) -> String {
    "x".repeat(length)
}

fn button(more: &Value) -> Value {
    let mut button = json!({ "type": "button", "action_id": "a", "text": text("Go") });
    button.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    button
}

fn options(count: usize) -> Vec<Value> {
    (0..count).map(|it| json!({ "text": text("o"), "value": it.to_string() })).collect()
}

fn select(options: &[Value]) -> Value {
    json!({ "type": "static_select", "action_id": "s", "options": options })
}

/// The first problem of a block that is alone in a message.
fn assert_problem(block: &Value, expected: &str) {
    let found = problems(std::slice::from_ref(block), Surface::Message);
    assert_eq!(found.first().map(String::as_str), Some(expected));
}

#[test]
fn texts_have_limits() {
    let cases = [
        (json!({ "type": "section" }), "missing required field: text [json-pointer:/blocks/0]"),
        (
            json!({ "type": "section", "text": mrkdwn("") }),
            "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            json!({ "type": "section", "text": mrkdwn(&long(3_001)) }),
            "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            json!({ "type": "section", "fields": vec![text("x"); 11] }),
            "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
        ),
        (
            json!({ "type": "section", "fields": [mrkdwn(&long(2_001))] }),
            "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
        ),
        (
            json!({ "type": "header", "text": text(&long(151)) }),
            "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            json!({ "type": "header", "text": mrkdwn("x") }),
            "must be a valid enum value [json-pointer:/blocks/0/text/type]",
        ),
        (
            json!({ "type": "context", "elements": vec![text("x"); 11] }),
            "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (
            json!({ "type": "context", "elements": [] }),
            "no less than 1 items allowed [json-pointer:/blocks/0/elements]",
        ),
    ];
    for (block, expected) in cases {
        assert_problem(&block, expected);
    }
}

#[test]
fn members_and_types_are_known() {
    let cases = [
        (
            json!({ "type": "section", "text": { "type": "mrkdwn", "text": "x", "emoji": true } }),
            "invalid additional property: emoji [json-pointer:/blocks/0/text]",
        ),
        (json!({ "type": "divider", "colour": 1 }), "invalid additional property: colour [json-pointer:/blocks/0]"),
        (
            json!({ "type": "divider", "block_id": long(256) }),
            "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
        ),
        (json!({ "type": "carousel" }), "unsupported type: carousel [json-pointer:/blocks/0/type]"),
        (json!({ "type": "alert", "text": text("x") }), "unsupported type: alert [json-pointer:/blocks/0/type]"),
        (
            json!({ "type": "image", "alt_text": "x" }),
            "must provide either image_url or slack_file [json-pointer:/blocks/0]",
        ),
        (
            json!({ "type": "markdown", "text": long(12_001) }),
            "must be less than 12001 characters [json-pointer:/blocks/0/text]",
        ),
    ];
    for (block, expected) in cases {
        assert_problem(&block, expected);
    }
}

/// The first problem of the elements of an `actions` block.
fn assert_element_problem(elements: &[Value], pointer: &str, expected: &str) {
    let expected = format!("{expected} [json-pointer:/blocks/0/elements{pointer}]");
    assert_problem(&json!({ "type": "actions", "elements": elements }), &expected);
}

#[test]
fn buttons_have_limits() {
    let confirm = |more: Value| {
        let mut confirm =
            json!({ "title": text("Sure?"), "text": text("Really?"), "confirm": text("Yes"), "deny": text("No") });
        confirm.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "confirm": confirm })
    };
    let cases = [
        (json!({ "text": text(&long(76)) }), "/text/text", "must be less than 76 characters"),
        (json!({ "value": long(2_001) }), "/value", "must be less than 2001 characters"),
        (json!({ "url": long(3_001) }), "/url", "must be less than 3001 characters"),
        (json!({ "accessibility_label": long(76) }), "/accessibility_label", "must be less than 76 characters"),
        (json!({ "style": "loud" }), "/style", "must be a valid enum value"),
        (json!({ "disabled": true }), "", "invalid additional property: disabled"),
        (json!({ "action_id": long(256) }), "/action_id", "must be less than 256 characters"),
        (confirm(json!({ "title": text(&long(101)) })), "/confirm/title/text", "must be less than 101 characters"),
        (confirm(json!({ "text": text(&long(301)) })), "/confirm/text/text", "must be less than 301 characters"),
        (confirm(json!({ "deny": text(&long(31)) })), "/confirm/deny/text", "must be less than 31 characters"),
    ];
    for (more, pointer, expected) in cases {
        assert_element_problem(&[button(&more)], &format!("/0{pointer}"), expected);
    }
    let many: Vec<Value> = (0..26).map(|it| button(&json!({ "action_id": it.to_string() }))).collect();
    assert_element_problem(&many, "", "no more than 25 items allowed");
    let twice = "`action_id` \"a\" already exists for this block";
    assert_element_problem(&[button(&json!({})), button(&json!({}))], "/1/action_id", twice);
}

#[test]
fn menus_have_limits() {
    let overflow = json!({ "type": "overflow", "action_id": "o", "options": options(6) });
    let long_value = select(&[json!({ "text": text("x"), "value": long(151) })]);
    let group = json!({ "label": text(&long(76)), "options": options(1) });
    let grouped = json!({ "type": "static_select", "action_id": "s", "option_groups": [group] });
    let cases = [
        (select(&options(101)), "/0/options", "no more than 100 items allowed"),
        (json!({ "type": "static_select", "action_id": "s" }), "/0", "must provide either options or option_groups"),
        (long_value, "/0/options/0/value", "must be less than 151 characters"),
        (grouped, "/0/option_groups/0/label/text", "must be less than 76 characters"),
        (overflow, "/0/options", "no more than 5 items allowed"),
        (json!({ "type": "plain_text_input", "action_id": "p" }), "/0/type", "unsupported type: plain_text_input"),
    ];
    for (element, pointer, expected) in cases {
        assert_element_problem(&[element], pointer, expected);
    }
}

#[test]
fn newer_blocks_have_limits() {
    let cell = json!({ "type": "raw_text", "text": "x" });
    let task = |id: usize| json!({ "type": "task_card", "task_id": id.to_string(), "title": "x", "status": "pending" });
    let point = json!({ "label": "x", "value": 1 });
    let cases = [
        (
            json!({ "type": "table", "rows": vec![vec![&cell]; 101] }),
            "no more than 100 items allowed [json-pointer:/blocks/0/rows]",
        ),
        (
            json!({ "type": "table", "rows": [vec![&cell; 21]] }),
            "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]",
        ),
        (
            json!({ "type": "table", "rows": [[{ "type": "raw_text", "text": long(10_001) }]] }),
            "must be less than 10001 characters [json-pointer:/blocks/0]",
        ),
        (json!({ "type": "data_table", "rows": [[cell]] }), "missing required field: caption [json-pointer:/blocks/0]"),
        (
            json!({ "type": "plan", "title": "x", "tasks": (0..51).map(task).collect::<Vec<_>>() }),
            "no more than 50 items allowed [json-pointer:/blocks/0/tasks]",
        ),
        (
            json!({ "type": "plan", "title": "x", "tasks": [task(1), task(1)] }),
            "`task_id` \"1\" already exists [json-pointer:/blocks]",
        ),
        (task(1), "must be a valid enum value [json-pointer:/blocks/0/status]"),
        (
            json!({ "type": "data_visualization", "title": "x", "chart": { "type": "pie", "segments": vec![&point; 13] } }),
            "no more than 12 items allowed [json-pointer:/blocks/0/chart/segments]",
        ),
    ];
    for (block, expected) in cases {
        assert_problem(&block, expected);
    }
    assert_eq!(
        problems(&[json!({ "type": "plan", "title": "x", "tasks": [task(1), task(2)] })], Surface::Message),
        [""; 0]
    );
}

#[test]
fn a_surface_takes_so_many_blocks_of_its_own_kinds() {
    let divider = json!({ "type": "divider" });
    for (surface, most) in [(Surface::Message, 50), (Surface::Modal, 100), (Surface::Home, 100)] {
        assert_eq!(problems(&vec![divider.clone(); most], surface), [""; 0]);
        let expected = format!("no more than {most} items allowed [json-pointer:/blocks]");
        assert_eq!(problems(&vec![divider.clone(); most + 1], surface), [expected]);
    }
    let named = json!({ "type": "divider", "block_id": "b" });
    let twice = "`block_id` \"b\" already exists for another block [json-pointer:/blocks/1/block_id]";
    assert_eq!(problems(&[named.clone(), named], Surface::Message), [twice]);
    let table = json!({ "type": "table", "rows": [[{ "type": "raw_text", "text": "x" }]] });
    let tables = "no more than 1 table blocks allowed [json-pointer:/blocks]";
    assert_eq!(problems(&[table.clone(), table.clone()], Surface::Message), [tables]);
    let refused = "unsupported type: table [json-pointer:/blocks/0/type]";
    assert_eq!(problems(&[table], Surface::Modal), [refused]);
}
