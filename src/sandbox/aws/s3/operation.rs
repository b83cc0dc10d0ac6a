//! Which S3 operation a request asks for, and what the history says of it.

use axum::http::{Method, request::Parts};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::sandbox::wire::Call;

const COPY_SOURCE: &str = "x-amz-copy-source";

/// Returns the API's name of what is asked for, or `Unknown`.
pub(super) fn name(parts: &Parts) -> &'static str {
    let (bucket, key) = target(parts);
    let query = parts.uri.query().unwrap_or_default();
    let asks = |name: &str| form_urlencoded::parse(query.as_bytes()).any(|(key, _)| key == name);
    let is_copy = parts.headers.contains_key(COPY_SOURCE);
    match (&parts.method, bucket.is_empty(), key.is_empty()) {
        (&Method::GET, true, _) => "ListBuckets",
        (&Method::GET, false, true) if asks("location") => "GetBucketLocation",
        (&Method::GET, false, true) if asks("list-type") => "ListObjectsV2",
        (&Method::GET, false, true) if asks("uploads") => "ListMultipartUploads",
        (&Method::HEAD, false, true) => "HeadBucket",
        (&Method::PUT, false, true) if query.is_empty() => "CreateBucket",
        (&Method::DELETE, false, true) if query.is_empty() => "DeleteBucket",
        (&Method::POST, false, true) if asks("delete") => "DeleteObjects",
        (&Method::GET, false, false) => "GetObject",
        (&Method::HEAD, false, false) => "HeadObject",
        (&Method::PUT, false, false) if asks("partNumber") && is_copy => "UploadPartCopy",
        (&Method::PUT, false, false) if asks("partNumber") => "UploadPart",
        (&Method::PUT, false, false) if is_copy => "CopyObject",
        (&Method::PUT, false, false) => "PutObject",
        (&Method::POST, false, false) if asks("uploads") => "CreateMultipartUpload",
        (&Method::POST, false, false) if asks("uploadId") => "CompleteMultipartUpload",
        (&Method::DELETE, false, false) if asks("uploadId") => "AbortMultipartUpload",
        (&Method::DELETE, false, false) => "DeleteObject",
        _ => "Unknown",
    }
}

/// Returns what the history says of a request: `bucket`; `key`; of a copy `source` and `target` (`bucket/key`); of
/// `DeleteObjects` the `keys`; of `ListObjectsV2` the `prefix`.
pub(super) fn note(call: &Call) -> Value {
    let (bucket, key) = target(&call.parts);
    let mut note = json!({ "bucket": bucket });
    if !key.is_empty() {
        note["key"] = key.clone().into();
    }
    if let Some(source) = call.parts.headers.get(COPY_SOURCE).and_then(|it| it.to_str().ok()) {
        note["source"] = decoded(source.trim_start_matches('/')).into();
        note["target"] = format!("{bucket}/{key}").into();
    }
    match call.operation.as_str() {
        "DeleteObjects" => note["keys"] = deleted(&String::from_utf8_lossy(&call.body)).into(),
        "ListObjectsV2" => {
            let query = call.parts.uri.query().unwrap_or_default();
            let prefix = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "prefix");
            note["prefix"] = prefix.map(|(_, value)| value.into_owned()).into();
        }
        _ => {}
    }
    note
}

/// Returns bucket and key of a path-style address; what is not named is empty.
fn target(parts: &Parts) -> (String, String) {
    let path = parts.uri.path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    (decoded(bucket), decoded(key))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Returns the keys that a `DeleteObjects` body names, in order.
fn deleted(body: &str) -> Vec<String> {
    let keys = body.split("<Key>").skip(1).filter_map(|rest| rest.split_once("</Key>"));
    keys.map(|(key, _)| key.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")).collect()
}
