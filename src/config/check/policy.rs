//! `[sources.policy]`: what follows when an export lacks what it should have.

use super::super::reader::Section;
use crate::domain::source::{Policy, Then};

const CHOICES: [(&str, Then); 3] = [("warn", Then::Warn), ("ask", Then::Ask), ("fail", Then::Fail)];

/// Returns the source's policy; what is not said warns.
pub(super) fn policy(section: &Section<'_>) -> Policy {
    let policy = Policy {
        skipped_tables: section.choice("skipped_tables", &CHOICES, false),
        gone_tables: section.choice("gone_tables", &CHOICES, false),
    };
    section.finish();
    policy
}
