//! The AWS JSON protocol: the operation in a header, parameters and answer in JSON bodies.

use axum::{
    body::Bytes,
    http::{Response, StatusCode, header::CONTENT_TYPE, request::Parts},
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Returns the operation that the `X-Amz-Target` header names, or `Unknown`.
pub(super) fn operation(parts: &Parts) -> String {
    let target = parts.headers.get("x-amz-target").and_then(|it| it.to_str().ok());
    let operation = target.and_then(|it| it.rsplit_once('.')).map(|(_, operation)| operation);
    operation.unwrap_or("Unknown").to_owned()
}

/// Returns an answer with `body`.
pub(super) fn response(status: u16, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).expect("a valid status");
    response.headers_mut().insert(CONTENT_TYPE, "application/x-amz-json-1.1".parse().expect("a valid header"));
    response
}

/// Returns an error; the code is in `__type`, as AWS's JSON services give it.
pub(super) fn refusal(status: u16, code: &str, message: &str) -> Response<Bytes> {
    // Glue writes `Message`, DynamoDB `message`; clients read both.
    response(status, &json!({ "__type": code, "Message": message, "message": message }))
}

/// Returns a time as the protocol has it: seconds since 1970 with milliseconds.
pub(super) fn seconds(at: Timestamp) -> f64 {
    let milliseconds = i32::try_from(at.as_millisecond() % 1000).expect("less than a thousand");
    f64::from(milliseconds) / 1000.0 + whole(at.as_second())
}

/// Returns a number of seconds as a float, which holds them exactly for the next 285 million years.
#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^53")]
fn whole(seconds: i64) -> f64 {
    seconds as f64
}
