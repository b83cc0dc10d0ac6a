//! A call of the doctor's that brought no answer to judge, and what follows from that.

use std::error::Error;

use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};

use super::Verdict;
use crate::{adapters::aws::chain, domain::failure::Failure};

/// Whose call it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// The bot makes it too: where it does not work, the bot does not.
    Bots,
    /// The doctor's alone.
    Doctors,
}

impl Need {
    /// Returns what follows from a service that did not answer.
    pub(super) fn unanswered(self, why: &str) -> Verdict {
        match self {
            Self::Bots => Verdict::failed(
                format!("cannot be reached: {why}"),
                "Check the network (VPC endpoints, proxies), the Region and the credentials of this machine.",
            ),
            Self::Doctors => Verdict::not_checked(why),
        }
    }
}

/// An error of AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The service has answered.
    Refused {
        code: String,
        message: String,
    },
    Unanswered(String),
}

impl Trouble {
    /// Says whether AWS's code is `code`, with or without what some protocols put behind it.
    pub(super) fn is(&self, code: &str) -> bool {
        match self {
            Self::Refused { code: given, .. } => {
                let bare = given.strip_suffix("Fault").or_else(|| given.strip_suffix("Exception")).unwrap_or(given);
                bare == code
            }
            Self::Unanswered(_) => false,
        }
    }

    /// Says whether a right is missing.
    pub(super) fn is_denied(&self) -> bool {
        ["AccessDenied", "UnauthorizedOperation", "AuthorizationError"].iter().any(|it| self.is(it))
    }

    /// Returns what follows for the check: `action` is what IAM calls the call, which `need`s it.
    pub(super) fn verdict(&self, need: Need, action: &str) -> Verdict {
        let (code, message) = match self {
            Self::Unanswered(why) => return need.unanswered(why),
            Self::Refused { code, message } => (code, message),
        };
        if self.is_denied() {
            return match need {
                Need::Bots => Verdict::failed(
                    format!("{action} is not allowed: {message}"),
                    format!("Allow {action} to the role of the bot, as deploy/iam-policy.json does."),
                ),
                Need::Doctors => Verdict::not_checked(format!(
                    "{action} is not allowed for these credentials; deploy/doctor-policy.json allows it"
                )),
            };
        }
        let unknown = ["InvalidAction", "UnknownOperation", "NotImplemented", "Http404", "Http501"];
        match need {
            Need::Bots if !unknown.iter().any(|it| self.is(it)) => Verdict::failed(
                format!("{code}: {message}"),
                "Check the credentials of this machine and the Region of the configuration.",
            ),
            Need::Bots | Need::Doctors => Verdict::not_checked(format!("{action} answered {code}: {message}")),
        }
    }
}

impl<E: ProvideErrorMetadata + Error + 'static> From<SdkError<E, HttpResponse>> for Trouble {
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let Some(status) = error.raw_response().map(|it| it.status().as_u16()) else {
            return Self::Unanswered(chain(&error));
        };
        let code = error.code().map_or_else(|| format!("Http{status}"), str::to_owned);
        // An answer to HEAD has no body: the code of S3 is made of the status.
        let code = if status == 403 && error.message().is_none() { "AccessDenied".to_owned() } else { code };
        Self::Refused { code, message: error.message().unwrap_or("no more is said").to_owned() }
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        if failure.code == crate::domain::failure::codes::NO_ANSWER {
            return Self::Unanswered(failure.message);
        }
        Self::Refused { code: failure.code, message: failure.message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_bot_never_calls_may_be_refused() {
        let denied = Trouble::Refused { code: "AccessDeniedException".into(), message: "no".into() };
        assert!(matches!(denied.verdict(Need::Bots, "glue:GetCrawler"), Verdict::Failed { .. }));
        let Verdict::NotChecked { why } = denied.verdict(Need::Doctors, "iam:GetRole") else { panic!("{denied:?}") };
        assert!(why.starts_with("iam:GetRole is not allowed"), "{why}");
        let unknown = Trouble::Refused { code: "UnknownOperationException".into(), message: "?".into() };
        assert!(matches!(unknown.verdict(Need::Bots, "glue:GetCrawler"), Verdict::NotChecked { .. }));
        let silent = Trouble::Unanswered("refused".into());
        assert!(matches!(silent.verdict(Need::Bots, "glue:GetCrawler"), Verdict::Failed { .. }));
        assert!(matches!(silent.verdict(Need::Doctors, "iam:GetRole"), Verdict::NotChecked { .. }));
    }
}
