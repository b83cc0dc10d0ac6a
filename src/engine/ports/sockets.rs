//! Connections through which Slack delivers what it else posts to the doors: Socket Mode.

use async_trait::async_trait;

use super::ChatError;

/// Opens connections.
#[async_trait]
pub trait Sockets: Send + Sync {
    /// Opens one more connection; Slack allows ten at a time.
    ///
    /// # Errors
    /// See [`ChatError`]; [`ChatError::Refused`] if the app's token, or the app, is not good for it.
    async fn open(&self) -> Result<Box<dyn Socket>, ChatError>;
}

/// One connection. It is kept alive from within.
#[async_trait]
pub trait Socket: Send {
    /// Waits for what Slack says next; `None`: the connection is closed, or dead. Nothing is lost if this is dropped
    /// before it returns.
    async fn receive(&mut self) -> Option<String>;

    /// Sends a text. Returns `false` if the connection does not take it any more.
    async fn send(&mut self, text: String) -> bool;

    /// Says goodbye.
    async fn close(&mut self);
}
