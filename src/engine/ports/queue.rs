//! The queue through which the stages are handed over: events come in, wake-ups go out.

use std::time::Duration;

use async_trait::async_trait;

/// Sends the bot's own messages.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Puts `body` in the queue.
    ///
    /// # Errors
    /// The queue did not take it, or did not say so in time.
    async fn send(&self, body: &str) -> anyhow::Result<()>;
}

/// A message as it was received.
#[derive(Clone, Debug)]
pub struct Received {
    /// SQS's id of it: the same each time it comes.
    pub id: String,
    /// What its sender wrote.
    pub body: String,
    /// With it the message is deleted, or hidden.
    pub receipt: String,
    /// How often it has been received, this time included. SQS says that it is approximate.
    pub times: u32,
}

/// Where messages come from.
#[async_trait]
pub trait Messages: Send + Sync {
    /// Waits for messages, up to some seconds, and returns those there are, at most `most` of them, each hidden from
    /// others for `hidden`.
    ///
    /// # Errors
    /// The queue cannot be read.
    async fn receive(&self, most: usize, hidden: Duration) -> anyhow::Result<Vec<Received>>;

    /// Removes a message from the queue.
    ///
    /// # Errors
    /// It was not removed, and will come again.
    async fn delete(&self, message: &Received) -> anyhow::Result<()>;

    /// Hides a message that was received for `hidden` from now on, in whole seconds; zero lets it come again at once.
    ///
    /// # Errors
    /// It stays hidden for as long as it was, or is not held any more.
    async fn hide(&self, message: &Received, hidden: Duration) -> anyhow::Result<()>;

    /// Returns after how many receives the queue moves a message to its dead-letter queue; `None`: it has none.
    ///
    /// # Errors
    /// The queue does not say.
    async fn redrive_after(&self) -> anyhow::Result<Option<u32>>;
}
