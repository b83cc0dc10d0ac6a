//! The calls to S3 that reading an export and publishing it are made of, counted.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_s3::{Client, primitives::ByteStream, types};

use super::error::{Trouble, chain};
use crate::domain::{
    failure::{Class, Failure, codes},
    source::Location,
};

/// An object below a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object {
    /// Its key without the prefix and the slash after it.
    pub(super) name: String,
    /// In bytes.
    pub(super) size: u64,
    /// As S3 writes it, with quotation marks.
    pub(super) etag: String,
}

/// What is in an object.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    pub(super) etag: String,
}

/// What must be in a place for a write to take place there.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    Nothing,
    /// The object with this `ETag`.
    Etag(String),
}

/// S3, and how often it was called. Retries within the SDK are not counted.
pub(super) struct S3<'a> {
    client: &'a Client,
    calls: AtomicU64,
}

impl<'a> S3<'a> {
    pub(super) fn new(client: &'a Client) -> Self {
        Self { client, calls: AtomicU64::new(0) }
    }

    /// Returns the client, for one call.
    pub(super) fn call(&self) -> &'a Client {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.client
    }

    /// Returns how many calls there were.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Returns everything below `at`, on all pages, sorted by key as S3 sorts. The folder marker of `at` itself is left
    /// out.
    pub(super) async fn list(&self, at: &Location) -> Result<Vec<Object>, Failure> {
        self.list_from(at, "").await
    }

    /// Returns what is below `at` and whose name begins with `start`.
    pub(super) async fn list_from(&self, at: &Location, start: &str) -> Result<Vec<Object>, Failure> {
        let prefix = at.key("");
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let call = self.call().list_objects_v2().bucket(&at.bucket).prefix(at.key(start));
            let page = call.set_continuation_token(token).send().await.map_err(Trouble::from)?;
            found.extend(page.contents().iter().filter_map(|it| object(it, &prefix)));
            token = page.next_continuation_token;
            if token.is_none() {
                return Ok(found);
            }
        }
    }

    /// Returns the object `name` below `at`. `None`: it is not there.
    pub(super) async fn read(&self, at: &Location, name: &str) -> Result<Option<Content>, Failure> {
        let sent = self.call().get_object().bucket(&at.bucket).key(at.key(name)).send().await;
        let answer = match sent.map_err(Trouble::from) {
            Ok(answer) => answer,
            Err(trouble) if trouble.is("NoSuchKey") => return Ok(None),
            Err(trouble) => return Err(trouble.into()),
        };
        let cut = |error| Failure::new(Class::Transient, codes::NO_ANSWER, chain(&error));
        let bytes = answer.body.collect().await.map_err(cut)?.to_vec();
        Ok(Some(Content { bytes, etag: answer.e_tag.unwrap_or_default() }))
    }

    /// Writes JSON to `name` below `at`, if what is there is what is expected.
    pub(super) async fn write(
        &self,
        at: &Location,
        name: &str,
        json: Vec<u8>,
        expected: Expected,
    ) -> Result<(), Failure> {
        let call = self.call().put_object().bucket(&at.bucket).key(at.key(name));
        let call = call.content_type("application/json").body(ByteStream::from(json));
        let call = match expected {
            Expected::Nothing => call.if_none_match("*"),
            Expected::Etag(etag) => call.if_match(etag),
        };
        call.send().await.map_err(Trouble::from)?;
        Ok(())
    }
}

fn object(found: &types::Object, prefix: &str) -> Option<Object> {
    let name = found.key()?.strip_prefix(prefix).filter(|it| !it.is_empty())?;
    Some(Object {
        name: name.to_owned(),
        size: u64::try_from(found.size().unwrap_or_default()).unwrap_or_default(),
        etag: found.e_tag().unwrap_or_default().to_owned(),
    })
}
