//! Tables as aligned columns, charts as lines of numbers.

use serde_json::Value;

use super::{elements::element, items, rich, word};

pub(super) fn table(block: &Value) -> String {
    let rows: Vec<Vec<String>> = items(&block["rows"]).map(|row| items(row).map(cell).collect()).collect();
    let caption = block["caption"].as_str().map(|it| format!("▦ {it}"));
    caption.into_iter().chain(aligned(&rows)).collect::<Vec<_>>().join("\n")
}

fn cell(cell: &Value) -> String {
    match word(cell, "type") {
        "rich_text" => rich::text(cell).replace('\n', " "),
        "action_cell" => element(&cell["element"]),
        _ => word(cell, "text").to_owned(),
    }
}

pub(super) fn chart(block: &Value) -> String {
    let chart = &block["chart"];
    let title = format!("▥ {} ({})", word(block, "title"), word(chart, "type"));
    let point = |it: &Value| vec![word(it, "label").to_owned(), it["value"].to_string()];
    let pie = aligned(&items(&chart["segments"]).map(point).collect::<Vec<_>>());
    let series = items(&chart["series"]).flat_map(|it| {
        let points: Vec<Vec<String>> = items(&it["data"]).map(point).collect();
        std::iter::once(format!("{}:", word(it, "name"))).chain(aligned(&points)).collect::<Vec<_>>()
    });
    std::iter::once(title).chain(pie).chain(series).collect::<Vec<_>>().join("\n")
}

fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|at| rows.iter().filter_map(|it| it.get(at)).map(|it| places(it)).max().unwrap_or(0))
        .collect();
    let pad = |text: &String, width: usize| format!("{text}{}", " ".repeat(width - places(text)));
    let line = |row: &Vec<String>| row.iter().zip(&widths).map(|(text, width)| pad(text, *width)).collect::<Vec<_>>();
    rows.iter().map(|row| line(row).join(" │ ").trim_end().to_owned()).collect()
}

/// Returns how many places `text` takes in a terminal: the scripts of East Asia take two for a character.
fn places(text: &str) -> usize {
    let is_wide = |c: char| {
        matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}')
            || matches!(c, '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}')
            || matches!(c, '\u{1f300}'..='\u{1faff}')
    };
    text.chars().map(|it| if is_wide(it) { 2 } else { 1 }).sum()
}
