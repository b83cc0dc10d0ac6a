//! `retention` of a source: what is kept of its exports. Without it the bot removes nothing.

use jiff::SignedDuration;

use super::{super::reader::Section, shapes};
use crate::domain::retention::Retention;

/// Exports that somebody may want to keep: above that, no number is meant.
const MOST: u32 = 1000;

/// Exports that are kept where no number is given: what is published, and two to go back to.
const EXPORTS: u32 = 3;

/// Returns what is kept, if anything is ever removed.
pub(super) fn retention(section: &Section<'_>) -> Option<Retention> {
    let exports = section.number("exports", EXPORTS);
    if exports > MOST {
        section.wrong("exports", format!("must not be above {MOST}: to keep everything, leave `retention` out"));
    } else if exports == 1 {
        section.note("exports", "keeps one: when what is published is bad, there is nothing to roll back to");
    }
    let grace = shapes::duration(section, "grace");
    if section.is_there() && !section.has("grace") {
        section.wrong("grace", "is missing: how long an export is kept that is not needed any more, such as \"72h\"");
    }
    section.finish();
    let grace = SignedDuration::try_from(grace?).ok()?;
    Some(Retention { exports, grace })
}
