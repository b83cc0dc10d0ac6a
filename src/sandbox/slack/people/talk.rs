//! People talk to the bot: they mention it, or write to it directly.

use serde_json::{Value, json};

use super::{Answer, may_act};
use crate::{
    clock::Clock as _,
    sandbox::slack::{
        Slack,
        message::Message,
        options::{BOT_USER, Kind},
    },
};

impl Slack {
    /// Writes a message that names the bot, in a channel that the person sees: `text` is what stands behind the name. Returns
    /// the message's `ts`, and the bot's answer to the event.
    ///
    /// # Errors
    /// The person cannot do that here, or nobody has said where the bot is.
    pub async fn mention(&self, user: &str, channel: &str, text: &str) -> anyhow::Result<(String, Answer)> {
        may_act(&self.world(), user, channel)?;
        let event = self.said("app_mention", user, channel, &format!("<@{BOT_USER}> {text}"), None);
        Ok((event["ts"].as_str().unwrap_or_default().to_owned(), self.event(&event).await?))
    }

    /// Writes to the bot directly. Returns the id of the direct messages, and the bot's answer to the event.
    ///
    /// # Errors
    /// The person cannot do that, or nobody has said where the bot is.
    pub async fn direct(&self, user: &str, text: &str) -> anyhow::Result<(String, Answer)> {
        let channel = self.world().direct(user);
        may_act(&self.world(), user, &channel)?;
        let event = self.said("message", user, &channel, text, Some("im"));
        Ok((channel, self.event(&event).await?))
    }

    /// Posts what somebody says, and returns the event that tells of it.
    pub fn said(&self, kind: &str, user: &str, channel: &str, text: &str, sort: Option<&str>) -> Value {
        let (mut world, now) = (self.world(), self.clock.now());
        let message = Message { user: user.to_owned(), text: text.to_owned(), ..Message::default() };
        let ts = world.add(channel, message, now);
        let team = match world.people.get(user).map(|it| &it.kind) {
            Some(Kind::Stranger { team }) => team.clone(),
            Some(Kind::Member | Kind::Guest { .. } | Kind::Bot | Kind::Deactivated) | None => world.team_id.clone(),
        };
        let mut event = json!({
            "type": kind, "user": user, "text": text, "ts": ts, "channel": channel, "team": team, "event_ts": ts,
        });
        if let Some(sort) = sort {
            event["channel_type"] = sort.into();
        }
        event
    }

    /// Sends the event of somebody who was changed, as after [`Slack::set_person`].
    ///
    /// # Errors
    /// Nobody has said where the bot is.
    pub async fn tell_user_changed(&self, user: &str) -> anyhow::Result<Answer> {
        self.event(&json!({"type": "user_change", "user": {"id": user}, "cache_ts": 0})).await
    }

    /// Sends the event of a user group whose members have changed, as after [`Slack::set_group_members`].
    ///
    /// # Errors
    /// Nobody has said where the bot is.
    pub async fn tell_group_changed(&self, group: &str) -> anyhow::Result<Answer> {
        self.event(&json!({"type": "subteam_members_changed", "subteam_id": group, "added_users": []})).await
    }
}
