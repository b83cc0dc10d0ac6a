//! One call to Slack: a time-out around it, and its errors in our words.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode,
    body::Bytes,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, de::DeserializeOwned};
use slack_morphism::{SlackApiToken, SlackClient, errors::SlackClientError, hyper_tokio::SlackClientHyperConnector};
use tokio::time::{Instant, timeout};
use url::Url;

use crate::{
    adapters::https::{self, Connector},
    engine::ports::ChatError,
};

/// How long a call may take. slack-morphism has no time-out of its own.
const TIME_OUT: Duration = Duration::from_secs(10);

/// Pause after a 429 that does not say how long to wait.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);

/// Where Slack's own answer addresses are.
const HOOKS: &str = "https://hooks.slack.com/";

/// A client of one workspace. Holds the token; its `Debug` does not show it.
#[derive(Debug)]
pub struct Client {
    slack: SlackClient<SlackClientHyperConnector<Connector>>,
    plain: https::Client<Full<Bytes>>,
    token: SlackApiToken,
    base: Url,
    /// Methods that Slack wants left alone for a while.
    quiet: Mutex<HashMap<String, Instant>>,
}

/// A client that cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the Slack client cannot be made: {0}")]
pub struct ClientError(#[from] std::io::Error);

impl Client {
    /// Returns a client of the API at `base` (`https://slack.com/api`).
    ///
    /// # Errors
    /// The system's certificates cannot be read.
    pub fn new(base: &Url, token: &SecretString) -> Result<Self, ClientError> {
        let connector = https::connector()?;
        let hyper = SlackClientHyperConnector::with_connector(connector.clone());
        let hyper = hyper.with_slack_api_url(base.as_str().trim_end_matches('/'));
        Ok(Self {
            slack: SlackClient::new(hyper),
            plain: https::client(connector),
            token: SlackApiToken::new(token.expose_secret().into()),
            base: base.clone(),
            quiet: Mutex::default(),
        })
    }

    /// Calls a method that takes JSON.
    ///
    /// # Errors
    /// See [`ChatError`].
    pub async fn post<A: DeserializeOwned + Send>(
        &self,
        method: &str,
        request: &(impl Serialize + Send + Sync),
    ) -> Result<A, ChatError> {
        self.keep_quiet(method)?;
        let session = self.slack.open_session(&self.token);
        let call = session.http_session_api.http_post(method, request, None);
        self.outcome(method, timeout(TIME_OUT, call).await)
    }

    /// Calls a method that reads; Slack takes no JSON for these.
    ///
    /// # Errors
    /// See [`ChatError`].
    pub async fn get<A: DeserializeOwned + Send>(
        &self,
        method: &str,
        parameters: &[(&str, Option<String>)],
    ) -> Result<A, ChatError> {
        self.keep_quiet(method)?;
        let session = self.slack.open_session(&self.token);
        let parameters = parameters.to_vec();
        let call = session.http_session_api.http_get(method, &parameters, None);
        self.outcome(method, timeout(TIME_OUT, call).await)
    }

    /// Posts JSON to an address that came with a command or a press. Only Slack's own addresses are answered, so that
    /// a forged one leads nowhere.
    ///
    /// # Errors
    /// See [`ChatError`].
    pub async fn respond(&self, url: &str, body: &impl Serialize) -> Result<(), ChatError> {
        if !self.is_slacks(url) {
            return Err(ChatError::Refused("not an address of Slack".to_owned()));
        }
        let body = serde_json::to_vec(body).map_err(|it| ChatError::Refused(it.to_string()))?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .body(Full::from(body))
            .map_err(|it| ChatError::Refused(it.to_string()))?;
        let unclear = |it: &dyn std::fmt::Display| ChatError::Unclear(it.to_string());
        let answer = timeout(TIME_OUT, self.plain.request(request)).await.map_err(|it| unclear(&it))?;
        let answer = answer.map_err(|it| unclear(&it))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            let seconds = answer.headers().get(RETRY_AFTER).and_then(|it| it.to_str().ok()?.parse().ok());
            return Err(ChatError::Later { after: seconds.map_or(DEFAULT_RETRY_AFTER, Duration::from_secs) });
        }
        let text = timeout(TIME_OUT, answer.into_body().collect()).await.ok().and_then(Result::ok);
        let text = text.map(|it| String::from_utf8_lossy(&it.to_bytes()).into_owned()).unwrap_or_default();
        Err(if status.is_server_error() { unclear(&status) } else { ChatError::Refused(format!("{status} {text}")) })
    }

    /// Refuses a call that Slack does not want now: it would only be counted against the bot.
    fn keep_quiet(&self, method: &str) -> Result<(), ChatError> {
        let quiet = self.quiet.lock().expect("no panic while the map is held");
        let left = quiet.get(method).map(|it| it.saturating_duration_since(Instant::now()));
        left.filter(|it| !it.is_zero()).map_or(Ok(()), |after| Err(ChatError::Later { after }))
    }

    fn is_slacks(&self, url: &str) -> bool {
        url.starts_with(HOOKS)
            || Url::parse(url).is_ok_and(|it| it.origin() == self.base.origin() && it.username().is_empty())
    }

    fn outcome<A>(
        &self,
        method: &str,
        result: Result<Result<A, SlackClientError>, tokio::time::error::Elapsed>,
    ) -> Result<A, ChatError> {
        let result = match result {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(meaning(error)),
            Err(_) => Err(ChatError::Unclear(format!("no answer within {} s", TIME_OUT.as_secs()))),
        };
        if let Err(ChatError::Later { after }) = &result {
            let mut quiet = self.quiet.lock().expect("no panic while the map is held");
            quiet.insert(method.to_owned(), Instant::now() + *after);
        }
        let outcome = match &result {
            Ok(_) => "ok",
            Err(ChatError::Later { .. }) => "ratelimited",
            Err(ChatError::Unclear(_)) => "unclear",
            Err(ChatError::Gone) => "gone",
            Err(ChatError::Refused(_)) => "refused",
        };
        metrics::counter!(crate::metrics::SLACK_CALLS, "method" => method.to_owned(), "outcome" => outcome)
            .increment(1);
        result
    }
}

/// Reads an error of slack-morphism. Slack says of `internal_error` and `fatal_error` that part of the call may have
/// been done.
fn meaning(error: SlackClientError) -> ChatError {
    match error {
        SlackClientError::RateLimitError(limit) => {
            ChatError::Later { after: limit.retry_after.unwrap_or(DEFAULT_RETRY_AFTER) }
        }
        SlackClientError::ApiError(api) => match api.code.as_str() {
            "ratelimited" | "rate_limited" | "message_limit_exceeded" => {
                ChatError::Later { after: DEFAULT_RETRY_AFTER }
            }
            "internal_error" | "fatal_error" | "request_timeout" | "service_unavailable" => {
                ChatError::Unclear(api.code)
            }
            "message_not_found" | "thread_not_found" => ChatError::Gone,
            _ => {
                let details = api.errors.unwrap_or_default().join("; ");
                ChatError::Refused(if details.is_empty() { api.code } else { format!("{}: {details}", api.code) })
            }
        },
        SlackClientError::HttpError(http) if http.status_code.is_client_error() => {
            ChatError::Refused(format!("HTTP {}", http.status_code))
        }
        SlackClientError::HttpError(http) => ChatError::Unclear(format!("HTTP {}", http.status_code)),
        // Its text would repeat the whole body.
        SlackClientError::ProtocolError(protocol) => ChatError::Unclear(protocol.json_error.to_string()),
        error @ (SlackClientError::HttpProtocolError(_)
        | SlackClientError::EndOfStream(_)
        | SlackClientError::SystemError(_)
        | SlackClientError::SocketModeProtocolError(_)) => ChatError::Unclear(error.to_string()),
    }
}
