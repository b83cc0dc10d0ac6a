//! Answers through a `response_url`.

use axum::{
    body::Bytes,
    http::{StatusCode, request::Parts},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{Refusal, args, args::Args, content::Content, written};
use crate::sandbox::{
    slack::{
        message::Message,
        options::BOT_USER,
        world::{ResponseUrl, World},
    },
    wire::Reply,
};

/// How often, and for how long, a `response_url` is good (docs.slack.dev, "Handling user interaction").
const MOST_USES: usize = 5;
const GOOD_FOR: SignedDuration = SignedDuration::from_mins(30);

/// Takes an answer through the `response_url` `id`. It is refused with 404 when the URL is spent, and with 400 when
/// the message is not good.
pub(in super::super) fn respond(world: &mut World, id: &str, parts: &Parts, body: &Bytes, now: Timestamp) -> Reply {
    let mut note = json!({ "response_url": id });
    match carry_out(world, id, parts, body, now, &mut note) {
        Ok(()) => Reply { response: written(StatusCode::OK, &json!({ "ok": true })), error: None, note },
        Err((status, refusal)) => {
            let error = Some(refusal.error.to_owned());
            Reply { response: written(status, &refusal.body()), error, note }
        }
    }
}

fn carry_out(
    world: &mut World,
    id: &str,
    parts: &Parts,
    body: &Bytes,
    now: Timestamp,
    note: &mut Value,
) -> Result<(), (StatusCode, Refusal)> {
    let spent = |error: &'static str| (StatusCode::NOT_FOUND, Refusal::from(error));
    let bad = |refusal: Refusal| (StatusCode::BAD_REQUEST, refusal);
    let url = world.response_urls.get(id).ok_or_else(|| spent("expired_url"))?.clone();
    if now.duration_since(url.at) > GOOD_FOR {
        return Err(spent("expired_url"));
    }
    if url.uses >= MOST_USES {
        return Err(spent("used_url"));
    }
    let args = args::read(parts, body, true).map_err(bad)?.args;
    let replaces = args.flag("replace_original");
    let (text, only_for) = apply(world, &url, &args, now).map_err(bad)?;
    *note = json!({
        "response_url": id,
        "channel": url.channel,
        "user": url.user,
        "text": text,
        "ephemeral": only_for.is_some(),
        "replace_original": replaces,
    });
    if let Some(url) = world.response_urls.get_mut(id) {
        url.uses += 1;
    }
    Ok(())
}

/// Shows the message that a door answered at once to an act of `user` in `channel`.
///
/// # Errors
/// The message is not good.
pub(in super::super) fn show(
    world: &mut World,
    user: &str,
    channel: &str,
    message: Map<String, Value>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let url = ResponseUrl { user: user.to_owned(), channel: channel.to_owned(), origin: None, at: now, uses: 0 };
    apply(world, &url, &Args::of(message), now).map(|_| ())
}

/// Carries the answer out. Returns its text and, if it is ephemeral, who sees it.
fn apply(
    world: &mut World,
    url: &ResponseUrl,
    args: &Args,
    now: Timestamp,
) -> Result<(String, Option<String>), Refusal> {
    if args.flag("delete_original") {
        if let Some(channel) = world.channels.get_mut(&url.channel) {
            channel.messages.retain(|it| Some(&it.ts) != url.origin.as_ref());
        }
        return Ok((String::new(), None));
    }
    let content = Content::read(world, args)?;
    if content.is_empty() {
        return Err("no_text".into());
    }
    let text = content.text.unwrap_or_default();
    let blocks = world.named(content.blocks.unwrap_or_default());
    let replaces = args.flag("replace_original");
    if let Some(message) = original(world, url).filter(|_| replaces) {
        message.text.clone_from(&text);
        message.blocks = blocks;
        return Ok((text, message.only_for.clone()));
    }
    let only_for = (args.text("response_type") != Some("in_channel")).then(|| url.user.clone());
    let message = Message {
        thread_ts: args.text("thread_ts").map(str::to_owned),
        user: BOT_USER.to_owned(),
        text: text.clone(),
        blocks,
        only_for: only_for.clone(),
        ..Message::default()
    };
    world.add(&url.channel, message, now);
    Ok((text, only_for))
}

/// Returns the message whose button was pressed, if it is still there.
fn original<'a>(world: &'a mut World, url: &ResponseUrl) -> Option<&'a mut Message> {
    let channel = world.channels.get_mut(&url.channel)?;
    channel.messages.iter_mut().find(|it| Some(&it.ts) == url.origin.as_ref())
}
