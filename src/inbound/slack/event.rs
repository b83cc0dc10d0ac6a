//! `POST /slack/events`: the Events API.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::{Doors, count, gate::Signed, home, unknown};

const DOOR: &str = "events";

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    challenge: Option<String>,
    #[serde(default)]
    event: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    #[serde(rename = "type")]
    kind: String,
}

/// Answers the check of the address; every event is acknowledged, so that Slack does not send it again.
pub async fn handle(State(doors): State<Arc<Doors>>, signed: Signed) -> Response {
    let Ok(payload) = serde_json::from_slice::<Payload>(&signed.body) else {
        count(DOOR, "malformed");
        return StatusCode::BAD_REQUEST.into_response();
    };
    count(DOOR, "answered");
    match (payload.kind.as_str(), payload.challenge, payload.event) {
        ("url_verification", Some(challenge), _) => Json(json!({"challenge": challenge})).into_response(),
        ("event_callback", _, Some(event)) if event.kind == "app_home_opened" => {
            home::opened(&doors, &signed.body).await
        }
        ("event_callback", _, Some(event)) => unknown(DOOR, &event.kind),
        (kind, _, _) => unknown(DOOR, kind),
    }
}

/// Reads `body` as this door would.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn read_foreign(body: &[u8]) {
    let _ = serde_json::from_slice::<Payload>(body);
}
