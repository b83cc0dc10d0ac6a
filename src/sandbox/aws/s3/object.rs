//! One object, and what a request to read it is answered.

use std::collections::HashMap;

use axum::body::Bytes;
use hex::ToHex as _;
use jiff::Timestamp;
use md5::{Digest as _, Md5};
use s3s::dto::{ETag, Range};

/// An object as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) body: Bytes,
    /// Without the quotes.
    pub(super) etag: String,
    pub(super) modified: Timestamp,
    pub(super) headers: Headers,
}

/// What the writer of an object said of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Headers {
    pub(super) content_type: Option<String>,
    pub(super) metadata: Option<HashMap<String, String>>,
}

impl Object {
    pub(super) fn size(&self) -> i64 {
        i64::try_from(self.body.len()).expect("an object in memory is smaller than 2^63 bytes")
    }

    pub(super) fn etag(&self) -> ETag {
        ETag::Strong(self.etag.clone())
    }

    pub(super) fn modified(&self) -> s3s::dto::Timestamp {
        timestamp(self.modified)
    }

    /// Returns the bytes of `range` and, unless that is everything, the `Content-Range` that goes with them.
    ///
    /// # Errors
    /// `InvalidRange`: the range begins after the end.
    pub(super) fn slice(&self, range: Option<Range>) -> s3s::S3Result<(Bytes, Option<String>)> {
        let Some(range) = range else {
            return Ok((self.body.clone(), None));
        };
        let size = self.body.len();
        let bytes = range.check(size as u64)?;
        let described = format!("bytes {}-{}/{size}", bytes.start, bytes.end - 1);
        // The check has bounded both by the length, which is a usize.
        let (start, end) = (bytes.start as usize, bytes.end as usize);
        Ok((self.body.slice(start..end), Some(described)))
    }
}

/// Returns a time in the protocol's type.
pub(super) fn timestamp(at: Timestamp) -> s3s::dto::Timestamp {
    std::time::SystemTime::from(at).into()
}

/// Returns the MD5 of `content` in hexadecimal.
pub(super) fn md5_hex(content: &[u8]) -> String {
    Md5::digest(content).encode_hex()
}
