//! The figures of `docs/reliability.md`: what a promise costs, and how far it was tried. They print what they measure,
//! and assert what is counted, never what is timed: these machines are shared. A few of each run with the tests;
//! `make figures` tries as many as the documentation says.

use std::time::Duration;

use datalake_bot::sandbox::slack::signature;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, body::Bytes};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jiff::Timestamp;
use tokio::time::{Instant, timeout};

mod acks;
mod burst;
mod duplicates;
mod memory;
mod soak;
mod stops;
mod throttling;

const SECRET: &str = "sandbox-signing-secret";

/// Returns `few`, or `many` for the documentation.
fn size(few: usize, many: usize) -> usize {
    if std::env::var_os("FIGURES").is_some() { many } else { few }
}

/// Prints a line of the table of figures.
fn figure(promise: &str, text: &str) {
    eprintln!("FIGURE | {promise} | {text}");
}

/// A client that posts signed commands, as Slack does.
#[derive(Clone)]
struct Load {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
}

/// What came of one post.
struct Posted {
    /// `None`: no answer.
    status: Option<u16>,
    text: String,
    took: Duration,
}

impl Load {
    fn new(url: &str) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), url: url.to_owned() }
    }

    /// Types `text` as Ana; `number` makes it a delivery of its own.
    async fn command(&self, text: &str, number: usize) -> Posted {
        let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let body = format!(
            "team_id=T0DATALAKE1&user_id=U0ANA000001&channel_id=C0DATALAKE1&command=%2Fdatalake&text={text}&trigger_id={number}.1"
        );
        let sent = now();
        let request = Request::post(format!("{}/slack/commands", self.url))
            .header("x-slack-request-timestamp", sent.to_string())
            .header("x-slack-signature", signature(SECRET, sent, &body))
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        let begun = Instant::now();
        let answer = timeout(Duration::from_secs(20), self.client.request(request)).await.ok().and_then(Result::ok);
        let Some(answer) = answer else { return Posted { status: None, text: String::new(), took: begun.elapsed() } };
        let status = Some(answer.status().as_u16());
        let text = answer.into_body().collect().await.map(|it| it.to_bytes()).unwrap_or_default();
        Posted { status, text: String::from_utf8_lossy(&text).into_owned(), took: begun.elapsed() }
    }
}

impl Posted {
    /// Says whether the bot has said that it has recorded the command.
    fn is_accepted(&self) -> bool {
        self.status == Some(200) && self.text.contains("Recorded")
    }
}

#[expect(clippy::disallowed_methods, reason = "the doors compare with the machine's clock")]
fn now() -> i64 {
    Timestamp::now().as_second()
}

/// Returns the duration below which `percent` of `all` are, in milliseconds.
fn percentile(all: &mut [Duration], percent: usize) -> u128 {
    all.sort_unstable();
    all.get((all.len() * percent / 100).min(all.len().saturating_sub(1))).map_or(0, Duration::as_millis)
}
