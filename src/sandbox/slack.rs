//! Slack's stand-in: the Web API for the bot, people who act through the bot's doors, and a web page to watch and play.
//!
//! Strict where Slack is: scopes, membership, limits of blocks and views, rates, spent URLs and triggers. What people
//! read can be had as text ([`Slack::thread`]). Not there: files, reactions, pins, streaming, attachments, Socket Mode.

mod api;
mod blocks;
mod limits;
mod message;
mod options;
mod page;
mod people;
mod render;
mod switches;
#[cfg(test)]
mod tests;
mod view;
mod world;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use anyhow::Context as _;
use async_trait::async_trait;
use axum::{
    body::Bytes,
    http::{Response, StatusCode, request::Parts},
};
use serde_json::{Value, json};

#[cfg(test)]
pub(crate) use self::blocks::{Surface, refusals, view_refusals};
pub use self::{
    limits::{Limits, Rate},
    options::{BOT, BOT_USER, ChannelSpec, Group, Kind, Options, Person},
    people::{Act, Answer, Place, signature},
    switches::Posted,
};
use self::{people::Doors, world::World};
use super::{
    clock::SimClock,
    wire::{Call, Front, Reply, StandIn},
};
use crate::clock::Clock as _;

/// A workspace with the bot installed.
#[derive(Debug)]
pub struct Slack {
    clock: SimClock,
    world: Mutex<World>,
    doors: Doors,
    patience: Duration,
}

impl Slack {
    /// Serves a new workspace: the API on a free loopback port, the page on `options.listen`.
    ///
    /// # Errors
    /// An address cannot be listened on.
    pub async fn start(front: &Front, options: Options) -> anyhow::Result<Arc<Self>> {
        let slack = Arc::new(Self {
            clock: front.clock.clone(),
            world: Mutex::new(World::new(&options)),
            doors: Doors::new(options.signing_secret),
            patience: options.patience,
        });
        let stand_in: Arc<dyn StandIn> = Arc::<Self>::clone(&slack);
        let api =
            front.serve(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), stand_in).await.context("listen for Slack")?;
        slack.world().origin = format!("http://{api}");
        let page = page::serve(front, Arc::clone(&slack), options.listen)
            .await
            .with_context(|| format!("cannot listen on {} for the page; choose another address", options.listen))?;
        slack.world().page_url = format!("http://{page}/");
        Ok(slack)
    }

    /// Returns the value for `SLACK_API_URL`.
    pub fn base_url(&self) -> String {
        format!("{}/api", self.world().origin)
    }

    /// Returns the address of the page.
    pub fn page_url(&self) -> String {
        self.world().page_url.clone()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no panic while the workspace is held")
    }
}

#[async_trait]
impl StandIn for Slack {
    fn service(&self) -> &'static str {
        "slack"
    }

    fn operation(&self, parts: &Parts, _body: &Bytes) -> String {
        let path = parts.uri.path();
        match path.strip_prefix("/api/") {
            Some(method) => method.to_owned(),
            None if path.starts_with("/response/") => "response_url".to_owned(),
            None => "Unknown".to_owned(),
        }
    }

    fn refusal(&self, status: u16, code: &str, message: &str) -> Response<Bytes> {
        let mut body = json!({ "ok": false, "error": code });
        if !message.is_empty() {
            body["response_metadata"] = json!({ "messages": [message] });
        }
        api::written(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &body)
    }

    async fn answer(&self, call: Call) -> Reply {
        let (now, mut world) = (self.clock.now(), self.world());
        let path = call.parts.uri.path();
        if let Some(id) = path.strip_prefix("/response/") {
            api::respond(&mut world, id, &call.parts, &call.body, now)
        } else if path.starts_with("/api/") {
            api::answer(&mut world, &call.operation, &call.parts, &call.body, now)
        } else {
            let response = self.refusal(404, "not_found", "");
            Reply { response, error: Some("not_found".to_owned()), note: Value::Null }
        }
    }
}
