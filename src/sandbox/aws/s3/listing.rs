//! `ListObjectsV2`: pages of at most 1,000 keys, prefixes rolled up at a delimiter.

use s3s::{
    S3Result,
    dto::{CommonPrefix, ListObjectsV2Input, ListObjectsV2Output, Object as Listed, ObjectStorageClass},
    s3_error,
};

use super::{object::Object, store::Bucket};

/// The most keys of one page ([`ListObjectsV2`](https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html)).
const PAGE: usize = 1000;

/// What comes before a key in a continuation token, so that nobody takes a token for a key.
const TOKEN: &str = "after:";

/// Returns a page of `bucket`.
///
/// # Errors
/// `InvalidArgument`: the token or the page size is not one.
pub(super) fn page(bucket: &Bucket, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
    let prefix = input.prefix.clone().unwrap_or_default();
    let delimiter = input.delimiter.as_deref().filter(|it| !it.is_empty());
    let size = match input.max_keys {
        None => PAGE,
        Some(keys) => usize::try_from(keys).map_err(|_| s3_error!(InvalidArgument, "maxKeys is negative"))?.min(PAGE),
    };
    let mut after = match &input.continuation_token {
        Some(token) => token.strip_prefix(TOKEN).ok_or_else(bad_token)?.to_owned(),
        None => input.start_after.clone().unwrap_or_default(),
    };

    let mut contents = Vec::new();
    let mut common = Vec::new();
    while contents.len() + common.len() < size {
        let Some((key, object)) = bucket.from(&prefix, &after).next() else { break };
        match rolled_up(key, &prefix, delimiter) {
            Some(rolled) => {
                // Every key below the prefix is behind us when the next one is looked for.
                after = format!("{rolled}{}", char::MAX);
                common.push(CommonPrefix { prefix: Some(rolled.to_owned()) });
            }
            None => {
                after.clone_from(key);
                contents.push(listed(key, object));
            }
        }
    }
    let more = size > 0 && bucket.from(&prefix, &after).next().is_some();
    Ok(ListObjectsV2Output {
        key_count: i32::try_from(contents.len() + common.len()).ok(),
        max_keys: i32::try_from(size).ok(),
        is_truncated: Some(more),
        next_continuation_token: more.then(|| format!("{TOKEN}{after}")),
        contents: (!contents.is_empty()).then_some(contents),
        common_prefixes: (!common.is_empty()).then_some(common),
        name: Some(input.bucket),
        prefix: input.prefix,
        delimiter: input.delimiter,
        continuation_token: input.continuation_token,
        start_after: input.start_after,
        ..ListObjectsV2Output::default()
    })
}

/// Returns the part of `key` up to the first delimiter after the prefix, if there is one.
fn rolled_up<'a>(key: &'a str, prefix: &str, delimiter: Option<&str>) -> Option<&'a str> {
    let delimiter = delimiter?;
    let at = key[prefix.len()..].find(delimiter)?;
    Some(&key[..prefix.len() + at + delimiter.len()])
}

fn listed(key: &str, object: &Object) -> Listed {
    Listed {
        key: Some(key.to_owned()),
        size: Some(object.size()),
        e_tag: Some(object.etag()),
        last_modified: Some(object.modified()),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        ..Listed::default()
    }
}

fn bad_token() -> s3s::S3Error {
    s3_error!(InvalidArgument, "The continuation token provided is incorrect")
}
