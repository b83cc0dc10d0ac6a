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
