//! Socket Mode: the doors for who has no public address. The bot opens connections, and Slack delivers through them what it
//! else posts (docs.slack.dev, "Using Socket Mode").
//!
//! Two connections are held, so that one can go. What was not acknowledged on one comes again on another with the same
//! `envelope_id`: by that it is done once.

use std::{sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Ack, Doors, command, event, gate::Delivery, interaction};
use crate::{
    engine::ports::{ChatError, Sockets},
    health::Health,
};

mod connection;
mod seen;

use connection::{Connection, Ended};
use seen::Seen;

/// Pause before a connection is opened again after it broke, or could not be opened; doubled each time.
const PAUSE: Duration = Duration::from_millis(500);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(30);

/// What Slack says through a connection.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Frame {
    /// The connection is good.
    Hello,
    /// It will be closed soon, or the app may not use it any more.
    Disconnect {
        #[serde(default)]
        reason: String,
    },
    SlashCommands(Envelope),
    Interactive(Envelope),
    EventsApi(Envelope),
    #[serde(other)]
    Unknown,
}

#[derive(Debug, Deserialize)]
struct Envelope {
    /// The same each time that it comes.
    envelope_id: String,
    payload: Value,
}

/// What came in an envelope.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Command,
    Interaction,
    Event,
}

/// The doors, as connections that the bot holds.
pub struct SocketMode {
    doors: Arc<Doors>,
    sockets: Arc<dyn Sockets>,
    health: Arc<Health>,
    seen: Seen,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl SocketMode {
    /// Returns doors that open connections with `sockets` until `stop`.
    pub fn new(
        doors: Arc<Doors>,
        sockets: Arc<dyn Sockets>,
        health: Arc<Health>,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Arc<Self> {
        health.expect_sockets();
        Arc::new(Self { doors, sockets, health, seen: Seen::default(), tasks, stop })
    }

    /// Holds two connections until the stop, then answers what has come in and closes them.
    pub async fn run(self: Arc<Self>) {
        tokio::join!(self.hold(), self.hold());
    }

    /// Holds one connection: when Slack is about to close it, the next one is opened first.
    async fn hold(self: &Arc<Self>) {
        let mut pause = PAUSE;
        loop {
            let opened = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                opened = self.sockets.open() => opened,
            };
            let ended = match opened {
                Ok(socket) => Connection::new(Arc::clone(self), socket).serve().await,
                Err(error) => {
                    complain(&error);
                    Ended::Broken { was_up: false }
                }
            };
            match ended {
                Ended::Stopped => return,
                Ended::Refresh(old) => {
                    self.tasks.spawn(old.linger());
                    pause = PAUSE;
                }
                Ended::Broken { was_up } => {
                    pause = if was_up { PAUSE } else { (pause * 2).min(LONGEST) };
                    if !self.rest(jittered(pause)).await {
                        return;
                    }
                }
            }
        }
    }

    /// Waits. Returns `false` if the process stops meanwhile.
    async fn rest(&self, pause: Duration) -> bool {
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }

    /// Does what an envelope asks for, once, and returns the text that acknowledges it.
    async fn answer(self: Arc<Self>, kind: Kind, envelope: Envelope) -> String {
        let Envelope { envelope_id: id, payload } = envelope;
        let ack = self.seen.once(&id, Box::pin(self.receive(kind, &payload, &id))).await;
        match ack {
            Ack::Body(json) => {
                format!(r#"{{"envelope_id":{},"payload":{}}}"#, json!(id), String::from_utf8_lossy(&json))
            }
            // There is no way to say that it is malformed, or that it comes too early: Slack would send it again and again.
            Ack::Empty | Ack::Later | Ack::Malformed => json!({"envelope_id": id}).to_string(),
        }
    }

    async fn receive(&self, kind: Kind, payload: &Value, id: &str) -> Ack {
        let (doors, payload) = (&self.doors, payload.to_string());
        // One that comes again does not get here: see `answer`.
        let delivery = Delivery { key: id.to_owned(), again: false };
        match kind {
            Kind::Command => command::receive(doors, command::SlashCommand::of_json(&payload), delivery).await,
            Kind::Interaction => interaction::receive(doors, interaction::Payload::of_json(&payload), delivery).await,
            Kind::Event => event::receive(doors, payload.as_bytes()).await,
        }
    }
}

/// Returns a time between a half of `pause` and the whole: many replicas that lost their connections at once shall not come
/// back at once.
fn jittered(pause: Duration) -> Duration {
    let share = u32::try_from(ulid::Ulid::generate().random() % 512).expect("it is below 512");
    pause / 2 + pause * share / 1024
}

fn complain(error: &ChatError) {
    match error {
        ChatError::Refused(why) => tracing::error!(
            why,
            "Slack refuses the connection: {why}. Check SLACK_APP_TOKEN, and that Socket Mode is on (docs/slack.md)"
        ),
        ChatError::Later { .. } | ChatError::Unclear(_) | ChatError::Gone => {
            tracing::warn!(%error, "A connection to Slack could not be opened");
        }
    }
}

/// Reads `body` as what comes through a connection.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn read_foreign(body: &[u8]) {
    let _ = serde_json::from_slice::<Frame>(body);
}

#[cfg(test)]
mod tests;
