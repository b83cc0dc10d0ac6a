//! What people read: messages, views and threads as plain text.

mod blocks;
mod mrkdwn;
mod special;
#[cfg(test)]
mod tests;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::{
    Slack,
    message::Message,
    view::View,
    world::{Channel, World},
};
use crate::clock::Clock as _;

/// Somebody reading: names come from the workspace, dates are in their time zone.
struct Reader<'a> {
    world: &'a World,
    zone: TimeZone,
    now: Timestamp,
}

impl Reader<'_> {
    /// Returns what a message says, line by line.
    fn message(&self, message: &Message) -> Vec<String> {
        if message.blocks.is_empty() {
            return self.mrkdwn(&message.text).lines().map(str::to_owned).collect();
        }
        self.blocks(&message.blocks)
    }

    /// Returns a message below its author and time.
    fn signed(&self, message: &Message, indent: &str) -> String {
        let at = Timestamp::from_microsecond(message.micros()).unwrap_or(self.now).to_zoned(self.zone.clone());
        let mut head = format!("{} {}", self.name_of(&message.user), at.strftime("%Y-%m-%d %H:%M"));
        if message.edited.is_some() {
            head.push_str(" (edited)");
        }
        if message.only_for.is_some() {
            head.push_str(" (only visible to you)");
        }
        let lines = std::iter::once(head).chain(self.message(message));
        lines.map(|it| format!("{indent}{it}").trim_end().to_owned() + "\n").collect()
    }

    /// Returns a message and its replies.
    fn thread<'m>(&self, root: &Message, replies: impl Iterator<Item = &'m Message>) -> String {
        let replies: String = replies.map(|it| format!("\n{}", self.signed(it, "  "))).collect();
        self.signed(root, "") + &replies
    }

    /// Returns a modal or App Home.
    fn view(&self, view: &View) -> String {
        let title = view.content["title"]["text"].as_str().map(str::to_owned);
        let blocks = view.content["blocks"].as_array().map(Vec::as_slice).unwrap_or_default();
        let buttons = ["close", "submit"].into_iter().filter_map(|key| view.content[key]["text"].as_str());
        let buttons: Vec<String> = buttons.map(|it| format!("[ {it} ]")).collect();
        let foot = (!buttons.is_empty()).then(|| buttons.join(" "));
        let lines: Vec<String> = title.into_iter().chain(self.blocks(blocks)).chain(foot).collect();
        lines.join("\n")
    }

    fn name_of(&self, user: &str) -> String {
        self.world.people.get(user).map_or_else(|| user.to_owned(), |it| it.real_name.clone())
    }

    /// Returns the text of a text object: `plain_text` as it is, `mrkdwn` as it is shown.
    fn text(&self, object: &Value) -> String {
        let text = object["text"].as_str().unwrap_or_default();
        if object["type"] == "mrkdwn" { self.mrkdwn(text) } else { mrkdwn::decoded(text) }
    }
}

impl Slack {
    /// Returns a thread as its readers see it, times in UTC: the message `ts`, then the replies to it, each below its
    /// author and time. Empty if there is no such message.
    pub fn thread(&self, channel: &str, ts: &str) -> String {
        self.read(None, |reader| {
            let Some(channel) = reader.world.channels.get(channel) else { return String::new() };
            channel.message(ts).map(|it| reader.thread(it, channel.replies(ts))).unwrap_or_default()
        })
    }

    /// Returns every message of a channel with its replies, as `user` sees it: in their time zone, with what is only for
    /// them. Empty if there is no such channel.
    pub fn channel_as(&self, user: &str, channel: &str) -> String {
        self.read(Some(user), |reader| {
            let sees = |it: &&Message| it.only_for.as_deref().is_none_or(|only| only == user);
            let Some(channel) = reader.world.channels.get(channel) else { return String::new() };
            let roots = channel.messages.iter().filter(|it| it.is_root()).filter(sees);
            let threads = roots.map(|root| {
                let replies = channel.messages.iter().filter(|it| it.is_reply_to(&root.ts)).filter(sees);
                reader.thread(root, replies)
            });
            threads.collect::<Vec<_>>().join("\n")
        })
    }

    /// Returns what ephemeral messages say to `user` in all channels, oldest first.
    pub fn ephemeral(&self, user: &str) -> Vec<String> {
        self.read(Some(user), |reader| {
            let all = reader.world.channels.values().flat_map(|it: &Channel| &it.messages);
            let mut own: Vec<&Message> = all.filter(|it| it.only_for.as_deref() == Some(user)).collect();
            own.sort_by_key(|it| it.micros());
            own.into_iter().map(|it| reader.message(it).join("\n")).collect()
        })
    }

    /// Returns the App Home as `user` sees it, if one was published for them.
    pub fn home(&self, user: &str) -> Option<String> {
        self.read(Some(user), |reader| reader.world.views.homes.get(user).map(|it| reader.view(it)))
    }

    /// Returns id and text of the modal that `user` sees, if one is open.
    pub fn modal(&self, user: &str) -> Option<(String, String)> {
        self.read(Some(user), |reader| {
            let top = reader.world.views.modals.get(user)?.last()?;
            Some((top.id.clone(), reader.view(top)))
        })
    }

    fn read<T>(&self, user: Option<&str>, read: impl FnOnce(&Reader<'_>) -> T) -> T {
        let world = self.world();
        let zone = user.and_then(|it| world.people.get(it)).and_then(|it| TimeZone::get(&it.tz).ok());
        read(&Reader { world: &world, zone: zone.unwrap_or(TimeZone::UTC), now: self.clock.now() })
    }
}
