//! Connections of Socket Mode: `apps.connections.open`, then a WebSocket to where it says.

use std::{io, sync::Mutex, time::Duration};

use async_trait::async_trait;
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};
use url::{Host, Url};

use super::client::Client;
use crate::{
    adapters::https,
    engine::ports::{ChatError, Socket, Sockets},
};

/// How long it may take to connect, and to send.
const TIME_OUT: Duration = Duration::from_secs(10);

/// After so long a silence Slack is asked for a sign of life, and after as long again the connection is dead. Slack asks for
/// one itself more often than that.
const SILENCE: Duration = Duration::from_secs(25);

/// Longest text that is taken.
const LONGEST: usize = 4 * 1024 * 1024;

/// The [`Sockets`] of one app.
#[derive(Debug)]
pub struct SlackSockets {
    /// Holds the app's token, not the bot's.
    client: Client,
    /// What the check has given: Slack does not want to be asked often (`apps.connections.open` is of tier 1).
    first: Mutex<Option<Url>>,
}

#[derive(Deserialize)]
struct Opened {
    url: Url,
}

impl SlackSockets {
    /// Returns the connections that `client` may open, which holds the app's token (`xapp-…`).
    pub fn new(client: Client) -> Self {
        Self { client, first: Mutex::default() }
    }

    /// Asks Slack for a connection, which the first one opened will be.
    ///
    /// # Errors
    /// See [`ChatError`]; [`ChatError::Refused`] if the token is not good, or Socket Mode is off.
    pub async fn check(&self) -> Result<(), ChatError> {
        let address = self.address().await?;
        *self.first.lock().expect("no panic while the address is held") = Some(address);
        Ok(())
    }

    /// Asks Slack where to connect to. The address is good once, for half a minute.
    async fn address(&self) -> Result<Url, ChatError> {
        let opened: Opened = self.client.post("apps.connections.open", &serde_json::json!({})).await?;
        Ok(opened.url)
    }
}

#[async_trait]
impl Sockets for SlackSockets {
    async fn open(&self) -> Result<Box<dyn Socket>, ChatError> {
        let first = self.first.lock().expect("no panic while the address is held").take();
        let address = match first {
            Some(address) => address,
            None => self.address().await?,
        };
        let connected = timeout(TIME_OUT, connect(&address)).await;
        let connected = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        // The address holds a ticket: it is not told.
        let stream = connected.map_err(|it| ChatError::Unclear(format!("no connection: {it}")))?;
        Ok(Box::new(WebSocket { stream, asked: false }))
    }
}

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

async fn connect(address: &Url) -> io::Result<WebSocketStream<Box<dyn Wire>>> {
    let refused = |why: &str| io::Error::new(io::ErrorKind::InvalidInput, why.to_owned());
    let host = address.host().ok_or_else(|| refused("the address has no host"))?;
    let port = address.port_or_known_default().ok_or_else(|| refused("the address has no port"))?;
    let is_plain = match address.scheme() {
        "wss" => false,
        "ws" if is_this_machine(&host) => true,
        _ => return Err(refused("the address is neither wss, nor of this machine")),
    };
    let name = host.to_string();
    let tcp = TcpStream::connect((name.trim_matches(['[', ']']), port)).await?;
    tcp.set_nodelay(true)?;
    let wire: Box<dyn Wire> = if is_plain {
        Box::new(tcp)
    } else {
        let server = ServerName::try_from(name).map_err(io::Error::other)?;
        Box::new(https::tls()?.connect(server, tcp).await?)
    };
    let limits = WebSocketConfig::default().max_message_size(Some(LONGEST)).max_frame_size(Some(LONGEST));
    let connected = client_async_with_config(address.as_str(), wire, Some(limits)).await;
    connected.map(|(stream, _)| stream).map_err(io::Error::other)
}

/// What is said there is not protected: it must not leave the machine.
fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
        Host::Domain(name) => *name == "localhost",
    }
}

struct WebSocket {
    stream: WebSocketStream<Box<dyn Wire>>,
    /// It was asked for a sign of life.
    asked: bool,
}

#[async_trait]
impl Socket for WebSocket {
    async fn receive(&mut self) -> Option<String> {
        loop {
            let Ok(message) = timeout(SILENCE, self.stream.next()).await else {
                if self.asked || !self.say(Message::Ping(Vec::new().into())).await {
                    return None;
                }
                self.asked = true;
                continue;
            };
            self.asked = false;
            match message? {
                Ok(Message::Text(text)) => return Some(text.to_string()),
                // Pings are answered by the library as it reads on.
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_)) => {}
                Ok(Message::Close(_)) => return None,
                Err(error) => {
                    tracing::debug!(%error, "A connection to Slack is broken");
                    return None;
                }
            }
        }
    }

    async fn send(&mut self, text: String) -> bool {
        self.say(Message::Text(text.into())).await
    }

    async fn close(&mut self) {
        // Whether it is heard or not, the connection is over.
        let _ = timeout(TIME_OUT, self.stream.close(None)).await;
    }
}

impl WebSocket {
    async fn say(&mut self, message: Message) -> bool {
        matches!(timeout(TIME_OUT, self.stream.send(message)).await, Ok(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn plain_connections_are_for_this_machine_only() {
        for address in ["ws://192.0.2.1/link", "http://127.0.0.1/link", "ws://example.com/link"] {
            let refused = connect(&address.parse().unwrap()).await.map(|_| ()).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{address}");
        }
    }

    #[test]
    fn tls_is_set_up_with_the_systems_roots() {
        https::tls().map(|_| ()).unwrap();
    }
}
