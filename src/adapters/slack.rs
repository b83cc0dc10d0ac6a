//! Slack's Web API through slack-morphism's types and calls. What the crate lacks is here: time-outs, the silence
//! that Slack asks for, the meaning of errors, and reading messages with their metadata.

mod chat;
mod client;
mod inspect;
mod people;
mod sockets;
mod views;

pub use chat::SlackChat;
pub use client::{Client, ClientError};
pub use inspect::{Answer, Inspector, NoAnswer};
pub use people::SlackPeople;
pub use sockets::SlackSockets;
pub use views::SlackViews;
