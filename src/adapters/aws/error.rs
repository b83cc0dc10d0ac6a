//! What an error of an AWS call means: whether the service has certainly refused, and what class of trouble it is.

use std::error::Error;

use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{ErrorMetadata, ProvideErrorMetadata, SdkError},
};

use crate::domain::{
    failure::{Class, Failure, codes},
    seen::{Seen, Started},
    stage::WaitOn,
};

/// An error of an AWS call, its code and message as AWS gave them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trouble {
    failure: Failure,
    /// The service has answered that it did not do what was asked. Otherwise it may have done it.
    certain: bool,
}

impl Trouble {
    /// Says whether AWS's code is `code`. Codes come with and without `Fault` or `Exception` at their end: it is
    /// compared, and given here, without.
    pub(super) fn is(&self, code: &str) -> bool {
        bare(&self.failure.code) == code
    }

    /// Returns the same trouble under a code that says what was not found.
    pub(super) fn renamed(mut self, code: &str) -> Self {
        code.clone_into(&mut self.failure.code);
        self
    }

    /// Returns what AWS said.
    pub(super) fn message(&self) -> &str {
        &self.failure.message
    }

    /// Says whether the service has refused because it is called too fast. Nothing was done.
    pub(super) fn is_slow_down(&self) -> bool {
        let code = self.failure.code.strip_prefix("KMS.").unwrap_or(&self.failure.code);
        matches!(
            bare(code),
            "SlowDown"
                | "ServiceUnavailable"
                | "Throttling"
                | "Throttled"
                | "RequestThrottled"
                | "RequestLimitExceeded"
                | "TooManyRequests"
                | "BandwidthLimitExceeded"
                | "Http429"
                | "Http503"
        )
    }

    /// Says whether the same call may succeed in a moment. One whose condition does not hold will not.
    pub(super) fn may_pass(&self) -> bool {
        self.failure.class == Class::Transient && !self.is("PreconditionFailed")
    }

    /// Returns what a look that ran into this has seen: nothing.
    pub(super) fn seen(self) -> Seen {
        Seen::Unclear(self.failure)
    }

    /// Returns what came of a start that ran into this.
    pub(super) fn started(self) -> Started {
        if !self.certain {
            return Started::Unclear(self.failure);
        }
        match wait_on(&self.failure) {
            Some(on) => Started::Refused(on),
            None if self.failure.class == Class::Transient => Started::Refused(WaitOn::Trouble(self.failure)),
            None => Started::Failed(self.failure),
        }
    }

    fn answered(meta: &ErrorMetadata, response: &HttpResponse, error: &dyn Error) -> Self {
        let status = response.status().as_u16();
        let bare_code = || match status {
            // A success that cannot be read.
            ..=300 => codes::NO_ANSWER.to_owned(),
            // The bucket is in another Region; the answer to a HEAD, for one, says no more.
            301 => "PermanentRedirect".to_owned(),
            _ => format!("Http{status}"),
        };
        let code = meta.code().map_or_else(bare_code, str::to_owned);
        let mut message = meta.message().map_or_else(|| chain(error), str::to_owned);
        if let Some(region) = response.headers().get("x-amz-bucket-region").filter(|_| is_of_region(&code)) {
            message = format!("{message} (the bucket is in {region})");
        }
        let certain = status < 500 && !leaves_open(&code);
        Self { failure: Failure::new(class(&code, status), code, message), certain }
    }
}

impl<E: ProvideErrorMetadata + Error + 'static> From<SdkError<E, HttpResponse>> for Trouble {
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        if let (Some(service), Some(response)) = (error.as_service_error(), error.raw_response()) {
            return Self::answered(service.meta(), response, &error);
        }
        let message = chain(&error);
        if matches!(error, SdkError::ConstructionFailure(_)) {
            return Self { failure: Failure::new(Class::Config, "InvalidRequest", message), certain: true };
        }
        // Even where this attempt was never sent, an earlier one that the SDK has retried may have been.
        Self { failure: Failure::new(Class::Transient, codes::NO_ANSWER, message), certain: false }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        trouble.failure
    }
}

/// Returns what AWS's code says of something that was refused within a call that as a whole succeeded.
pub(super) fn partial(code: &str, message: String) -> Trouble {
    Trouble { failure: Failure::new(class(code, 400), code, message), certain: true }
}

/// Returns the code without the suffix that the same error has in one protocol and lacks in another.
fn bare(code: &str) -> &str {
    code.strip_suffix("Fault").or_else(|| code.strip_suffix("Exception")).unwrap_or(code)
}

/// The table of classes. What AWS refuses for a reason not listed here needs a person: roles, keys, names.
fn class(code: &str, status: u16) -> Class {
    match bare(code) {
        "Throttling"
        | "Throttled"
        | "RequestThrottled"
        | "RequestLimitExceeded"
        | "TooManyRequests"
        | "BandwidthLimitExceeded"
        | "SlowDown"
        | "RequestTimeout"
        | "RequestExpired"
        | "ExpiredToken"
        | "InternalError"
        | "InternalFailure"
        | "InternalService"
        | "OperationTimeout"
        | "ServiceUnavailable"
        | "OperationAborted"
        | "ConditionalRequestConflict"
        | "PreconditionFailed"
        | "ExportTaskLimitReached"
        | "InvalidExportSourceState"
        | "ConcurrentRunsExceeded"
        | "ResourceNumberLimitExceeded"
        | codes::NO_ANSWER => Class::Transient,
        // A service that speaks S3 and does not know the call: it will not learn it.
        "NotImplemented" => Class::Config,
        _ if status >= 500 || status == 429 => Class::Transient,
        _ => Class::Config,
    }
}

/// Codes of calls that were sent to another Region than the bucket's.
fn is_of_region(code: &str) -> bool {
    matches!(
        bare(code),
        "PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraint"
    )
}

/// Codes that come with a 4xx status and yet do not say that nothing was done.
fn leaves_open(code: &str) -> bool {
    matches!(
        bare(code),
        "OperationTimeout"
            | "RequestTimeout"
            | "InternalService"
            | "InternalFailure"
            | "InternalError"
            | codes::NO_ANSWER
    )
}

/// Returns what a refused start waits for. `ExportTaskLimitReachedFault` is not in the API's model, but is what RDS
/// answers when the account has five exports in progress.
fn wait_on(failure: &Failure) -> Option<WaitOn> {
    let message = failure.message.clone();
    match bare(&failure.code) {
        "ExportTaskLimitReached" | "InvalidExportSourceState" => Some(WaitOn::ExportSlot { message, before: 0 }),
        "ConcurrentRunsExceeded" | "ResourceNumberLimitExceeded" => Some(WaitOn::JobSlot { message }),
        _ => None,
    }
}

/// Returns an error with all its causes, which alone say what happened: the SDK's own text is `dispatch failure`.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::{config::http::HttpResponse, error::ConnectorError, primitives::SdkBody, types::error::NoSuchKey};

    use super::*;

    fn refused(code: &str, status: u16) -> Trouble {
        let meta = ErrorMetadata::builder().code(code).message("as AWS said").build();
        let error = aws_sdk_s3::operation::get_object::GetObjectError::generic(meta);
        let response = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        SdkError::service_error(error, response).into()
    }

    #[test]
    fn certain_refusals_become_what_the_run_waits_for_or_fails_of() {
        let message = "as AWS said".to_owned();
        let slot = Started::Refused(WaitOn::ExportSlot { message: message.clone(), before: 0 });
        let job = Started::Refused(WaitOn::JobSlot { message });
        let failed = |code| Started::Failed(Failure::new(Class::Config, code, "as AWS said"));
        let trouble = |code| Started::Refused(WaitOn::Trouble(Failure::new(Class::Transient, code, "as AWS said")));
        for (code, status, started) in [
            ("ExportTaskLimitReachedFault", 400, slot.clone()),
            ("ExportTaskLimitReached", 400, slot.clone()),
            ("InvalidExportSourceState", 400, slot),
            ("ConcurrentRunsExceededException", 400, job.clone()),
            ("ResourceNumberLimitExceededException", 400, job),
            ("Throttling", 400, trouble("Throttling")),
            ("ThrottlingException", 400, trouble("ThrottlingException")),
            ("TooManyRequestsException", 429, trouble("TooManyRequestsException")),
            ("IamRoleNotFound", 404, failed("IamRoleNotFound")),
            ("IamRoleMissingPermissions", 400, failed("IamRoleMissingPermissions")),
            ("KMSKeyNotAccessibleFault", 400, failed("KMSKeyNotAccessibleFault")),
            ("InvalidS3BucketFault", 400, failed("InvalidS3BucketFault")),
            ("InvalidExportOnly", 400, failed("InvalidExportOnly")),
            ("InvalidParameterValue", 400, failed("InvalidParameterValue")),
            ("EntityNotFoundException", 400, failed("EntityNotFoundException")),
            ("AccessDeniedException", 403, failed("AccessDeniedException")),
        ] {
            assert_eq!(refused(code, status).started(), started, "{code}");
        }
    }

    #[test]
    fn answers_that_leave_it_open_are_unclear() {
        for (code, status) in [
            ("InternalFailure", 500),
            ("InternalServiceException", 500),
            ("OperationTimeoutException", 400),
            ("ServiceUnavailable", 503),
            ("Whatever", 502),
        ] {
            let expected = Failure::new(Class::Transient, code, "as AWS said");
            assert_eq!(refused(code, status).started(), Started::Unclear(expected), "{code}");
        }
    }

    #[test]
    fn no_answer_is_unclear_and_says_why() {
        let errors = [
            SdkError::timeout_error("timed out"),
            SdkError::dispatch_failure(ConnectorError::io("connection reset".into())),
        ];
        for (error, cause) in errors.into_iter().zip(["timed out", "connection reset"]) {
            let error: SdkError<NoSuchKey> = error;
            let Started::Unclear(failure) = Trouble::from(error).started() else { panic!("{cause}") };
            assert_eq!((failure.class, failure.code.as_str()), (Class::Transient, codes::NO_ANSWER));
            assert!(failure.message.contains(cause), "{}", failure.message);
        }
    }

    #[test]
    fn codes_are_compared_without_their_suffix() {
        assert!(refused("ExportTaskNotFoundFault", 404).is("ExportTaskNotFound"));
        assert!(refused("ExportTaskNotFound", 404).is("ExportTaskNotFound"));
        assert!(!refused("ExportTaskNotFound", 404).is("ExportTask"));
    }
}
