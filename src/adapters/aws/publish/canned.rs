//! A server of canned answers for tests: what S3 says is theirs to choose, call by call.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use aws_sdk_s3::Client;
use http_body_util::BodyExt as _;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use super::super::config::{Endpoints, local_config, publish_client};

/// An answer: status, headers, body.
pub(super) struct Answer(pub(super) u16, pub(super) Vec<(&'static str, &'static str)>, pub(super) String);

/// Returns S3's answer to what it refuses.
pub(super) fn refusal(status: u16, code: &str) -> Answer {
    let message = "as AWS said";
    Answer(status, Vec::new(), format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"))
}

/// Returns an answer with that body.
pub(super) fn fine(body: impl Into<String>) -> Answer {
    Answer(200, Vec::new(), body.into())
}

/// Decides about a call: method, path with query, range and condition of a copy, body, in one text, and how many calls
/// of the same text came before. `None`: the connection is cut.
type Judge = dyn Fn(&str, usize) -> Option<Answer> + Send + Sync;

/// A running server, and what it was asked for.
pub(super) struct Canned {
    pub(super) client: Client,
    asked: Arc<Mutex<Vec<String>>>,
    _stop: DropGuard,
}

impl Canned {
    pub(super) async fn start(judge: impl Fn(&str, usize) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (asked, stop, tracker) = (Arc::default(), CancellationToken::new(), TaskTracker::new());
        let server = serve(listener, Arc::clone(&asked), Arc::new(judge), tracker.clone());
        tracker.spawn(stop.clone().run_until_cancelled_owned(server));
        let sdk = local_config("eu-west-1", "k", "s", Endpoints([("S3", endpoint)].into()));
        Self { client: publish_client(&sdk), asked, _stop: stop.drop_guard() }
    }

    /// Returns the calls that hold all of `texts`, in the order in which they came.
    pub(super) fn asked(&self, texts: &[&str]) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|call| texts.iter().all(|it| call.contains(it))).cloned().collect()
    }
}

async fn serve(listener: TcpListener, asked: Arc<Mutex<Vec<String>>>, judge: Arc<Judge>, tracker: TaskTracker) {
    while let Ok((socket, _)) = listener.accept().await {
        let (asked, judge) = (Arc::clone(&asked), Arc::clone(&judge));
        let cut = CancellationToken::new();
        let connection = {
            let cut = cut.clone();
            let service =
                service_fn(move |request| answer(request, Arc::clone(&asked), Arc::clone(&judge), cut.clone()));
            http1::Builder::new().serve_connection(TokioIo::new(socket), service)
        };
        tracker.spawn(cut.run_until_cancelled_owned(connection));
    }
}

async fn answer(
    request: Request<Incoming>,
    asked: Arc<Mutex<Vec<String>>>,
    judge: Arc<Judge>,
    cut: CancellationToken,
) -> Result<Response<String>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let header = |name| parts.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let (range, condition) = (header("x-amz-copy-source-range"), header("x-amz-copy-source-if-match"));
    let call = format!("{} {} {range} {condition} {}", parts.method, parts.uri, String::from_utf8_lossy(&body));
    let before = {
        let mut asked = asked.lock().unwrap();
        asked.push(call.clone());
        asked.iter().filter(|it| **it == call).count() - 1
    };
    let Some(Answer(status, headers, body)) = judge(&call, before) else {
        cut.cancel();
        return std::future::pending().await;
    };
    let response =
        headers.into_iter().fold(Response::builder().status(status), |it, (name, value)| it.header(name, value));
    Ok(response.body(body).unwrap())
}
