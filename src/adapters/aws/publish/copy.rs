//! Copying objects within S3.

use aws_sdk_s3::{
    config::{Builder, StalledStreamProtectionConfig},
    types::{CompletedMultipartUpload, CompletedPart},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    super::{
        config,
        error::Trouble,
        s3::{Object, S3},
    },
    count,
};
use crate::{
    domain::{failure::Failure, source::Location, stage::Detail},
    engine::ports::Progress,
};

/// Objects that are copied at the same time.
const AT_ONCE: usize = 16;
/// Parts of one object that are copied at the same time.
const PARTS_AT_ONCE: usize = 4;
/// Largest object that one call copies
/// ([`CopyObject`](https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html)).
const LARGEST: u64 = 5 << 30;
/// Size of a part of a larger one.
const PART: u64 = 1 << 30;
/// Parts that one upload may have.
const MOST_PARTS: u64 = 10_000;

/// Copies each of `missing` from below `from` to the same name below `to`. Tells how much of `wanted` is in place.
pub(super) async fn all(
    s3: &S3<'_>,
    from: &Location,
    to: &Location,
    wanted: &[Object],
    missing: Vec<Object>,
    progress: &Progress,
) -> Result<(), Failure> {
    let size = |objects: &[Object]| objects.iter().map(|it| it.size).sum::<u64>();
    let total = size(wanted);
    let mut objects = count(wanted.len() - missing.len());
    let mut bytes = total - size(&missing);
    let copies = stream::iter(missing).map(|it| one(s3, from, to, it));
    let mut copies = copies.buffer_unordered(AT_ONCE);
    loop {
        progress.set(Detail {
            percent: Some(percent(bytes, total)),
            objects: Some(objects),
            bytes: Some(bytes),
            ..Detail::default()
        });
        let Some(size) = copies.try_next().await? else { return Ok(()) };
        objects += 1;
        bytes += size;
    }
}

fn percent(done: u64, total: u64) -> u8 {
    let percent = if total == 0 { 100 } else { u128::from(done) * 100 / u128::from(total) };
    u8::try_from(percent).unwrap_or(100)
}

/// Copies one object and returns its size. The copy is of the content that was listed, or fails.
async fn one(s3: &S3<'_>, from: &Location, to: &Location, object: Object) -> Result<u64, Failure> {
    let source = copy_source(&from.bucket, &from.key(&object.name));
    let key = to.key(&object.name);
    if object.size > LARGEST {
        // Boxed, since it is rare and would make every copy's future as large as its own.
        return Box::pin(in_parts(s3, &source, &to.bucket, &key, &object, PART)).await;
    }
    let call = s3.call().copy_object().bucket(&to.bucket).key(key).copy_source(source);
    let call = call.copy_source_if_match(&object.etag).customize().config_override(patient());
    call.send().await.map_err(Trouble::from)?;
    Ok(object.size)
}

async fn in_parts(
    s3: &S3<'_>,
    source: &str,
    bucket: &str,
    key: &str,
    object: &Object,
    part: u64,
) -> Result<u64, Failure> {
    let begun = s3.call().create_multipart_upload().bucket(bucket).key(key).send().await.map_err(Trouble::from)?;
    let upload = begun.upload_id.unwrap_or_default();
    let copies = parts(object.size, part).into_iter().map(async |(number, range)| {
        let call = s3.call().upload_part_copy().bucket(bucket).key(key).upload_id(&upload).part_number(number);
        let call = call.copy_source(source).copy_source_if_match(&object.etag).copy_source_range(range);
        let copied = call.customize().config_override(patient()).send().await.map_err(Trouble::from)?;
        let etag = copied.copy_part_result.and_then(|it| it.e_tag);
        Ok::<_, Failure>(CompletedPart::builder().part_number(number).set_e_tag(etag).build())
    });
    let copied: Result<Vec<_>, Failure> = stream::iter(copies).buffered(PARTS_AT_ONCE).try_collect().await;
    let done = match copied {
        Ok(parts) => {
            let all = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
            let call = s3.call().complete_multipart_upload().bucket(bucket).key(key).upload_id(&upload);
            let call = call.multipart_upload(all).customize().config_override(patient());
            call.send().await.map_err(|it| Trouble::from(it).into())
        }
        Err(failure) => Err(failure),
    };
    if done.is_err() {
        // Parts without an object cost until they are given up. If this fails too, a lifecycle rule must do it.
        let _ = s3.call().abort_multipart_upload().bucket(bucket).key(key).upload_id(&upload).send().await;
    }
    done.map(|_| object.size)
}

/// Returns number and `bytes=first-last` of each part of an object of `size` bytes: `part` bytes each, or more where
/// there would be too many.
fn parts(size: u64, part: u64) -> Vec<(i32, String)> {
    let part = part.max(size.div_ceil(MOST_PARTS));
    let starts = (0..size.div_ceil(part)).map(|it| it * part);
    (1..)
        .zip(starts)
        .map(|(number, start)| (number, format!("bytes={start}-{}", (start + part).min(size) - 1)))
        .collect()
}

/// A copy is answered when it is done; until then S3 may send nothing for longer than other answers may stall.
fn patient() -> Builder {
    Builder::new()
        .timeout_config(config::copy_timeouts())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

/// Returns `bucket/key` as the header `x-amz-copy-source` wants it: URL-encoded, but for the slashes.
fn copy_source(bucket: &str, key: &str) -> String {
    let mut source = format!("{bucket}/");
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => source.push(char::from(byte)),
            _ => source.push_str(&format!("%{byte:02X}")),
        }
    }
    source
}

#[cfg(test)]
mod tests;
