//! Slack's doors: commands, interactions, events. They come by HTTP, behind the [`gate`], or through the [`socket`]s that
//! the bot itself opens; what is done with them is the same.

use std::sync::Arc;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

use crate::{
    domain::answer::Answer,
    engine::{
        Engine,
        accept::Asker,
        ports::{Reply, Via},
    },
    projection::message::Message,
};

pub mod command;
pub mod event;
mod form;
pub mod gate;
pub mod interaction;
mod mention;
mod replays;
pub mod socket;

/// Reads `body` as each of the doors would.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn read_foreign(body: &[u8]) {
    command::read_foreign(body);
    interaction::read_foreign(body);
    event::read_foreign(body);
    socket::read_foreign(body);
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

/// What Slack is answered at once, whichever way it came.
#[derive(Clone, Debug, PartialEq)]
pub enum Ack {
    /// It was taken; there is nothing to say.
    Empty,
    Body(Value),
    /// It is not what Slack sends.
    Malformed,
}

impl Ack {
    /// Returns the acknowledgement that only the person who asked can see.
    fn ephemeral(message: &Message) -> Self {
        Self::Body(json!({"response_type": "ephemeral", "text": message.text, "blocks": message.blocks}))
    }
}

impl IntoResponse for Ack {
    fn into_response(self) -> Response {
        match self {
            Self::Empty => StatusCode::OK.into_response(),
            Self::Body(body) => Json(body).into_response(),
            Self::Malformed => StatusCode::BAD_REQUEST.into_response(),
        }
    }
}

/// To whom a payload says that somebody belongs.
#[derive(Clone, Copy, Debug)]
struct Belonging<'a> {
    team: Option<&'a str>,
    /// The organisation, in Enterprise Grid. A person of one of its workspaces may be a member of another one: then Slack
    /// must be asked.
    enterprise: Option<&'a str>,
}

impl Doors {
    /// Says whether a payload shows that somebody is of another workspace. If it does not, it is looked up.
    fn is_foreign(&self, Belonging { team, enterprise }: Belonging<'_>) -> bool {
        enterprise.is_none_or(str::is_empty) && team.is_some_and(|it| !it.is_empty() && it != self.team)
    }

    /// Where no address comes with a request, a direct message answers it.
    fn asker(&self, delivery: String, user: String, belonging: Belonging<'_>) -> Asker {
        let is_foreign = self.is_foreign(belonging);
        Asker { user, via: Via::Slack, is_foreign, channel: None, reply: Some(Reply::DIRECT), delivery }
    }

    /// Tells the person privately, after the acknowledgement.
    fn tell_later(&self, asker: Asker, answer: Answer) {
        let Some(reply) = asker.reply else { return };
        let engine = Arc::clone(&self.engine);
        self.tasks.spawn(async move { engine.tell(&asker.user, &reply, &answer).await });
    }

    /// Opens the form, after the acknowledgement and before anything else: its trigger lives for three seconds.
    fn open_form_later(&self, asker: Asker, trigger: String, source: Option<String>) {
        let engine = Arc::clone(&self.engine);
        self.tasks.spawn(async move { engine.open_form(&asker, &trigger, source).await });
    }
}

fn count(door: &'static str, outcome: &'static str) {
    metrics::counter!(crate::metrics::SLACK_REQUESTS, "door" => door, "outcome" => outcome).increment(1);
}

/// A payload that this version does not know is acknowledged, so that Slack does not warn the user or switch the
/// address off, and counted.
fn unknown(door: &'static str, kind: &str) -> Ack {
    // Only Slack can get here; still, a label must not grow without bound.
    let kind: String = kind.chars().filter(|it| it.is_ascii_alphanumeric() || "_.".contains(*it)).take(40).collect();
    tracing::info!(door, kind, "A payload that the bot does not know was acknowledged");
    metrics::counter!(crate::metrics::SLACK_UNKNOWN, "door" => door, "type" => kind).increment(1);
    Ack::Empty
}
