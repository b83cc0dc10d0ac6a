use serde_json::json;

use super::*;

fn shown(json: &Value) -> String {
    blocks(&json!([json]))
}

#[test]
fn a_plan_is_a_list_of_tasks() {
    let rich = |element: Value| json!({ "type": "rich_text", "elements": [{ "type": "rich_text_section", "elements": [element] }] });
    let plan = json!({ "type": "plan", "title": "Refresh", "tasks": [
        { "task_id": "1", "title": "Export", "status": "complete",
          "details": rich(json!({ "type": "text", "text": "263 GB", "style": { "bold": true } })),
          "output": rich(json!({ "type": "date", "timestamp": 1_795_316_700, "format": "{time}", "fallback": "x" })) },
        { "task_id": "2", "title": "Check", "status": "error" },
        { "task_id": "3", "title": "Latest" },
    ] });
    assert_eq!(shown(&plan), "▤ Refresh\n[x] Export / *263 GB* / {22 03:05}\n[!] Check\n[ ] Latest");
}

#[test]
fn tables_are_aligned() {
    let row = |texts: [&str; 2]| texts.map(|it| json!({ "type": "raw_text", "text": it }));
    let table =
        json!({ "type": "data_table", "caption": "Runs", "rows": [row(["名前", "状態"]), row(["shop", "ok"])] });
    assert_eq!(shown(&table), "▦ Runs\n名前 │ 状態\nshop │ ok");
    let chart = json!({ "type": "data_visualization", "title": "Took", "chart": {
        "type": "bar",
        "series": [{ "name": "min", "data": [{ "label": "shop", "value": 3 }, { "label": "hr", "value": 12 }] }],
        "axis_config": { "categories": ["shop", "hr"] },
    } });
    assert_eq!(shown(&chart), "▥ Took (bar)\nmin:\nshop │ 3\nhr   │ 12");
}

#[test]
fn a_form_shows_what_can_be_chosen() {
    let text = |it: &str| json!({ "type": "plain_text", "text": it });
    let option = |it: &str| json!({ "text": text(it), "value": it });
    let input = |element: Value| json!({ "type": "input", "label": text("Source"), "element": element });
    let select = json!({ "type": "static_select", "action_id": "s", "placeholder": text("Choose"),
        "option_groups": [{ "label": text("Mine"), "options": [option("shop")] }] });
    assert_eq!(shown(&input(select)), "Source:\n[Choose ▾] s\n   ▸ Mine\n   shop =shop");
    let boxes = json!({ "type": "checkboxes", "action_id": "l", "options": [option("a"), option("b")],
        "initial_options": [option("b")] });
    assert_eq!(shown(&input(boxes)), "Source:\n☐ a =a\n☑ b =b l");
    let view = serde_json::from_value(json!({ "type": "modal", "title": text("Run"), "submit": text("Start"),
        "close": text("Close"), "callback_id": "run", "private_metadata": "m", "blocks": [{ "type": "divider" }] }));
    assert_eq!(read_view(&view.unwrap()), "┌ Run\n─────\n└ [Start!] [Close] run=m");
}
