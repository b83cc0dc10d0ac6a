//! Posting, editing and finding messages.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{client::Client, pace::Pace};
use crate::{
    engine::ports::{Call, Chat, ChatError, Marks, Place, Ts},
    projection::message::Message,
};

/// `event_type` of our metadata.
const EVENT_TYPE: &str = "datalake_run";

/// Pages of a channel's history that are searched for a message whose answer was lost; the newest first.
const PAGES: usize = 10;

/// The [`Chat`] of one workspace.
#[derive(Debug)]
pub struct SlackChat {
    client: Arc<Client>,
    pace: Pace,
}

impl SlackChat {
    /// Returns the chat behind `client`, with a pace of its own.
    pub fn new(client: Arc<Client>) -> Self {
        Self { client, pace: Pace::new() }
    }
}

#[derive(Serialize)]
struct Post<'a> {
    channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'a Ts>,
    #[serde(flatten)]
    message: &'a Message,
    metadata: Value,
    unfurl_links: bool,
    unfurl_media: bool,
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
    fn carries(&self, marks: &Marks) -> bool {
        self.metadata.as_ref().is_some_and(|it| {
            it.event_type == EVENT_TYPE
                && marks.iter().all(|(key, value)| it.event_payload.get(key).and_then(Value::as_str) == Some(value))
        })
    }
}

#[async_trait]
impl Chat for SlackChat {
    async fn ready(&self, channel: &str, call: Call) -> bool {
        let method = match call {
            Call::Post => "chat.postMessage",
            Call::Update => "chat.update",
        };
        let mut waited = false;
        while let Some(left) = self.client.quiet_for(method) {
            tokio::time::sleep(left).await;
            waited = true;
        }
        waited
            | match call {
                Call::Post => self.pace.post(channel).await,
                Call::Update => self.pace.update().await,
            }
    }

    async fn post(&self, place: Place<'_>, message: &Message, marks: &Marks) -> Result<Ts, ChatError> {
        let metadata = json!({"event_type": EVENT_TYPE, "event_payload": marks});
        let Place { channel, thread: thread_ts } = place;
        let post = Post { channel, thread_ts, message, metadata, unfurl_links: false, unfurl_media: false };
        self.client.post::<PostAnswer>("chat.postMessage", &post).await.map(|it| it.ts)
    }

    async fn update(&self, channel: &str, ts: &Ts, message: &Message) -> Result<(), ChatError> {
        self.client.post::<Ignored>("chat.update", &Update { channel, ts, message }).await.map(|_| ())
    }

    async fn find(&self, place: Place<'_>, marks: &Marks, since: Timestamp) -> Result<Option<Ts>, ChatError> {
        let method = if place.thread.is_some() { "conversations.replies" } else { "conversations.history" };
        let mut cursor = None;
        for _ in 0..PAGES {
            let mut parameters = vec![
                ("channel", Some(place.channel.to_owned())),
                ("oldest", Some(since.as_second().to_string())),
                ("limit", Some("200".to_owned())),
                ("include_all_metadata", Some("true".to_owned())),
                ("cursor", cursor.take()),
            ];
            parameters.extend(place.thread.map(|it| ("ts", Some(it.0.clone()))));
            let page: Page = self.client.get(method, &parameters).await?;
            if let Some(found) = page.messages.into_iter().find(|it| it.carries(marks)) {
                return Ok(Some(found.ts));
            }
            cursor = page.response_metadata.map(|it| it.next_cursor).filter(|it| !it.is_empty());
            if cursor.is_none() {
                return Ok(None);
            }
        }
        Err(ChatError::Unclear(format!("the message is not among the newest {PAGES} pages of {}", place.channel)))
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
