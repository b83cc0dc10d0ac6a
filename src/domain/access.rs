//! Who may do what. Every rule about people starts from [`Person`], what Slack says of somebody at this moment.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

mod identities;
mod lists;

pub use identities::{Identities, Identity};
pub use lists::{Access, Lists};

/// An entry of a list of people in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// One person, by Slack id (`U…`, `W…`).
    User(String),
    /// A Slack user group (`S…`).
    Group(String),
    /// Any full member of the team who asks in this channel (`C…`, `G…`).
    Channel(String),
    /// Any full member of the team, `*`.
    AnyMember,
}

/// A text that names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is neither a user (U…, W…), nor a user group (S…), nor a channel (C…, G…), nor \"*\"")]
pub struct NotWho;

impl FromStr for Who {
    type Err = NotWho;

    fn from_str(text: &str) -> Result<Self, NotWho> {
        let id = text.len() > 1 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        match text.as_bytes().first() {
            Some(b'*') if text.len() == 1 => Ok(Self::AnyMember),
            Some(b'U' | b'W') if id => Ok(Self::User(text.to_owned())),
            Some(b'S') if id => Ok(Self::Group(text.to_owned())),
            Some(b'C' | b'G') if id => Ok(Self::Channel(text.to_owned())),
            _ => Err(NotWho),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) | Self::Group(id) | Self::Channel(id) => f.write_str(id),
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
    /// Says whether the person is a full member of the team.
    pub fn is_member(&self) -> bool {
        self.membership == Membership::Member
    }

    /// Says whether one of `list` names the person, wherever they ask. Only full members are ever named: guests, bots,
    /// strangers and people who have left are not, whatever the list says.
    pub fn is_in(&self, list: &[Who]) -> bool {
        self.asks_in(None, list)
    }

    /// The same for a person who asks in `channel`, if they ask in one: lists may name channels.
    pub fn asks_in(&self, channel: Option<&str>, list: &[Who]) -> bool {
        self.is_member()
            && list.iter().any(|who| match who {
                Who::User(id) => *id == self.user,
                Who::Group(id) => self.groups.contains(id),
                Who::Channel(id) => channel == Some(id.as_str()),
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

impl Right {
    /// Returns the right's name in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Operate => "operate",
        }
    }
}

/// Why somebody is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    /// A guest, a bot, or somebody who has left.
    NotMember,
    /// Somebody of another workspace.
    OtherWorkspace,
    /// A full member whom no list names.
    NoRight,
    /// Slack does not say who it is.
    Unidentified,
}

impl Bar {
    /// Returns why somebody of `membership` is refused whom no list names.
    pub fn of(membership: Membership) -> Self {
        match membership {
            Membership::Member => Self::NoRight,
            Membership::Guest | Membership::Bot | Membership::Deactivated => Self::NotMember,
            Membership::Stranger => Self::OtherWorkspace,
        }
    }

    /// Returns the reason's name in records and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotMember => "not_member",
            Self::OtherWorkspace => "other_workspace",
            Self::NoRight => "no_right",
            Self::Unidentified => "unidentified",
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
    fn a_channel_names_full_members_who_ask_there() {
        let there = list(&["C0OPS"]);
        let member = person(Membership::Member, &[]);
        assert!(member.asks_in(Some("C0OPS"), &there));
        assert!(!member.asks_in(Some("C0OTHER"), &there) && !member.asks_in(None, &there) && !member.is_in(&there));
        assert!(!person(Membership::Guest, &[]).asks_in(Some("C0OPS"), &there));
    }

    #[test]
    fn entries_that_name_nobody_are_refused() {
        for text in ["", "*x", "ana", "u123", "U", "C", "D0123", "c0123", "@ana", "U12 3"] {
            assert_eq!(text.parse::<Who>(), Err(NotWho), "{text}");
        }
    }
}
