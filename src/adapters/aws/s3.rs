//! The calls to S3 that reading an export is made of.

use aws_sdk_s3::{Client, types};

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

/// S3.
pub(super) struct S3<'a> {
    client: &'a Client,
}

impl<'a> S3<'a> {
    pub(super) fn new(client: &'a Client) -> Self {
        Self { client }
    }

    /// Returns the client, for one call.
    pub(super) fn call(&self) -> &'a Client {
        self.client
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
            found.extend(page.contents.into_iter().flatten().filter_map(|it| object(it, &prefix)));
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
}

/// Returns what was listed, if it lies below `prefix` and is not the folder marker of that.
pub(super) fn object(found: types::Object, prefix: &str) -> Option<Object> {
    let mut name = found.key.filter(|it| it.len() > prefix.len() && it.starts_with(prefix))?;
    name.drain(..prefix.len());
    let size = u64::try_from(found.size.unwrap_or_default()).unwrap_or_default();
    Some(Object { name, size, etag: found.e_tag.unwrap_or_default() })
}
