//! `POST /slack/commands`: what people type behind `/datalake`.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{Doors, count, ephemeral, gate::Signed};
use crate::domain::{access::Right, answer::Answer, command::parse};

const DOOR: &str = "commands";

/// The fields of a command's form that matter here; slack-morphism's extractor drops some of them.
struct SlashCommand {
    team: String,
    user: String,
    text: String,
    response_url: Option<String>,
}

impl SlashCommand {
    fn read(body: &[u8]) -> Option<Self> {
        let mut form: HashMap<_, _> = url::form_urlencoded::parse(body).into_owned().collect();
        Some(Self {
            team: form.remove("team_id")?,
            user: form.remove("user_id").filter(|it| !it.is_empty())?,
            text: form.remove("text").unwrap_or_default(),
            response_url: form.remove("response_url").filter(|it| !it.is_empty()),
        })
    }
}

/// Reads a command, has it recorded or answered, and says no more than is true.
pub async fn handle(State(doors): State<Arc<Doors>>, signed: Signed) -> Response {
    let Some(command) = SlashCommand::read(&signed.body) else {
        count(DOOR, "malformed");
        return StatusCode::BAD_REQUEST.into_response();
    };
    let asker = doors.asker(&command.user, command.response_url, &signed.delivery);
    let answer = if command.team != doors.team {
        tracing::warn!(user = command.user, team = command.team, "Somebody of another workspace was refused");
        Answer::Forbidden { right: Right::View, ask: Vec::new() }
    } else {
        match parse(&command.text) {
            Ok(parsed) => doors.engine.handle(&asker, parsed).await,
            Err(misread) => Answer::Misread(misread),
        }
    };
    count(DOOR, "answered");
    let message = doors.message(&command.user, &answer).await;
    ephemeral(&doors.engine.chat.choose(&message))
}

/// Reads `body` as this door would.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn read_foreign(body: &[u8]) {
    let _ = SlashCommand::read(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_read_and_odd_ones_are_not() {
        let body = b"team_id=T1&user_id=U1&text=run+shop&response_url=https%3A%2F%2Fhooks.slack.com%2Fx&channel_name=a";
        let command = SlashCommand::read(body).unwrap();
        assert_eq!((command.team.as_str(), command.user.as_str(), command.text.as_str()), ("T1", "U1", "run shop"));
        assert_eq!(command.response_url.as_deref(), Some("https://hooks.slack.com/x"));
        for odd in [&b""[..], b"text=run", b"user_id=U1", b"team_id=T1&user_id=", b"\xff\xfe"] {
            assert!(SlashCommand::read(odd).is_none());
        }
    }
}
