//! The Web API: which methods there are, what each asks for, and the order in which Slack refuses.

mod app;
mod args;
mod channel;
mod chat;
mod content;
mod history;
mod people;
mod response;
mod update;
mod views;

use axum::{
    body::Bytes,
    http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE, header::RETRY_AFTER, request::Parts},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use self::args::Args;
pub(super) use self::response::{respond, show};
use super::{
    blocks::Problem,
    limits::{Rate, Tier},
    world::World,
};
use crate::sandbox::wire::Reply;

/// A request whose arguments have been read.
struct Asked {
    args: Args,
    now: Timestamp,
}

/// What a method answers beside `ok`, and what the history shall say beside the arguments.
#[derive(Debug, Default)]
struct Done {
    body: Map<String, Value>,
    note: Map<String, Value>,
    warnings: Vec<&'static str>,
}

impl Done {
    /// Returns an answer with the members of the object `body`.
    fn with(body: Value) -> Self {
        Self { body: members(body), ..Self::default() }
    }

    /// Adds the members of the object `note` to what the history says.
    fn noting(self, note: Value) -> Self {
        Self { note: members(note), ..self }
    }
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

/// Why a method is not carried out.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) error: &'static str,
    problems: Vec<String>,
    more: Map<String, Value>,
    retry_after: Option<u64>,
}

impl Refusal {
    fn because(error: &'static str, problems: &[Problem]) -> Self {
        Self { problems: problems.iter().map(Problem::text).collect(), ..Self::from(error) }
    }

    fn missing(argument: &str) -> Self {
        Self { problems: vec![format!("missing required field: {argument}")], ..Self::from("invalid_arguments") }
    }

    /// Returns the answer's body.
    pub(super) fn body(&self) -> Value {
        let mut body = json!({ "ok": false, "error": self.error });
        if !self.problems.is_empty() {
            let messages: Vec<String> = self.problems.iter().map(|it| format!("[ERROR] {it}")).collect();
            body["errors"] = json!(self.problems);
            body["response_metadata"] = json!({ "messages": messages });
        }
        body.as_object_mut().expect("it was written as an object").extend(self.more.clone());
        body
    }
}

impl From<&'static str> for Refusal {
    fn from(error: &'static str) -> Self {
        Self { error, problems: Vec::new(), more: Map::new(), retry_after: None }
    }
}

/// Who holds a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    Bot,
    /// The app itself; its token has scopes of its own.
    App,
}

/// A method of the Web API.
struct Method {
    name: &'static str,
    tier: Tier,
    /// Whose token is asked for.
    token: Holder,
    /// One of these is needed.
    scopes: &'static [&'static str],
    /// Reading methods take queries and forms only.
    takes_json: bool,
    run: fn(&mut World, &Asked) -> Result<Done, Refusal>,
}

const WRITE: &[&str] = &["chat:write"];
const READ: &[&str] = &["channels:read", "groups:read", "im:read", "mpim:read"];
const HISTORY: &[&str] = &["channels:history", "groups:history", "im:history", "mpim:history"];
const OPEN: &[&str] = &["channels:manage", "groups:write", "im:write", "mpim:write"];
const PINS: &[&str] = &["pins:write"];
const USERS: &[&str] = &["users:read"];
const GROUPS: &[&str] = &["usergroups:read"];

/// Tiers and scopes from the methods' own pages on docs.slack.dev.
const METHODS: &[Method] = &[
    Method { token: Holder::App, ..method("apps.connections.open", Tier::Unlimited, &[], true, app::open_connection) },
    method("auth.test", Tier::Unlimited, &[], true, people::auth_test),
    method("chat.postMessage", Tier::Post, WRITE, true, chat::post_message),
    method("chat.update", Tier::Three, WRITE, true, update::update),
    method("chat.delete", Tier::Three, WRITE, true, update::delete),
    method("chat.postEphemeral", Tier::Four, WRITE, true, chat::post_ephemeral),
    method("chat.getPermalink", Tier::Unlimited, &[], false, chat::get_permalink),
    method("conversations.history", Tier::Three, HISTORY, false, history::history),
    method("conversations.replies", Tier::Three, HISTORY, false, history::replies),
    method("conversations.info", Tier::Three, READ, false, channel::info),
    method("conversations.members", Tier::Four, READ, false, channel::members),
    method("conversations.open", Tier::Three, OPEN, true, channel::open),
    method("pins.add", Tier::Two, PINS, true, update::pin),
    method("users.info", Tier::Four, USERS, false, people::user_info),
    method("usergroups.list", Tier::Two, GROUPS, false, people::groups),
    method("usergroups.users.list", Tier::Two, GROUPS, false, people::group_members),
    method("views.open", Tier::Four, &[], true, views::open),
    method("views.push", Tier::Four, &[], true, views::push),
    method("views.update", Tier::Four, &[], true, views::update),
    method("views.publish", Tier::Four, &[], true, views::publish),
];

const fn method(
    name: &'static str,
    tier: Tier,
    scopes: &'static [&'static str],
    takes_json: bool,
    run: fn(&mut World, &Asked) -> Result<Done, Refusal>,
) -> Method {
    Method { name, tier, token: Holder::Bot, scopes, takes_json, run }
}

/// Carries the method `name` out.
pub(super) fn answer(world: &mut World, name: &str, parts: &Parts, body: &Bytes, now: Timestamp) -> Reply {
    let mut note = Map::new();
    let outcome = carry_out(world, name, parts, body, now, &mut note);
    let (status, body, error, retry_after) = match outcome {
        Ok(done) => {
            note.extend(done.note);
            let mut body = json!({ "ok": true });
            if let Some(first) = done.warnings.first() {
                body["warning"] = (*first).into();
                body["response_metadata"] = json!({ "warnings": done.warnings });
            }
            body.as_object_mut().expect("it was written as an object").extend(done.body);
            (StatusCode::OK, body, None, None)
        }
        Err(refusal) => {
            let status = if refusal.retry_after.is_some() { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::OK };
            (status, refusal.body(), Some(refusal.error.to_owned()), refusal.retry_after)
        }
    };
    let mut response = written(status, &body);
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    if let Ok(scopes) = HeaderValue::try_from(world.scopes.join(",")) {
        response.headers_mut().insert("x-oauth-scopes", scopes);
    }
    Reply { response, error, note: Value::Object(note) }
}

/// Returns an answer with a JSON body.
pub(super) fn written(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn carry_out(
    world: &mut World,
    name: &str,
    parts: &Parts,
    body: &Bytes,
    now: Timestamp,
    note: &mut Map<String, Value>,
) -> Result<Done, Refusal> {
    let method = METHODS.iter().find(|it| it.name == name).ok_or("unknown_method")?;
    let read = args::read(parts, body, method.takes_json)?;
    note.extend(read.args.noted());
    check_token(world, method.token, read.token.as_deref())?;
    check_scopes(world, method)?;
    check_rate(world, method, &read.args, now)?;
    let mut done = (method.run)(world, &Asked { args: read.args, now })?;
    done.warnings.extend(read.warning);
    Ok(done)
}

fn check_token(world: &World, holder: Holder, token: Option<&str>) -> Result<(), Refusal> {
    let (right, wrong) = match holder {
        Holder::Bot => (&world.token, &world.app_token),
        Holder::App => (&world.app_token, &world.token),
    };
    match token {
        None => Err("not_authed".into()),
        Some(it) if it == wrong => Err("not_allowed_token_type".into()),
        Some(it) if it != right => Err("invalid_auth".into()),
        Some(_) if holder == Holder::Bot && world.token_revoked => Err("token_revoked".into()),
        Some(_) => Ok(()),
    }
}

fn check_scopes(world: &World, method: &Method) -> Result<(), Refusal> {
    let has = |scope: &&str| world.scopes.iter().any(|it| it == scope);
    if method.scopes.is_empty() || method.scopes.iter().any(has) {
        return Ok(());
    }
    let more = json!({ "needed": method.scopes.join(","), "provided": world.scopes.join(",") });
    Err(Refusal { more: members(more), ..Refusal::from("missing_scope") })
}

fn check_rate(world: &mut World, method: &Method, args: &Args, now: Timestamp) -> Result<(), Refusal> {
    let (key, rate): (String, Rate) = match method.tier {
        Tier::Post => (format!("{} {}", method.name, args.text("channel").unwrap_or_default()), world.limits.post),
        Tier::Two => (method.name.to_owned(), world.limits.tier2),
        Tier::Three => (method.name.to_owned(), world.limits.tier3),
        Tier::Four => (method.name.to_owned(), world.limits.tier4),
        Tier::Unlimited => return Ok(()),
    };
    let admitted = world.meter.admit(&key, rate, now);
    admitted.map_err(|seconds| Refusal { retry_after: Some(seconds), ..Refusal::from("ratelimited") })
}
