//! The topics through which events come: what has to be asked of SNS itself.

use async_trait::async_trait;

use crate::domain::topic::TopicArn;

/// Serves the certificates with which messages of SNS are signed.
#[async_trait]
pub trait Certificates: Send + Sync {
    /// Returns what the host of the https address `url` serves, which is small. It is asked anew each time, no
    /// redirect is followed, and the answer comes within seconds.
    ///
    /// # Errors
    /// It did not answer with a certificate; it may later.
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, Unavailable>;
}

/// A certificate could not be had now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the certificate cannot be had now: {0}")]
pub struct Unavailable(pub String);

/// Confirms subscriptions.
#[async_trait]
pub trait Subscriptions: Send + Sync {
    /// Confirms the subscription to `topic` for which SNS has sent `token`, so that only who may can end it. Doing it
    /// twice does what doing it once does.
    ///
    /// # Errors
    /// It is not confirmed, as far as is known.
    async fn confirm(&self, topic: &TopicArn, token: &str) -> Result<(), NotConfirmed>;
}

/// Why a subscription is not confirmed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotConfirmed {
    /// The token or the topic is none of SNS's: asking again would not help.
    #[error("SNS refuses the token: {0}")]
    Refused(String),
    /// SNS did not answer, or lacks a right that it may be given.
    #[error("SNS did not confirm it now: {0}")]
    NotNow(String),
}
