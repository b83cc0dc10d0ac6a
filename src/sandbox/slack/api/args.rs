//! A request's arguments, from a query, a form or JSON.

use axum::{
    body::Bytes,
    http::{
        HeaderMap,
        header::{AUTHORIZATION, CONTENT_TYPE},
        request::Parts,
    },
};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::Refusal;

/// What the history says of every call, if it is there.
const NOTED: &[&str] = &[
    "channel",
    "ts",
    "thread_ts",
    "message_ts",
    "user",
    "user_id",
    "users",
    "usergroup",
    "text",
    "metadata",
    "view_id",
];

/// A method's arguments. In forms and queries everything is text; what is structured is JSON in text.
#[derive(Debug)]
pub(super) struct Args(Map<String, Value>);

/// A request, read.
pub(super) struct Read {
    pub(super) args: Args,
    pub(super) token: Option<String>,
    pub(super) warning: Option<&'static str>,
}

/// Reads a request. JSON for a method that takes none is not looked at, as with Slack.
///
/// # Errors
/// The body has no type, another type than Slack takes, or is not what its type says.
pub(super) fn read(parts: &Parts, body: &Bytes, takes_json: bool) -> Result<Read, Refusal> {
    let mut args: Map<String, Value> = pairs(parts.uri.query().unwrap_or_default().as_bytes());
    // "Never in the query string".
    args.remove("token");
    let content = parts.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let (kind, parameters) = content.split_once(';').unwrap_or((content, ""));
    let mut warning = None;
    match kind.trim() {
        "application/json" => {
            if !parameters.contains("charset") {
                warning = Some("missing_charset");
            }
            if takes_json && !body.is_empty() {
                let value: Value = serde_json::from_slice(body).map_err(|_| "invalid_json")?;
                let Value::Object(members) = value else { return Err("json_not_object".into()) };
                args.extend(members);
                // A token in JSON is not looked at.
                args.remove("token");
            }
        }
        "application/x-www-form-urlencoded" => args.extend(pairs(body)),
        "" if body.is_empty() => {}
        "" => return Err("missing_post_type".into()),
        _ => return Err("invalid_post_type".into()),
    }
    args.retain(|_, value| !value.is_null());
    let in_form = args.remove("token").and_then(|it| it.as_str().map(str::to_owned));
    Ok(Read { args: Args(args), token: bearer(&parts.headers).or(in_form), warning })
}

fn pairs(text: &[u8]) -> Map<String, Value> {
    form_urlencoded::parse(text).map(|(key, value)| (key.into_owned(), value.into_owned().into())).collect()
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::to_owned)
}

impl Args {
    /// Returns the arguments that a JSON object holds.
    pub(super) fn of(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// Returns a text, if it is there and not empty.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_str().filter(|it| !it.is_empty())
    }

    /// Returns whether the argument is there at all.
    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Returns a text that must be there.
    ///
    /// # Errors
    /// It is not (`invalid_arguments`).
    pub(super) fn need(&self, key: &str) -> Result<&str, Refusal> {
        self.text(key).ok_or_else(|| Refusal::missing(key))
    }

    /// Returns a switch; absent is off.
    pub(super) fn flag(&self, key: &str) -> bool {
        matches!(self.0.get(key), Some(Value::Bool(true))) || matches!(self.text(key), Some("true" | "1"))
    }

    /// Returns a number, if there is one.
    pub(super) fn count(&self, key: &str) -> Option<u64> {
        let value = self.0.get(key)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    }

    /// Returns something structured, if it is there; as text it must be JSON.
    ///
    /// # Errors
    /// It is text and not JSON (`error`).
    pub(super) fn structured(&self, key: &str, error: &'static str) -> Result<Option<Value>, Refusal> {
        match self.0.get(key) {
            Some(Value::String(text)) => serde_json::from_str(text).map(Some).map_err(|_| error.into()),
            other => Ok(other.cloned()),
        }
    }

    /// Returns what the history shall say of the call.
    pub(super) fn noted(&self) -> Map<String, Value> {
        let noted = NOTED.iter().filter_map(|key| Some(((*key).to_owned(), self.0.get(*key)?.clone())));
        noted.collect()
    }
}
