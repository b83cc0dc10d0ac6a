//! `[sources.policy]`: what follows when an export lacks what it should have.

use super::super::reader::Section;
use crate::domain::source::{Policy, RowFall, Then};

const CHOICES: [(&str, Then); 3] = [("warn", Then::Warn), ("ask", Then::Ask), ("fail", Then::Fail)];

/// Returns the source's policy; what is not said warns.
pub(super) fn policy(section: &Section<'_>) -> Policy {
    let policy = Policy {
        skipped_tables: section.choice("skipped_tables", &CHOICES, false),
        gone_tables: section.choice("gone_tables", &CHOICES, false),
        row_fall: row_fall(section),
    };
    section.finish();
    policy
}

fn row_fall(section: &Section<'_>) -> RowFall {
    let percent = section.number("row_fall_percent", RowFall::default().percent);
    if percent > 99 {
        section.wrong("row_fall_percent", "must be below 100: a table cannot lose more than all of its rows");
    }
    RowFall { percent, then: section.choice("row_fall", &CHOICES, false) }
}
