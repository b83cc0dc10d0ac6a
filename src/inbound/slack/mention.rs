//! What people say to the bot: `@datalake status shop` in a channel, or the same without the name in direct messages.
//! The grammar is that of the command.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::{Belonging, Doors, command, event::Envelope};
use crate::{
    domain::{answer::Answer, command::parse},
    engine::{
        accept::Asker,
        ports::{Reply, Ts},
    },
};

mod words;

/// Something that a person has said to the bot.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    user: String,
    team: Option<String>,
    channel: String,
    /// The thread that it began, or is in.
    thread: Option<Ts>,
    /// The words behind the bot's name.
    text: String,
    /// In the direct messages between the bot and the person.
    is_direct: bool,
}

/// A message as the Events API writes it.
#[derive(Deserialize)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    subtype: Option<String>,
    #[serde(default)]
    channel_type: Option<String>,
    channel: String,
    user: String,
    #[serde(default)]
    text: String,
    ts: Ts,
    #[serde(default)]
    thread_ts: Option<Ts>,
    #[serde(default)]
    bot_id: Option<String>,
    #[serde(default)]
    edited: Option<Value>,
    /// The person's own team; in a channel that is shared with another one it may not be ours.
    #[serde(default)]
    user_team: Option<String>,
    #[serde(default)]
    team: Option<String>,
}

impl Said {
    /// Reads an event; `None` if it says nothing to the bot: what bots say, itself among them, what was edited, what others
    /// say to each other.
    pub(super) fn read(envelope: &Envelope, event: &Value) -> Option<Self> {
        let message = Message::deserialize(event).ok()?;
        let is_direct = match (message.kind.as_str(), message.channel_type.as_deref()) {
            ("app_mention", _) => false,
            ("message", Some("im")) => true,
            _ => return None,
        };
        let bot = envelope.authorizations.first().and_then(|it| it.user_id.as_deref());
        let by_person = message.bot_id.is_none() && bot != Some(message.user.as_str()) && !message.user.is_empty();
        if !by_person || message.subtype.is_some() || message.edited.is_some() {
            return None;
        }
        let text = words::spoken(&message.text, bot);
        // In direct messages an answer stands below what was said, unless that was in a thread already.
        let thread = if is_direct { message.thread_ts } else { Some(message.thread_ts.unwrap_or(message.ts)) };
        let team = message.user_team.or(message.team);
        Some(Self { user: message.user, team, channel: message.channel, thread, text, is_direct })
    }

    fn asker(&self, doors: &Doors, envelope: &Envelope) -> Asker {
        let organisation = envelope.authorizations.first().and_then(|it| it.enterprise_id.as_deref());
        let enterprise = envelope.enterprise_id.as_deref().or(organisation);
        let of = |team| Belonging { team, enterprise };
        let (channel, thread) = (self.channel.clone(), self.thread.clone());
        let reply = if self.is_direct {
            Reply::Direct { channel: Some(channel), thread }
        } else {
            Reply::Ephemeral { channel, thread }
        };
        let asker = doors.asker(envelope.event_id.clone(), self.user.clone(), of(self.team.as_deref()));
        Asker {
            is_foreign: asker.is_foreign || doors.is_foreign(of(envelope.team_id.as_deref())),
            channel: Some(self.channel.clone()),
            reply: Some(reply),
            ..asker
        }
    }
}

/// Has what was said recorded or answered. When this returns, a change is in the record; the rest is told afterwards.
pub(super) async fn answer(doors: &Arc<Doors>, envelope: &Envelope, said: Said) {
    if envelope.event_id.is_empty() {
        tracing::warn!(user = said.user, "An event without an id was not followed: it could be done twice");
        return;
    }
    let asker = said.asker(doors, envelope);
    let answer = command::answer(doors, &asker, parse(&said.text)).await;
    // What comes of it will be told.
    if matches!(answer, Answer::Accepted { .. }) {
        return;
    }
    let doors_later = Arc::clone(doors);
    doors.tasks.spawn(async move { tell(&doors_later, &asker, &said, &answer).await });
}

/// Tells the answer once, however often Slack sends the event: in the thread if everybody may read it, else privately.
async fn tell(doors: &Doors, asker: &Asker, said: &Said, answer: &Answer) {
    let engine = &doors.engine;
    match engine.store.claim_event(&asker.delivery, engine.clock.now()).await {
        Ok(true) => {}
        Ok(false) => return,
        // Rather twice than never: who asked must know that nothing could be recorded.
        Err(error) => tracing::warn!(event = asker.delivery, %error, "Whether an event was answered is not known"),
    }
    if let Some(thread) = said.thread.as_ref().filter(|_| !said.is_direct && engine.is_open(answer))
        && engine.tell_all(&asker.delivery, &said.channel, thread, answer).await
    {
        return;
    }
    if let Some(reply) = &asker.reply {
        engine.tell(&asker.user, reply, answer).await;
    }
}

/// Reads `text` as what is said would be.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn read_foreign(text: &str) {
    let _ = words::spoken(text, Some("UBOT"));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn envelope() -> Envelope {
        serde_json::from_value(json!({"event_id": "Ev1", "team_id": "T1", "authorizations": [{"user_id": "UBOT"}]}))
            .unwrap()
    }

    fn read(changes: &Value) -> Option<Said> {
        let mut event = json!({
            "type": "app_mention", "user": "UANA", "channel": "C1", "text": "<@UBOT> status shop", "ts": "1.2", "team": "T1",
        });
        event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        Said::read(&envelope(), &event)
    }

    #[test]
    fn a_mention_is_answered_in_its_thread() {
        let said = read(&json!({})).unwrap();
        assert_eq!((said.text.as_str(), said.thread, said.is_direct), ("status shop", Some(Ts("1.2".into())), false));
        let reply = read(&json!({"thread_ts": "1.0"})).unwrap();
        assert_eq!(reply.thread, Some(Ts("1.0".into())));
    }

    #[test]
    fn direct_messages_need_no_name() {
        let direct = json!({"type": "message", "channel_type": "im", "channel": "D1", "text": "status shop"});
        let said = read(&direct).unwrap();
        assert_eq!((said.text.as_str(), said.thread, said.is_direct), ("status shop", None, true));
    }

    #[test]
    fn what_is_not_said_to_the_bot_by_a_person_is_dropped() {
        for changes in [
            json!({"bot_id": "B1"}),
            json!({"user": "UBOT"}),
            json!({"user": ""}),
            json!({"user": {"id": "UANA"}}),
            json!({"subtype": "message_changed"}),
            json!({"edited": {"user": "UANA", "ts": "1.3"}}),
            json!({"type": "message", "channel_type": "channel"}),
            json!({"type": "message"}),
            json!({"ts": 7}),
        ] {
            assert_eq!(read(&changes), None, "{changes}");
        }
        assert_eq!(Said::read(&envelope(), &Value::Null), None);
    }
}
