//! What a message holds: text, blocks, metadata; checked alike for posting, changing and answering.

use serde_json::Value;

use super::{Refusal, args::Args};
use crate::sandbox::slack::{
    blocks::{self, MOST_TEXT, Surface},
    world::World,
};

/// `chat.postMessage` cuts a longer text (docs.slack.dev, "chat.postMessage", truncating content).
const MOST_POSTED: usize = 40_000;

/// Characters of `markdown_text`.
const MOST_MARKDOWN: usize = 12_000;

/// Bytes of metadata. Slack publishes no figure.
const MOST_METADATA: usize = 16_000;

/// A message's content as a request gives it; absent members are `None`.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) text: Option<String>,
    pub(super) blocks: Option<Vec<Value>>,
    /// `Some(None)`: to be removed.
    pub(super) metadata: Option<Option<Value>>,
}

impl Content {
    /// Reads and checks what `args` say.
    ///
    /// # Errors
    /// Blocks or metadata that Slack does not take, or two kinds of text.
    pub(super) fn read(world: &World, args: &Args) -> Result<Self, Refusal> {
        if args.has("attachments") {
            // Legacy; the stand-in does not keep them.
            return Err("invalid_attachments".into());
        }
        let blocks = read_blocks(world, args)?;
        if blocks::text_length(blocks.as_deref().unwrap_or_default()) > MOST_TEXT {
            return Err("msg_blocks_too_long".into());
        }
        let text = match (args.text("markdown_text"), args.text("text")) {
            (Some(_), Some(_)) => return Err("markdown_text_conflict".into()),
            (Some(_), None) if blocks.is_some() => return Err("markdown_text_conflict".into()),
            (Some(text), None) if text.chars().count() > MOST_MARKDOWN => return Err("msg_too_long".into()),
            (markdown, text) => markdown.or(text).map(str::to_owned),
        };
        Ok(Self { text, blocks, metadata: read_metadata(args)? })
    }

    /// Returns whether a reader would see nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_none() && self.blocks.as_ref().is_none_or(Vec::is_empty)
    }

    /// Cuts a text that is too long to be posted. Returns whether it was.
    pub(super) fn cut(&mut self) -> bool {
        let Some(text) = self.text.as_mut() else { return false };
        let end = text.char_indices().nth(MOST_POSTED).map(|(at, _)| at);
        if let Some(end) = end {
            text.truncate(end);
        }
        end.is_some()
    }
}

/// Reads and checks `blocks`.
///
/// # Errors
/// They are not an array (`invalid_blocks_format`) or hold what Slack does not take (`invalid_blocks`).
fn read_blocks(world: &World, args: &Args) -> Result<Option<Vec<Value>>, Refusal> {
    let Some(value) = args.structured("blocks", "invalid_blocks_format")? else { return Ok(None) };
    let Value::Array(blocks) = value else { return Err("invalid_blocks_format".into()) };
    let problems = blocks::check(&blocks, Surface::Message, &world.refused_blocks, "/blocks");
    if problems.is_empty() { Ok(Some(blocks)) } else { Err(Refusal::because("invalid_blocks", &problems)) }
}

fn read_metadata(args: &Args) -> Result<Option<Option<Value>>, Refusal> {
    let Some(metadata) = args.structured("metadata", "invalid_metadata_format")? else { return Ok(None) };
    if metadata.as_object().is_some_and(serde_json::Map::is_empty) {
        return Ok(Some(None));
    }
    if !metadata["event_type"].is_string() || !metadata["event_payload"].is_object() {
        return Err("invalid_metadata_format".into());
    }
    if metadata.to_string().len() > MOST_METADATA {
        return Err("metadata_too_large".into());
    }
    Ok(Some(Some(metadata)))
}
