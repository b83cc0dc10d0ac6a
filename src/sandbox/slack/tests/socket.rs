//! Socket Mode, as a bot sees it.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};
use url::Url;

use super::{ANA, CHANNEL, World, world};

type Link = WebSocketStream<TcpStream>;

/// Takes a ticket, as `apps.connections.open` gives it.
fn ticket(world: &World) -> Url {
    let mut state = world.slack.world();
    state.tickets.insert("t".to_owned());
    format!("{}/link/?ticket=t", state.socket_origin).parse().unwrap()
}

async fn connect(address: &Url) -> Result<Link, tokio_tungstenite::tungstenite::Error> {
    let tcp = TcpStream::connect((address.host_str().unwrap(), address.port().unwrap())).await.unwrap();
    client_async(address.as_str(), tcp).await.map(|(link, _)| link)
}

async fn heard(link: &mut Link) -> Value {
    let message = tokio::time::timeout(Duration::from_secs(5), link.next()).await.unwrap().unwrap().unwrap();
    serde_json::from_str(message.to_text().unwrap()).unwrap()
}

async fn opened(world: &World) -> Link {
    let mut link = connect(&ticket(world)).await.unwrap();
    assert_eq!(heard(&mut link).await["type"], "hello");
    link
}

#[tokio::test]
async fn a_ticket_is_good_once() {
    let world = world().await;
    let address = ticket(&world);
    connect(&address).await.unwrap();
    assert!(connect(&address).await.is_err());
}

#[tokio::test]
async fn what_is_not_acknowledged_comes_again_on_another_connection() {
    let world = world().await;
    world.slack.use_sockets(true);
    let (mut one, mut other) = (opened(&world).await, opened(&world).await);
    let typed = world.slack.slash(ANA, CHANNEL, "/datalake status");
    let acknowledge = async {
        let first = heard(&mut one).await;
        assert_eq!((&first["type"], &first["payload"]["text"]), (&json!("slash_commands"), &json!("status")));
        drop(one);
        let again = heard(&mut other).await;
        assert_eq!(first, again);
        let ack = json!({"envelope_id": again["envelope_id"], "payload": {"text": "Fine."}});
        other.send(Message::text(ack.to_string())).await.unwrap();
    };
    let (answer, ()) = tokio::join!(typed, acknowledge);
    assert_eq!(answer.unwrap().json()["text"], "Fine.");
    assert_eq!((world.slack.resent(), world.slack.ephemeral(ANA)), (1, vec!["Fine.".to_owned()]));
}

#[tokio::test]
async fn a_connection_is_announced_to_close_and_closes() {
    let world = world().await;
    let mut link = opened(&world).await;
    world.slack.refresh_sockets();
    assert_eq!(heard(&mut link).await, json!({"type": "disconnect", "reason": "refresh_requested"}));
    let end = tokio::time::timeout(Duration::from_secs(5), link.next()).await.unwrap();
    assert!(matches!(end, Some(Ok(Message::Close(_))) | None), "{end:?}");
}
