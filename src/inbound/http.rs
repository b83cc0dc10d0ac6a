//! The HTTP doors: limits and time-outs outside, routes inside.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    Router,
    http::{HeaderValue, StatusCode, header::CONNECTION},
    middleware::map_response,
    response::Response,
    routing::{get, post},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Mutex};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::{
    catch_panic::CatchPanicLayer,
    limit::RequestBodyLimitLayer,
    timeout::{RequestBodyTimeoutLayer, TimeoutLayer},
};

use super::{slack, sns};

/// Bodies above this are refused before they are read whole.
pub const MAX_BODY: usize = 1024 * 1024;

/// Longest time for a request's headers. hyper's own 30 s are silently off without a timer.
const HEADERS: Duration = Duration::from_secs(10);

/// Longest silence while a body is sent.
const BODY: Duration = Duration::from_secs(5);

/// Longest time for a whole request.
const REQUEST: Duration = Duration::from_secs(10);

/// Connections that one listener serves at a time. Enough that thousands which say nothing, until they are closed, leave
/// places for Slack.
const CONNECTIONS: usize = 4096;

/// How long connections under way may take when the process stops.
const DRAIN: Duration = Duration::from_secs(10);

/// How long after the stop connections are still accepted: those that the machine has taken already.
const LAST_ACCEPT: Duration = Duration::from_millis(100);

/// Returns the public routes: Slack's doors, unless it delivers through sockets, SNS's, and the health of the process.
///
/// From `stop` on each answer ends its connection, so that none is idle, with a request perhaps on its way, when the doors close.
pub fn public(slack: Option<Arc<slack::Doors>>, sns: Arc<sns::Door>, stop: CancellationToken) -> Router {
    let doors = slack.map_or_else(Router::new, |slack| {
        Router::new()
            .route("/slack/commands", post(slack::command::handle))
            .route("/slack/interactions", post(slack::interaction::handle))
            .route("/slack/events", post(slack::event::handle))
            .with_state(slack)
    });
    let sns = Router::new().route("/sns", post(sns::handle)).with_state(sns);
    let last = move |mut response: Response| {
        if stop.is_cancelled() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        std::future::ready(response)
    };
    layered(doors.merge(sns).merge(health())).layer(map_response(last))
}

/// Returns the routes for those who run the bot: `troubles` says what keeps the process from its work, if anything does.
pub fn admin(
    troubles: impl Fn() -> Vec<String> + Clone + Send + Sync + 'static,
    metrics: impl Fn() -> String + Clone + Send + Sync + 'static,
) -> Router {
    let readiness = move || {
        let troubles = troubles();
        std::future::ready(if troubles.is_empty() {
            (StatusCode::OK, "ready".to_owned())
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, troubles.join("\n"))
        })
    };
    let router = Router::new().route("/readyz", get(readiness));
    layered(router.route("/metrics", get(move || std::future::ready(metrics()))).merge(health()))
}

fn health() -> Router {
    Router::new().route("/healthz", get(|| async { "ok" }))
}

/// A request passes the layers from the last to the first.
fn layered(router: Router) -> Router {
    router
        .layer(CatchPanicLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST))
        .layer(RequestBodyTimeoutLayer::new(BODY))
        .layer(RequestBodyLimitLayer::new(MAX_BODY))
}

/// Where connections come in. It outlives what accepts them, which may panic; who stops takes the listener away, so that
/// nobody waits at a door that does not open any more.
pub type Door = Arc<Mutex<Option<TcpListener>>>;

/// Serves `router` until `stop`, then lets the requests under way end, those of connections that wait to be accepted
/// too. `axum::serve` has no time-out for headers.
pub async fn serve(door: Door, router: Router, stop: CancellationToken) {
    let mut door = door.lock().await;
    let Some(listener) = door.as_ref() else { return };
    // Slack and load balancers speak HTTP/1.1. A server that waits to see which version comes has no time-out while it
    // does: connections that say nothing would fill all places.
    let mut server = Builder::new(TokioExecutor::new()).http1_only();
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
    let server = Arc::new(server);
    let places = Arc::new(tokio::sync::Semaphore::new(CONNECTIONS));
    let connections = TaskTracker::new();
    let closed = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_ACCEPT).await;
    };
    tokio::pin!(closed);
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        let socket = tokio::select! {
            biased;
            () = &mut closed => break,
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => socket,
                Err(error) => {
                    tracing::warn!(%error, "A connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let (server, stop, router) = (Arc::clone(&server), stop.clone(), router.clone());
        connections.spawn(async move {
            let connection = server.serve_connection(TokioIo::new(socket), TowerToHyperService::new(router));
            tokio::pin!(connection);
            let ended = tokio::select! {
                ended = &mut connection => ended,
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(error, "A connection has ended early");
            }
            drop(place);
        });
    }
    door.take();
    connections.close();
    if tokio::time::timeout(DRAIN, connections.wait()).await.is_err() {
        tracing::warn!(open = connections.len(), "Connections were still open when the doors closed");
    }
}

/// Listens on `addr`. Returns the door, and where it is.
///
/// # Errors
/// Says which address cannot be had, and what to do.
pub async fn listen(addr: SocketAddr) -> anyhow::Result<(Door, SocketAddr)> {
    let why = || format!("cannot listen on {addr}; is another process there? choose another address");
    let listener = TcpListener::bind(addr).await.with_context(why)?;
    let addr = listener.local_addr().context("the door has no address")?;
    Ok((Arc::new(Mutex::new(Some(listener))), addr))
}
