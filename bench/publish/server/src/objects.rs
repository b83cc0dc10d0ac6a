//! Single objects: read, written, copied, deleted.

use std::fmt::Write as _;

use http_body_util::Full;
use hyper::{
    StatusCode,
    body::Bytes,
    header::{CONTENT_LENGTH, ETAG, HeaderValue, IF_MATCH, IF_NONE_MATCH, LAST_MODIFIED},
};
use jiff::Timestamp;

use crate::{
    answer::{Answer, Refusal, element, empty},
    listing::{escaped, inside},
    multipart::escaped_etag,
    request::{Asked, decode},
    store::{Object, Store},
};

/// Largest object, or range, that one call copies: 5 GiB.
pub(crate) const LARGEST: u64 = 5 << 30;

/// Keys that one call deletes.
const MOST_DELETED: usize = 1000;

/// Answers GET and HEAD. What an object holds is told of those that have bytes.
pub(crate) fn read(store: &Store, asked: &Asked) -> Result<Answer, Refusal> {
    let object = store.objects.get(&asked.path).ok_or(Refusal::NO_KEY)?;
    let etag = object.etag.to_string();
    if asked.header(IF_MATCH).is_some_and(|it| !matches(it, &etag)) {
        return Err(Refusal::CONDITION);
    }
    let mut answer = empty(StatusCode::OK);
    if !asked.head {
        let nothing = (object.size == 0).then(Bytes::new);
        *answer.body_mut() = Full::new(object.bytes.clone().or(nothing).ok_or(Refusal::UNKNOWN)?);
    }
    let modified = object.modified.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let headers = answer.headers_mut();
    headers.insert(CONTENT_LENGTH, object.size.into());
    headers.insert(ETAG, HeaderValue::from_str(&etag).expect("hexadecimal digits"));
    headers.insert(LAST_MODIFIED, HeaderValue::from_str(&modified).expect("a date"));
    Ok(answer)
}

pub(crate) fn put(store: &mut Store, asked: &Asked, now: Timestamp) -> Result<Answer, Refusal> {
    let there = store.objects.get(&asked.path).map(|it| it.etag.to_string());
    match (asked.header(IF_MATCH), &there) {
        (Some(_), None) => return Err(Refusal::NO_KEY),
        (Some(wanted), Some(there)) if !matches(wanted, there) => return Err(Refusal::CONDITION),
        _ => {}
    }
    if asked.header(IF_NONE_MATCH).is_some() && there.is_some() {
        return Err(Refusal::CONDITION);
    }
    let etag = store.create(asked.path.clone(), asked.body.len() as u64, Some(asked.body.clone()), now);
    let mut answer = empty(StatusCode::OK);
    answer.headers_mut().insert(ETAG, HeaderValue::from_str(&etag.to_string()).expect("hexadecimal digits"));
    Ok(answer)
}

pub(crate) fn copy(store: &mut Store, asked: &Asked, now: Timestamp) -> Result<Answer, Refusal> {
    let from = source(store, asked)?;
    if from.size > LARGEST {
        return Err(Refusal::TOO_LARGE);
    }
    let etag = store.copied(&from);
    store.objects.insert(asked.path.clone(), Object { etag, modified: now, ..from });
    let etag = escaped_etag(etag);
    Ok(element("CopyObjectResult", &format!("<LastModified>{now}</LastModified><ETag>{etag}</ETag>")))
}

pub(crate) fn delete(store: &mut Store, asked: &Asked) -> Answer {
    store.objects.remove(&asked.path);
    empty(StatusCode::NO_CONTENT)
}

pub(crate) fn delete_many(store: &mut Store, asked: &Asked) -> Result<Answer, Refusal> {
    let body = String::from_utf8_lossy(&asked.body);
    let keys: Vec<String> = inside(&body, "Key").collect();
    if keys.is_empty() || keys.len() > MOST_DELETED {
        return Err(Refusal::BAD_ARGUMENT);
    }
    let quiet = body.contains("<Quiet>true</Quiet>");
    let mut told = String::new();
    for key in keys {
        store.objects.remove(&format!("{}{key}", asked.path));
        if !quiet {
            let _ = write!(told, "<Deleted><Key>{}</Key></Deleted>", escaped(&key));
        }
    }
    Ok(element("DeleteResult", &told))
}

/// Returns what a request copies from, if it is the content that it wants.
pub(crate) fn source(store: &Store, asked: &Asked) -> Result<Object, Refusal> {
    let named = asked.headers.get("x-amz-copy-source").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let path = decode(named.trim_start_matches('/').split("?versionId=").next().unwrap_or_default());
    let object = store.objects.get(&path).ok_or(Refusal::NO_KEY)?;
    let wanted = asked.headers.get("x-amz-copy-source-if-match").and_then(|it| it.to_str().ok());
    if wanted.is_some_and(|it| !matches(it, &object.etag.to_string())) {
        return Err(Refusal::CONDITION);
    }
    Ok(object.clone())
}

fn matches(wanted: &str, etag: &str) -> bool {
    wanted == "*" || wanted.trim_matches('"') == etag.trim_matches('"')
}
