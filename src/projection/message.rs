//! A message as it goes to Slack.

use serde::Serialize;
use sha2::{Digest, Sha256};
use slack_morphism::prelude::SlackBlock;

/// A message: what notifications and screen readers say, and the blocks that are shown.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// The point of the message, in mrkdwn, escaped.
    pub text: String,
    pub blocks: Vec<SlackBlock>,
}

impl Message {
    /// Returns the point of the message for a terminal: without Slack's entities.
    pub fn plain(&self) -> String {
        self.text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    }

    /// Returns a digest of the whole message: two messages that look the same have the same.
    pub fn digest(&self) -> String {
        let json = serde_json::to_vec(self).expect("blocks are made of strings and numbers");
        hex::encode(&Sha256::digest(json)[..8])
    }
}
