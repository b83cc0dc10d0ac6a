//! Modals and Homes in Slack.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::ChatError;
use crate::projection::view::View;

/// Slack's name of an open modal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ViewId(pub String);

/// Opens modals and publishes Homes. Unlike messages these are for one person, and are not paced.
#[async_trait]
pub trait Views: Send + Sync {
    /// Opens a modal in answer to what a person did: `trigger` is good once, for 3 seconds.
    ///
    /// # Errors
    /// See [`ChatError`].
    async fn open(&self, trigger: &str, view: &View) -> Result<ViewId, ChatError>;

    /// Replaces an open modal.
    ///
    /// # Errors
    /// See [`ChatError`]; [`ChatError::Gone`] if the person has closed it.
    async fn update(&self, id: &ViewId, view: &View) -> Result<(), ChatError>;

    /// Replaces the Home that `user` sees.
    ///
    /// # Errors
    /// See [`ChatError`].
    async fn publish(&self, user: &str, view: &View) -> Result<(), ChatError>;
}
