//! Opening and replacing modals, publishing Homes.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::client::Client;
use crate::{
    engine::ports::{ChatError, Shown, ViewId, Views},
    projection::view::View,
};

/// The [`Views`] of one workspace.
#[derive(Debug)]
pub struct SlackViews {
    client: Arc<Client>,
}

#[derive(Serialize)]
struct Asked<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    view_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<&'a str>,
    view: &'a View,
}

#[derive(Deserialize)]
struct Answer {
    view: Described,
}

#[derive(Deserialize)]
struct Described {
    id: String,
    #[serde(default)]
    hash: String,
}

impl SlackViews {
    /// Returns the views behind `client`.
    pub fn new(client: Arc<Client>) -> Self {
        Self { client }
    }

    async fn call(&self, method: &str, asked: &Asked<'_>) -> Result<Shown, ChatError> {
        match self.client.post::<Answer>(method, asked).await {
            Ok(Answer { view }) => Ok(Shown { id: ViewId(view.id), hash: view.hash }),
            // What `views.update` says of a modal that was closed, and of one that shows something else by now.
            Err(ChatError::Refused(why)) if why.starts_with("not_found") || why.starts_with("hash_conflict") => {
                Err(ChatError::Gone)
            }
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Views for SlackViews {
    async fn open(&self, trigger: &str, view: &View) -> Result<Shown, ChatError> {
        let asked = Asked { trigger_id: Some(trigger), view_id: None, user_id: None, hash: None, view };
        self.call("views.open", &asked).await
    }

    async fn update(&self, id: &ViewId, hash: Option<&str>, view: &View) -> Result<Shown, ChatError> {
        let asked = Asked { trigger_id: None, view_id: Some(&id.0), user_id: None, hash, view };
        self.call("views.update", &asked).await
    }

    async fn publish(&self, user: &str, view: &View) -> Result<(), ChatError> {
        let asked = Asked { trigger_id: None, view_id: None, user_id: Some(user), hash: None, view };
        self.call("views.publish", &asked).await.map(|_| ())
    }
}
