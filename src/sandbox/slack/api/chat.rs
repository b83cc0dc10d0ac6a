//! Posting: `chat.postMessage`, `chat.postEphemeral`, and links to what was posted.

use serde_json::json;

use super::{Asked, Done, Refusal, content::Content};
use crate::sandbox::slack::{
    message::Message,
    options::{BOT_USER, Kind},
    world::{Channel, Sort, World},
};

pub(super) fn post_message(world: &mut World, asked: &Asked) -> Result<Done, Refusal> {
    let args = &asked.args;
    let channel = target(world, args.need("channel")?)?;
    let mut content = Content::read(world, args)?;
    if content.is_empty() {
        return Err("no_text".into());
    }
    let cut = content.cut();
    let thread_ts = thread(&world.channels[&channel], args.text("thread_ts"))?;
    let message = Message {
        broadcast: thread_ts.is_some() && args.flag("reply_broadcast"),
        thread_ts,
        user: BOT_USER.to_owned(),
        text: content.text.unwrap_or_default(),
        blocks: content.blocks.unwrap_or_default(),
        metadata: content.metadata.flatten(),
        ..Message::default()
    };
    let ts = world.add(&channel, message, asked.now);
    let there = &world.channels[&channel];
    let written = there.message(&ts).map(|it| it.written(there, true));
    let mut done = Done::with(json!({ "channel": channel, "ts": ts, "message": written }));
    if cut {
        done.warnings.push("message_truncated");
    }
    Ok(done.noting(json!({ "channel": channel, "ts": ts })))
}

pub(super) fn post_ephemeral(world: &mut World, asked: &Asked) -> Result<Done, Refusal> {
    let args = &asked.args;
    let channel = target(world, args.need("channel")?)?;
    let user = args.need("user")?;
    if !world.channels[&channel].members.contains(user) {
        return Err("user_not_in_channel".into());
    }
    let mut content = Content::read(world, args)?;
    if content.is_empty() {
        return Err("no_text".into());
    }
    if content.cut() {
        return Err("msg_too_long".into());
    }
    let message = Message {
        thread_ts: thread(&world.channels[&channel], args.text("thread_ts"))?,
        user: BOT_USER.to_owned(),
        text: content.text.unwrap_or_default(),
        blocks: content.blocks.unwrap_or_default(),
        only_for: Some(user.to_owned()),
        ..Message::default()
    };
    let ts = world.add(&channel, message, asked.now);
    Ok(Done::with(json!({ "message_ts": ts })).noting(json!({ "message_ts": ts })))
}

pub(super) fn get_permalink(world: &mut World, asked: &Asked) -> Result<Done, Refusal> {
    let (id, ts) = (asked.args.need("channel")?, asked.args.need("message_ts")?);
    let channel = readable(world, id)?;
    let message = channel.message(ts).ok_or("message_not_found")?;
    let mut link = format!("https://{}.slack.com/archives/{id}/p{}", world.team_domain, ts.replace('.', ""));
    if let Some(thread) = message.thread_ts.as_ref().filter(|_| !message.is_root()) {
        link.push_str(&format!("?thread_ts={thread}&cid={id}"));
    }
    Ok(Done::with(json!({ "channel": id, "permalink": link })))
}

/// Returns the channel that the bot can post to as `id`; a user's id stands for the direct messages with them.
///
/// # Errors
/// `channel_not_found`, `not_in_channel` or `is_archived`.
fn target(world: &mut World, id: &str) -> Result<String, Refusal> {
    let id = match world.people.get(id) {
        Some(person) if person.kind == Kind::Deactivated => return Err("channel_not_found".into()),
        Some(_) => world.direct(id),
        None => id.to_owned(),
    };
    let channel = readable(world, &id)?;
    if !channel.has_bot() {
        return Err("not_in_channel".into());
    }
    if channel.archived {
        return Err("is_archived".into());
    }
    Ok(id)
}

/// Returns a channel that the bot may know of: not a private one without it.
///
/// # Errors
/// `channel_not_found`.
pub(super) fn readable<'a>(world: &'a World, id: &str) -> Result<&'a Channel, Refusal> {
    let channel = world.channels.get(id).filter(|it| it.sort == Sort::Public || it.has_bot());
    channel.ok_or_else(|| "channel_not_found".into())
}

/// Returns the thread to post to. What Slack answers to a reply's `ts` is not documented ("use its parent instead"); it
/// is refused here like an unknown one.
///
/// # Errors
/// `thread_not_found`.
fn thread(channel: &Channel, ts: Option<&str>) -> Result<Option<String>, Refusal> {
    match ts {
        None => Ok(None),
        Some(ts) if channel.message(ts).is_some_and(Message::is_root) => Ok(Some(ts.to_owned())),
        Some(_) => Err("thread_not_found".into()),
    }
}
