//! Reading messages: `conversations.history` and `conversations.replies`.

use serde_json::{Value, json};

use super::{Asked, Done, Refusal, args::Args, chat::readable};
use crate::sandbox::slack::{
    message::Message,
    world::{Channel, World},
};

/// Messages on one page at most (docs.slack.dev, "conversations.history": 999).
const MOST: u64 = 999;

pub(super) fn history(world: &mut World, asked: &Asked) -> Result<Done, Refusal> {
    let channel = joined(world, &asked.args)?;
    let mut found: Vec<&Message> = channel.messages.iter().filter(|it| it.is_root() || it.broadcast).collect();
    found.reverse();
    page(channel, &found, &asked.args)
}

pub(super) fn replies(world: &mut World, asked: &Asked) -> Result<Done, Refusal> {
    let ts = asked.args.need("ts")?;
    let channel = joined(world, &asked.args)?;
    let message = channel.message(ts).ok_or("thread_not_found")?;
    // The `ts` of a reply finds that reply alone.
    let thread: Vec<&Message> = std::iter::once(message).chain(channel.replies(ts)).collect();
    page(channel, &thread, &asked.args)
}

fn joined<'a>(world: &'a World, args: &Args) -> Result<&'a Channel, Refusal> {
    let channel = readable(world, args.need("channel")?)?;
    if channel.has_bot() { Ok(channel) } else { Err("not_in_channel".into()) }
}

/// Returns one page of `found`, in its order. The cursor names the first message of the next page.
fn page(channel: &Channel, found: &[&Message], args: &Args) -> Result<Done, Refusal> {
    let limit = match args.count("limit") {
        None | Some(0) => 100,
        Some(limit) if limit <= MOST => limit,
        Some(_) => return Err("invalid_limit".into()),
    };
    let (oldest, latest) = (bound(args, "oldest", "invalid_ts_oldest")?, bound(args, "latest", "invalid_ts_latest")?);
    let inclusive = args.flag("inclusive");
    let within = |it: &&&Message| {
        let at = it.micros();
        let edge = Some(at) == oldest || Some(at) == latest;
        it.only_for.is_none()
            && oldest.is_none_or(|oldest| at >= oldest)
            && latest.is_none_or(|latest| at <= latest)
            && (inclusive || !edge)
    };
    let within: Vec<&&Message> = found.iter().filter(within).collect();
    let start = match args.text("cursor") {
        None => 0,
        Some(cursor) => {
            let ts = cursor.strip_prefix("next_ts:").ok_or("invalid_cursor")?;
            within.iter().position(|it| it.ts == ts).ok_or("invalid_cursor")?
        }
    };
    let end = within.len().min(start.saturating_add(usize::try_from(limit).unwrap_or(usize::MAX)));
    let with_metadata = args.flag("include_all_metadata");
    let messages: Vec<Value> = within[start..end].iter().map(|it| it.written(channel, with_metadata)).collect();
    let next = within.get(end).map_or_else(String::new, |it| format!("next_ts:{}", it.ts));
    Ok(Done::with(json!({
        "messages": messages,
        "has_more": !next.is_empty(),
        "response_metadata": { "next_cursor": next },
    })))
}

/// Reads a time stamp in microseconds; its fraction may be missing.
fn bound(args: &Args, key: &str, error: &'static str) -> Result<Option<i64>, Refusal> {
    let Some(ts) = args.text(key) else { return Ok(None) };
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, ""));
    let micros = format!("{seconds}{fraction:0<6}");
    micros.parse().map(Some).map_err(|_| error.into())
}
