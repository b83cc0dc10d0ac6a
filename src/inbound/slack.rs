//! Slack's doors: commands, interactions, events. Each request passes the [`gate`] first.

use std::sync::Arc;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde_json::json;
use tokio_util::task::TaskTracker;

use crate::{
    domain::answer::Answer,
    engine::{Engine, accept::Asker, ports::Via},
    projection::{self, message::Message},
};

pub mod command;
pub mod event;
pub mod gate;
mod home;
pub mod interaction;

/// Reads `body` as each of the doors would.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn read_foreign(body: &[u8]) {
    command::read_foreign(body);
    interaction::read_foreign(body);
    event::read_foreign(body);
    home::read_foreign(body);
}

/// What the doors need.
pub struct Doors {
    pub engine: Arc<Engine>,
    pub gate: gate::Gate,
    /// The one workspace that the bot serves.
    pub team: String,
    /// Work that goes on after the acknowledgement.
    pub tasks: TaskTracker,
}

impl Doors {
    fn asker(&self, user: &str, response_url: Option<String>, delivery: &str) -> Asker {
        Asker { user: user.to_owned(), via: Via::Slack, response_url, delivery: delivery.to_owned() }
    }

    /// Returns the answer as its reader reads it.
    async fn message(&self, user: &str, answer: &Answer) -> Message {
        let locale = self.engine.locale_of(user).await;
        projection::answer::answer(&self.engine.words, locale, answer)
    }

    /// Tells the person privately, after the acknowledgement.
    fn tell_later(self: &Arc<Self>, user: String, url: Option<String>, answer: Answer) {
        let Some(url) = url else { return };
        let doors = Arc::clone(self);
        self.tasks.spawn(async move {
            let message = doors.message(&user, &answer).await;
            if let Err(error) = doors.engine.chat.respond(&url, &message).await {
                tracing::warn!(user, %error, "An answer could not be told privately");
            }
        });
    }
}

/// The body of a 200 that only the person who asked can see.
fn ephemeral(message: &Message) -> Response {
    Json(json!({"response_type": "ephemeral", "text": message.text, "blocks": message.blocks})).into_response()
}

fn count(door: &'static str, outcome: &'static str) {
    metrics::counter!(crate::metrics::SLACK_REQUESTS, "door" => door, "outcome" => outcome).increment(1);
}

/// A payload that this version does not know is acknowledged, so that Slack does not warn the user or switch the
/// address off, and counted.
fn unknown(door: &'static str, kind: &str) -> Response {
    // Only Slack can get here; still, a label must not grow without bound.
    let kind: String = kind.chars().filter(|it| it.is_ascii_alphanumeric() || "_.".contains(*it)).take(40).collect();
    tracing::info!(door, kind, "A payload that the bot does not know was acknowledged");
    metrics::counter!(crate::metrics::SLACK_UNKNOWN, "door" => door, "type" => kind).increment(1);
    axum::http::StatusCode::OK.into_response()
}
