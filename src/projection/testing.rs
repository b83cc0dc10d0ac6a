//! What the tests of the projection share: runs to draw, a reader of messages, Slack's limits.

use std::sync::LazyLock;

use super::text::Words;

pub(crate) mod limits;
pub(crate) mod plans;
pub(crate) mod reader;
pub(crate) mod story;

/// All words: made once, because every test needs them.
pub(crate) static WORDS: LazyLock<Words> = LazyLock::new(Words::new);
