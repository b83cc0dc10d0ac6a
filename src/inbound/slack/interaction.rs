//! `POST /slack/interactions`: presses of buttons. A button's value names what it is about, and allows nothing.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{Doors, count, gate::Signed, unknown};
use crate::{
    domain::{
        access::Right,
        answer::Answer,
        approval::Verdict,
        command::{Command, Verb},
    },
    engine::{accept::Asker, ports::Wish},
};

const DOOR: &str = "interactions";

/// A press, as far as it matters here. Parsed leniently: slack-morphism's type refuses payloads that Slack really
/// sends (`team: null`, kinds of blocks that it has not heard of), and a press would be lost.
#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    user: Option<User>,
    #[serde(default)]
    actions: Vec<Action>,
    #[serde(default)]
    response_url: Option<String>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    /// The person's own team; in a shared channel it is not ours.
    #[serde(default)]
    team_id: Option<String>,
}

#[derive(Deserialize)]
struct Action {
    #[serde(default)]
    action_id: String,
    #[serde(default)]
    value: Option<String>,
}

/// What a button asks for.
enum Press {
    /// A change, and the right that pressing needs; without one, it depends on the run.
    Wish {
        wish: Wish,
        right: Option<Right>,
        verb: Option<Verb>,
        target: String,
    },
    Query(Command),
    Unknown,
}

impl Press {
    fn read(action: Action) -> Self {
        let value = action.value.unwrap_or_default();
        let wish =
            |wish, verb| Self::Wish { wish, right: Some(Right::Operate), verb: Some(verb), target: value.clone() };
        let decide = |verdict| Self::Wish {
            wish: Wish::Decide { approval: value.clone(), verdict },
            right: None,
            verb: None,
            target: String::new(),
        };
        match action.action_id.as_str() {
            "run.retry" => wish(Wish::Retry { run: value.clone(), from: None }, Verb::Retry),
            "run.cancel" => wish(Wish::Cancel { run: value.clone() }, Verb::Cancel),
            "run.details" => Self::Query(Command::Status { target: Some(value) }),
            "list.more" => more(&value),
            "approval.approve" => decide(Verdict::Approve),
            "approval.deny" => decide(Verdict::Deny),
            _ => Self::Unknown,
        }
    }
}

/// Reads which part of which list is asked for.
fn more(value: &str) -> Press {
    let part = serde_json::from_str::<Command>(value).ok().and_then(Command::into_part);
    part.map_or(Press::Unknown, Press::Query)
}

/// Has a press recorded; what came of it is told privately, and shown where everybody sees it.
pub async fn handle(State(doors): State<Arc<Doors>>, signed: Signed) -> Response {
    let Some(payload) = read(&signed.body) else {
        count(DOOR, "malformed");
        return StatusCode::BAD_REQUEST.into_response();
    };
    let Payload { kind, user: Some(user), actions, response_url } = payload else {
        return unknown(DOOR, &payload.kind);
    };
    let Some(action) = actions.into_iter().next().filter(|_| kind == "block_actions") else {
        return unknown(DOOR, &kind);
    };
    let asker = doors.asker(&user.id, response_url.clone(), &signed.delivery);
    let answer = if user.team_id.as_ref().is_some_and(|it| *it != doors.team) {
        tracing::warn!(user = user.id, team = user.team_id, "A press of somebody of another workspace was refused");
        Some(Answer::Forbidden { right: Right::View, ask: Vec::new() })
    } else {
        press(&doors, asker, Press::read(action)).await
    };
    count(DOOR, "answered");
    if let Some(answer) = answer {
        doors.tell_later(user.id, response_url, answer);
    }
    StatusCode::OK.into_response()
}

/// Returns what to tell the person now; nothing if the outcome will be told.
async fn press(doors: &Arc<Doors>, asker: Asker, press: Press) -> Option<Answer> {
    match press {
        Press::Unknown => Some(Answer::UnknownButton),
        Press::Query(command) => {
            // It only reads, and is answered privately: nothing is lost if the process dies meanwhile.
            let (doors, user, url) = (Arc::clone(doors), asker.user.clone(), asker.response_url.clone());
            let tasks = doors.tasks.clone();
            tasks.spawn(async move {
                let answer = doors.engine.handle(&asker, command).await;
                doors.tell_later(user, url, answer);
            });
            None
        }
        Press::Wish { wish, right, verb, target } => {
            if let Err(refusal) = doors.engine.check_right(&asker, right).await {
                return Some(*refusal);
            }
            let answer = doors.engine.accept(&asker, wish, verb, target).await;
            Some(answer).filter(|it| !matches!(it, Answer::Accepted { .. }))
        }
    }
}

fn read(body: &[u8]) -> Option<Payload> {
    let (_, payload) = url::form_urlencoded::parse(body).find(|(key, _)| key == "payload")?;
    serde_json::from_str::<Payload>(&payload).ok().filter(|it| it.user.as_ref().is_none_or(|it| !it.id.is_empty()))
}

/// Reads `body` as this door would.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn read_foreign(body: &[u8]) {
    let _ = read(body);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form(payload: &serde_json::Value) -> String {
        url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish()
    }

    #[test]
    fn payloads_that_slack_really_sends_are_read() {
        let odd_message =
            json!({"blocks": [{"type": "never_heard_of", "x": {"y": [1]}}], "metadata": {"event_payload": {"n": 1}}});
        let payload = json!({
            "type": "block_actions", "team": null, "user": {"id": "U1", "team_id": "T1"}, "message": odd_message,
            "actions": [{"action_id": "run.retry", "value": "x", "type": "button"}], "response_url": "https://hooks.slack.com/x",
        });
        let payload = read(form(&payload).as_bytes()).unwrap();
        assert_eq!(payload.actions[0].action_id, "run.retry");
        assert!(read(form(&json!({"type": "shiny_new_thing"})).as_bytes()).is_some());
    }

    #[test]
    fn what_is_no_payload_is_not_read() {
        for odd in [
            "",
            "payload=",
            "payload=%7B",
            "payload=[]",
            "other=1",
            "payload=%7B%22type%22:%22x%22,%22user%22:%7B%22id%22:%22%22%7D%7D",
        ] {
            assert!(read(odd.as_bytes()).is_none(), "{odd}");
        }
    }
}
