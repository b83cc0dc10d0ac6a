//! Who somebody is, as Slack says now.

use async_trait::async_trait;

use crate::domain::access::{Person, Who};

/// Looks people up; answers may be a minute old.
#[async_trait]
pub trait People: Send + Sync {
    /// Returns what `user` is, and which of the groups in `lists` hold them.
    ///
    /// # Errors
    /// Slack did not answer: nothing may be allowed on the strength of this.
    async fn person(&self, user: &str, lists: &[&[Who]]) -> Result<Person, PeopleError>;

    /// The same as Slack says at this moment, past every memory: for decisions, and for what rests on them.
    ///
    /// # Errors
    /// Slack did not answer: nothing may be allowed on the strength of this.
    async fn person_now(&self, user: &str, lists: &[&[Who]]) -> Result<Person, PeopleError>;

    /// Returns the language that `user` reads, as Slack's locale (`ja-JP`), if it is known.
    async fn locale(&self, user: &str) -> Option<String>;

    /// Forgets what is known of `user`, who has changed: the next answer is new. That is this process's memory; others keep
    /// theirs for their minute.
    fn forget_user(&self, user: &str);

    /// Forgets who is in the user group `group`, which has changed.
    fn forget_group(&self, group: &str);

    /// Returns the same if it was looked up lately: without a call to Slack, for who cannot wait.
    fn known_locale(&self, user: &str) -> Option<String>;
}

/// Why a person could not be looked up.
#[derive(Clone, Debug, thiserror::Error)]
#[error("Slack did not say who {user} is: {why}")]
pub struct PeopleError {
    pub user: String,
    pub why: String,
}
