//! The workspace's state: channels with their messages, people, open views, and what was given out once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    limits::{Limits, Meter},
    message::{Message, written_micros},
    options::{BOT_USER, ChannelSpec, Group, Kind, Options, Person},
    view::Views,
};

/// What a channel is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Public,
    Private,
    /// The direct messages between the bot and somebody.
    Direct {
        with: String,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Channel {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) sort: Sort,
    pub(super) archived: bool,
    pub(super) members: BTreeSet<String>,
    /// By `ts`; ephemeral ones among them.
    pub(super) messages: Vec<Message>,
}

/// A `response_url` that was given out.
#[derive(Clone, Debug)]
pub(super) struct ResponseUrl {
    pub(super) user: String,
    pub(super) channel: String,
    /// The message whose button was pressed.
    pub(super) origin: Option<String>,
    pub(super) at: Timestamp,
    pub(super) uses: usize,
}

/// A `trigger_id` that was given out.
#[derive(Clone, Debug)]
pub(super) struct Trigger {
    pub(super) user: String,
    pub(super) at: Timestamp,
    pub(super) used: bool,
}

/// Everything that changes.
#[derive(Debug)]
pub(super) struct World {
    pub(super) team_id: String,
    pub(super) team_domain: String,
    pub(super) app_id: String,
    pub(super) token: String,
    pub(super) app_token: String,
    pub(super) token_revoked: bool,
    pub(super) scopes: Vec<String>,
    pub(super) limits: Limits,
    pub(super) meter: Meter,
    pub(super) channels: BTreeMap<String, Channel>,
    pub(super) people: BTreeMap<String, Person>,
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) views: Views,
    pub(super) triggers: BTreeMap<String, Trigger>,
    pub(super) response_urls: BTreeMap<String, ResponseUrl>,
    /// Block types that the workspace refuses, as during a roll-out.
    pub(super) refused_blocks: BTreeSet<String>,
    /// `http://host:port` of the API, once it is known.
    pub(super) origin: String,
    /// Address of the page, once it is known.
    pub(super) page_url: String,
    pub(super) bot_url: Option<String>,
    /// Slack delivers through connections that the bot opens.
    pub(super) socket_mode: bool,
    /// `ws://host:port` of those, once it is known.
    pub(super) socket_origin: String,
    /// What was given out by `apps.connections.open`, each good for one connection.
    pub(super) tickets: BTreeSet<String>,
    last_id: u64,
}

impl World {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            team_id: options.team_id.clone(),
            team_domain: options.team_domain.clone(),
            app_id: options.app_id.clone(),
            token: options.token.clone(),
            app_token: options.app_token.clone(),
            token_revoked: false,
            scopes: options.scopes.clone(),
            limits: options.limits.clone(),
            meter: Meter::default(),
            channels: options.channels.iter().map(|it| (it.id.clone(), Channel::new(it))).collect(),
            people: options.people.iter().map(|it| (it.id.clone(), it.clone())).collect(),
            groups: options.groups.iter().map(|it| (it.id.clone(), it.clone())).collect(),
            views: Views::default(),
            triggers: BTreeMap::new(),
            response_urls: BTreeMap::new(),
            refused_blocks: BTreeSet::new(),
            origin: String::new(),
            page_url: String::new(),
            bot_url: options.bot_url.clone(),
            socket_mode: false,
            socket_origin: String::new(),
            tickets: BTreeSet::new(),
            last_id: 0,
        }
    }

    /// Returns a number that was not returned before.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Returns the id of the direct messages between the bot and `user`, and opens them if need be.
    pub(super) fn direct(&mut self, user: &str) -> String {
        let id = format!("D{}", user.trim_start_matches('U'));
        self.channels.entry(id.clone()).or_insert_with(|| Channel {
            id: id.clone(),
            name: String::new(),
            sort: Sort::Direct { with: user.to_owned() },
            archived: false,
            members: BTreeSet::from([BOT_USER.to_owned(), user.to_owned()]),
            messages: Vec::new(),
        });
        id
    }

    /// Gives out a `trigger_id` for an act of `user`.
    pub(super) fn give_trigger(&mut self, user: &str, now: Timestamp) -> String {
        let id = format!("{}.{}.{:032x}", self.next_id(), now.as_millisecond(), self.last_id);
        self.triggers.insert(id.clone(), Trigger { user: user.to_owned(), at: now, used: false });
        id
    }

    /// Gives out a `response_url` for an act of `user` in `channel`.
    pub(super) fn give_response_url(
        &mut self,
        user: &str,
        channel: &str,
        origin: Option<&str>,
        now: Timestamp,
    ) -> String {
        let id = format!("{:016x}", self.next_id());
        let given = ResponseUrl {
            user: user.to_owned(),
            channel: channel.to_owned(),
            origin: origin.map(str::to_owned),
            at: now,
            uses: 0,
        };
        let url = format!("{}/response/{id}", self.origin);
        self.response_urls.insert(id, given);
        url
    }

    /// Adds `message` to a channel that is there. Returns its `ts`: unique there, and greater than all before.
    pub(super) fn add(&mut self, channel: &str, message: Message, now: Timestamp) -> String {
        let id = self.next_id();
        let channel = self.channels.get_mut(channel).expect("the caller has looked the channel up");
        let last = channel.messages.last().map_or(0, |it| it.micros());
        let micros = now.as_microsecond().max(last + 1);
        let ts = written_micros(micros);
        let blocks = message.blocks.into_iter().enumerate().map(|(at, block)| with_block_id(block, id, at)).collect();
        channel.messages.push(Message { ts: ts.clone(), blocks, ..message });
        ts
    }

    /// Returns blocks with ids where they have none, as Slack gives them.
    pub(super) fn named(&mut self, blocks: Vec<Value>) -> Vec<Value> {
        let id = self.next_id();
        blocks.into_iter().enumerate().map(|(at, block)| with_block_id(block, id, at)).collect()
    }
}

impl Channel {
    fn new(spec: &ChannelSpec) -> Self {
        Self {
            id: spec.id.clone(),
            name: spec.name.clone(),
            sort: if spec.private { Sort::Private } else { Sort::Public },
            archived: false,
            members: spec.members.iter().cloned().collect(),
            messages: Vec::new(),
        }
    }

    /// Returns whether the bot is a member.
    pub(super) fn has_bot(&self) -> bool {
        self.members.contains(BOT_USER)
    }

    /// Returns whether `person` can read the channel.
    pub(super) fn is_open_to(&self, person: &Person) -> bool {
        self.members.contains(&person.id) || (self.sort == Sort::Public && person.kind == Kind::Member)
    }

    /// Returns a message that everybody here can see.
    pub(super) fn message(&self, ts: &str) -> Option<&Message> {
        self.messages.iter().find(|it| it.ts == ts && it.only_for.is_none())
    }

    /// Returns the replies to the message `ts`, oldest first.
    pub(super) fn replies(&self, ts: &str) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(move |it| it.only_for.is_none() && it.is_reply_to(ts))
    }
}

/// Markdown blocks do not keep an id (docs.slack.dev, "Markdown block").
fn with_block_id(mut block: Value, id: u64, at: usize) -> Value {
    if block["type"] != "markdown" && block.get("block_id").is_none() {
        block["block_id"] = format!("b{id}-{at}").into();
    }
    block
}
