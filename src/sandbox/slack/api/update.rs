//! Changing, deleting and pinning what the bot has posted.

use serde_json::{Value, json};

use super::{Asked, Done, Refusal, chat::readable, content::Content};
use crate::sandbox::slack::{
    message::{Message, stamp},
    options::BOT_USER,
    world::World,
};

/// `chat.update` refuses a longer text, though `chat.postMessage` takes it.
const MOST_TEXT: usize = 4_000;

/// A bot that was removed from a public channel can still change what it has posted: the method's page names no
/// `not_in_channel`.
pub(super) fn update(world: &mut World, asked: &Asked) -> Result<Done, Refusal> {
    let args = &asked.args;
    let (id, ts) = (args.need("channel")?, args.need("ts")?);
    if readable(world, id)?.archived {
        return Err("is_inactive".into());
    }
    own(world, id, ts, "cant_update_message")?;
    let content = Content::read(world, args)?;
    if content.text.as_ref().is_some_and(|it| it.chars().count() > MOST_TEXT) {
        return Err("msg_too_long".into());
    }
    if content.is_empty() && content.metadata.is_none() {
        return Err("no_text".into());
    }
    let blocks = content.blocks.map(|it| world.named(it));
    change(find(world, id, ts)?, content.text, blocks, content.metadata, stamp(asked.now));

    let channel = readable(world, id)?;
    let message = channel.message(ts).ok_or("message_not_found")?;
    let written = message.written(channel, true);
    Ok(Done::with(json!({ "channel": id, "ts": ts, "text": message.text, "message": written })))
}

/// Applies what the page of `chat.update` says: a text without blocks removes the blocks, neither keeps both, metadata
/// stays unless it is given, and `edited` shows for a changed text only.
fn change(
    message: &mut Message,
    text: Option<String>,
    blocks: Option<Vec<Value>>,
    metadata: Option<Option<Value>>,
    at: String,
) {
    if text.is_some() || blocks.is_some() {
        let text = text.unwrap_or_default();
        if text != message.text {
            message.edited = Some(at);
        }
        message.text = text;
        message.blocks = blocks.unwrap_or_default();
    }
    if let Some(metadata) = metadata {
        message.metadata = metadata;
    }
}

/// A deleted message with replies leaves a tombstone in Slack; here it is gone, and its thread takes no more replies.
pub(super) fn delete(world: &mut World, asked: &Asked) -> Result<Done, Refusal> {
    let (id, ts) = (asked.args.need("channel")?, asked.args.need("ts")?);
    readable(world, id)?;
    own(world, id, ts, "cant_delete_message")?;
    if let Some(channel) = world.channels.get_mut(id) {
        channel.messages.retain(|it| it.ts != ts);
    }
    Ok(Done::with(json!({ "channel": id, "ts": ts })))
}

/// Pins a message that is there. What is pinned is not shown, and can be pinned again.
pub(super) fn pin(world: &mut World, asked: &Asked) -> Result<Done, Refusal> {
    let (id, ts) = (asked.args.need("channel")?, asked.args.need("timestamp")?);
    readable(world, id)?;
    find(world, id, ts)?;
    Ok(Done::with(json!({})))
}

fn own(world: &mut World, id: &str, ts: &str, error: &'static str) -> Result<(), Refusal> {
    let message = find(world, id, ts)?;
    if message.user == BOT_USER { Ok(()) } else { Err(error.into()) }
}

fn find<'a>(world: &'a mut World, id: &str, ts: &str) -> Result<&'a mut Message, Refusal> {
    let messages = world.channels.get_mut(id).map(|it| it.messages.iter_mut());
    let found = messages.into_iter().flatten().find(|it| it.ts == ts && it.only_for.is_none());
    found.ok_or_else(|| "message_not_found".into())
}
