//! Markup and blocks as text.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::Reader;
use crate::sandbox::slack::{Options, world::World};

fn read<T>(read: impl FnOnce(&Reader<'_>) -> T) -> T {
    let world = World::new(&Options::default());
    let zone = TimeZone::get("Asia/Tokyo").unwrap();
    read(&Reader { world: &world, zone, now: "2026-11-22T04:00:00Z".parse().unwrap() })
}

#[test]
fn markup_reads_as_text() {
    let cases = [
        ("*bold* _italic_ ~struck~ `code`", "bold italic struck code"),
        ("snake_case_name and 2*3*4", "snake_case_name and 2*3*4"),
        ("* not bold * and _", "* not bold * and _"),
        ("_*both*_", "both"),
        ("```let x = 1```", "let x = 1"),
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("<https://example.org|the log> <https://example.org>", "the log https://example.org"),
        ("<@U0ANA000001> <@U0NOBODY001> <#C0DATALAKE1> <#C9|gone>", "@ana @U0NOBODY001 #datalake gone"),
        ("<!subteam^S0DATAOPS01> <!here>", "@data-ops @here"),
        ("<!date^1795320000^{date_short_pretty} {time}|x>", "today 13:00"),
        ("<!date^1795233600^{date_pretty}|x>", "yesterday"),
        ("<!date^1795060800^{date_num} {time_secs}^https://example.org|x>", "2026-11-19 13:00:00"),
        ("<!date^never^{date}|some day>", "some day"),
        ("a < b", "a < b"),
    ];
    for (text, expected) in cases {
        assert_eq!(read(|it| it.mrkdwn(text)), expected, "{text}");
    }
}

#[test]
fn every_block_reads_as_lines() {
    let text = |text: &str| json!({ "type": "plain_text", "text": text });
    let rich = |text: &str| {
        let part = json!({ "type": "rich_text_section", "elements": [{ "type": "text", "text": text }] });
        json!({ "type": "rich_text", "elements": [part] })
    };
    let cell = |text: &str| json!({ "type": "raw_text", "text": text });
    let option = |value: &str| json!({ "text": text(value), "value": value });
    let task = |id: &str, status: &str| json!({ "type": "task_card", "task_id": id, "title": id, "status": status });
    let mut failed = task("Verify", "error");
    failed["details"] = rich("two tables are missing");
    let cases: [(Value, &[&str]); 9] = [
        (json!({ "type": "divider" }), &["────────"]),
        (json!({ "type": "section", "fields": [text("a"), text("b")] }), &["a", "b"]),
        (json!({ "type": "image", "alt_text": "A chart", "image_url": "x" }), &["(image: A chart)"]),
        (
            json!({ "type": "plan", "title": "Run", "tasks": [task("Export", "complete"), failed, task("Copy", "pending")] }),
            &["Run", "✓ Export", "✗ Verify", "  two tables are missing", "○ Copy"],
        ),
        (
            json!({ "type": "table", "rows": [[cell("table"), cell("rows")], [cell("users"), cell("5")]] }),
            &["table | rows", "users | 5"],
        ),
        (
            json!({ "type": "data_visualization", "title": "Rows", "chart": { "type": "pie", "segments": [{ "label": "a", "value": 1 }] } }),
            &["Rows", "a 1"],
        ),
        (
            json!({ "type": "input", "label": text("Source"), "element": { "type": "static_select", "placeholder": text("Choose"), "options": [option("shop")] } }),
            &["Source: [Choose]"],
        ),
        (json!({ "type": "markdown", "text": "# Title" }), &["# Title"]),
        (json!({ "type": "unheard_of" }), &["(unheard_of)"]),
    ];
    for (block, expected) in cases {
        assert_eq!(read(|it| it.blocks(std::slice::from_ref(&block))), expected, "{block}");
    }
}
