//! Views: modals and App Homes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Problem, Surface, check,
    walk::{
        self, Field,
        Rule::{Flag, List, Plain, Str, Whole, Word},
        may, need, problem,
    },
};

const MODAL: &[Field] = &[
    need("type", Word(&["modal"])),
    need("title", Plain(24)),
    need("blocks", List(0, usize::MAX, &Whole)),
    may("submit", Plain(24)),
    may("close", Plain(24)),
    may("private_metadata", Str(0, 3_000)),
    may("callback_id", Str(0, 255)),
    may("external_id", Str(0, 255)),
    may("clear_on_close", Flag),
    may("notify_on_close", Flag),
    may("submit_disabled", Flag),
];

const HOME: &[Field] = &[
    need("type", Word(&["home"])),
    need("blocks", List(0, usize::MAX, &Whole)),
    may("private_metadata", Str(0, 3_000)),
    may("callback_id", Str(0, 255)),
    may("external_id", Str(0, 255)),
];

/// Returns what Slack does not take of `view` on a surface.
pub(in super::super) fn check_view(view: &Value, surface: Surface, refused: &BTreeSet<String>) -> Vec<Problem> {
    let fields = if surface == Surface::Home { HOME } else { MODAL };
    let mut problems = walk::fields(fields, view, "/view");
    if let Some(blocks) = view["blocks"].as_array() {
        problems.extend(check(blocks, surface, refused, "/view/blocks"));
        let inputs = blocks.iter().any(|it| it["type"] == "input");
        if surface == Surface::Modal && inputs && view.get("submit").is_none() {
            problems.push(problem("/view", "missing required field: submit"));
        }
    }
    problems
}
