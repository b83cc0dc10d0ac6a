//! What Slack would say, for tests that have blocks and no workspace.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{MOST_TEXT, Problem, Surface, check, check_view, text_length};

/// Returns what Slack does not take of `blocks` on a surface.
pub(crate) fn refusals(blocks: &[Value], surface: Surface) -> Vec<String> {
    let mut refusals = texts(&check(blocks, surface, &BTreeSet::new(), "/blocks"));
    if surface == Surface::Message && text_length(blocks) > MOST_TEXT {
        refusals.push("msg_blocks_too_long".to_owned());
    }
    refusals
}

/// Returns what Slack does not take of `view`.
pub(crate) fn view_refusals(view: &Value, surface: Surface) -> Vec<String> {
    texts(&check_view(view, surface, &BTreeSet::new()))
}

fn texts(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(Problem::text).collect()
}
