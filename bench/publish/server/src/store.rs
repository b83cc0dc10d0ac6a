//! The objects: `bucket/key` to size, `ETag`, and the identity of the content, which no client sees.

use std::{collections::BTreeMap, fmt};

use hyper::body::Bytes;
use jiff::Timestamp;

use crate::multipart::Upload;

/// What an object's content is, however often it was copied. Two contents of one identity are the same bytes.
pub(crate) type Content = u64;

/// An `ETag`: of one content, or of an upload of parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Etag {
    pub(crate) digest: u128,
    /// 0: written by one call.
    pub(crate) parts: usize,
}

impl Etag {
    /// Returns the `ETag` that stands for `seed` wherever it is asked for.
    pub(crate) fn of(seed: u64) -> Self {
        Self { digest: u128::from(mixed(seed)) << 64 | u128::from(mixed(!seed)), parts: 0 }
    }
}

/// As it is on the wire, with its quotation marks.
impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts {
            0 => write!(f, "\"{:032x}\"", self.digest),
            parts => write!(f, "\"{:032x}-{parts}\"", self.digest),
        }
    }
}

/// One object.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) content: Content,
    pub(crate) size: u64,
    pub(crate) etag: Etag,
    pub(crate) modified: Timestamp,
    /// Small ones that were written from outside, and the export's own status files.
    pub(crate) bytes: Option<Bytes>,
}

/// All buckets; one that is named exists.
#[derive(Debug, Default)]
pub(crate) struct Store {
    /// By `bucket/key`.
    pub(crate) objects: BTreeMap<String, Object>,
    /// By upload id.
    pub(crate) uploads: BTreeMap<String, Upload>,
    /// Copies get `ETag`s of their own.
    pub(crate) encrypted: bool,
    /// The last number that was given out.
    pub(crate) last: u64,
}

impl Store {
    /// Returns a number that was not returned before.
    pub(crate) fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Writes an object of `size` bytes with content that was nowhere before.
    pub(crate) fn create(&mut self, path: String, size: u64, bytes: Option<Bytes>, modified: Timestamp) -> Etag {
        let content = self.next();
        let etag = Etag::of(content);
        self.objects.insert(path, Object { content, size, etag, modified, bytes });
        etag
    }

    /// Returns the `ETag` that a copy of `object` gets when one call makes it.
    pub(crate) fn copied(&mut self, object: &Object) -> Etag {
        if self.encrypted || object.etag.parts > 0 { Etag::of(self.next()) } else { object.etag }
    }
}

/// Returns `seed` with its bits spread (the finalizer of `SplitMix64`).
fn mixed(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
