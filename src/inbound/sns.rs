//! `POST /sns`: the door for messages of SNS that come over HTTPS instead of through the queue.
//!
//! SNS sends again what is answered 5xx, for an hour at most, and drops what is answered 4xx. So a 4xx says that the
//! message is not SNS's, or is not for us; an authentic one that cannot be followed now is answered 503.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
};
use tokio::time::timeout;

use super::{
    body::{self, Unread},
    queue::message::{self, Reading},
};
use crate::{
    clock::Clock,
    domain::topic::TopicArn,
    engine::{
        Engine,
        ports::{NotConfirmed, Subscriptions},
    },
};

mod address;
mod cache;
mod canonical;
pub mod certificate;
pub mod envelope;
mod refusal;
pub mod verify;

pub use self::{address::CertificateUrl, cache::Cache, refusal::Refusal};
use self::{
    envelope::{Envelope, Kind},
    refusal::Unverified,
};

/// How long an answer may take, of the 15 s that SNS waits. The server's own limit, which is longer, answers 408: a 4xx.
const IN_TIME: Duration = Duration::from_secs(8);

/// Present, and `true`, where a subscription has raw delivery: then nothing is signed.
const RAW: &str = "x-amz-sns-rawdelivery";

/// What the door needs.
pub struct Door {
    pub engine: Arc<Engine>,
    /// Whose messages are believed; the door is shut where there are none.
    pub topics: Vec<TopicArn>,
    pub certificates: Cache,
    pub subscriptions: Arc<dyn Subscriptions>,
    pub clock: Arc<dyn Clock>,
}

/// What came of a request; its name in metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The message was followed, or was of no interest.
    Taken,
    /// The subscription is confirmed.
    Confirmed,
    /// SNS says that a subscription has ended.
    Unsubscribed,
    /// SNS's own, and nothing that the bot can read.
    Poisoned,
    /// Not SNS's, or not for us.
    Refused,
    TooLarge,
    /// It comes again.
    NotNow,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Confirmed => "confirmed",
            Self::Unsubscribed => "unsubscribed",
            Self::Poisoned => "poisoned",
            Self::Refused => "refused",
            Self::TooLarge => "too_large",
            Self::NotNow => "not_now",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Taken | Self::Confirmed | Self::Unsubscribed | Self::Poisoned => StatusCode::OK,
            Self::Refused => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotNow => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Answers one request. Nothing of its headers is believed: they are not signed.
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> StatusCode {
    let outcome = timeout(IN_TIME, door.answer(request)).await.unwrap_or_else(|_| {
        tracing::warn!("A message of SNS could not be followed in time; SNS sends it again");
        Outcome::NotNow
    });
    metrics::counter!(crate::metrics::SNS_REQUESTS, "outcome" => outcome.name()).increment(1);
    outcome.status()
}

impl Door {
    async fn answer(&self, request: Request) -> Outcome {
        let (parts, body) = request.into_parts();
        if is_raw(&parts.headers) {
            tracing::warn!("A message without a signature was refused: switch raw delivery off in the subscription");
            return Outcome::Refused;
        }
        let body = match body::read(body).await {
            Ok(body) => body,
            Err(Unread::TooLarge) => return Outcome::TooLarge,
            Err(Unread::CutOff) => return Outcome::NotNow,
        };
        match self.verified(&body).await {
            Ok((envelope, topic)) => self.take(&envelope, topic).await,
            Err(Unverified::Refused(refusal)) => {
                tracing::warn!(%refusal, "A message that is not SNS's, or not for us, was refused: {refusal}");
                Outcome::Refused
            }
            Err(Unverified::NotNow(error)) => {
                tracing::warn!(%error, "A message of SNS cannot be checked now; SNS sends it again");
                Outcome::NotNow
            }
        }
    }

    /// Returns the message, which is SNS's, and its topic. What costs nothing is checked first: SNS is asked for a
    /// certificate only by a message that may well be its own.
    async fn verified(&self, body: &[u8]) -> Result<(Envelope, &TopicArn), Unverified> {
        let (now, envelope) = (self.clock.now(), envelope::read(body)?);
        let candidate = verify::admit(&envelope, &self.topics, now)?;
        let certificate = self.certificates.get(&candidate.certificate).await?;
        candidate.verify(&certificate, now)?;
        self.certificates.keep(&candidate.certificate, &certificate);
        let topic = candidate.topic;
        Ok((envelope, topic))
    }

    async fn take(&self, envelope: &Envelope, topic: &TopicArn) -> Outcome {
        let id = &envelope.message_id;
        match &envelope.kind {
            Kind::Notification { .. } => self.follow(envelope).await,
            Kind::SubscriptionConfirmation(invitation) => self.confirm(id, topic, &invitation.token).await,
            Kind::UnsubscribeConfirmation(_) => {
                tracing::warn!(message = id, %topic, "A subscription to {topic} has ended; its events come no more");
                Outcome::Unsubscribed
            }
        }
    }

    async fn confirm(&self, id: &str, topic: &TopicArn, token: &str) -> Outcome {
        match self.subscriptions.confirm(topic, token).await {
            Ok(()) => {
                tracing::info!(message = id, %topic, "The subscription to {topic} is confirmed");
                Outcome::Confirmed
            }
            // The message is SNS's, but to send it again would not help.
            Err(error @ NotConfirmed::Refused(_)) => {
                tracing::error!(message = id, %topic, %error, "The subscription to {topic} stays unconfirmed: {error}");
                Outcome::Refused
            }
            Err(error @ NotConfirmed::NotNow(_)) => {
                tracing::warn!(message = id, %topic, %error, "The subscription to {topic} waits: {error}");
                Outcome::NotNow
            }
        }
    }

    async fn follow(&self, envelope: &Envelope) -> Outcome {
        let id = &envelope.message_id;
        let read = message::published(&envelope.message, Some(&envelope.topic_arn));
        metrics::counter!(crate::metrics::MESSAGES, "kind" => read.kind()).increment(1);
        match read {
            Reading::Hint(found) => {
                tracing::debug!(message = id, hint = ?found.hint, "Message {id} is understood");
                if let Err(error) = self.engine.follow(&found.hint).await {
                    tracing::warn!(message = id, %error, "Message {id} could not be followed now; SNS sends it again");
                    return Outcome::NotNow;
                }
                Outcome::Taken
            }
            Reading::Ignored(ignored) => {
                let why = ignored.why;
                tracing::info!(message = id, why, "Message {id} is ignored: {why}");
                Outcome::Taken
            }
            Reading::Malformed { why } => self.poisoned(id, &why, &envelope.message).await,
        }
    }

    /// SNS would send the same again for an hour and then drop it: it is taken once its notice keeps it.
    async fn poisoned(&self, id: &str, why: &str, body: &str) -> Outcome {
        tracing::error!(message = id, why, "Message {id} of SNS cannot be read: {why}");
        match self.engine.poisoned(id, why, body).await {
            Ok(()) => Outcome::Poisoned,
            Err(error) => {
                tracing::error!(message = id, %error, "Message {id} of SNS could not be told of");
                Outcome::NotNow
            }
        }
    }
}

fn is_raw(headers: &HeaderMap) -> bool {
    headers.get_all(RAW).iter().any(|it| it.as_bytes().eq_ignore_ascii_case(b"true"))
}
