//! `POST /slack/interactions`: presses of buttons, and the form. A button's value names what it is about, and allows
//! nothing.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;

use super::{
    Ack, Belonging, Doors, count,
    form::{self, View},
    gate::{Delivery, Signed},
    unknown,
};
use crate::{
    domain::{
        access::Right,
        answer::Answer,
        approval::Verdict,
        command::{Command, Verb},
    },
    engine::{
        accept::Asker,
        permits::Want,
        ports::{Reply, Wish},
    },
};

const DOOR: &str = "interactions";

/// A press, as far as it matters here. Parsed leniently: slack-morphism's type refuses payloads that Slack really
/// sends (`team: null`, kinds of blocks that it has not heard of), and a press would be lost.
#[derive(Debug, Deserialize)]
pub(super) struct Payload {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    user: Option<User>,
    #[serde(default)]
    enterprise: Option<Named>,
    #[serde(default)]
    channel: Option<Named>,
    #[serde(default)]
    actions: Vec<Action>,
    #[serde(default)]
    response_url: Option<String>,
    /// With it a view can be opened.
    #[serde(default)]
    trigger_id: Option<String>,
    /// The modal or Home in which it happened.
    #[serde(default)]
    view: Option<View>,
}

#[derive(Debug, Deserialize)]
struct User {
    id: String,
    /// The person's own team; in a shared channel it is not ours.
    #[serde(default)]
    team_id: Option<String>,
}

/// Something of which the id matters.
#[derive(Debug, Deserialize)]
struct Named {
    #[serde(default)]
    id: Option<String>,
}

#[derive(Debug, Deserialize)]
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
        what: &'static str,
        wish: Wish,
        right: Option<Right>,
        verb: Option<Verb>,
        target: String,
    },
    Query(Command),
    /// The form is wanted, for the source of this name.
    Form(String),
    /// The modal for a reason is wanted, for a decision on the request of this id.
    Why(String),
    Unknown,
}

impl Press {
    fn read(action: Action) -> Self {
        let value = action.value.unwrap_or_default();
        let wish = |wish, verb: Verb| Self::Wish {
            what: verb.word(),
            wish,
            right: Some(Right::Operate),
            verb: Some(verb),
            target: value.clone(),
        };
        // Who may is judged when it is carried out: it depends on the request.
        let plain = |what, wish| Self::Wish { what, wish, right: None, verb: None, target: String::new() };
        let decide =
            |what, verdict| plain(what, Wish::Decide { approval: value.clone(), verdict, reason: None, until: None });
        match action.action_id.as_str() {
            // Nothing is the beginning of every name.
            _ if value.is_empty() => Self::Unknown,
            "run.retry" => wish(Wish::Retry { run: value.clone(), from: None }, Verb::Retry),
            "run.cancel" => wish(Wish::Cancel { run: value.clone() }, Verb::Cancel),
            "rollback.confirm" => Self::Wish {
                what: "rollback",
                wish: Wish::Rollback { preview: value },
                right: Some(Right::Operate),
                verb: None,
                target: String::new(),
            },
            "run.acknowledge" => match value.parse() {
                Ok(run) => Self::Wish {
                    what: "acknowledge",
                    wish: Wish::Acknowledge { run },
                    right: Some(Right::Operate),
                    verb: None,
                    target: value,
                },
                Err(_) => Self::Unknown,
            },
            "run.details" => Self::Query(Command::Status { target: Some(value) }),
            "run.form" => Self::Form(value),
            "list.more" => more(&value),
            "approval.approve" => decide("approve", Verdict::Approve),
            "approval.deny" => decide("deny", Verdict::Deny),
            "approval.withdraw" => plain("withdraw", Wish::Withdraw { approval: value.clone() }),
            "approval.reason" => Self::Why(value),
            "breakglass.review" => match value.parse() {
                Ok(run) => plain("review", Wish::Review { run }),
                Err(_) => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }
}

impl Payload {
    /// Reads the form that comes by HTTP.
    fn of_form(body: &[u8]) -> Option<Self> {
        let (_, payload) = url::form_urlencoded::parse(body).find(|(key, _)| key == "payload")?;
        Self::of_json(&payload)
    }

    /// Reads what is in that form, as it comes through a socket.
    pub(super) fn of_json(payload: &str) -> Option<Self> {
        serde_json::from_str::<Self>(payload).ok().filter(|it| it.user.as_ref().is_none_or(|it| !it.id.is_empty()))
    }
}

/// Takes an interaction that came by HTTP.
pub async fn handle(State(doors): State<Arc<Doors>>, signed: Signed) -> Ack {
    receive(&doors, Payload::of_form(&signed.body), signed.delivery).await
}

/// Reads which part of which list is asked for.
fn more(value: &str) -> Press {
    let part = serde_json::from_str::<Command>(value).ok().and_then(Command::into_part);
    part.map_or(Press::Unknown, Press::Query)
}

/// Has a press recorded; what came of it is told privately, and shown where everybody sees it.
pub(super) async fn receive(doors: &Arc<Doors>, payload: Option<Payload>, delivery: Delivery) -> Ack {
    let Some(payload) = payload else {
        count(DOOR, "malformed");
        return Ack::Malformed;
    };
    let Payload { kind, user: Some(user), enterprise, channel, actions, response_url, trigger_id, view } = payload
    else {
        return unknown(DOOR, &payload.kind);
    };
    let enterprise = enterprise.and_then(|it| it.id);
    let belonging = Belonging { team: user.team_id.as_deref(), enterprise: enterprise.as_deref() };
    let asker = Asker {
        channel: channel.and_then(|it| it.id),
        reply: Some(response_url.map_or(Reply::DIRECT, Reply::Url)),
        ..doors.asker(delivery.key, user.id.clone(), belonging)
    };
    match (kind.as_str(), actions.into_iter().next(), view) {
        ("view_submission", _, Some(view)) if view.is_ours() => {
            count(DOOR, "answered");
            form::submitted(doors, asker, view).await
        }
        ("block_actions", Some(_), Some(view)) if view.is_ours() => {
            count(DOOR, "answered");
            form::changed(doors, asker, &view);
            Ack::Empty
        }
        ("block_actions", Some(action), _) => {
            let press = Press::read(action);
            if delivery.again && !matches!(press, Press::Wish { .. }) {
                count(DOOR, "again");
                return Ack::Empty;
            }
            let told = self::press(doors, &asker, press, trigger_id).await;
            count(DOOR, "answered");
            if let Some(answer) = told {
                doors.tell_later(asker, answer);
            }
            Ack::Empty
        }
        _ => unknown(DOOR, &kind),
    }
}

/// Returns what to tell the person now; nothing if the outcome will be told.
async fn press(doors: &Arc<Doors>, asker: &Asker, press: Press, trigger: Option<String>) -> Option<Answer> {
    match press {
        Press::Unknown => Some(Answer::UnknownButton),
        Press::Form(source) => {
            let Some(trigger) = trigger else { return Some(Answer::NoForm) };
            doors.open_form_later(asker.clone(), trigger, Some(source));
            None
        }
        Press::Why(approval) => {
            let Some(trigger) = trigger else { return Some(Answer::UnknownButton) };
            doors.open_why_later(asker.clone(), trigger, approval);
            None
        }
        Press::Query(command) => {
            // It only reads, and is answered privately: nothing is lost if the process dies meanwhile.
            let (later, asker) = (Arc::clone(doors), asker.clone());
            doors.tasks.spawn(async move {
                let answer = later.engine.handle(&asker, command).await;
                later.tell_later(asker, answer);
            });
            None
        }
        Press::Wish { what, wish, right, verb, target } => {
            let about = Some(target.as_str()).filter(|it| !it.is_empty());
            if let Err(refusal) = doors.engine.permit(asker, &Want { what, right, target: about }).await {
                return Some(*refusal);
            }
            let answer = doors.engine.accept(asker, wish, verb, target).await;
            Some(answer).filter(|it| !matches!(it, Answer::Accepted { .. }))
        }
    }
}

/// Reads `body` as this door would.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn read_foreign(body: &[u8]) {
    let read = [Payload::of_form(body), Payload::of_json(&String::from_utf8_lossy(body))];
    for view in read.into_iter().flatten().filter_map(|it| it.view) {
        form::read_foreign(&view);
    }
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
        let payload = Payload::of_form(form(&payload).as_bytes()).unwrap();
        assert_eq!(payload.actions[0].action_id, "run.retry");
        assert!(Payload::of_form(form(&json!({"type": "shiny_new_thing"})).as_bytes()).is_some());
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
            assert!(Payload::of_form(odd.as_bytes()).is_none(), "{odd}");
        }
    }
}
