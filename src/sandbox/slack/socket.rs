//! Socket Mode: connections that the bot has opened, through which Slack delivers (docs.slack.dev, "Using Socket Mode").
//!
//! Each envelope goes to one connection; when that is lost before the acknowledgement, it goes to another one.

mod links;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        http::StatusCode,
    },
};
use url::form_urlencoded;

pub(super) use self::links::Links;
use self::links::Order;
use super::Slack;
use crate::sandbox::wire::Front;

/// How long a connection stays after it was said that it will be closed.
const NOTICE: Duration = Duration::from_secs(1);

/// Listens for the bot's connections on a free loopback port.
pub(super) async fn serve(front: &Front, slack: Arc<Slack>) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("listen for Slack's sockets")?;
    let address: SocketAddr = listener.local_addr()?;
    slack.world().socket_origin = format!("ws://{address}");
    let (stop, tracker) = (front.stop.clone(), front.tracker.clone());
    front.tracker.spawn(async move {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let (Ok((tcp, _)), slack, stop) = (accepted, Arc::clone(&slack), stop.clone()) else { continue };
            tracker.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = link(&slack, tcp) => {}
                }
            });
        }
    });
    Ok(())
}

/// One connection, from the handshake to its end.
async fn link(slack: &Slack, tcp: TcpStream) {
    let check = |request: &Request, response: Response| {
        let pairs = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
        let ticket = pairs.into_iter().find(|(key, _)| key == "ticket").map(|(_, it)| it.into_owned());
        if ticket.is_some_and(|it| slack.world().tickets.remove(&it)) {
            return Ok(response);
        }
        let mut refusal = ErrorResponse::new(None);
        *refusal.status_mut() = StatusCode::FORBIDDEN;
        Err(refusal)
    };
    let Ok(mut stream) = accept_hdr_async(tcp, check).await else { return };
    let hello = json!({"type": "hello", "num_connections": slack.links.count() + 1, "connection_info": {"app_id": slack.world().app_id}});
    if stream.send(Message::text(hello.to_string())).await.is_err() {
        return;
    }
    let (id, orders) = slack.links.open();
    talk(slack, &mut stream, orders).await;
    slack.links.lost(id);
}

async fn talk(slack: &Slack, stream: &mut WebSocketStream<TcpStream>, mut orders: mpsc::UnboundedReceiver<Order>) {
    let mut until = None;
    loop {
        let closing = async {
            match until {
                Some(until) => tokio::time::sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        let ended = tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Say(text)) => stream.send(Message::text(text)).await.is_err(),
                Some(Order::Refresh) => {
                    until = Some(tokio::time::Instant::now() + NOTICE);
                    let notice = json!({"type": "disconnect", "reason": "refresh_requested"});
                    stream.send(Message::text(notice.to_string())).await.is_err()
                }
                Some(Order::Drop) | None => true,
            },
            () = closing => {
                // Whoever is on the other side may have gone already.
                let _ = stream.close(None).await;
                true
            }
            said = stream.next() => match said {
                Some(Ok(Message::Text(text))) => {
                    slack.links.acknowledged(&serde_json::from_str(&text).unwrap_or_default());
                    false
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => true,
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_))) => false,
            },
        };
        if ended {
            return;
        }
    }
}

impl Slack {
    /// From now on Slack delivers through the connections that the bot has opened, or by HTTP again.
    pub fn use_sockets(&self, used: bool) {
        self.world().socket_mode = used;
    }

    /// Returns how many connections the bot has.
    pub fn sockets(&self) -> usize {
        self.links.count()
    }

    /// Returns how many envelopes went to a second connection, because the first was lost.
    pub fn resent(&self) -> usize {
        self.links.resent()
    }

    /// Cuts all connections off, without a word. Slack opens none: the bot must.
    pub fn drop_sockets(&self) {
        self.links.order_all(&Order::Drop);
    }

    /// Says on all connections that they will be closed, and closes them a second later.
    pub fn refresh_sockets(&self) {
        self.links.order_all(&Order::Refresh);
    }

    /// Delivers what would be posted to a door through a connection, and waits for the acknowledgement. Returns its payload
    /// as text, empty if it has none; nothing if there is none in time.
    pub(super) async fn through_socket(&self, door: &str, body: &str, retry: Option<&str>) -> Option<String> {
        let number = self.world().next_id();
        let mut envelope = envelope(door, body);
        envelope["envelope_id"] = format!("00000000-0000-0000-0000-{number:012x}").into();
        if let Some(retry) = retry {
            envelope["retry_attempt"] = retry.parse::<u8>().unwrap_or_default().into();
            envelope["retry_reason"] = "timeout".into();
        }
        let acknowledged = timeout(self.patience, self.links.deliver(&envelope)).await.ok()?.ok()?;
        Some(if acknowledged.is_null() { String::new() } else { acknowledged.to_string() })
    }
}

/// Returns what a body that would be posted to a door comes in.
fn envelope(door: &str, body: &str) -> Value {
    let mut form: serde_json::Map<String, Value> =
        form_urlencoded::parse(body.as_bytes()).map(|(key, value)| (key.into_owned(), value.into())).collect();
    let json = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    let (kind, answerable, payload) = match door {
        "/slack/commands" => ("slash_commands", true, Value::Object(form)),
        "/slack/interactions" => {
            let payload = form.remove("payload").unwrap_or_default();
            ("interactive", true, json(payload.as_str().unwrap_or_default()))
        }
        _ => ("events_api", false, json(body)),
    };
    json!({"type": kind, "accepts_response_payload": answerable, "payload": payload})
}
