//! Listings: pages of at most a thousand keys, in the order of their bytes, rolled up at a delimiter.

use std::{borrow::Cow, fmt::Write as _};

use crate::{
    answer::{Answer, Refusal, element},
    request::{Asked, Operation},
    store::{Object, Store},
};

const PAGE: usize = 1000;

/// What comes before a key in a continuation token, so that nobody takes a token for a key.
const TOKEN: &str = "after:";

/// Answers `ListObjectsV2`, and `ListObjects`, whose pages begin after `marker`.
pub(crate) fn page(store: &Store, asked: &Asked) -> Result<Answer, Refusal> {
    let second = asked.operation == Operation::ListObjectsV2;
    let bucket = &asked.path;
    let prefix = asked.query("prefix").unwrap_or_default();
    let delimiter = asked.query("delimiter").filter(|it| !it.is_empty());
    let size = asked.query("max-keys").map_or(Ok(PAGE), str::parse).map_err(|_| Refusal::BAD_ARGUMENT)?.min(PAGE);
    let after = match asked.query("continuation-token").filter(|_| second) {
        Some(token) => token.strip_prefix(TOKEN).ok_or(Refusal::BAD_ARGUMENT)?,
        None => asked.query(if second { "start-after" } else { "marker" }).unwrap_or_default(),
    };
    let mut page = Page { bucket, prefix, delimiter, after: after.to_owned(), contents: String::new(), keys: 0 };
    // Some 320 bytes a key.
    page.contents.reserve(size * 320);
    while page.keys < size && page.step(store) {}
    let more = size > 0 && page.next(store).is_some();
    let mut head = format!("<Name>{}</Name><Prefix>{}</Prefix>", bucket.trim_end_matches('/'), escaped(prefix));
    let _ = write!(head, "<MaxKeys>{size}</MaxKeys><IsTruncated>{more}</IsTruncated>");
    if second {
        let _ = write!(head, "<KeyCount>{}</KeyCount>", page.keys);
    }
    if more {
        let (name, token) = if second { ("NextContinuationToken", TOKEN) } else { ("NextMarker", "") };
        let _ = write!(head, "<{name}>{token}{}</{name}>", escaped(&page.after));
    }
    head.push_str(&page.contents);
    Ok(element("ListBucketResult", &head))
}

struct Page<'a> {
    /// With its slash.
    bucket: &'a str,
    prefix: &'a str,
    delimiter: Option<&'a str>,
    /// The last key, or rolled up prefix, that is behind us.
    after: String,
    contents: String,
    keys: usize,
}

impl Page<'_> {
    /// Returns the next key that is to be listed, and its object.
    fn next<'s>(&self, store: &'s Store) -> Option<(&'s str, &'s Object)> {
        let from = if self.after.as_str() < self.prefix { self.prefix } else { &self.after };
        // Everything below a rolled up prefix is behind us with it.
        let rolled = self.delimiter.is_some_and(|it| self.after.len() > self.prefix.len() && self.after.ends_with(it));
        let from =
            if rolled { format!("{}{from}{}", self.bucket, char::MAX) } else { format!("{}{from}", self.bucket) };
        let behind = |key: &str| !self.after.is_empty() && key <= self.after.as_str();
        let found = store.objects.range(from..).map(|(path, object)| (&path[..], object));
        let mut below = found.map_while(|(path, object)| Some((path.strip_prefix(self.bucket)?, object)));
        below.find(|(key, _)| !behind(key)).filter(|(key, _)| key.starts_with(self.prefix))
    }

    /// Adds the next key, or prefix; returns whether there was one.
    fn step(&mut self, store: &Store) -> bool {
        let Some((key, object)) = self.next(store) else { return false };
        let end = self.delimiter.and_then(|it| Some(self.prefix.len() + key[self.prefix.len()..].find(it)? + it.len()));
        if let Some(end) = end {
            let rolled = escaped(&key[..end]);
            let _ = write!(self.contents, "<CommonPrefixes><Prefix>{rolled}</Prefix></CommonPrefixes>");
        } else {
            let _ = write!(
                self.contents,
                "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>&quot;{}&quot;</ETag><Size>{}</Size>\
                 <StorageClass>STANDARD</StorageClass></Contents>",
                escaped(key),
                object.modified,
                object.etag.to_string().trim_matches('"'),
                object.size,
            );
        }
        key[..end.unwrap_or(key.len())].clone_into(&mut self.after);
        self.keys += 1;
        true
    }
}

/// Returns `text` as it stands in XML.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"']) {
        return text.into();
    }
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").into()
}

/// Returns what stands in each `<name>` of `xml`, unescaped.
pub(crate) fn inside<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = String> + 'a {
    let close = format!("</{name}>");
    xml.split(&format!("<{name}>") as &str)
        .skip(1)
        .filter_map(move |it| Some(it.split_once(&close as &str)?.0.to_owned()))
        .map(|it| {
            it.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#34;", "\"")
                .replace("&amp;", "&")
        })
        .collect::<Vec<_>>()
        .into_iter()
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use hyper::{HeaderMap, Method, body::Bytes};
    use jiff::Timestamp;
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

    use super::*;

    fn store(keys: &[&str]) -> Store {
        let mut store = Store::default();
        for key in keys {
            store.create(format!("lake/{key}"), 1, None, Timestamp::UNIX_EPOCH);
        }
        store
    }

    /// Returns what stands in each `name` of all pages of a listing.
    async fn listed(store: &Store, query: &str, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut token = String::new();
        loop {
            let uri = format!("/lake?list-type=2&{query}{token}").parse().unwrap();
            let asked = Asked::new(&Method::GET, &uri, HeaderMap::new(), Bytes::new());
            let body = page(store, &asked).unwrap().into_body().collect().await.unwrap().to_bytes();
            let xml = String::from_utf8(body.to_vec()).unwrap();
            found.extend(inside(&xml, name));
            let Some(next) = inside(&xml, "NextContinuationToken").next() else { return found };
            token = format!("&continuation-token={}", utf8_percent_encode(&next, NON_ALPHANUMERIC));
        }
    }

    #[tokio::test]
    async fn pages_follow_each_other_whatever_their_size() {
        let store = store(&["a/1", "a/2&<", "a/b/1", "a/b/2", "a0", "b/1"]);
        for size in 1..8 {
            let keys = listed(&store, &format!("prefix=a/&max-keys={size}"), "Key").await;
            assert_eq!(keys, ["a/1", "a/2&<", "a/b/1", "a/b/2"], "{size}");
        }
        assert_eq!(listed(&store, "prefix=a/&start-after=a/2", "Key").await, ["a/2&<", "a/b/1", "a/b/2"]);
    }

    #[tokio::test]
    async fn a_folder_is_rolled_up_once() {
        let store = store(&["a/1", "a/b/1", "a/b/2", "a/c/1", "b/1"]);
        for size in 1..4 {
            let query = format!("prefix=a/&delimiter=/&max-keys={size}");
            assert_eq!(listed(&store, &query, "Key").await, ["a/1"]);
            let prefixes = listed(&store, &query, "Prefix").await;
            let rolled: Vec<_> = prefixes.iter().filter(|it| *it != "a/").collect();
            assert_eq!(rolled, ["a/b/", "a/c/"], "{size}");
        }
    }
}
