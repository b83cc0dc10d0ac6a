//! Blocks as lines of text.

use serde_json::Value;

use super::{Reader, mrkdwn::decoded};

const RULE: &str = "────────";

impl Reader<'_> {
    /// Returns what blocks say, line by line.
    pub(super) fn blocks(&self, blocks: &[Value]) -> Vec<String> {
        let texts = blocks.iter().map(|it| self.block(it));
        texts.flat_map(|it| it.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    fn block(&self, block: &Value) -> String {
        match block["type"].as_str().unwrap_or_default() {
            "header" | "alert" => self.text(&block["text"]),
            "section" => self.section(block),
            "context" => self.joined(&block["elements"], "  "),
            "actions" => self.joined(&block["elements"], " "),
            "divider" => RULE.to_owned(),
            "image" => format!("(image: {})", word(block, "alt_text")),
            "input" => {
                let line = format!("{}: {}", self.text(&block["label"]), self.element(&block["element"]));
                let hint = block.get("hint").map(|it| self.text(it));
                std::iter::once(line).chain(hint).collect::<Vec<_>>().join("\n")
            }
            "markdown" => decoded(word(block, "text")),
            "rich_text" => self.rich(block),
            "plan" => {
                let tasks = items(&block["tasks"]).map(|it| self.task(it));
                std::iter::once(word(block, "title").to_owned()).chain(tasks).collect::<Vec<_>>().join("\n")
            }
            "task_card" => self.task(block),
            "table" | "data_table" => self.table(block),
            "data_visualization" => self.chart(block),
            other => format!("({other})"),
        }
    }

    fn section(&self, block: &Value) -> String {
        let text = block.get("text").map(|it| self.text(it));
        let fields = items(&block["fields"]).map(|it| self.text(it));
        let accessory = block.get("accessory").map(|it| self.element(it));
        text.into_iter().chain(fields).chain(accessory).collect::<Vec<_>>().join("\n")
    }

    fn joined(&self, elements: &Value, separator: &str) -> String {
        items(elements).map(|it| self.element(it)).collect::<Vec<_>>().join(separator)
    }

    fn element(&self, element: &Value) -> String {
        match element["type"].as_str().unwrap_or_default() {
            "plain_text" | "mrkdwn" => self.text(element),
            "image" => format!("(image: {})", word(element, "alt_text")),
            "button" => format!("[ {} ]", self.text(&element["text"])),
            "checkboxes" | "radio_buttons" => items(&element["options"])
                .map(|it| format!("( ) {}", self.text(&it["text"])))
                .collect::<Vec<_>>()
                .join(" "),
            "overflow" => "[ ... ]".to_owned(),
            _ => {
                let initial =
                    element["initial_option"]["text"].as_object().map(|it| self.text(&Value::Object(it.clone())));
                let typed = element["initial_value"].as_str().map(str::to_owned);
                let hint = || self.text(&element["placeholder"]);
                format!("[{}]", initial.or(typed).unwrap_or_else(hint))
            }
        }
    }

    fn task(&self, task: &Value) -> String {
        let mark = match task["status"].as_str() {
            Some("in_progress") => "▸",
            Some("complete") => "✓",
            Some("error") => "✗",
            Some(_) | None => "○",
        };
        let parts = ["details", "output"].into_iter().filter_map(|key| task.get(key)).map(|it| self.rich(it));
        let parts = parts.flat_map(|it| it.lines().map(|it| format!("  {it}")).collect::<Vec<_>>());
        let head = format!("{mark} {}", word(task, "title"));
        std::iter::once(head).chain(parts).collect::<Vec<_>>().join("\n")
    }

    fn table(&self, block: &Value) -> String {
        let rows: Vec<Vec<String>> =
            items(&block["rows"]).map(|row| items(row).map(|it| self.cell(it)).collect()).collect();
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let length = |text: &String| text.chars().count();
        let widths: Vec<usize> =
            (0..columns).map(|at| rows.iter().filter_map(|it| it.get(at)).map(length).max().unwrap_or(0)).collect();
        let line = |row: &Vec<String>| {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(text, width)| format!("{text:<width$}")).collect();
            cells.join(" | ").trim_end().to_owned()
        };
        let caption = block["caption"].as_str().map(str::to_owned);
        caption.into_iter().chain(rows.iter().map(line)).collect::<Vec<_>>().join("\n")
    }

    fn cell(&self, cell: &Value) -> String {
        match cell["type"].as_str().unwrap_or_default() {
            "rich_text" => self.rich(cell).replace('\n', " "),
            "action_cell" => self.element(&cell["element"]),
            _ => word(cell, "text").to_owned(),
        }
    }

    fn chart(&self, block: &Value) -> String {
        let point = |it: &Value| format!("{} {}", word(it, "label"), it["value"]);
        let points = |it: &Value| items(it).map(point).collect::<Vec<_>>().join(", ");
        let chart = &block["chart"];
        let pie = chart.get("segments").map(points);
        let series = items(&chart["series"]).map(|it| format!("{}: {}", word(it, "name"), points(&it["data"])));
        let title = word(block, "title").to_owned();
        std::iter::once(title).chain(pie).chain(series).collect::<Vec<_>>().join("\n")
    }

    /// Returns rich text; each part starts a line, each item of a list has a bullet.
    fn rich(&self, block: &Value) -> String {
        let parts = items(&block["elements"]).map(|part| match part["type"].as_str() {
            Some("rich_text_list") => {
                let lines: Vec<String> = items(&part["elements"]).map(|it| format!("• {}", self.inline(it))).collect();
                lines.join("\n")
            }
            Some(_) | None => self.inline(part).trim_end_matches('\n').to_owned(),
        });
        parts.collect::<Vec<_>>().join("\n")
    }

    fn inline(&self, part: &Value) -> String {
        let shown = items(&part["elements"]).map(|it| match it["type"].as_str().unwrap_or_default() {
            "link" => it["text"].as_str().unwrap_or_else(|| word(it, "url")).to_owned(),
            "user" => self.special(&format!("@{}", word(it, "user_id"))),
            "channel" => self.special(&format!("#{}", word(it, "channel_id"))),
            "usergroup" => self.special(&format!("!subteam^{}", word(it, "usergroup_id"))),
            "broadcast" => format!("@{}", word(it, "range")),
            "emoji" => format!(":{}:", word(it, "name")),
            "date" => {
                self.special(&format!("!date^{}^{}|{}", it["timestamp"], word(it, "format"), word(it, "fallback")))
            }
            _ => word(it, "text").to_owned(),
        });
        shown.collect()
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
