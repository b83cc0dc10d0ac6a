//! The queue through which the stages are handed over: events come in, wake-ups go out.

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
    /// SQS's id of it, for logs.
    pub id: String,
    /// What its sender wrote.
    pub body: String,
    /// With it the message is deleted.
    pub receipt: String,
}

/// Where messages come from.
#[async_trait]
pub trait Messages: Send + Sync {
    /// Waits for messages, up to some seconds, and returns those there are.
    ///
    /// # Errors
    /// The queue cannot be read.
    async fn receive(&self) -> anyhow::Result<Vec<Received>>;

    /// Removes a message from the queue.
    ///
    /// # Errors
    /// It was not removed, and will come again.
    async fn delete(&self, message: &Received) -> anyhow::Result<()>;
}
