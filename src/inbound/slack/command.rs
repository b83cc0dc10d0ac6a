//! `POST /slack/commands`: what people type behind `/datalake`.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;

use super::{
    Ack, Belonging, Doors, count,
    gate::{Delivery, Signed},
};
use crate::{
    domain::{
        answer::Answer,
        command::{Command, Misread, parse},
    },
    engine::{accept::Asker, permits::Want, ports::Reply},
};

const DOOR: &str = "commands";

/// What matters here of a command; slack-morphism's extractor drops some of it.
#[derive(Debug, Deserialize)]
pub(super) struct SlashCommand {
    team_id: String,
    #[serde(default)]
    enterprise_id: Option<String>,
    #[serde(default)]
    channel_id: Option<String>,
    user_id: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    response_url: Option<String>,
    /// With it a view can be opened.
    #[serde(default)]
    trigger_id: Option<String>,
}

impl SlashCommand {
    /// Reads the form that comes by HTTP.
    fn of_form(body: &[u8]) -> Option<Self> {
        let (mut team_id, mut user_id, mut text) = (None, None, String::new());
        let [mut enterprise_id, mut channel_id, mut response_url, mut trigger_id] = [None, None, None, None];
        for (name, value) in url::form_urlencoded::parse(body) {
            match &*name {
                "team_id" => team_id = Some(value.into_owned()),
                "enterprise_id" => enterprise_id = Some(value.into_owned()),
                "channel_id" => channel_id = Some(value.into_owned()),
                "user_id" => user_id = Some(value.into_owned()),
                "text" => text = value.into_owned(),
                "response_url" => response_url = Some(value.into_owned()),
                "trigger_id" => trigger_id = Some(value.into_owned()),
                _ => {}
            }
        }
        let (team_id, user_id) = (team_id?, user_id?);
        let command = Self { team_id, enterprise_id, channel_id, user_id, text, response_url, trigger_id };
        command.named()
    }

    /// Reads the same fields as JSON, as they come through a socket.
    pub(super) fn of_json(payload: &str) -> Option<Self> {
        serde_json::from_str::<Self>(payload).ok()?.named()
    }

    fn named(self) -> Option<Self> {
        Some(self).filter(|it| !it.user_id.is_empty())
    }

    fn asker(&self, doors: &Doors, delivery: Delivery) -> Asker {
        let belonging = Belonging { team: Some(&self.team_id), enterprise: self.enterprise_id.as_deref() };
        let given = |it: &Option<String>| it.clone().filter(|it| !it.is_empty());
        Asker {
            channel: given(&self.channel_id),
            reply: Some(given(&self.response_url).map_or(Reply::DIRECT, Reply::Url)),
            ..doors.asker(delivery.key, self.user_id.clone(), belonging)
        }
    }
}

/// Takes a command that came by HTTP.
pub async fn handle(State(doors): State<Arc<Doors>>, signed: Signed) -> Ack {
    receive(&doors, SlashCommand::of_form(&signed.body), signed.delivery).await
}

/// Has a command recorded or answered, and says no more than is true.
pub(super) async fn receive(doors: &Doors, command: Option<SlashCommand>, delivery: Delivery) -> Ack {
    let Some(command) = command else {
        count(DOOR, "malformed");
        return Ack::Malformed;
    };
    let parsed = parse(&command.text);
    if delivery.again && !parsed.as_ref().is_ok_and(Command::changes) {
        count(DOOR, "again");
        return Ack::Empty;
    }
    let asker = command.asker(doors, delivery);
    if let (Ok(Command::Form), Some(trigger)) = (&parsed, command.trigger_id.filter(|it| !it.is_empty())) {
        count(DOOR, "answered");
        doors.open_form_later(asker, trigger, None);
        return Ack::Empty;
    }
    let answer = answer(doors, &asker, parsed).await;
    count(DOOR, "answered");
    doors.ephemeral(&asker.user, &answer).await
}

/// Answers what was read of a text in the grammar of the commands, wherever it was written.
pub(super) async fn answer(doors: &Doors, asker: &Asker, parsed: Result<Command, Misread>) -> Answer {
    match parsed {
        Ok(command) => doors.engine.handle(asker, command).await,
        Err(misread) => {
            let want = Want { what: "command", right: None, target: None };
            doors.engine.turned_away(asker, &want).unwrap_or(Answer::Misread(misread))
        }
    }
}

/// Reads `body` as this door would.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn read_foreign(body: &[u8]) {
    let _ = SlashCommand::of_form(body);
    let _ = SlashCommand::of_json(&String::from_utf8_lossy(body));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_read_and_odd_ones_are_not() {
        let body = b"team_id=T1&user_id=U1&text=run+shop&response_url=https%3A%2F%2Fhooks.slack.com%2Fx&channel_id=C1\
            &trigger_id=1.2";
        let command = SlashCommand::of_form(body).unwrap();
        assert_eq!(
            (command.team_id.as_str(), command.user_id.as_str(), command.text.as_str()),
            ("T1", "U1", "run shop")
        );
        assert_eq!(command.response_url.as_deref(), Some("https://hooks.slack.com/x"));
        assert_eq!((command.channel_id.as_deref(), command.trigger_id.as_deref()), (Some("C1"), Some("1.2")));
        for odd in [&b""[..], b"text=run", b"user_id=U1", b"team_id=T1&user_id=", b"\xff\xfe"] {
            assert!(SlashCommand::of_form(odd).is_none());
        }
    }

    #[test]
    fn the_same_is_read_as_json() {
        let command = SlashCommand::of_json(r#"{"team_id":"T1","user_id":"U1","text":"status","shiny":{}}"#).unwrap();
        assert_eq!((command.user_id.as_str(), command.text.as_str()), ("U1", "status"));
        for odd in ["", "[]", r#"{"team_id":"T1","user_id":""}"#, r#"{"user_id":"U1"}"#] {
            assert!(SlashCommand::of_json(odd).is_none(), "{odd}");
        }
    }
}
