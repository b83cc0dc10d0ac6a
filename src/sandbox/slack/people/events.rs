//! The Events API.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{Answer, Encoding, payload};
use crate::{
    clock::Clock as _,
    sandbox::slack::{Slack, message::stamp},
};

impl Slack {
    /// Opens the App Home.
    ///
    /// # Errors
    /// There is no such person, or nobody has said where the bot is.
    pub async fn open_home(&self, user: &str) -> anyhow::Result<Answer> {
        let event = {
            let (mut world, now) = (self.world(), self.clock.now());
            world.people.get(user).with_context(|| format!("there is no user {user}"))?;
            let mut event = json!({
                "type": "app_home_opened",
                "user": user,
                "channel": world.direct(user),
                "tab": "home",
                "event_ts": stamp(now),
            });
            // Only there when one was published before.
            if let Some(home) = world.views.homes.get(user) {
                event["view"] = home.written(&world, &json!({}));
            }
            event
        };
        self.event(&event).await
    }

    /// Sends an event.
    ///
    /// # Errors
    /// Nobody has said where the bot is.
    pub async fn event(&self, event: &Value) -> anyhow::Result<Answer> {
        let envelope = self.envelope(event);
        self.deliver(&envelope, None).await
    }

    /// Returns an event in what Slack sends it in, with a new `event_id`.
    pub fn envelope(&self, event: &Value) -> Value {
        payload::event(&mut self.world(), event, self.clock.now())
    }

    /// Sends what [`Slack::envelope`] returned; `retry` is how many times it was sent before, if it was.
    ///
    /// # Errors
    /// Nobody has said where the bot is.
    pub async fn deliver(&self, envelope: &Value, retry: Option<u8>) -> anyhow::Result<Answer> {
        let number = retry.map(|it| it.to_string());
        let headers: Vec<(&str, &str)> = match &number {
            Some(number) => vec![("x-slack-retry-num", number), ("x-slack-retry-reason", "http_timeout")],
            None => vec![],
        };
        self.knock("/slack/events", Encoding::Json, &envelope.to_string(), &headers).await
    }

    /// Asks whether the bot takes events, as Slack does when the URL is entered.
    ///
    /// # Errors
    /// Nobody has said where the bot is.
    pub async fn url_verification(&self, challenge: &str) -> anyhow::Result<Answer> {
        let body = payload::url_verification(challenge).to_string();
        self.knock("/slack/events", Encoding::Json, &body, &[]).await
    }
}
