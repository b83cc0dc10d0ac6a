use serde_json::json;
use slack_morphism::prelude::SlackBlock;

use super::*;

fn message(blocks: &Value) -> Message {
    let blocks: Vec<SlackBlock> = serde_json::from_value(blocks.clone()).unwrap();
    let plain = serde_json::from_value(json!([{ "type": "divider" }])).unwrap();
    Message { text: "x".into(), blocks: plain, rich: blocks }
}

fn plan(title: &str, details: &Value) -> Value {
    let part = json!({ "type": "rich_text_section", "elements": [details] });
    let details = json!({ "type": "rich_text", "elements": [part] });
    json!({ "type": "plan", "title": title, "tasks": [{ "task_id": "1", "title": "t", "details": details }] })
}

fn fails(check: impl Fn() + std::panic::UnwindSafe) -> bool {
    std::panic::catch_unwind(check).is_err()
}

#[test]
fn marks_that_are_not_ours_are_found() {
    for text in ["<!channel>", "<https://x|y>", "a > b", "a & b", "<@", "<!date^x|y>"] {
        assert!(fails(|| check_marks(text)), "{text}");
    }
    check_marks("&lt; <@U1> <#C1> <!subteam^S1> <!date^1^{time}|x> &amp;");
}

#[test]
fn a_rich_message_is_checked_like_a_plain_one() {
    check(&message(&json!([plan("a & b", &json!({ "type": "text", "text": "a < b" }))])));
    check(&message(&json!([plan("t", &json!({ "type": "user", "user_id": "U1" }))])));
    let broken = [
        plan("a &amp; b", &json!({ "type": "text", "text": "x" })),
        plan("by <@U1>", &json!({ "type": "text", "text": "x" })),
        plan("t", &json!({ "type": "text", "text": "<!date^1^{time}|x>" })),
        plan("t", &json!({ "type": "text", "text": "" })),
        plan("t", &json!({ "type": "broadcast", "range": "here" })),
        json!({ "type": "section", "text": { "type": "mrkdwn", "text": "x" } }),
        json!({ "type": "header", "text": { "type": "plain_text", "text": "𝄞".repeat(76) } }),
        json!({ "type": "alert", "text": { "type": "plain_text", "text": "x" } }),
        json!({ "type": "data_table", "caption": "c", "rows": [
            [{ "type": "raw_text", "text": "a" }, { "type": "raw_text", "text": "b" }],
            [{ "type": "raw_text", "text": "a" }],
        ] }),
        json!({ "type": "data_visualization", "title": "t", "chart": {
            "type": "bar",
            "series": [{ "name": "s", "data": [{ "label": "a", "value": 1 }] }],
            "axis_config": { "categories": ["a", "b"] },
        } }),
    ];
    for block in broken {
        assert!(fails(|| check(&message(&json!([block])))), "{block}");
    }
}

fn view(kind: &str, blocks: &Value) -> View {
    let title = json!({ "type": "plain_text", "text": "x" });
    let mut view = json!({ "type": kind, "blocks": blocks });
    if kind == "modal" {
        view["title"] = title.clone();
        view["submit"] = title;
    }
    serde_json::from_value(view).unwrap()
}

#[test]
fn a_view_takes_what_its_surface_takes() {
    let input = json!({
        "type": "input",
        "label": { "type": "plain_text", "text": "x" },
        "element": { "type": "plain_text_input", "action_id": "a" },
    });
    let table = json!({ "type": "table", "rows": [[{ "type": "raw_text", "text": "x" }]] });
    check_view(&view("modal", &json!([input])));
    check_view(&view("home", &json!([table])));
    let button = json!({
        "type": "button",
        "action_id": "a",
        "value": "v",
        "style": "primary",
        "text": { "type": "plain_text", "text": "x" },
    });
    let broken = [
        ("modal", json!([table])),
        ("home", json!([plan("t", &json!({ "type": "text", "text": "x" }))])),
        ("modal", json!(vec![input; 7])),
        ("modal", json!([{ "type": "actions", "elements": [button] }])),
    ];
    for (kind, blocks) in broken {
        assert!(fails(|| check_view(&view(kind, &blocks))), "{kind}: {blocks}");
    }
}
