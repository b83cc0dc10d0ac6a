//! People act: they type commands, press buttons, fill in forms, and Slack knocks at the bot's doors for them.

mod acts;
mod events;
mod form;
mod payload;
mod talk;

use anyhow::{Context as _, ensure};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use tokio::time::Instant;

pub use self::acts::{Act, Place};

use super::{Slack, message::Message, options::Kind, world::World};
use crate::{
    clock::Clock as _,
    sandbox::http::{Client, Failure},
};

/// Who writes for Slack itself.
const SLACKBOT: &str = "USLACKBOT";

/// What a door of the bot answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status; 0 if there was no answer.
    pub status: u16,
    pub body: String,
    /// How long it took, in milliseconds of real time.
    pub ms: u64,
    /// What Slack tells the person instead of an answer: `operation_timeout` after three seconds, `dispatch_failed`
    /// for no connection or any status but 2xx.
    pub failure: Option<&'static str>,
}

impl Answer {
    /// Returns the body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// The way to the bot's doors.
#[derive(Debug)]
pub(super) struct Doors {
    secret: String,
    client: Client,
}

impl Doors {
    pub(super) fn new(secret: String) -> Self {
        Self { secret, client: Client::default() }
    }
}

/// Returns the value of `X-Slack-Signature` (docs.slack.dev, "Verifying requests from Slack").
pub fn signature(secret: &str, timestamp: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

impl Slack {
    /// Types a slash command, `/datalake run shop`, into a channel. What the bot answers at once, or what Slack says
    /// of a failure, is then shown to the person.
    ///
    /// # Errors
    /// The person cannot do that here, or nobody has said where the bot is.
    pub async fn slash(&self, user: &str, channel: &str, text: &str) -> anyhow::Result<Answer> {
        ensure!(text.starts_with('/'), "a command starts with a slash: {text}");
        let (command, text) = text.split_once(' ').unwrap_or((text, ""));
        let form = {
            let mut world = self.world();
            may_act(&world, user, channel)?;
            payload::slash(&mut world, user, channel, command, text.trim_start(), self.clock.now())
        };
        let answer = self.knock("/slack/commands", Encoding::Form, &form, &[]).await?;
        self.show(user, channel, command, &answer);
        Ok(answer)
    }

    /// Sends what Slack sends now and then to see whether the certificate of a command's URL is good.
    ///
    /// # Errors
    /// Nobody has said where the bot is.
    pub async fn ssl_check(&self) -> anyhow::Result<Answer> {
        self.knock("/slack/commands", Encoding::Form, "ssl_check=1&token=verification-token", &[]).await
    }

    /// Posts a signed body to a door of the bot, with `headers` besides.
    async fn knock(&self, door: &str, kind: Encoding, body: &str, headers: &[(&str, &str)]) -> anyhow::Result<Answer> {
        if self.world().socket_mode {
            return Ok(self.knock_through_socket(door, body, headers).await);
        }
        let bot = self.world().bot_url.clone().context("nobody has said where the bot is")?;
        let timestamp = self.clock.now().as_second();
        let (stamp, signed) = (timestamp.to_string(), signature(&self.doors.secret, timestamp, body));
        let mut all = vec![
            ("content-type", kind.content_type()),
            ("x-slack-request-timestamp", &stamp),
            ("x-slack-signature", &signed),
            ("user-agent", "Slackbot 1.0 (+https://api.slack.com/robots)"),
        ];
        all.extend_from_slice(headers);
        let started = Instant::now();
        let outcome = self.doors.client.post(&format!("{bot}{door}"), &all, body, self.patience).await;
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(match outcome {
            Ok((status, body)) => {
                let failure = (!(200..300).contains(&status)).then_some("dispatch_failed");
                Answer { status, body, ms, failure }
            }
            Err(Failure::TooSlow) => Answer { status: 0, body: String::new(), ms, failure: Some("operation_timeout") },
            Err(Failure::NoAnswer) => Answer { status: 0, body: String::new(), ms, failure: Some("dispatch_failed") },
        })
    }

    /// Sends the same through a connection that the bot has opened.
    async fn knock_through_socket(&self, door: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        let started = Instant::now();
        let retry = headers.iter().find(|(name, _)| *name == "x-slack-retry-num").map(|(_, value)| *value);
        let acknowledged = self.through_socket(door, body, retry).await;
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match acknowledged {
            Some(body) => Answer { status: 200, body, ms, failure: None },
            None => Answer { status: 0, body: String::new(), ms, failure: Some("operation_timeout") },
        }
    }

    /// Shows what a door answered to a command.
    fn show(&self, user: &str, channel: &str, command: &str, answer: &Answer) {
        let (mut world, now) = (self.world(), self.clock.now());
        let failure = answer.failure.or_else(|| {
            let message = match serde_json::from_str(&answer.body) {
                Ok(Value::Object(message)) => message,
                Ok(_) | Err(_) => [("text".to_owned(), Value::from(answer.body.as_str()))].into_iter().collect(),
            };
            let shown = answer.body.is_empty() || super::api::show(&mut world, user, channel, message, now).is_ok();
            (!shown).then_some("dispatch_unknown_error")
        });
        if let Some(failure) = failure {
            let message = Message {
                user: SLACKBOT.to_owned(),
                text: format!("{command} failed with the error \"{failure}\""),
                only_for: Some(user.to_owned()),
                ..Message::default()
            };
            world.add(channel, message, now);
        }
    }
}

/// How a body is written.
#[derive(Clone, Copy, Debug)]
enum Encoding {
    Form,
    Json,
}

impl Encoding {
    fn content_type(self) -> &'static str {
        match self {
            Self::Form => "application/x-www-form-urlencoded",
            Self::Json => "application/json",
        }
    }
}

/// Checks that a person is one who can act, in a channel that they can see.
fn may_act(world: &World, user: &str, channel: &str) -> anyhow::Result<()> {
    let person = world.people.get(user).with_context(|| format!("there is no user {user}"))?;
    ensure!(!matches!(person.kind, Kind::Bot | Kind::Deactivated), "{user} cannot act");
    let channel = world.channels.get(channel).with_context(|| format!("there is no channel {channel}"))?;
    ensure!(channel.is_open_to(person), "{user} does not see {}", channel.id);
    Ok(())
}
