//! `[[people]]`: accounts that are one person's.

use super::super::reader::Section;
use crate::domain::access::{Identities, Identity, Who};

/// Returns who is one person; no account can be two persons'.
pub(super) fn people(root: &Section<'_>) -> Identities {
    let mut read = Identities::default();
    for section in root.sections("people") {
        let slack: Vec<Who> = section.list("slack");
        if slack.iter().any(|it| !matches!(it, Who::User(_))) {
            section.wrong("slack", "must hold ids of users (U…, W…)");
        }
        let person = Identity { slack: slack.iter().map(ToString::to_string).collect(), cli: section.list("cli") };
        if person.slack.len() + person.cli.len() < 2 {
            section.wrong("slack", "and `cli` must name two accounts at least: one alone is itself");
        }
        for other in &read.0 {
            let both = |key, mine: &[String], theirs: &[String]| {
                for name in mine.iter().filter(|it| theirs.contains(it)) {
                    section.wrong(key, format!("names `{name}`, who is in another entry already"));
                }
            };
            both("slack", &person.slack, &other.slack);
            both("cli", &person.cli, &other.cli);
        }
        section.finish();
        read.0.push(person);
    }
    read
}
