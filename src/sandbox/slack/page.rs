//! The web page on which one watches the workspace and plays its people.

mod state;

use std::{collections::BTreeMap, future::IntoFuture as _, io, net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::{StatusCode, header::CACHE_CONTROL},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    Slack,
    people::{Act, Answer, Place},
};
use crate::sandbox::wire::Front;

/// The whole page; it loads nothing else.
const PAGE: &str = concat!(
    include_str!("page.html"),
    "<script>\n",
    include_str!("page/text.js"),
    include_str!("page/blocks.js"),
    include_str!("page/app.js"),
    "</script>\n",
);

/// Serves the page until the world stops. Returns the address.
///
/// Bodies must be JSON by their content type, so that a page from elsewhere cannot post here.
///
/// # Errors
/// The address cannot be listened on.
pub(super) async fn serve(front: &Front, slack: Arc<Slack>, addr: SocketAddr) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    let router = Router::new()
        .route("/", get(async || ([(CACHE_CONTROL, "no-store")], Html(PAGE))))
        .route("/sandbox/state", get(state))
        .route("/sandbox/slash", post(slash))
        .route("/sandbox/press", post(press))
        .route("/sandbox/submit", post(submit))
        .route("/sandbox/close", post(close))
        .route("/sandbox/home", post(home))
        .with_state(slack);
    let stop = front.stop.clone();
    front.tracker.spawn(async move {
        // Not graceful: a browser keeps its connections open.
        let serving = axum::serve(listener, router);
        tokio::select! {
            () = stop.cancelled() => {}
            _ = serving.into_future() => {}
        }
    });
    Ok(addr)
}

#[derive(Deserialize)]
struct Watcher {
    user: String,
}

async fn state(State(slack): State<Arc<Slack>>, Query(Watcher { user }): Query<Watcher>) -> Json<Value> {
    Json(slack.state_for(&user))
}

#[derive(Deserialize)]
struct Typed {
    user: String,
    channel: String,
    text: String,
}

/// A text that starts with a slash is a command, any other a message.
async fn slash(State(slack): State<Arc<Slack>>, Json(typed): Json<Typed>) -> Response {
    let Typed { user, channel, text } = typed;
    if text.starts_with('/') {
        outcome(slack.slash(&user, &channel, &text).await.map(Some))
    } else {
        outcome(slack.say(&user, &channel, &text).map(|_| None))
    }
}

#[derive(Deserialize)]
struct Pressed {
    user: String,
    channel: Option<String>,
    ts: Option<String>,
    view_id: Option<String>,
    action_id: String,
    block_id: Option<String>,
    choice: Option<String>,
    #[serde(default)]
    entries: BTreeMap<String, Value>,
}

async fn press(State(slack): State<Arc<Slack>>, Json(it): Json<Pressed>) -> Response {
    let Pressed { action_id, block_id, choice, entries, .. } = it;
    let place = match (it.view_id, it.channel.zip(it.ts)) {
        (Some(id), _) => Place::View { id },
        (None, Some((channel, ts))) => Place::Message { channel, ts },
        (None, None) => return outcome(Err(anyhow::anyhow!("neither a message nor a view"))),
    };
    outcome(slack.act(&it.user, &Act { place, action_id, block_id, choice, entries }).await.map(Some))
}

#[derive(Deserialize)]
struct Submitted {
    user: String,
    view_id: String,
    #[serde(default)]
    entries: BTreeMap<String, Value>,
}

async fn submit(State(slack): State<Arc<Slack>>, Json(it): Json<Submitted>) -> Response {
    outcome(slack.submit(&it.user, &it.view_id, &it.entries).await.map(Some))
}

async fn close(State(slack): State<Arc<Slack>>, Json(it): Json<Submitted>) -> Response {
    outcome(slack.close(&it.user, &it.view_id).await)
}

async fn home(State(slack): State<Arc<Slack>>, Json(Watcher { user }): Json<Watcher>) -> Response {
    outcome(slack.open_home(&user).await.map(Some))
}

/// Returns what the page tells the person: nothing, errors of a form, or why it did not work.
fn outcome(answer: anyhow::Result<Option<Answer>>) -> Response {
    match answer {
        Ok(answer) => {
            let failure = answer.as_ref().and_then(|it| it.failure);
            let errors = answer.map(|it| it.json()["errors"].clone()).unwrap_or_default();
            Json(json!({ "failure": failure, "errors": errors })).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({ "failure": format!("{error:#}") }))).into_response(),
    }
}
