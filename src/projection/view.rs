//! Modals and Homes as they go to Slack.

use serde::Serialize;
use sha2::{Digest, Sha256};
use slack_morphism::prelude::{
    SlackBlock, SlackBlockPlainText, SlackBlockPlainTextOnly, SlackCallbackId, SlackHomeView, SlackModalView, SlackView,
};

/// Title, and the labels of the two buttons, of a modal, in characters (docs.slack.dev, "Views").
pub const TITLE: usize = 24;
/// What a view carries for us and shows nobody, in characters.
pub const METADATA: usize = 3000;

/// A modal, or somebody's Home.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(transparent)]
pub struct View(SlackView);

/// The frame of a modal. Labels are plain text of at most [`TITLE`] characters; a test keeps the templates to it.
#[derive(Clone, Debug)]
pub struct Frame {
    pub title: String,
    /// Without one, nothing can be submitted.
    pub submit: Option<String>,
    pub close: String,
    /// What a submission is told by.
    pub callback: &'static str,
    /// Comes back with every act in the view. It can be read by whoever sees the view: no secrets, and no authority.
    pub metadata: String,
}

impl View {
    /// Returns a modal.
    pub fn modal(frame: Frame, blocks: Vec<SlackBlock>) -> Self {
        let label = |text: String| SlackBlockPlainTextOnly::from(SlackBlockPlainText::new(text));
        let modal = SlackModalView::new(label(frame.title), blocks)
            .with_close(label(frame.close))
            .opt_submit(frame.submit.map(label))
            .with_callback_id(SlackCallbackId(frame.callback.to_owned()))
            .with_private_metadata(frame.metadata);
        Self(SlackView::Modal(modal))
    }

    /// Returns somebody's Home.
    pub fn home(blocks: Vec<SlackBlock>) -> Self {
        Self(SlackView::Home(SlackHomeView::new(blocks)))
    }

    /// Returns a digest: two views that look the same have the same.
    pub fn digest(&self) -> String {
        let json = serde_json::to_vec(self).expect("blocks are made of strings and numbers");
        hex::encode(&Sha256::digest(json)[..8])
    }
}
