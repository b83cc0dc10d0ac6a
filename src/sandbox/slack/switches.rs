//! What tests and the sandbox turn and look at in a workspace, past the API.

use serde_json::Value;

use super::{
    Slack,
    limits::Limits,
    message::Message,
    options::{BOT_USER, Person},
};
use crate::clock::Clock as _;

/// A message as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Posted {
    pub ts: String,
    /// The message that it replies to.
    pub thread_ts: Option<String>,
    /// User id of its author.
    pub user: String,
    pub text: String,
    pub blocks: Vec<Value>,
    pub metadata: Option<Value>,
    /// User id of the only one who sees it, if it is ephemeral.
    pub only_for: Option<String>,
}

impl From<&Message> for Posted {
    fn from(message: &Message) -> Self {
        Self {
            ts: message.ts.clone(),
            thread_ts: message.thread_ts.clone(),
            user: message.user.clone(),
            text: message.text.clone(),
            blocks: message.blocks.clone(),
            metadata: message.metadata.clone(),
            only_for: message.only_for.clone(),
        }
    }
}

impl Slack {
    /// Says where the bot's doors are: `http://127.0.0.1:8080`.
    pub fn set_bot_url(&self, url: &str) {
        self.world().bot_url = Some(url.trim_end_matches('/').to_owned());
    }

    /// Revokes the bot's token, or takes that back.
    pub fn revoke_token(&self, revoked: bool) {
        self.world().token_revoked = revoked;
    }

    /// Gives the bot's token other scopes.
    pub fn set_scopes(&self, scopes: &[&str]) {
        self.world().scopes = scopes.iter().map(|it| (*it).to_owned()).collect();
    }

    /// Sets other rate limits.
    pub fn set_limits(&self, limits: Limits) {
        self.world().limits = limits;
    }

    /// Refuses blocks of a type as `invalid_blocks`, or takes them again.
    pub fn refuse_block(&self, kind: &str, refused: bool) {
        let mut world = self.world();
        if refused {
            world.refused_blocks.insert(kind.to_owned());
        } else {
            world.refused_blocks.remove(kind);
        }
    }

    /// Archives a channel, or takes that back.
    pub fn archive(&self, channel: &str, archived: bool) {
        if let Some(channel) = self.world().channels.get_mut(channel) {
            channel.archived = archived;
        }
    }

    /// Invites the bot to a channel, or removes it from there.
    pub fn invite_bot(&self, channel: &str, invited: bool) {
        if let Some(channel) = self.world().channels.get_mut(channel) {
            if invited {
                channel.members.insert(BOT_USER.to_owned());
            } else {
                channel.members.remove(BOT_USER);
            }
        }
    }

    /// Deletes a message, as its author or an administrator may. Returns whether it was there.
    pub fn delete_message(&self, channel: &str, ts: &str) -> bool {
        let mut world = self.world();
        let Some(channel) = world.channels.get_mut(channel) else { return false };
        let before = channel.messages.len();
        channel.messages.retain(|it| it.ts != ts);
        channel.messages.len() < before
    }

    /// Adds somebody to the workspace, or changes who they are.
    pub fn set_person(&self, person: Person) {
        self.world().people.insert(person.id.clone(), person);
    }

    /// Sets who is in a user group that is there.
    pub fn set_group_members(&self, group: &str, members: &[&str]) {
        if let Some(group) = self.world().groups.get_mut(group) {
            group.members = members.iter().map(|it| (*it).to_owned()).collect();
        }
    }

    /// Posts what somebody writes into a channel that is there. Returns the message's `ts`.
    ///
    /// # Errors
    /// There is no such channel.
    pub fn say(&self, user: &str, channel: &str, text: &str) -> anyhow::Result<String> {
        let mut world = self.world();
        anyhow::ensure!(world.channels.contains_key(channel), "there is no channel {channel}");
        let message = Message { user: user.to_owned(), text: text.to_owned(), ..Message::default() };
        Ok(world.add(channel, message, self.clock.now()))
    }

    /// Returns what the bot has put into the modal that `user` sees, if one is open: with all that can be chosen there.
    pub fn modal_content(&self, user: &str) -> Option<Value> {
        self.world().views.modals.get(user)?.last().map(|it| it.content.clone())
    }

    /// Returns the messages of a channel, oldest first, ephemeral ones among them; none if there is no such channel.
    pub fn messages(&self, channel: &str) -> Vec<Posted> {
        let world = self.world();
        world.channels.get(channel).into_iter().flat_map(|it| it.messages.iter().map(Posted::from)).collect()
    }
}
