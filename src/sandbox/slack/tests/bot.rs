//! A bot that writes down what comes through its doors and checks the signature.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::World;
use crate::sandbox::slack::signature;

/// One knock at a door.
#[derive(Clone, Debug)]
pub(super) struct Knock {
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

/// What the bot has got, and what it answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Bot {
    pub(super) knocks: Arc<Mutex<Vec<Knock>>>,
    pub(super) says: Arc<Mutex<String>>,
}

async fn door(State(bot): State<Bot>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    let of = |name: &str| headers[name].to_str().unwrap().to_owned();
    let timestamp = of("x-slack-request-timestamp").parse().unwrap();
    if signature("sandbox-signing-secret", timestamp, &body) != of("x-slack-signature") {
        return (StatusCode::UNAUTHORIZED, String::new());
    }
    bot.knocks.lock().unwrap().push(Knock { headers, body });
    let said = bot.says.lock().unwrap().clone();
    if said == "nothing" {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    (StatusCode::OK, said)
}

/// Starts a workspace whose bot is there.
pub(super) async fn world() -> World {
    let world = super::world().await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    world.slack.set_bot_url(&format!("http://{}", listener.local_addr().unwrap()));
    let doors = Router::new()
        .route("/slack/commands", post(door))
        .route("/slack/interactions", post(door))
        .route("/slack/events", post(door))
        .with_state(world.bot.clone());
    world.front.tracker.spawn(async { axum::serve(listener, doors).await });
    world
}

/// Returns the body that came last.
pub(super) fn last(world: &World) -> Knock {
    world.bot.knocks.lock().unwrap().last().unwrap().clone()
}

/// Returns a field of the form that came last.
pub(super) fn last_field(world: &World, name: &str) -> String {
    let body = last(world).body;
    let mut pairs = url::form_urlencoded::parse(body.as_bytes());
    pairs.find(|(key, _)| key == name).unwrap().1.into_owned()
}

/// Returns the interaction that came last.
pub(super) fn last_payload(world: &World) -> Value {
    serde_json::from_str(&last_field(world, "payload")).unwrap()
}

/// Returns blocks with two buttons and a menu.
pub(super) fn buttons() -> Value {
    let button = |id: &str, label: &str| {
        json!({
            "type": "button",
            "action_id": id,
            "value": format!("value of {id}"),
            "text": { "type": "plain_text", "text": label },
        })
    };
    let option = json!({ "text": { "type": "plain_text", "text": "Logs" }, "value": "logs" });
    let menu = json!({ "type": "overflow", "action_id": "run.more", "options": [option] });
    json!([{
        "type": "actions",
        "block_id": "acts",
        "elements": [button("run.retry", "Retry"), button("run.cancel", "Cancel"), menu],
    }])
}
