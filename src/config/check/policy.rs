//! `[sources.policy]`: what follows when an export lacks what it should have.

use super::super::reader::Section;
use crate::domain::source::{Policy, RowFall, Then};

const CHOICES: [(&str, Then); 3] = [("warn", Then::Warn), ("ask", Then::Ask), ("fail", Then::Fail)];

/// Returns the source's policy; what is not said is as [`Policy::default`] has it.
pub(super) fn policy(section: &Section<'_>) -> Policy {
    let default = Policy::default();
    let policy = Policy {
        skipped_tables: then(section, "skipped_tables", default.skipped_tables),
        gone_tables: then(section, "gone_tables", default.gone_tables),
        row_fall: row_fall(section, default.row_fall),
    };
    section.finish();
    policy
}

fn row_fall(section: &Section<'_>, default: RowFall) -> RowFall {
    let percent = section.number("row_fall_percent", default.percent);
    if percent > 99 {
        section.wrong("row_fall_percent", "must be below 100: a table cannot lose more than all of its rows");
    }
    RowFall { percent, then: then(section, "row_fall", default.then) }
}

fn then(section: &Section<'_>, key: &'static str, default: Then) -> Then {
    if section.has(key) { section.choice(key, &CHOICES, true) } else { default }
}
