//! The rules that look at more than one place: what goes together, what must be unique, what fits where.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Problem, Surface,
    walk::{problem, text_length},
};

/// Characters in a table's cells (docs.slack.dev, "Table block", "Data table block").
const MOST_TABLE: usize = 10_000;
const MOST_DATA_TABLE: usize = 20_000;

/// Characters in all markdown blocks of a message (docs.slack.dev, "Markdown block").
const MOST_MARKDOWN: usize = 12_000;

/// How often a block may stand in one message.
const MOST_OF: &[(&str, usize)] = &[("table", 1), ("data_visualization", 2)];

/// Returns whether a surface takes a block type (docs.slack.dev, the table of blocks and surfaces).
pub(super) fn fits(kind: &str, surface: Surface) -> bool {
    match surface {
        Surface::Message => kind != "alert",
        Surface::Home => !matches!(kind, "alert" | "markdown" | "plan" | "task_card"),
        Surface::Modal => {
            const MODAL: &[&str] =
                &["actions", "alert", "context", "divider", "header", "image", "input", "rich_text", "section"];
            MODAL.contains(&kind)
        }
    }
}

/// Returns what is wrong within one block whose shape is right.
pub(super) fn of_block(kind: &str, block: &Value, at: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let has = |key: &str| block.get(key).is_some();
    match kind {
        "section" if !has("text") && !has("fields") => problems.push(problem(at, "missing required field: text")),
        "image" => problems.extend(image(block, at)),
        "table" if text_length(block) > MOST_TABLE => problems.push(too_long(at, MOST_TABLE)),
        "data_table" if text_length(block) > MOST_DATA_TABLE => problems.push(too_long(at, MOST_DATA_TABLE)),
        "data_visualization" => problems.extend(chart(&block["chart"], &format!("{at}/chart"))),
        "task_card" if block["status"] == "pending" => {
            problems.push(problem(&format!("{at}/status"), "must be a valid enum value"));
        }
        _ => {}
    }
    let mut seen = BTreeSet::new();
    for (pointer, element) in elements(block, at) {
        if let Some(id) = element["action_id"].as_str().filter(|it| !seen.insert(*it)) {
            let what = format!("`action_id` \"{id}\" already exists for this block");
            problems.push(problem(&format!("{pointer}/action_id"), what));
        }
        problems.extend(of_element(element, &pointer));
    }
    problems
}

/// A series has one point for each category (docs.slack.dev, "Data visualization block").
fn chart(chart: &Value, at: &str) -> Vec<Problem> {
    let Some(categories) = chart["axis_config"]["categories"].as_array() else { return vec![] };
    let wrong = |series: &Value| {
        let labels: Vec<&Value> = series["data"].as_array().into_iter().flatten().map(|it| &it["label"]).collect();
        labels.len() != categories.len() || !categories.iter().all(|it| labels.contains(&it))
    };
    let series = chart["series"].as_array().into_iter().flatten().enumerate().filter(|(_, it)| wrong(it));
    series.map(|(i, _)| problem(&format!("{at}/series/{i}/data"), "must match the categories")).collect()
}

fn of_element(element: &Value, at: &str) -> Vec<Problem> {
    let options = [element.get("options"), element.get("option_groups")].into_iter().flatten().count();
    match element["type"].as_str() {
        Some("image") => image(element, at),
        Some("static_select" | "multi_static_select") if options != 1 => {
            vec![problem(at, "must provide either options or option_groups")]
        }
        Some(_) | None => vec![],
    }
}

fn image(image: &Value, at: &str) -> Vec<Problem> {
    let sources = [image.get("image_url"), image.get("slack_file")].into_iter().flatten().count();
    if sources == 1 { vec![] } else { vec![problem(at, "must provide either image_url or slack_file")] }
}

/// Returns the elements of a block, each with its pointer.
pub(super) fn elements<'a>(block: &'a Value, at: &str) -> Vec<(String, &'a Value)> {
    let listed = block["elements"].as_array().into_iter().flatten().enumerate();
    let single = ["accessory", "element"].into_iter().filter_map(|key| Some((format!("{at}/{key}"), block.get(key)?)));
    listed.map(|(i, it)| (format!("{at}/elements/{i}"), it)).chain(single).collect()
}

/// Returns what is wrong with blocks that are right one by one.
pub(super) fn of_all(blocks: &[Value], at: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for (i, block) in blocks.iter().enumerate() {
        if let Some(id) = block["block_id"].as_str().filter(|it| !seen.insert(*it)) {
            let what = format!("`block_id` \"{id}\" already exists for another block");
            problems.push(problem(&format!("{at}/{i}/block_id"), what));
        }
    }
    for (kind, most) in MOST_OF {
        if blocks.iter().filter(|it| it["type"] == *kind).count() > *most {
            problems.push(problem(at, format!("no more than {most} {kind} blocks allowed")));
        }
    }
    let markdown: usize = blocks.iter().filter(|it| it["type"] == "markdown").map(text_length).sum();
    if markdown > MOST_MARKDOWN {
        problems.push(too_long(at, MOST_MARKDOWN));
    }
    problems.extend(repeated_tasks(blocks, at));
    problems
}

fn repeated_tasks(blocks: &[Value], at: &str) -> Vec<Problem> {
    let tasks = blocks.iter().flat_map(|block| match block["tasks"].as_array() {
        Some(tasks) => tasks.iter().collect(),
        None => vec![block],
    });
    let mut seen = BTreeSet::new();
    let repeated = tasks.filter_map(|it| it["task_id"].as_str()).filter(|it| !seen.insert(*it));
    repeated.map(|it| problem(at, format!("`task_id` \"{it}\" already exists"))).collect()
}

fn too_long(at: &str, most: usize) -> Problem {
    problem(at, format!("must be less than {} characters", most + 1))
}
