//! What Slack takes for blocks and views, and the words in which it refuses.
//!
//! The shapes with their limits are tables ([`shapes`]), one walker compares a value with them ([`walk`]), and the
//! rules that look at more than one place stand by themselves ([`rules`]). Blocks that are in no table (`card`,
//! `carousel`, `container`, `context_actions`, `video`, `file`) are refused like unknown ones: the stand-in does not
//! let pass what it cannot check.

mod elements;
#[cfg(test)]
mod opinion;
mod rules;
mod shapes;
#[cfg(test)]
mod tests;
mod view;
mod walk;

use std::collections::BTreeSet;

use serde_json::Value;

#[cfg(test)]
pub(crate) use self::opinion::{refusals, view_refusals};
pub(super) use self::view::check_view;

/// Text in all blocks of a message. Undocumented; measured between 13,172 and 13,297 (metabase#79908, bolt-js#2509).
pub(super) const MOST_TEXT: usize = 13_200;

/// Where blocks stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    Message,
    Modal,
    Home,
}

impl Surface {
    /// Returns how many blocks fit.
    fn most_blocks(self) -> usize {
        match self {
            Self::Message => 50,
            Self::Modal | Self::Home => 100,
        }
    }
}

/// Something that Slack does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// JSON pointer into the request.
    pointer: String,
    what: String,
}

impl Problem {
    /// Returns it as the API says it under `errors`; under `response_metadata.messages` it starts with `[ERROR] `.
    pub(super) fn text(&self) -> String {
        format!("{} [json-pointer:{}]", self.what, self.pointer)
    }
}

/// Returns what Slack does not take of `blocks`, which stand at `pointer` of the request.
pub(super) fn check(blocks: &[Value], surface: Surface, refused: &BTreeSet<String>, pointer: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    if blocks.len() > surface.most_blocks() {
        let what = format!("no more than {} items allowed", surface.most_blocks());
        problems.push(Problem { pointer: pointer.to_owned(), what });
    }
    for (at, block) in blocks.iter().enumerate() {
        let pointer = format!("{pointer}/{at}");
        let kind = block["type"].as_str().unwrap_or_default();
        match shapes::BLOCKS.iter().find(|it| it.name == kind) {
            Some(shape) if !refused.contains(kind) && rules::fits(kind, surface) => {
                let mut found = walk::fields(shape.fields, block, &pointer);
                if found.is_empty() {
                    found = rules::of_block(kind, block, &pointer);
                }
                problems.extend(found);
            }
            Some(_) | None => {
                let what = format!("unsupported type: {kind}");
                problems.push(Problem { pointer: format!("{pointer}/type"), what });
            }
        }
    }
    if problems.is_empty() { rules::of_all(blocks, pointer) } else { problems }
}

/// Returns how many characters of text are in `blocks`.
pub(super) fn text_length(blocks: &[Value]) -> usize {
    blocks.iter().map(walk::text_length).sum()
}
