//! Uploads in parts, of which each is a range of another object.

use std::{collections::BTreeMap, fmt::Write as _};

use hyper::StatusCode;
use jiff::Timestamp;

use crate::{
    answer::{Answer, Refusal, element, empty},
    listing::{escaped, inside},
    objects::{LARGEST, source},
    request::Asked,
    store::{Content, Etag, Object, Store},
};

/// Least size of each part but the last.
const LEAST: u64 = 5 << 20;
/// The highest number a part may have.
const MOST: u32 = 10_000;

/// An upload that has begun and is not finished.
#[derive(Debug)]
pub(crate) struct Upload {
    path: String,
    parts: BTreeMap<u32, Part>,
}

#[derive(Clone, Copy, Debug)]
struct Part {
    /// What it is a range of, and how long that is.
    of: (Content, u64),
    first: u64,
    size: u64,
    etag: Etag,
}

pub(crate) fn create(store: &mut Store, asked: &Asked) -> Answer {
    let id = format!("upload-{}", store.next());
    let (bucket, key) = asked.path.split_once('/').expect("a path names its bucket");
    store.uploads.insert(id.clone(), Upload { path: asked.path.clone(), parts: BTreeMap::new() });
    let key = escaped(key);
    element(
        "InitiateMultipartUploadResult",
        &format!("<Bucket>{bucket}</Bucket><Key>{key}</Key><UploadId>{id}</UploadId>"),
    )
}

/// Copies a range, or the whole of its source, into a part.
pub(crate) fn copy_part(store: &mut Store, asked: &Asked, now: Timestamp) -> Result<Answer, Refusal> {
    let from = source(store, asked)?;
    let (first, size) = range(asked, from.size)?;
    if size > LARGEST {
        return Err(Refusal::TOO_LARGE);
    }
    let number = asked.query("partNumber").and_then(|it| it.parse().ok()).filter(|it| (1..=MOST).contains(it));
    let number = number.ok_or(Refusal::BAD_ARGUMENT)?;
    let etag = Etag::of(store.next());
    let part = Part { of: (from.content, from.size), first, size, etag };
    upload(store, asked)?.parts.insert(number, part);
    let etag = escaped_etag(etag);
    Ok(element("CopyPartResult", &format!("<LastModified>{now}</LastModified><ETag>{etag}</ETag>")))
}

/// Puts the named parts together.
pub(crate) fn complete(store: &mut Store, asked: &Asked, now: Timestamp) -> Result<Answer, Refusal> {
    let body = String::from_utf8_lossy(&asked.body);
    let upload = upload(store, asked)?;
    let mut parts = Vec::new();
    for named in inside(&body, "Part") {
        let number = inside(&named, "PartNumber").next().and_then(|it| it.parse::<u32>().ok());
        let etag = inside(&named, "ETag").next();
        let part = number.and_then(|it| upload.parts.get(&it)).ok_or(Refusal::BAD_PART)?;
        if etag.is_some_and(|it| it.trim_matches('"') != part.etag.to_string().trim_matches('"')) {
            return Err(Refusal::BAD_PART);
        }
        parts.push(*part);
    }
    let (_, but_last) = parts.split_last().ok_or(Refusal::BAD_PART)?;
    if but_last.iter().any(|it| it.size < LEAST) {
        return Err(Refusal::SMALL_PART);
    }
    store.uploads.remove(asked.query("uploadId").unwrap_or_default());
    let content = whole(&parts).unwrap_or_else(|| store.next());
    let etag = Etag { parts: parts.len(), ..Etag::of(store.next()) };
    let size = parts.iter().map(|it| it.size).sum();
    store.objects.insert(asked.path.clone(), Object { content, size, etag, modified: now, bytes: None });
    let (bucket, key) = asked.path.split_once('/').expect("a path names its bucket");
    let (key, etag) = (escaped(key), escaped_etag(etag));
    Ok(element(
        "CompleteMultipartUploadResult",
        &format!("<Bucket>{bucket}</Bucket><Key>{key}</Key><ETag>{etag}</ETag>"),
    ))
}

pub(crate) fn abort(store: &mut Store, asked: &Asked) -> Result<Answer, Refusal> {
    upload(store, asked)?;
    store.uploads.remove(asked.query("uploadId").unwrap_or_default());
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Answers the uploads below a prefix, on one page.
pub(crate) fn list(store: &Store, asked: &Asked) -> Answer {
    let below = format!("{}{}", asked.path, asked.query("prefix").unwrap_or_default());
    let mut found = String::from("<IsTruncated>false</IsTruncated>");
    for (id, upload) in store.uploads.iter().filter(|(_, it)| it.path.starts_with(&below)) {
        let key = escaped(upload.path.strip_prefix(&asked.path).unwrap_or_default());
        let _ = write!(found, "<Upload><Key>{key}</Key><UploadId>{id}</UploadId></Upload>");
    }
    element("ListMultipartUploadsResult", &found)
}

fn upload<'a>(store: &'a mut Store, asked: &Asked) -> Result<&'a mut Upload, Refusal> {
    let id = asked.query("uploadId").unwrap_or_default();
    store.uploads.get_mut(id).filter(|it| it.path == asked.path).ok_or(Refusal::NO_UPLOAD)
}

/// Returns the first byte and the length of what a request copies of `size` bytes.
pub(crate) fn range(asked: &Asked, size: u64) -> Result<(u64, u64), Refusal> {
    let Some(range) = asked.headers.get("x-amz-copy-source-range") else { return Ok((0, size)) };
    let range = range.to_str().ok().and_then(|it| it.strip_prefix("bytes=")?.split_once('-'));
    let parsed = range.and_then(|(first, last)| Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?)));
    let (first, last) = parsed.filter(|(first, last)| first <= last && *last < size).ok_or(Refusal::BAD_ARGUMENT)?;
    Ok((first, last - first + 1))
}

/// Returns the content that the parts make, if they are all of one, one after the other.
fn whole(parts: &[Part]) -> Option<Content> {
    let (content, size) = parts.first()?.of;
    let mut next = 0;
    for part in parts {
        if part.of != (content, size) || part.first != next {
            return None;
        }
        next += part.size;
    }
    (next == size).then_some(content)
}

/// Returns an `ETag` as XML holds it.
pub(crate) fn escaped_etag(etag: Etag) -> String {
    format!("&quot;{}&quot;", etag.to_string().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_all_parts_of_one_content_in_their_order_are_that_content() {
        let part = |content, first, size| Part { of: (content, 10), first, size, etag: Etag::of(0) };
        for (parts, expected) in [
            (vec![part(7, 0, 6), part(7, 6, 4)], Some(7)),
            (vec![part(7, 0, 6)], None),
            (vec![part(7, 6, 4), part(7, 0, 6)], None),
            (vec![part(7, 0, 6), part(8, 6, 4)], None),
            (vec![part(7, 0, 6), part(7, 5, 5)], None),
        ] {
            assert_eq!(whole(&parts), expected, "{parts:?}");
        }
    }
}
