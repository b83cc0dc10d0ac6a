//! The workspace that a stand-in for Slack starts with.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use serde::Serialize;

use super::limits::Limits;

/// User id of the bot under test.
pub const BOT_USER: &str = "U0DATABOT01";

/// Bot id of the bot under test.
pub const BOT: &str = "B0DATABOT01";

/// What somebody is to the workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    Member,
    /// Invited to some channels only; `single`: to one.
    Guest {
        single: bool,
    },
    /// From another team, through Slack Connect.
    Stranger {
        team: String,
    },
    Bot,
    Deactivated,
}

/// Somebody with a user id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// `U…`
    pub id: String,
    /// The name behind the `@`.
    pub name: String,
    pub real_name: String,
    /// Job title; on the page it tells who is who.
    pub title: String,
    #[serde(flatten)]
    pub kind: Kind,
    /// `en-US`, `ja-JP`, …
    pub locale: String,
    /// IANA name of the time zone.
    pub tz: String,
}

impl Person {
    /// Returns a full member who reads American English in UTC.
    pub fn member(id: &str, name: &str, real_name: &str, title: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            real_name: real_name.to_owned(),
            title: title.to_owned(),
            kind: Kind::Member,
            locale: "en-US".to_owned(),
            tz: "UTC".to_owned(),
        }
    }

    /// Returns the person as another kind.
    #[must_use]
    pub fn kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// Returns the person with another language and time zone.
    #[must_use]
    pub fn living(self, locale: &str, tz: &str) -> Self {
        Self { locale: locale.to_owned(), tz: tz.to_owned(), ..self }
    }
}

/// A user group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// `S…`
    pub id: String,
    /// The name behind the `@`.
    pub handle: String,
    pub name: String,
    /// User ids.
    pub members: Vec<String>,
    /// A disabled group is listed on request only and has no members to show.
    pub disabled: bool,
}

/// A channel at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelSpec {
    /// `C…`
    pub id: String,
    pub name: String,
    pub private: bool,
    /// User ids, the bot's among them if it is a member.
    pub members: Vec<String>,
}

/// Everything that is set at the start.
#[derive(Clone, Debug)]
pub struct Options {
    pub team_id: String,
    pub team_domain: String,
    pub app_id: String,
    /// The bot's token, `xoxb-…`.
    pub token: String,
    /// The app's token, `xapp-…`.
    pub app_token: String,
    /// The scopes that the bot's token has.
    pub scopes: Vec<String>,
    pub signing_secret: String,
    pub channels: Vec<ChannelSpec>,
    pub people: Vec<Person>,
    pub groups: Vec<Group>,
    pub limits: Limits,
    /// How long people wait for the bot to answer. Slack waits three seconds.
    pub patience: Duration,
    /// Where the web page is served; the API has a loopback port of its own.
    pub listen: SocketAddr,
    /// Where the bot's doors are, if that is known already: `http://127.0.0.1:8080`.
    pub bot_url: Option<String>,
}

impl Default for Options {
    /// A small data team: two who run things, two who approve, a guest, a stranger and somebody who has left.
    fn default() -> Self {
        let people = team();
        let everyone: Vec<String> = people.iter().map(|it| it.id.clone()).collect();
        let channel = |id: &str, name: &str, private, members: &[String]| ChannelSpec {
            id: id.to_owned(),
            name: name.to_owned(),
            private,
            members: members.to_vec(),
        };
        Self {
            team_id: "T0DATALAKE1".to_owned(),
            team_domain: "datalake-sandbox".to_owned(),
            app_id: "A0DATALAKE1".to_owned(),
            token: "xoxb-sandbox-token".to_owned(),
            app_token: "xapp-sandbox-token".to_owned(),
            scopes: SCOPES.iter().map(|it| (*it).to_owned()).collect(),
            signing_secret: "sandbox-signing-secret".to_owned(),
            channels: vec![
                channel("C0DATALAKE1", "datalake", false, &everyone),
                channel("C0ALERTS0001", "datalake-alerts", false, &everyone),
                channel("C0RANDOM0001", "random", false, &everyone[1..]),
            ],
            people,
            groups: vec![
                group("S0DATAOPS01", "data-ops", "Data operations", &["U0ANA000001", "U0KENJI0001"]),
                group("S0PRIVACY01", "privacy", "Privacy officers", &["U0MINA00001", "U0PAUL00001"]),
            ],
            limits: Limits::default(),
            patience: Duration::from_secs(3),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            bot_url: None,
        }
    }
}

/// Every scope that the stand-in's methods and events ask for.
const SCOPES: &[&str] = &[
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "usergroups:read",
    "users:read",
];

fn team() -> Vec<Person> {
    let member = Person::member;
    vec![
        member(BOT_USER, "datalake", "Datalake", "App").kind(Kind::Bot),
        member("U0ANA000001", "ana", "Ana Silva", "Data operations"),
        member("U0MINA00001", "mina", "Mina Sato", "Privacy officer").living("ja-JP", "Asia/Tokyo"),
        member("U0KENJI0001", "kenji", "Kenji Mori", "Data operations").living("ja-JP", "Asia/Tokyo"),
        member("U0PAUL00001", "paul", "Paul Weber", "Privacy officer").living("de-DE", "Europe/Berlin"),
        member("U0OLGA00001", "olga", "Olga Novak", "Product"),
        member("U0GUEST0001", "gus", "Gus Guest", "Guest").kind(Kind::Guest { single: false }),
        member("U0STRANGER1", "stella", "Stella Ranger", "Partner company")
            .kind(Kind::Stranger { team: "T0PARTNER01".to_owned() }),
        member("U0LEFT00001", "leo", "Leo Left", "Former member").kind(Kind::Deactivated),
    ]
}

fn group(id: &str, handle: &str, name: &str, members: &[&str]) -> Group {
    Group {
        id: id.to_owned(),
        handle: handle.to_owned(),
        name: name.to_owned(),
        members: members.iter().map(|it| (*it).to_owned()).collect(),
        disabled: false,
    }
}
