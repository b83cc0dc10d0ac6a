//! Posting, editing and finding messages.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::client::Client;
use crate::{
    engine::ports::{Chat, ChatError, Marks, Place, Ts},
    projection::message::Message,
};

/// `event_type` of our metadata.
const EVENT_TYPE: &str = "datalake_run";

/// A message whose answer was lost is looked for from so long before its intent on: more than the clocks of a replica and
/// of Slack differ by.
const BEFORE: SignedDuration = SignedDuration::from_mins(15);

/// And until so long after it: the clocks again, and a call that took its time.
const AFTER: SignedDuration = SignedDuration::from_mins(30);

/// Pages that are searched: 4,000 messages, more than a channel takes at Slack's pace in that time.
const PAGES: usize = 20;

/// The [`Chat`] of one workspace.
#[derive(Debug)]
pub struct SlackChat {
    client: Arc<Client>,
}

impl SlackChat {
    /// Returns the chat behind `client`.
    pub fn new(client: Arc<Client>) -> Self {
        Self { client }
    }
}

#[derive(Serialize)]
struct Post<'a> {
    channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'a Ts>,
    #[serde(flatten)]
    message: &'a Message,
    /// Left out where nothing needs to be found again.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Value>,
    unfurl_links: bool,
    unfurl_media: bool,
}

#[derive(Serialize)]
struct Whisper<'a> {
    channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'a Ts>,
    user: &'a str,
    #[serde(flatten)]
    message: &'a Message,
}

#[derive(Serialize)]
struct Update<'a> {
    channel: &'a str,
    ts: &'a Ts,
    #[serde(flatten)]
    message: &'a Message,
}

#[derive(Deserialize)]
struct PostAnswer {
    ts: Ts,
}

#[derive(Deserialize)]
struct Ignored {}

#[derive(Deserialize)]
struct Page {
    messages: Vec<Found>,
    #[serde(default)]
    response_metadata: Option<Cursor>,
}

#[derive(Deserialize)]
struct Cursor {
    #[serde(default)]
    next_cursor: String,
}

/// A message as far as it is needed; slack-morphism's type refuses metadata of others that is not all strings.
#[derive(Deserialize)]
struct Found {
    ts: Ts,
    #[serde(default)]
    thread_ts: Option<Ts>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    event_type: String,
    #[serde(default)]
    event_payload: HashMap<String, Value>,
}

impl Found {
    /// Says whether it is a reply in `thread`; without one, whether it stands in the channel itself: a channel shows
    /// replies too if somebody wants it.
    fn is_in(&self, thread: Option<&Ts>) -> bool {
        match thread {
            Some(thread) => self.thread_ts.as_ref() == Some(thread),
            None => self.thread_ts.as_ref().is_none_or(|it| *it == self.ts),
        }
    }

    fn carries(&self, marks: &Marks) -> bool {
        self.metadata.as_ref().is_some_and(|it| {
            it.event_type == EVENT_TYPE
                && marks.iter().all(|(key, value)| it.event_payload.get(key).and_then(Value::as_str) == Some(value))
        })
    }
}

#[async_trait]
impl Chat for SlackChat {
    async fn post(
        &self,
        place: Place<'_>,
        message: &Message,
        marks: &Marks,
        until: Option<Instant>,
    ) -> Result<Ts, ChatError> {
        let metadata = (!marks.is_empty()).then(|| json!({"event_type": EVENT_TYPE, "event_payload": marks}));
        let Place { channel, thread: thread_ts } = place;
        let post = Post { channel, thread_ts, message, metadata, unfurl_links: false, unfurl_media: false };
        if until.is_some_and(|it| Instant::now() > it) {
            return Err(ChatError::LATE);
        }
        self.client.post::<PostAnswer>("chat.postMessage", &post).await.map(|it| it.ts)
    }

    async fn update(&self, channel: &str, ts: &Ts, message: &Message) -> Result<(), ChatError> {
        self.client.post::<Ignored>("chat.update", &Update { channel, ts, message }).await.map(|_| ())
    }

    async fn pin(&self, channel: &str, ts: &Ts) -> Result<(), ChatError> {
        let pin = json!({"channel": channel, "timestamp": ts});
        match self.client.post::<Ignored>("pins.add", &pin).await {
            Err(ChatError::Refused(why)) if why == "already_pinned" => Ok(()),
            pinned => pinned.map(|_| ()),
        }
    }

    async fn find(&self, place: Place<'_>, marks: &Marks, at: Timestamp) -> Result<Option<Ts>, ChatError> {
        let method = if place.thread.is_some() { "conversations.replies" } else { "conversations.history" };
        let mut cursor = None;
        for _ in 0..PAGES {
            let mut parameters = vec![
                ("channel", Some(place.channel.to_owned())),
                ("oldest", Some((at - BEFORE).as_second().to_string())),
                ("latest", Some((at + AFTER).as_second().to_string())),
                ("limit", Some("200".to_owned())),
                ("include_all_metadata", Some("true".to_owned())),
                ("cursor", cursor.take()),
            ];
            parameters.extend(place.thread.map(|it| ("ts", Some(it.0.clone()))));
            let page: Page = self.client.get(method, &parameters).await?;
            if let Some(found) = page.messages.into_iter().find(|it| it.is_in(place.thread) && it.carries(marks)) {
                return Ok(Some(found.ts));
            }
            cursor = page.response_metadata.map(|it| it.next_cursor).filter(|it| !it.is_empty());
            if cursor.is_none() {
                return Ok(None);
            }
        }
        Err(ChatError::Unclear(format!("the message is not among {PAGES} pages of {}", place.channel)))
    }

    async fn whisper(&self, place: Place<'_>, user: &str, message: &Message) -> Result<(), ChatError> {
        let Place { channel, thread: thread_ts } = place;
        let whisper = Whisper { channel, thread_ts, user, message };
        self.client.post::<Ignored>("chat.postEphemeral", &whisper).await.map(|_| ())
    }

    async fn respond(&self, response_url: &str, message: &Message) -> Result<(), ChatError> {
        #[derive(Serialize)]
        struct Response<'a> {
            response_type: &'static str,
            replace_original: bool,
            #[serde(flatten)]
            message: &'a Message,
        }
        let response = Response { response_type: "ephemeral", replace_original: false, message };
        self.client.respond(response_url, &response).await
    }
}
