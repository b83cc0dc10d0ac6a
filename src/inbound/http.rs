//! The HTTP doors: limits and time-outs outside, routes inside.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    http::StatusCode,
    routing::{get, post},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::net::TcpListener;
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

/// Connections that one listener serves at a time.
const CONNECTIONS: usize = 1024;

/// How long connections under way may take when the process stops.
const DRAIN: Duration = Duration::from_secs(10);

/// Returns the public routes: Slack's doors, SNS's, and the health of the process.
pub fn public(slack: Arc<slack::Doors>, sns: Arc<sns::Door>) -> Router {
    let doors = Router::new()
        .route("/slack/commands", post(slack::command::handle))
        .route("/slack/interactions", post(slack::interaction::handle))
        .route("/slack/events", post(slack::event::handle))
        .with_state(slack);
    let sns = Router::new().route("/sns", post(sns::handle)).with_state(sns);
    layered(doors.merge(sns).merge(health()))
}

/// Returns the routes for those who run the bot: `ready` says whether the process does its work.
pub fn admin(
    ready: impl Fn() -> bool + Clone + Send + Sync + 'static,
    metrics: impl Fn() -> String + Clone + Send + Sync + 'static,
) -> Router {
    let readiness = move || {
        let status = if ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        async move { status }
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

/// Serves `router` until `stop`, then lets the requests under way end. `axum::serve` has no time-out for headers.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    // Slack and load balancers speak HTTP/1.1. A server that waits to see which version comes has no time-out while it
    // does: connections that say nothing would fill all places.
    let mut server = Builder::new(TokioExecutor::new()).http1_only();
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
    let server = Arc::new(server);
    let places = Arc::new(tokio::sync::Semaphore::new(CONNECTIONS));
    let connections = TaskTracker::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        let socket = tokio::select! {
            biased;
            () = stop.cancelled() => break,
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
    connections.close();
    if tokio::time::timeout(DRAIN, connections.wait()).await.is_err() {
        tracing::warn!(open = connections.len(), "Connections were still open when the doors closed");
    }
}

/// Listens on `addr`.
///
/// # Errors
/// Says which address cannot be had, and what to do.
pub async fn listen(addr: SocketAddr) -> anyhow::Result<TcpListener> {
    use anyhow::Context as _;
    TcpListener::bind(addr)
        .await
        .with_context(|| format!("cannot listen on {addr}; is another process there? choose another address"))
}
