//! From the body of a request to a message of SNS: everything about it that can be told without its topic, its
//! certificate or the time. Pure, and made for bodies that anybody may have sent.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::Deserialize;

use super::refusal::{self, Refusal};

/// SNS's own limit of a message, in bytes.
const MESSAGE: usize = 256 * 1024;

/// Longest of the other fields, in bytes; SNS's are some hundred.
const FIELD: usize = 4 * 1024;

/// A message of SNS, whole and well-formed. Whether it is SNS's is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    pub kind: Kind,
    pub message_id: String,
    pub topic_arn: String,
    /// What was published; of confirmations, SNS's own words.
    pub message: String,
    pub sent_at: Timestamp,
    /// [`Self::sent_at`] as it was written, and signed.
    pub(super) timestamp: String,
    pub(super) version: Version,
    pub(super) signature: Vec<u8>,
    pub(super) certificate_url: String,
}

/// What SNS sends. The list is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something was published.
    Notification { subject: Option<String> },
    /// Somebody has subscribed this address; nothing is sent to it before that is confirmed.
    SubscriptionConfirmation(Invitation),
    /// A subscription has ended, and could be had back.
    UnsubscribeConfirmation(Invitation),
}

/// With what a subscription is confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub token: String,
    /// Signed, and otherwise left alone: to ask for it would let others choose what the bot asks for.
    pub(super) subscribe_url: String,
}

/// How a message is signed: RSA (PKCS #1 v1.5) over a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// Version 1, what topics begin with.
    Sha1,
    /// Version 2.
    Sha256,
}

/// The fields that count; a field that comes twice is an error. What else there is (links, attributes) is not signed, or
/// not needed.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    r#type: Option<String>,
    message_id: Option<String>,
    topic_arn: Option<String>,
    message: Option<String>,
    subject: Option<String>,
    timestamp: Option<String>,
    token: Option<String>,
    #[serde(rename = "SubscribeURL")]
    subscribe_url: Option<String>,
    signature_version: Option<String>,
    signature: Option<String>,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: Option<String>,
}

/// Reads a body.
///
/// # Errors
/// SNS does not write such messages.
pub fn read(body: &[u8]) -> Result<Envelope, Refusal> {
    // serde would take an array, too: its values for the fields in order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Refusal::Malformed("it is not a JSON object".to_owned()));
    }
    let wire: Wire = serde_json::from_slice(body).map_err(|it| Refusal::Malformed(it.to_string()))?;
    let kind = kind(&required("Type", wire.r#type)?, wire.subject, wire.subscribe_url, wire.token)?;
    let message = wire.message.ok_or(Refusal::Missing("Message"))?;
    if message.len() > MESSAGE {
        return Err(Refusal::TooLong("Message"));
    }
    let message_id = required("MessageId", wire.message_id)?;
    if !is_uuid(&message_id) {
        return Err(Refusal::MessageId);
    }
    let timestamp = required("Timestamp", wire.timestamp)?;
    let version = match required("SignatureVersion", wire.signature_version)?.as_str() {
        "1" => Version::Sha1,
        "2" => Version::Sha256,
        _ => return Err(Refusal::SignatureVersion),
    };
    Ok(Envelope {
        kind,
        message_id,
        topic_arn: required("TopicArn", wire.topic_arn)?,
        message,
        sent_at: time(&timestamp).ok_or(Refusal::Timestamp)?,
        timestamp,
        version,
        signature: STANDARD.decode(required("Signature", wire.signature)?).map_err(|_| Refusal::Encoding)?,
        certificate_url: required("SigningCertURL", wire.signing_cert_url)?,
    })
}

fn kind(
    kind: &str,
    subject: Option<String>,
    subscribe_url: Option<String>,
    token: Option<String>,
) -> Result<Kind, Refusal> {
    let invitation = || {
        let subscribe_url = required("SubscribeURL", subscribe_url)?;
        Ok(Invitation { token: required("Token", token)?, subscribe_url })
    };
    match kind {
        "Notification" => {
            let subject = subject.map(|it| field("Subject", it)).transpose()?;
            Ok(Kind::Notification { subject })
        }
        "SubscriptionConfirmation" => Ok(Kind::SubscriptionConfirmation(invitation()?)),
        "UnsubscribeConfirmation" => Ok(Kind::UnsubscribeConfirmation(invitation()?)),
        _ => Err(Refusal::Type(refusal::shown(kind))),
    }
}

fn required(name: &'static str, value: Option<String>) -> Result<String, Refusal> {
    field(name, value.filter(|it| !it.is_empty()).ok_or(Refusal::Missing(name))?)
}

/// What is signed is names and values with line feeds between. Only the message may hold some: then there is one way
/// to take the text apart, and nobody can have SNS sign, for a topic of theirs, what reads as a message of ours.
fn field(name: &'static str, value: String) -> Result<String, Refusal> {
    match value {
        _ if value.len() > FIELD => Err(Refusal::TooLong(name)),
        _ if value.contains('\n') => Err(Refusal::LineFeed(name)),
        _ => Ok(value),
    }
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|it| it.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|it| it.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Reads `2026-03-06T19:55:38.903Z`, and no other way in which a time may be written.
fn time(text: &str) -> Option<Timestamp> {
    let seconds = text.strip_suffix('Z')?;
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let shape = |(at, it): (usize, u8)| match at {
        4 | 7 => it == b'-',
        10 => it == b'T',
        13 | 16 => it == b':',
        _ => it.is_ascii_digit(),
    };
    let valid = seconds.len() == 19
        && seconds.bytes().enumerate().all(shape)
        && (1..=9).contains(&fraction.len())
        && fraction.bytes().all(|it| it.is_ascii_digit());
    if valid { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
