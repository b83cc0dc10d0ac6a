//! Whether a message is SNS's, of a topic that is believed, and of now. Pure: what it needs of the world are arguments.
//!
//! It is as strict as AWS's newest validator (`sns-message-manager` of the AWS SDK for Java 2), and stricter where that
//! says nothing: the topic, the age, the path of the certificate, the size of its key. All of SNS in a Region signs with
//! one key, so that a right signature alone says only that *somebody's* topic has sent the message.

use jiff::{SignedDuration, Timestamp};

use super::{
    address::{self, CertificateUrl},
    canonical,
    certificate::Certificate,
    envelope::Envelope,
    refusal::{self, Refusal},
};
use crate::domain::topic::TopicArn;

/// SNS sends a message again for an hour at most; the rest is for clocks and for what is slow.
const OLDEST: SignedDuration = SignedDuration::from_secs(3900);

/// How far a clock may be behind SNS's.
const NEWEST: SignedDuration = SignedDuration::from_secs(300);

/// A message whose topic is believed; whether it is SNS's, only its certificate can tell.
#[derive(Clone, Debug)]
pub struct Candidate<'e, 't> {
    envelope: &'e Envelope,
    /// Its topic, which is one of those that are believed.
    pub(super) topic: &'t TopicArn,
    /// Where its certificate is.
    pub certificate: CertificateUrl,
}

/// Checks all that costs nothing.
///
/// # Errors
/// The message is not to be believed, and no certificate is to be asked for.
pub fn admit<'e, 't>(
    envelope: &'e Envelope,
    topics: &'t [TopicArn],
    now: Timestamp,
) -> Result<Candidate<'e, 't>, Refusal> {
    let topic = topics.iter().find(|it| it.as_str() == envelope.topic_arn);
    let topic = topic.ok_or_else(|| Refusal::Topic(refusal::shown(&envelope.topic_arn)))?;
    let age = now.duration_since(envelope.sent_at);
    if age > OLDEST {
        return Err(Refusal::Old);
    }
    if age < -NEWEST {
        return Err(Refusal::Future);
    }
    let certificate = address::check(&envelope.certificate_url, topic)?;
    Ok(Candidate { envelope, topic, certificate })
}

impl Candidate<'_, '_> {
    /// Checks that `certificate` is SNS's in the topic's Region at `now`, and that its key has signed the message.
    ///
    /// # Errors
    /// The message is not SNS's.
    pub fn verify(&self, certificate: &Certificate, now: Timestamp) -> Result<(), Refusal> {
        certificate.check(&address::issued_to(self.topic), now)?;
        certificate.verify(self.envelope.version, &canonical::text(self.envelope), &self.envelope.signature)
    }
}

#[cfg(test)]
mod tests;
