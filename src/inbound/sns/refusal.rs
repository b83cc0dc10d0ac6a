//! Why a message is not taken for one of SNS, in sentences that stay as they are: people grep for them.

use crate::engine::ports::Unavailable;

/// Why a message is refused. None of it says what would have been accepted, but for the names that everybody knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the body is not a message of SNS: {0}")]
    Malformed(String),
    #[error("SNS has no message of type `{0}`")]
    Type(String),
    #[error("the message has no `{0}`")]
    Missing(&'static str),
    #[error("`{0}` is longer than SNS makes it")]
    TooLong(&'static str),
    #[error("`{0}` has a line feed, which could move the borders of what is signed")]
    LineFeed(&'static str),
    #[error("`MessageId` is not a UUID")]
    MessageId,
    #[error("`Timestamp` is not a time in UTC")]
    Timestamp,
    #[error("`SignatureVersion` is neither 1 nor 2")]
    SignatureVersion,
    #[error("`Signature` is not base64")]
    Encoding,
    #[error("topic `{0}` is not one whose messages are believed")]
    Topic(String),
    #[error("the message is older than 65 minutes")]
    Old,
    #[error("the message is from the future")]
    Future,
    #[error("`SigningCertURL` is not the address of a certificate of SNS in the topic's Region")]
    Address,
    #[error("the certificate is not one PEM block with an X.509 certificate")]
    Certificate,
    #[error("the certificate's key is not RSA with at least 2048 bits")]
    Key,
    #[error("the certificate is not issued to {0}")]
    Name(String),
    #[error("the certificate is not valid yet")]
    NotYetValid,
    #[error("the certificate has expired")]
    Expired,
    #[error("the signature does not match")]
    Signature,
}

/// Why a message is not known to be SNS's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unverified {
    /// It is not.
    Refused(Refusal),
    /// It may be: its certificate cannot be had now.
    NotNow(Unavailable),
}

impl From<Refusal> for Unverified {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Unavailable> for Unverified {
    fn from(unavailable: Unavailable) -> Self {
        Self::NotNow(unavailable)
    }
}

/// Returns what anybody may have sent as it can be shown: short, and without what would break a line of a log.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(300).collect()
}
