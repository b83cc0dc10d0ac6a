//! The front that every stand-in has: reads a request, names its operation, plays the planted faults, lets the
//! stand-in answer, writes it down.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    body::{Body, Bytes},
    http::{
        Request, Response,
        header::{CONTENT_LENGTH, RETRY_AFTER},
        request::Parts,
    },
};
use futures_util::stream;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    clock::SimClock,
    faults::{Faults, Kind, Moment},
    history::History,
};
use crate::clock::Clock as _;

/// How long after the answer a fault of [`Moment::AfterAnswer`] strikes, so that the answer has left.
const AFTER_ANSWER: Duration = Duration::from_millis(30);

/// One request, its operation already known.
#[derive(Debug)]
pub struct Call {
    /// The API's name of what is asked for.
    pub operation: String,
    /// Method, address and headers.
    pub parts: Parts,
    /// The whole body.
    pub body: Bytes,
}

/// What a stand-in answers.
#[derive(Debug)]
pub struct Reply {
    /// The answer as it goes on the wire.
    pub response: Response<Bytes>,
    /// The error code in it, if it refuses.
    pub error: Option<String>,
    /// What the history shall say of the request.
    pub note: Value,
}

/// A service's stand-in: a wire protocol in front of some state.
#[async_trait]
pub trait StandIn: Send + Sync + 'static {
    /// Returns the service's name in faults and in the history.
    fn service(&self) -> &'static str;

    /// Returns the API's name of what the request asks for, or `Unknown`.
    fn operation(&self, parts: &Parts, body: &Bytes) -> String;

    /// Returns an error in the form the service gives it.
    fn refusal(&self, status: u16, code: &str, message: &str) -> Response<Bytes>;

    /// Carries the request out.
    async fn answer(&self, call: Call) -> Reply;
}

/// What all fronts of one world share.
#[derive(Clone, Debug)]
pub struct Front {
    pub clock: SimClock,
    pub faults: Faults,
    pub history: History,
    pub tracker: TaskTracker,
    pub stop: CancellationToken,
}

impl Front {
    /// Returns what the fronts of a new world share.
    pub fn new(clock: SimClock) -> Self {
        Self {
            clock,
            faults: Faults::default(),
            history: History::default(),
            tracker: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    /// Listens on `addr` (port 0: any free one) and serves `stand_in` there until the world stops. Returns the address.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn serve(&self, addr: SocketAddr, stand_in: Arc<dyn StandIn>) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        self.tracker.spawn(accept(self.clone(), listener, stand_in));
        Ok(addr)
    }
}

async fn accept(front: Front, listener: TcpListener, stand_in: Arc<dyn StandIn>) {
    loop {
        let (socket, peer) = tokio::select! {
            () = front.stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(_) => continue,
            },
        };
        let (front, stand_in) = (front.clone(), Arc::clone(&stand_in));
        let tracker = front.tracker.clone();
        tracker.spawn(async move {
            let stop = front.stop.clone();
            let service =
                hyper::service::service_fn(move |request| handle(front.clone(), Arc::clone(&stand_in), peer, request));
            let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            let connection = server.serve_connection(TokioIo::new(socket), service);
            tokio::select! {
                () = stop.cancelled() => {}
                // An error here is a connection that a fault has closed, or the client itself.
                _ = connection => {}
            }
        });
    }
}

/// The body of an answer; an error closes the connection.
type Answer = BoxBody<Bytes, io::Error>;

/// Answers one request; an error closes the connection without an answer.
async fn handle(
    front: Front,
    stand_in: Arc<dyn StandIn>,
    peer: SocketAddr,
    request: Request<hyper::body::Incoming>,
) -> io::Result<Response<Answer>> {
    let (parts, body) = request.into_parts();
    let body = Body::new(body).collect().await.map_err(io::Error::other)?.to_bytes();
    let operation = stand_in.operation(&parts, &body);
    let text = format!("{} {}", parts.uri, String::from_utf8_lossy(&body));
    let faults = front.faults.strike(stand_in.service(), &operation, &text);

    play(&faults, peer, Moment::BeforeEffect).await?;
    if let Some(refused) = refusal(&faults, &*stand_in) {
        let code = refused.error.clone();
        front.history.add(front.clock.now(), stand_in.service(), &operation, code, refused.note);
        return Ok(refused.response.map(whole));
    }
    let reply = stand_in.answer(Call { operation: operation.clone(), parts, body }).await;
    front.history.add(front.clock.now(), stand_in.service(), &operation, reply.error, reply.note);
    play(&faults, peer, Moment::AfterEffect).await?;
    let is_cut = faults.iter().any(|it| matches!(it, Kind::Cut));
    front.tracker.spawn(async move {
        tokio::time::sleep(AFTER_ANSWER).await;
        // Nothing listens any more when the last hook has run.
        let _ = play(&faults, peer, Moment::AfterAnswer).await;
    });
    Ok(if is_cut { cut(reply.response) } else { reply.response.map(whole) })
}

fn whole(body: Bytes) -> Answer {
    Full::new(body).map_err(|never| match never {}).boxed()
}

/// Returns an answer that promises all of its body, and breaks off in the middle.
fn cut(response: Response<Bytes>) -> Response<Answer> {
    let (mut parts, body) = response.into_parts();
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    let half = body.slice(..body.len() / 2);
    let frames = [Ok(Frame::data(half)), Err(io::ErrorKind::ConnectionReset.into())];
    Response::from_parts(parts, StreamBody::new(stream::iter(frames)).boxed())
}

async fn play(faults: &[Kind], peer: SocketAddr, now: Moment) -> io::Result<()> {
    for fault in faults {
        match fault {
            Kind::Delay { at, by } if *at == now => tokio::time::sleep(*by).await,
            Kind::Hook { at, hook } if *at == now => hook(peer),
            Kind::Reset { at } if *at == now => return Err(io::ErrorKind::ConnectionReset.into()),
            Kind::Refuse { .. } | Kind::Delay { .. } | Kind::Hook { .. } | Kind::Reset { .. } | Kind::Cut => {}
        }
    }
    Ok(())
}

fn refusal(faults: &[Kind], stand_in: &dyn StandIn) -> Option<Reply> {
    faults.iter().find_map(|fault| match fault {
        Kind::Refuse { status, code, message, retry_after } => {
            let mut response = stand_in.refusal(*status, code, message);
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(RETRY_AFTER, (*seconds).into());
            }
            Some(Reply { response, error: Some(code.clone()), note: Value::Null })
        }
        Kind::Delay { .. } | Kind::Reset { .. } | Kind::Hook { .. } | Kind::Cut => None,
    })
}
