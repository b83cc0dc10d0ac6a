//! A message as it goes to Slack.

use std::collections::BTreeSet;

use serde::Serialize;
use sha2::{Digest, Sha256};
use slack_morphism::prelude::SlackBlock;

use super::blocks::{BLOCKS, MESSAGE, TOP_LEVEL};

/// Kinds of blocks that a workspace may refuse: Slack makes them known to one workspace after the other.
const REFUSABLE: [&str; 4] = ["data_table", "data_visualization", "plan", "table"];

/// A message: what notifications and screen readers say, and the blocks that are shown.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// The point of the message, in mrkdwn, escaped.
    pub text: String,
    /// Blocks that every workspace takes.
    pub blocks: Vec<SlackBlock>,
    /// The same with kinds of blocks that a workspace may refuse; empty if there is nothing to gain by them. Slack knows
    /// no such field: who sends the message decides which of the two it holds.
    #[serde(skip)]
    pub rich: Vec<SlackBlock>,
}

impl Message {
    /// Returns the point of the message for a terminal: Slack's marks as what they stand for, dates in UTC.
    pub fn plain(&self) -> String {
        let mut parts = self.text.split('<');
        let mut plain = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (mark, rest) = part.split_once('>').unwrap_or((part, ""));
            // Of what has a text for those who cannot show it, that; else the name itself.
            let (_, shown) = mark.rsplit_once(['|', '^', '!']).unwrap_or(("", mark));
            plain.push_str(shown);
            plain.push_str(rest);
        }
        plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    }

    /// Says whether it has buttons: it wants something of its readers.
    pub fn asks(&self) -> bool {
        self.blocks.iter().any(|it| matches!(it, SlackBlock::Actions(_)))
    }

    /// Returns one message that says what all of `messages` say, in order; `None` if that is too much for one.
    pub fn folded(messages: &[&Self]) -> Option<Self> {
        if let [one] = messages {
            return Some((*one).clone());
        }
        let text = messages.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join("\n");
        let blocks: Vec<SlackBlock> = messages.iter().flat_map(|it| it.blocks.iter().cloned()).collect();
        // As JSON the blocks are longer than their texts: what passes here, Slack takes.
        let length = serde_json::to_string(&blocks).map_or(usize::MAX, |it| it.len());
        let fits = text.len() <= TOP_LEVEL && blocks.len() <= BLOCKS && length <= MESSAGE;
        fits.then_some(Self { text, blocks, rich: Vec::new() })
    }

    /// Returns the message as it is sent with its rich blocks; `None` if it has none.
    pub fn enriched(&self) -> Option<Self> {
        let rich = Self { text: self.text.clone(), blocks: self.rich.clone(), rich: Vec::new() };
        Some(rich).filter(|it| !it.blocks.is_empty())
    }

    /// Returns the message as every workspace takes it.
    #[must_use]
    pub fn plainly(&self) -> Self {
        Self { rich: Vec::new(), ..self.clone() }
    }

    /// Returns the kinds of its rich blocks that a workspace may refuse, each once, as Slack names them.
    pub fn kinds(&self) -> BTreeSet<String> {
        let blocks = serde_json::to_value(&self.rich).unwrap_or_default();
        let kinds = blocks.as_array().into_iter().flatten().filter_map(|it| it["type"].as_str().map(str::to_owned));
        kinds.filter(|it| REFUSABLE.contains(&it.as_str())).collect()
    }

    /// Returns a digest of the whole message, whichever way it is sent: two messages that look the same have the same.
    pub fn digest(&self) -> String {
        let json = serde_json::to_vec(self).expect("blocks are made of strings and numbers");
        let rich = serde_json::to_vec(&self.rich).expect("blocks are made of strings and numbers");
        let digest = Sha256::new().chain_update(json);
        let digest = if self.rich.is_empty() { digest } else { digest.chain_update(rich) };
        hex::encode(&digest.finalize()[..8])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_shows_what_marks_stand_for() {
        let text =
            "a &lt;b&gt; by <@UANA>, <!subteam^S0OPS>: <!date^1795316400^{date} {time}|2026-11-22 03:00 UTC> &amp;";
        let message = Message { text: text.to_owned(), blocks: Vec::new(), rich: Vec::new() };
        assert_eq!(message.plain(), "a <b> by @UANA, S0OPS: 2026-11-22 03:00 UTC &");
    }
}
