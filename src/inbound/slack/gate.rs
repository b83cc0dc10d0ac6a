//! The gate: only what Slack has signed, and lately, gets through. Ours, because slack-morphism's reads the whole body
//! first, knows one secret, and answers every refusal alike.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::{
    Doors,
    replays::{Key, Replays},
};
use crate::{
    clock::Clock,
    inbound::body::{self, Unread},
};

/// Slack's own window: older and newer requests are refused.
const WINDOW_SECONDS: i64 = 300;

const SIGNATURE: &str = "x-slack-signature";
const TIMESTAMP: &str = "x-slack-request-timestamp";

/// Checks signatures. Knows two secrets while they are being rotated.
pub struct Gate {
    secrets: Vec<SecretString>,
    clock: Arc<dyn Clock>,
    replays: Replays,
}

/// A request that Slack has signed.
#[derive(Debug)]
pub struct Signed {
    pub body: Bytes,
    pub delivery: Delivery,
}

/// A delivery of a request, which may come more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The same for each delivery of the same request, and for no other: the signature itself, or what Slack calls it.
    pub key: String,
    /// This process has taken it before: Slack, something on the way, or somebody who has recorded it has sent it again.
    /// What changes something may go on, for the record knows the delivery; what only asks is not answered again.
    pub again: bool,
}

/// Why a request was not let in. Says nothing of the right signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Unsigned,
    Late,
    Forged,
}

impl Gate {
    /// Returns a gate that takes requests signed with any of `secrets`.
    pub fn new(secrets: Vec<SecretString>, clock: Arc<dyn Clock>) -> Self {
        Self { secrets, clock, replays: Replays::default() }
    }

    /// Returns what is known of the delivery if Slack has signed `body`, within the window; from then on it is known.
    ///
    /// # Errors
    /// The request is not let in.
    pub fn admit(&self, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Refusal> {
        let now = self.clock.now();
        let key = self.check(headers, body, now)?;
        Ok(Delivery { key: hex::encode(key), again: self.replays.note(key, now) })
    }

    fn check(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Key, Refusal> {
        let timestamp = only(headers, TIMESTAMP).ok_or(Refusal::Unsigned)?;
        let signature = only(headers, SIGNATURE).and_then(|it| it.strip_prefix("v0=")).ok_or(Refusal::Unsigned)?;
        let mut given = [0; 32];
        hex::decode_to_slice(signature, &mut given).map_err(|_| Refusal::Forged)?;
        if timestamp.is_empty() || !timestamp.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Refusal::Forged);
        }
        let sent: i64 = timestamp.parse().map_err(|_| Refusal::Late)?;
        if now.as_second().abs_diff(sent) > WINDOW_SECONDS.unsigned_abs() {
            return Err(Refusal::Late);
        }
        // Every secret is tried, and each in constant time: how long it takes tells nothing.
        let signed = self.secrets.iter().fold(false, |signed, secret| {
            let mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("any length is a key");
            let mac = mac.chain_update(b"v0:").chain_update(timestamp).chain_update(b":").chain_update(body);
            signed | mac.verify_slice(&given).is_ok()
        });
        let (key, _) = given.split_first_chunk().expect("a signature is longer than its beginning");
        if signed { Ok(*key) } else { Err(Refusal::Forged) }
    }
}

/// Returns the header's value if it is there exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Slack's probe of an address: nothing but these two words, and nothing is done for it. It is not signed.
fn is_ssl_check(body: &[u8]) -> bool {
    let mut checked = false;
    let only_these = url::form_urlencoded::parse(body).all(|(key, value)| {
        checked |= key == "ssl_check" && value == "1";
        key == "ssl_check" || key == "token"
    });
    checked && only_these
}

impl FromRequest<Arc<Doors>> for Signed {
    type Rejection = Response;

    async fn from_request(request: Request, doors: &Arc<Doors>) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let body = body::read(body).await.map_err(|it| status(it).into_response())?;
        if is_ssl_check(&body) {
            return Err(StatusCode::OK.into_response());
        }
        match doors.gate.admit(&parts.headers, &body) {
            Ok(delivery) => Ok(Self { body, delivery }),
            Err(refusal) => {
                tracing::warn!(path = parts.uri.path(), ?refusal, "A request that Slack did not sign was refused");
                super::count("gate", "refused");
                Err(StatusCode::UNAUTHORIZED.into_response())
            }
        }
    }
}

fn status(unread: Unread) -> StatusCode {
    match unread {
        Unread::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Unread::CutOff => StatusCode::REQUEST_TIMEOUT,
    }
}

#[cfg(test)]
mod tests;
