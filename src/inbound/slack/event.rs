//! `POST /slack/events`: the Events API. What is authentic is acknowledged, however odd: Slack would only send it again.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Ack, Doors, count,
    gate::Signed,
    home,
    mention::{self, Said},
    unknown,
};

const DOOR: &str = "events";

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    challenge: Option<String>,
    #[serde(flatten)]
    envelope: Envelope,
    #[serde(default)]
    event: Value,
}

/// What every event comes in.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Envelope {
    /// The same each time that Slack sends the event.
    #[serde(default)]
    pub(super) event_id: String,
    #[serde(default)]
    pub(super) team_id: Option<String>,
    #[serde(default)]
    pub(super) enterprise_id: Option<String>,
    #[serde(default)]
    pub(super) authorizations: Vec<Authorization>,
}

/// For whom an event was sent: the bot's own user.
#[derive(Debug, Deserialize)]
pub(super) struct Authorization {
    #[serde(default)]
    pub(super) user_id: Option<String>,
    #[serde(default)]
    pub(super) enterprise_id: Option<String>,
}

/// Takes an event that came by HTTP.
pub async fn handle(State(doors): State<Arc<Doors>>, signed: Signed) -> Ack {
    receive(&doors, &signed.body).await
}

/// Answers the check of the address, and follows the events that the bot knows.
pub(super) async fn receive(doors: &Arc<Doors>, body: &[u8]) -> Ack {
    let Ok(payload) = serde_json::from_slice::<Payload>(body) else {
        count(DOOR, "malformed");
        return Ack::Malformed;
    };
    count(DOOR, "answered");
    match (payload.kind.as_str(), payload.challenge) {
        ("url_verification", Some(challenge)) => Ack::from(json!({"challenge": challenge})),
        ("event_callback", _) => follow(doors, &payload.envelope, &payload.event).await,
        (kind, _) => unknown(DOOR, kind),
    }
}

async fn follow(doors: &Arc<Doors>, envelope: &Envelope, event: &Value) -> Ack {
    let kind = event["type"].as_str().unwrap_or_default();
    match kind {
        "app_mention" | "message" => {
            if let Some(said) = Said::read(envelope, event) {
                mention::answer(doors, envelope, said).await;
            }
        }
        "app_home_opened" => return home::opened(doors, event).await,
        "user_change" => forget(event.pointer("/user/id"), |it| doors.engine.people.forget_user(it)),
        "subteam_members_changed" => forget(event.get("subteam_id"), |it| doors.engine.people.forget_group(it)),
        "subteam_updated" => forget(event.pointer("/subteam/id"), |it| doors.engine.people.forget_group(it)),
        _ => return unknown(DOOR, kind),
    }
    Ack::Empty
}

fn forget(id: Option<&Value>, forget: impl FnOnce(&str)) {
    if let Some(id) = id.and_then(Value::as_str) {
        forget(id);
    }
}

/// Reads `body` as this door would.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn read_foreign(body: &[u8]) {
    if let Ok(payload) = serde_json::from_slice::<Payload>(body) {
        let _ = Said::read(&payload.envelope, &payload.event);
        home::read_foreign(&payload.event);
    }
    mention::read_foreign(&String::from_utf8_lossy(body));
}
