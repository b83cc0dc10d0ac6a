//! `app_home_opened`: somebody looks at their Home (docs.slack.dev, "Events").

use std::time::Duration;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tokio::time::timeout;

use super::Doors;

/// How long recording it may take; Slack gives up after 3 s.
const BUDGET: Duration = Duration::from_millis(1900);

/// The tab that is drawn; the other one is the conversation with the bot.
const TAB: &str = "home";

#[derive(Deserialize)]
struct Payload {
    event: Opened,
}

#[derive(Deserialize)]
struct Opened {
    user: String,
    #[serde(default)]
    tab: String,
}

impl Payload {
    /// Returns who has opened their Home; nobody, if it is another tab.
    fn reader(body: &[u8]) -> Option<String> {
        let Opened { user, tab } = serde_json::from_slice::<Self>(body).ok()?.event;
        (tab == TAB && !user.is_empty()).then_some(user)
    }
}

/// Has the Home published that the event in `body` is about. What could not be recorded is refused, so that Slack sends it
/// again.
pub(super) async fn opened(doors: &Doors, body: &[u8]) -> Response {
    let Some(user) = Payload::reader(body) else { return StatusCode::OK.into_response() };
    match timeout(BUDGET, doors.engine.open_home(&user)).await {
        Ok(Ok(())) => StatusCode::OK,
        Ok(Err(error)) => {
            tracing::warn!(user, %error, "That {user} has opened their Home could not be recorded");
            StatusCode::SERVICE_UNAVAILABLE
        }
        Err(_) => {
            tracing::warn!(user, "That {user} has opened their Home could not be recorded in time");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
    .into_response()
}

/// Reads `body` as this door would.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn read_foreign(body: &[u8]) {
    let _ = Payload::reader(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_home_tab_is_drawn() {
        let body = |user: &str, tab: &str| {
            let event = serde_json::json!({"type": "app_home_opened", "user": user, "tab": tab, "channel": "D1"});
            serde_json::to_vec(&serde_json::json!({"type": "event_callback", "event": event})).unwrap()
        };
        assert_eq!(Payload::reader(&body("U1", "home")).as_deref(), Some("U1"));
        for odd in [body("U1", "messages"), body("", "home"), b"{}".to_vec(), b"\xff".to_vec()] {
            assert_eq!(Payload::reader(&odd), None);
        }
    }
}
