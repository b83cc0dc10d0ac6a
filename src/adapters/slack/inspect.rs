//! Calls for those who want the answer as it came, with the scopes of the token that Slack writes into its head.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, StatusCode, body::Bytes, header::AUTHORIZATION};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::time::timeout;
use url::Url;

use super::client::ClientError;
use crate::adapters::{aws::chain, https};

/// How long a call may take.
const TIME_OUT: Duration = Duration::from_secs(8);

/// The scopes that the token has, with a comma between ([`auth.test`](https://docs.slack.dev/reference/methods/auth.test)).
const SCOPES: &str = "x-oauth-scopes";

/// Asks Slack, and believes nothing. Its `Debug` does not show the token.
#[derive(Debug)]
pub struct Inspector {
    http: https::Client<Full<Bytes>>,
    token: SecretString,
    base: Url,
}

/// An answer with `"ok": true`.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The token's scopes, if the answer names them.
    pub scopes: Option<Vec<String>>,
    pub body: Value,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// Slack's error, such as `invalid_auth`.
    Refused(String),
    /// Too many calls for now.
    Later,
    /// Slack could not be reached, or has not answered like Slack.
    Silent(String),
}

impl Inspector {
    /// Returns an inspector of the API at `base` (`https://slack.com/api`).
    ///
    /// # Errors
    /// The system's certificates cannot be read.
    pub fn new(base: &Url, token: &SecretString) -> Result<Self, ClientError> {
        Ok(Self { http: https::client(https::connector()?), token: token.clone(), base: base.clone() })
    }

    /// Calls a method: with `GET` if there are parameters, as Slack wants it for methods that read.
    ///
    /// # Errors
    /// See [`NoAnswer`].
    pub async fn call(&self, method: &str, parameters: &[(&str, &str)]) -> Result<Answer, NoAnswer> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{method}", self.base.path().trim_end_matches('/')));
        let verb = if parameters.is_empty() { Method::POST } else { Method::GET };
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        let request = Request::builder()
            .method(verb)
            .uri(url.as_str())
            .header(AUTHORIZATION, format!("Bearer {}", self.token.expose_secret()))
            .body(Full::default());
        let request = request.map_err(|it| NoAnswer::Silent(it.to_string()))?;
        let sent = timeout(TIME_OUT, async {
            let answer = self.http.request(request).await.map_err(|it| NoAnswer::Silent(chain(&it)))?;
            let (head, body) = answer.into_parts();
            let body = body.collect().await.map_err(|it| NoAnswer::Silent(chain(&it)))?.to_bytes();
            Ok((head, body))
        });
        let (head, body) = sent.await.unwrap_or_else(|_| Err(NoAnswer::Silent("no answer in time".to_owned())))?;
        if head.status == StatusCode::TOO_MANY_REQUESTS {
            return Err(NoAnswer::Later);
        }
        let scopes = head.headers.get(SCOPES).and_then(|it| it.to_str().ok());
        let scopes =
            scopes.map(|it| it.split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect());
        read(&body, head.status).map(|body| Answer { scopes, body })
    }
}

fn read(body: &[u8], status: StatusCode) -> Result<Value, NoAnswer> {
    let body: Value = serde_json::from_slice(body).map_err(|_| NoAnswer::Silent(format!("HTTP {status}, not JSON")))?;
    match (body["ok"].as_bool(), body["error"].as_str()) {
        (Some(true), _) => Ok(body),
        (_, Some(error)) => Err(NoAnswer::Refused(error.to_owned())),
        (_, None) => Err(NoAnswer::Silent(format!("HTTP {status} without `ok`"))),
    }
}
