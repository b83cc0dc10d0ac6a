//! Slack's stand-in, over HTTP.

mod api;
mod blocks;
mod bot;
mod limits;
mod morphism;
mod page;
mod people;
mod reading;
mod response;
mod socket;
mod views;

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Limits, Options, Slack};
use crate::sandbox::{clock::SimClock, http::Client, wire::Front};

const CHANNEL: &str = "C0DATALAKE1";
const ANA: &str = "U0ANA000001";
const MINA: &str = "U0MINA00001";

/// A workspace at a time that stands still, whose rate limits nobody reaches.
struct World {
    front: Front,
    slack: Arc<Slack>,
    client: Client,
    bot: bot::Bot,
}

async fn world() -> World {
    let now: Timestamp = "2026-11-22T04:00:00Z".parse().unwrap();
    let front = Front::new(SimClock::frozen(now));
    let options = Options { limits: Limits::unreachable(), ..Options::default() };
    let slack = Slack::start(&front, options).await.unwrap();
    World { front, slack, client: Client::default(), bot: bot::Bot::default() }
}

impl World {
    fn pass(&self, seconds: i64) {
        self.front.clock.advance(SignedDuration::from_secs(seconds));
    }

    async fn send(&self, url: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
        let (status, body) = self.client.post(url, headers, body, Duration::from_secs(10)).await.unwrap();
        (status, serde_json::from_str(&body).unwrap())
    }

    /// Calls a method with the bot's token and a JSON body.
    async fn call(&self, method: &str, body: &Value) -> Value {
        let url = format!("{}/{method}", self.slack.base_url());
        let headers =
            [("authorization", "Bearer xoxb-sandbox-token"), ("content-type", "application/json; charset=utf-8")];
        self.send(&url, &headers, &body.to_string()).await.1
    }

    /// Calls a method with the bot's token and a form.
    async fn form(&self, method: &str, form: &[(&str, &str)]) -> Value {
        let url = format!("{}/{method}", self.slack.base_url());
        let headers =
            [("authorization", "Bearer xoxb-sandbox-token"), ("content-type", "application/x-www-form-urlencoded")];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.send(&url, &headers, &body).await.1
    }

    /// Posts a text. Returns its `ts`.
    async fn post(&self, text: &str) -> String {
        let posted = self.call("chat.postMessage", &json!({ "channel": CHANNEL, "text": text })).await;
        posted["ts"].as_str().unwrap().to_owned()
    }

    /// Posts blocks. Returns the message's `ts`.
    async fn post_blocks(&self, blocks: &Value) -> String {
        let message = json!({ "channel": CHANNEL, "text": "fallback", "blocks": blocks });
        let posted = self.call("chat.postMessage", &message).await;
        posted["ts"].as_str().unwrap_or_else(|| panic!("{posted}")).to_owned()
    }
}
