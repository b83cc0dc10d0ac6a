//! What the tests of the projection share: runs to draw, a reader of messages, Slack's limits.

pub mod limits;
pub mod reader;
pub mod story;
