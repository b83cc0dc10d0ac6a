//! What people are told of a call that failed: which action, on which side, in which bucket.

use std::fmt;

use aws_sdk_s3::Client;

use super::{
    super::error::Trouble,
    calls::{Calls, Lane},
};
use crate::domain::{
    failure::{Class, Failure, codes},
    source::Location,
};

/// Where publishing reads, and where it writes or removes. They may belong to different accounts, with different keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Source,
    Target,
}

/// An action of S3, by the name that policies have for it
/// ([list](https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    ListBucket,
    GetObject,
    PutObject,
    DeleteObject,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ListBucket => "s3:ListBucket",
            Self::GetObject => "s3:GetObject",
            Self::PutObject => "s3:PutObject",
            Self::DeleteObject => "s3:DeleteObject",
        })
    }
}

impl Action {
    /// Returns the failure with what was asked of whom before what AWS says.
    pub(super) fn failed(self, side: Side, at: &Location, trouble: Trouble) -> Failure {
        self.said(&format!("the {side} {}", at.url()), trouble)
    }

    fn said(self, place: &str, trouble: Trouble) -> Failure {
        let failure = Failure::from(trouble);
        Failure { message: format!("{self} on {place}: {}", failure.message), ..failure }
    }
}

/// Returns the failure that somebody else publishes to `to` at the same time, by what was `seen` there.
pub(super) fn contested(to: &Location, seen: &str) -> Failure {
    let message = format!("somebody else publishes to {} at the same time: {seen}", to.url());
    Failure::new(Class::Transient, codes::LATEST_CONTESTED, message)
}

/// Returns what people are told of a copy that failed. AWS does not always say whether the source could not be read or
/// the target not be written: then a look at the source tells.
pub(super) async fn copy_failed(
    calls: &Calls,
    (from, to): (&Location, &Location),
    name: &str,
    trouble: Trouble,
) -> Failure {
    let said = |words: [&str; 2]| words.iter().any(|it| trouble.message().contains(it));
    let unreadable = if said(["s3:PutObject", "kms:GenerateDataKey"]) || !trouble.is("AccessDenied") {
        false
    } else if said(["s3:GetObject", "kms:Decrypt"]) {
        true
    } else {
        let look = |s3: &Client| s3.head_object().bucket(&from.bucket).key(from.key(name)).send();
        calls.send(Lane::Read, look).await.is_err()
    };
    if unreadable {
        return Action::GetObject.failed(Side::Source, from, trouble);
    }
    let place = format!("the target {}, copying from the source {}", to.url(), from.url());
    Action::PutObject.said(&place, trouble)
}

#[cfg(test)]
mod tests;
