//! SQS's errors in the form of AWS JSON 1.0 with query compatibility.

use axum::{
    body::Bytes,
    http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE},
};
use serde_json::{Value, json};

use super::CONTENT;

/// Names of errors as JSON has them and as the older query protocol has them, which is what SDKs report as the code.
/// From the service's API model (trait `awsQueryError`); names that are not here are the same in both.
const QUERY_CODES: &[(&str, &str)] = &[
    ("BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
    ("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong"),
    ("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"),
    ("InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId"),
    ("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"),
    ("PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress"),
    ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
    ("QueueNameExists", "QueueAlreadyExists"),
    ("TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
    ("UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"),
];

/// Errors that come from AWS's common server, not from SQS's model.
const COMMON: &[&str] = &["InvalidParameterValue", "MissingParameter", "UnknownOperation", "SerializationException"];

/// Why a request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Name of the error in the JSON protocol.
    pub(super) kind: &'static str,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    pub(super) fn no_queue() -> Self {
        Self::new("QueueDoesNotExist", "The specified queue does not exist.")
    }

    pub(super) fn value(value: impl std::fmt::Display, parameter: &str, reason: &str) -> Self {
        let message = format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}");
        Self::new("InvalidParameterValue", message)
    }

    /// Returns the code that SDKs report.
    pub(super) fn code(&self) -> &'static str {
        QUERY_CODES.iter().find(|(kind, _)| *kind == self.kind).map_or(self.kind, |(_, code)| code)
    }

    /// Returns how the error stands in a batch's answer.
    pub(super) fn entry(&self, id: &str) -> Value {
        json!({ "Id": id, "Code": self.code(), "Message": self.message, "SenderFault": true })
    }

    pub(super) fn response(&self) -> Response<Bytes> {
        let kind = if COMMON.contains(&self.kind) {
            format!("com.amazon.coral.service#{}Exception", self.kind.trim_end_matches("Exception"))
        } else {
            format!("com.amazonaws.sqs#{}", self.kind)
        };
        response(StatusCode::BAD_REQUEST, &kind, self.code(), &self.message)
    }
}

/// Returns an error of any name, as a planted fault wants it.
pub(super) fn planted(status: u16, code: &str, message: &str) -> Response<Bytes> {
    let kind = QUERY_CODES
        .iter()
        .find(|(_, query)| *query == code)
        .map_or_else(|| code.rsplit('.').next().unwrap_or(code), |(kind, _)| kind);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response(status, &format!("com.amazonaws.sqs#{kind}"), code, message)
}

fn response(status: StatusCode, kind: &str, code: &str, message: &str) -> Response<Bytes> {
    let fault = if status.is_server_error() { "Receiver" } else { "Sender" };
    let body = json!({ "__type": kind, "message": message }).to_string();
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(CONTENT));
    if let Ok(query) = HeaderValue::try_from(format!("{code};{fault}")) {
        response.headers_mut().insert("x-amzn-query-error", query);
    }
    response
}
