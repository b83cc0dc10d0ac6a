//! Multipart uploads: parts by number, put together at the end.

use std::collections::BTreeMap;

use axum::body::Bytes;
use s3s::{
    S3Result,
    dto::{CompletedMultipartUpload, CompletedPart, ETag, MultipartUpload},
    s3_error,
};

use super::{
    object::{Headers, md5_hex},
    store::Bucket,
};

/// The highest number a part may have
/// ([limits](https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html)).
const MOST_PARTS: i32 = 10_000;

/// An upload that has been started and not finished.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) key: String,
    pub(super) headers: Headers,
    parts: BTreeMap<i32, Part>,
}

#[derive(Clone, Debug)]
struct Part {
    body: Bytes,
    etag: String,
}

impl Upload {
    pub(super) fn new(key: String, headers: Headers) -> Self {
        Self { key, headers, parts: BTreeMap::new() }
    }

    /// Stores a part, replacing an earlier one of the same number. Returns its `ETag`.
    ///
    /// # Errors
    /// `InvalidArgument`: no part may have this number.
    pub(super) fn add(&mut self, number: i32, body: Bytes) -> S3Result<ETag> {
        if !(1..=MOST_PARTS).contains(&number) {
            return Err(s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive"));
        }
        let etag = md5_hex(&body);
        self.parts.insert(number, Part { body, etag: etag.clone() });
        Ok(ETag::Strong(etag))
    }

    /// Returns the object that the named parts make, and its `ETag`.
    ///
    /// # Errors
    /// `MalformedXML`: no part is named; `InvalidPartOrder`; `InvalidPart`: one is not there or has another `ETag`;
    /// `EntityTooSmall`: one that is not the last has fewer than `least` bytes.
    pub(super) fn join(&self, named: Option<CompletedMultipartUpload>, least: u64) -> S3Result<(Bytes, String)> {
        let named = named.and_then(|it| it.parts).filter(|it| !it.is_empty());
        let named = named.ok_or_else(|| s3_error!(MalformedXML, "The XML you provided was not well-formed"))?;
        if !named.is_sorted_by(|a, b| a.part_number < b.part_number) {
            return Err(s3_error!(InvalidPartOrder, "The list of parts was not in ascending order."));
        }
        let parts = named.iter().map(|it| self.named(it)).collect::<S3Result<Vec<_>>>()?;
        let (_, but_last) = parts.split_last().expect("at least one part is named");
        if but_last.iter().any(|it| (it.body.len() as u64) < least) {
            return Err(s3_error!(EntityTooSmall, "Your proposed upload is smaller than the minimum allowed size"));
        }
        let digests: String = parts.iter().map(|it| it.etag.as_str()).collect();
        let digests = hex::decode(digests).expect("a part's ETag is the hexadecimal MD5 of it");
        let body = parts.iter().flat_map(|it| it.body.iter().copied()).collect();
        Ok((body, format!("{}-{}", md5_hex(&digests), parts.len())))
    }

    fn named(&self, wanted: &CompletedPart) -> S3Result<&Part> {
        let part = wanted.part_number.and_then(|number| self.parts.get(&number));
        part.filter(|it| wanted.e_tag.as_ref().is_none_or(|etag| etag.value() == it.etag))
            .ok_or_else(|| s3_error!(InvalidPart, "One or more of the specified parts could not be found."))
    }
}

/// Returns the uploads whose keys begin with `prefix`, all on one page.
pub(super) fn listed(uploads: &BTreeMap<String, Upload>, prefix: &str) -> Vec<MultipartUpload> {
    let found = uploads.iter().filter(|(_, it)| it.key.starts_with(prefix));
    let told = |(id, it): (&String, &Upload)| MultipartUpload {
        key: Some(it.key.clone()),
        upload_id: Some(id.clone()),
        ..MultipartUpload::default()
    };
    found.map(told).collect()
}

impl Bucket {
    /// Returns the upload `id` of `key`.
    ///
    /// # Errors
    /// `NoSuchUpload`.
    pub(super) fn upload(&mut self, id: &str, key: &str) -> S3Result<&mut Upload> {
        self.uploads
            .get_mut(id)
            .filter(|it| it.key == key)
            .ok_or_else(|| s3_error!(NoSuchUpload, "The specified multipart upload does not exist."))
    }
}
