//! `app_home_opened`: somebody looks at their Home (docs.slack.dev, "Events").

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

use super::{Ack, Doors};

/// How long recording it may take; Slack gives up after 3 s.
const BUDGET: Duration = Duration::from_millis(1900);

/// The tab that is drawn; the other one is the conversation with the bot.
const TAB: &str = "home";

#[derive(Deserialize)]
struct Opened {
    user: String,
    #[serde(default)]
    tab: String,
}

impl Opened {
    /// Returns who has opened their Home; nobody, if it is another tab.
    fn reader(event: &Value) -> Option<String> {
        let Self { user, tab } = Self::deserialize(event).ok()?;
        (tab == TAB && !user.is_empty()).then_some(user)
    }
}

/// Has the Home published that `event` is about. What could not be recorded is put off, so that Slack sends it again.
pub(super) async fn opened(doors: &Doors, event: &Value) -> Ack {
    let Some(user) = Opened::reader(event) else { return Ack::Empty };
    match timeout(BUDGET, doors.engine.open_home(&user)).await {
        Ok(Ok(())) => Ack::Empty,
        Ok(Err(error)) => {
            tracing::warn!(user, %error, "That {user} has opened their Home could not be recorded");
            Ack::Later
        }
        Err(_) => {
            tracing::warn!(user, "That {user} has opened their Home could not be recorded in time");
            Ack::Later
        }
    }
}

/// Reads `event` as this door would.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn read_foreign(event: &Value) {
    let _ = Opened::reader(event);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_home_tab_is_drawn() {
        let event =
            |user: &str, tab: &str| json!({"type": "app_home_opened", "user": user, "tab": tab, "channel": "D1"});
        assert_eq!(Opened::reader(&event("U1", "home")).as_deref(), Some("U1"));
        for odd in [event("U1", "messages"), event("", "home"), json!({}), Value::Null] {
            assert_eq!(Opened::reader(&odd), None);
        }
    }
}
