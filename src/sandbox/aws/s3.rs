//! The S3 stand-in: the `s3s` protocol in front of objects in memory.
//!
//! Requests are verified (Signature Version 4, keys of [`super::ACCESS_KEY`]), as the real service does. The other
//! stand-ins and the tests read and write objects in process.

mod conditions;
mod listing;
mod multipart;
mod object;
mod operation;
mod protocol;
mod store;

use std::sync::Arc;

use async_trait::async_trait;
use axum::{
    body::Bytes,
    http::{Response, StatusCode, header::CONTENT_TYPE, request::Parts},
};
use http_body_util::BodyExt as _;
use s3s::{
    HttpRequest,
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};

use self::{
    protocol::Protocol,
    store::{Etags, Store},
};
use super::{ACCESS_KEY, SECRET_KEY, xml};
use crate::sandbox::{
    clock::SimClock,
    wire::{Call, Reply, StandIn},
};

/// There is no such bucket.
#[derive(Debug, thiserror::Error)]
#[error("there is no bucket {0}")]
pub struct NoSuchBucket(pub String);

/// The stand-in for S3.
pub struct S3 {
    store: Arc<Store>,
    service: S3Service,
}

impl S3 {
    pub(super) fn new(clock: SimClock) -> Self {
        let store = Arc::new(Store::new(clock));
        let mut builder = S3ServiceBuilder::new(Protocol::new(Arc::clone(&store)));
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        Self { store, service: builder.build() }
    }

    /// Makes a bucket. One that exists is left as it is.
    pub fn create_bucket(&self, bucket: &str) {
        self.store.create(bucket);
    }

    /// Removes a bucket with all that is in it.
    pub fn remove_bucket(&self, bucket: &str) {
        self.store.remove(bucket);
    }

    /// Returns whether the bucket exists.
    pub fn has_bucket(&self, bucket: &str) -> bool {
        self.store.exists(bucket)
    }

    /// Writes an object; its `ETag` is the MD5 of its content.
    ///
    /// # Errors
    /// The bucket does not exist.
    pub fn put(&self, bucket: &str, key: &str, body: impl Into<Bytes>) -> Result<(), NoSuchBucket> {
        self.store.write(bucket, key, body.into(), Etags::Md5).map_err(|_| NoSuchBucket(bucket.to_owned()))
    }

    /// Writes an object as one encrypted with a KMS key: its `ETag` is no digest of its content, and a copy of it gets
    /// another one ([API_Object](https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html), `ETag`).
    ///
    /// # Errors
    /// The bucket does not exist.
    pub fn put_encrypted(&self, bucket: &str, key: &str, body: impl Into<Bytes>) -> Result<(), NoSuchBucket> {
        self.store.write(bucket, key, body.into(), Etags::Opaque).map_err(|_| NoSuchBucket(bucket.to_owned()))
    }

    /// Returns an object's content. `None`: there is no such object, or no such bucket.
    pub fn get(&self, bucket: &str, key: &str) -> Option<Bytes> {
        self.store.read(bucket, key).ok().map(|it| it.body)
    }

    /// Returns an object's `ETag` as S3 writes it, with quotation marks. `None`: there is no such object, or no such
    /// bucket.
    pub fn etag(&self, bucket: &str, key: &str) -> Option<String> {
        self.store.read(bucket, key).ok().map(|it| format!("\"{}\"", it.etag))
    }

    /// Returns the keys that begin with `prefix`, sorted. Empty also when there is no such bucket.
    pub fn keys(&self, bucket: &str, prefix: &str) -> Vec<String> {
        self.store.keys(bucket, prefix)
    }

    /// Removes an object, if it is there.
    pub fn delete(&self, bucket: &str, key: &str) {
        self.store.delete(bucket, key);
    }

    /// Sets the size in bytes above which an object is refused as the source of one copy; 5 GiB at first, as S3's own,
    /// which no test could reach.
    pub fn set_copy_limit(&self, bytes: u64) {
        self.store.set_copy_limit(bytes);
    }

    /// Sets the size in bytes that each part of an upload but the last must have; 5 MiB at first, as S3's own.
    pub fn set_least_part(&self, bytes: u64) {
        self.store.set_least_part(bytes);
    }

    async fn respond(&self, call: Call) -> Response<Bytes> {
        let request = HttpRequest::from_parts(call.parts, call.body.into());
        let Ok(response) = self.service.call(request).await else {
            return self.refusal(500, "InternalError", "We encountered an internal error. Please try again.");
        };
        let (parts, body) = response.into_parts();
        match body.collect().await {
            Ok(body) => Response::from_parts(parts, body.to_bytes()),
            Err(error) => self.refusal(500, "InternalError", &error.to_string()),
        }
    }
}

#[async_trait]
impl StandIn for S3 {
    fn service(&self) -> &'static str {
        "s3"
    }

    fn operation(&self, parts: &Parts, _body: &Bytes) -> String {
        operation::name(parts).to_owned()
    }

    fn refusal(&self, status: u16, code: &str, message: &str) -> Response<Bytes> {
        let (code, message) = (xml::escaped(code), xml::escaped(message));
        let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
        let mut response = Response::new(body.into());
        *response.status_mut() = StatusCode::from_u16(status).expect("faults are planted with a valid status");
        response.headers_mut().insert(CONTENT_TYPE, "application/xml".parse().expect("a valid header"));
        response
    }

    async fn answer(&self, call: Call) -> Reply {
        let note = operation::note(&call);
        let response = self.respond(call).await;
        let error = error_code(&response);
        Reply { response, error, note }
    }
}

/// Returns the error code of an answer; for an answer without a body (to a HEAD request) its status.
fn error_code(response: &Response<Bytes>) -> Option<String> {
    let status = response.status();
    if status.is_success() {
        return None;
    }
    let body = String::from_utf8_lossy(response.body());
    let code = body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    Some(code.map_or_else(|| status.as_u16().to_string(), str::to_owned))
}
