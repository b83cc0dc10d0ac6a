//! `row_fall` and `row_fall_percent` of `[sources.policy]`: what happens when a table has lost rows.

use super::super::reader::Section;
use crate::domain::row_fall::{Reaction, RowFall};

/// Returns the policy that `section` names.
pub(super) fn row_fall(section: &Section<'_>) -> RowFall {
    let percent = section.number("row_fall_percent", RowFall::default().percent);
    if percent > 99 {
        section.wrong("row_fall_percent", "must be below 100: a table cannot lose more than all of its rows");
    }
    let choices = [("warn", Reaction::Warn), ("ask", Reaction::Ask), ("fail", Reaction::Fail)];
    RowFall { percent, reaction: section.choice("row_fall", &choices, false) }
}
