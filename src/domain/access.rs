//! Who may do what. Every rule about people starts from [`Person`], what Slack says of somebody at this moment.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// An entry of a list of people in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// One person, by Slack id (`U…`, `W…`).
    User(String),
    /// A Slack user group (`S…`).
    Group(String),
    /// Any full member of the team, `*`.
    AnyMember,
}

/// A text that names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is neither a user (U…, W…), nor a user group (S…), nor \"*\"")]
pub struct NotWho;

impl FromStr for Who {
    type Err = NotWho;

    fn from_str(text: &str) -> Result<Self, NotWho> {
        let id = text.len() > 1 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        match text.as_bytes().first() {
            Some(b'*') if text.len() == 1 => Ok(Self::AnyMember),
            Some(b'U' | b'W') if id => Ok(Self::User(text.to_owned())),
            Some(b'S') if id => Ok(Self::Group(text.to_owned())),
            _ => Err(NotWho),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) | Self::Group(id) => f.write_str(id),
            Self::AnyMember => f.write_str("*"),
        }
    }
}

/// What somebody is in the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    /// A full member of the configured team.
    Member,
    Guest,
    Bot,
    Deactivated,
    /// Somebody of another team, in a shared channel.
    Stranger,
}

/// A person as Slack describes them now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub user: String,
    pub membership: Membership,
    /// Those of the configured user groups that hold the person.
    pub groups: BTreeSet<String>,
}

impl Person {
    /// Says whether one of `list` names the person. Only full members are ever named: guests, bots, strangers and
    /// people who have left are not, whatever the list says.
    pub fn is_in(&self, list: &[Who]) -> bool {
        self.membership == Membership::Member
            && list.iter().any(|who| match who {
                Who::User(id) => *id == self.user,
                Who::Group(id) => self.groups.contains(id),
                Who::AnyMember => true,
            })
    }
}

/// What a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// See runs and sources.
    View,
    /// Start, retry and cancel runs.
    Operate,
}

/// The lists of people in the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    pub viewers: Vec<Who>,
    pub operators: Vec<Who>,
}

impl Access {
    /// Says whether `person` has `right`. Operators may also view.
    pub fn allows(&self, person: &Person, right: Right) -> bool {
        let operates = person.is_in(&self.operators);
        match right {
            Right::View => operates || person.is_in(&self.viewers),
            Right::Operate => operates,
        }
    }

    /// Returns whom to ask for `right`.
    pub fn holders(&self, right: Right) -> &[Who] {
        match right {
            Right::View => &self.viewers,
            Right::Operate => &self.operators,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(membership: Membership, groups: &[&str]) -> Person {
        Person { user: "UANA".into(), membership, groups: groups.iter().map(|it| (*it).to_owned()).collect() }
    }

    fn list(entries: &[&str]) -> Vec<Who> {
        entries.iter().map(|it| it.parse().unwrap()).collect()
    }

    #[test]
    fn only_full_members_are_ever_named() {
        let all = list(&["*", "UANA", "SOPS"]);
        assert!(person(Membership::Member, &[]).is_in(&all));
        for other in [Membership::Guest, Membership::Bot, Membership::Deactivated, Membership::Stranger] {
            assert!(!person(other, &["SOPS"]).is_in(&all), "{other:?}");
        }
    }

    #[test]
    fn operators_are_named_by_id_or_group() {
        let access = Access { viewers: list(&["*"]), operators: list(&["SOPS", "UBEN"]) };
        assert!(access.allows(&person(Membership::Member, &["SOPS"]), Right::Operate));
        assert!(!access.allows(&person(Membership::Member, &["SOTHER"]), Right::Operate));
        assert!(access.allows(&person(Membership::Member, &[]), Right::View));
    }

    #[test]
    fn entries_that_name_nobody_are_refused() {
        for text in ["", "*x", "ana", "u123", "U", "C0123", "@ana", "U12 3"] {
            assert_eq!(text.parse::<Who>(), Err(NotWho), "{text}");
        }
    }
}
