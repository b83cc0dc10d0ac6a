//! Slack's doors: commands, interactions, events. They come by HTTP, behind the [`gate`], or through the [`socket`]s that
//! the bot itself opens; what is done with them is the same.

use std::sync::Arc;

use axum::{
    body::Bytes,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
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
    projection::{self, message::Message},
};

pub mod command;
pub mod event;
pub mod fixed;
mod form;
pub mod gate;
mod home;
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
    pub fixed: fixed::Fixed,
}

/// What Slack is answered at once, whichever way it came.
#[derive(Clone, Debug, PartialEq)]
pub enum Ack {
    /// It was taken; there is nothing to say.
    Empty,
    /// What stands in the answer, as JSON.
    Body(Bytes),
    /// It could not be done now: Slack shall send it again.
    Later,
    /// It is not what Slack sends.
    Malformed,
}

impl From<Value> for Ack {
    fn from(body: Value) -> Self {
        Self::Body(Bytes::from(body.to_string()))
    }
}

impl IntoResponse for Ack {
    fn into_response(self) -> Response {
        match self {
            Self::Empty => StatusCode::OK.into_response(),
            Self::Body(json) => ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], json).into_response(),
            Self::Later => StatusCode::SERVICE_UNAVAILABLE.into_response(),
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

impl Belonging<'_> {
    /// Says whether this shows that somebody is of another workspace than `team`. If it does not, it is looked up.
    fn is_foreign_to(self, team: &str) -> bool {
        self.enterprise.is_none_or(str::is_empty) && self.team.is_some_and(|it| !it.is_empty() && it != team)
    }
}

impl Doors {
    /// Where no address comes with a request, a direct message answers it.
    fn asker(&self, delivery: String, user: String, belonging: Belonging<'_>) -> Asker {
        let is_foreign = belonging.is_foreign_to(&self.team);
        Asker { user, via: Via::Slack, is_foreign, channel: None, reply: Some(Reply::DIRECT), delivery }
    }

    /// Returns the acknowledgement that only the person who asked can see.
    async fn ephemeral(&self, user: &str, answer: &Answer) -> Ack {
        let locale = self.engine.locale_of(user).await;
        let draw = || {
            let message = projection::answer::answer(&self.engine.words, locale, answer);
            let Message { text, blocks, .. } = self.engine.chat.choose(&message);
            let body = json!({"response_type": "ephemeral", "text": text, "blocks": blocks});
            Bytes::from(body.to_string())
        };
        Ack::Body(self.fixed.body(locale, answer, draw))
    }

    /// Tells the person privately, after the acknowledgement.
    fn tell_later(&self, asker: Asker, answer: Answer) {
        let Some(reply) = asker.reply else { return };
        let engine = Arc::clone(&self.engine);
        self.tasks.spawn(async move { engine.tell(&asker.user, &reply, &answer).await });
    }

    /// Opens the form, after the acknowledgement and before anything else: its trigger lives for three seconds.
    ///
    /// A modal stands in no channel, so that a right that somebody has in a channel does not reach its submission: they are
    /// told at once, and not when they have filled it in.
    fn open_form_later(&self, asker: Asker, trigger: String, source: Option<String>) {
        let asker = Asker { channel: None, ..asker };
        let engine = Arc::clone(&self.engine);
        self.tasks.spawn(async move { engine.open_form(&asker, &trigger, source).await });
    }

    /// Opens the modal for the reason of a decision; nothing is looked up before.
    fn open_why_later(&self, asker: Asker, trigger: String, approval: String) {
        let engine = Arc::clone(&self.engine);
        self.tasks.spawn(async move { engine.open_why(&asker, &trigger, &approval).await });
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::ours(Some("T1"), None, false)]
    #[case::theirs(Some("T2"), None, true)]
    #[case::theirs_with_an_empty_organisation(Some("T2"), Some(""), true)]
    #[case::not_said(None, None, false)]
    #[case::empty(Some(""), None, false)]
    #[case::of_an_organisation(Some("T2"), Some("E1"), false)]
    fn only_who_is_certainly_of_another_workspace_is_turned_away_at_once(
        #[case] team: Option<&str>,
        #[case] enterprise: Option<&str>,
        #[case] expected: bool,
    ) {
        assert_eq!(Belonging { team, enterprise }.is_foreign_to("T1"), expected);
    }
}
