//! Copies in parts: of what one call cannot copy, and of what several calls copy faster.

use std::sync::{Arc, Mutex};

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use futures_util::{StreamExt as _, stream};
use tracing::warn;

use super::{
    super::{
        super::s3::Object,
        calls::{Calls, Lane},
    },
    call::Job,
};
use crate::domain::source::Location;

/// Parts that one upload may have
/// ([limits](https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html)).
const MOST_PARTS: u64 = 10_000;

/// From which size objects are copied in parts, and how large these are, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// One call copies 5 GiB at most
    /// ([`CopyObject`](https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html)), at a rate of its own; two
    /// calls more are worth it far below that.
    pub(super) whole: u64,
    pub(super) part: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { whole: 256 << 20, part: 64 << 20 }
    }
}

impl Sizes {
    /// Returns how large the parts of an object of `size` bytes are, so that there are not too many.
    fn part(self, size: u64) -> u64 {
        self.part.max(size.div_ceil(MOST_PARTS))
    }

    /// Says whether the object is copied in parts.
    pub(super) fn is_large(self, size: u64) -> bool {
        size > self.whole
    }
}

/// An upload that was begun.
#[derive(Debug)]
pub(in super::super) struct Upload {
    pub(super) object: Object,
    pub(super) id: String,
    part: u64,
    /// `ETag`s of the parts that are in place.
    done: Mutex<Vec<Option<String>>>,
}

impl Upload {
    pub(super) fn new(object: Object, id: String, sizes: Sizes) -> Arc<Self> {
        let part = sizes.part(object.size);
        let count = usize::try_from(object.size.div_ceil(part)).expect("there are ten thousand parts at most");
        Arc::new(Self { object, id, part, done: Mutex::new(vec![None; count]) })
    }

    /// Returns what is to be done for it, part after part.
    pub(super) fn parts(self: &Arc<Self>) -> impl DoubleEndedIterator<Item = Job> {
        (0..self.done().len()).map(|index| Job::Part { upload: Arc::clone(self), index })
    }

    /// Returns first and last byte of the part.
    pub(super) fn range(&self, index: usize) -> (u64, u64) {
        let first = u64::try_from(index).expect("an index fits into 64 bits") * self.part;
        (first, (first + self.part).min(self.object.size) - 1)
    }

    /// Notes that the part is in place.
    pub(super) fn set(&self, index: usize, etag: String) {
        self.done()[index] = Some(etag);
    }

    /// Says whether all parts are in place.
    pub(super) fn is_whole(&self) -> bool {
        self.done().iter().all(Option::is_some)
    }

    /// Returns what S3 must know to put the parts together.
    pub(super) fn completed(&self) -> CompletedMultipartUpload {
        let part = |(number, etag): (i32, &Option<String>)| {
            CompletedPart::builder().part_number(number).set_e_tag(etag.clone()).build()
        };
        let parts = (1..).zip(self.done().iter()).map(part).collect();
        CompletedMultipartUpload::builder().set_parts(Some(parts)).build()
    }

    fn done(&self) -> std::sync::MutexGuard<'_, Vec<Option<String>>> {
        self.done.lock().expect("no panic while the parts are held")
    }
}

/// Uploads that are given up at the same time.
const ABORTS: usize = 16;

/// An upload that somebody has begun.
#[derive(Debug)]
pub(in super::super) struct Open {
    key: String,
    id: String,
}

/// Returns the uploads that are open below `to`, a thousand at most. That they cannot be listed is no failure: there is a
/// lifecycle rule too.
pub(in super::super) async fn open(calls: &Calls, to: &Location) -> Vec<Open> {
    let list = |s3: &aws_sdk_s3::Client| s3.list_multipart_uploads().bucket(&to.bucket).prefix(to.key("")).send();
    match calls.send(Lane::Read, list).await {
        Ok(found) => {
            let uploads = found.uploads.into_iter().flatten();
            uploads.filter_map(|it| Some(Open { key: it.key?, id: it.upload_id? })).collect()
        }
        Err(trouble) => {
            warn!(at = to.url(), "Uploads that were left over cannot be listed: {}", trouble.message());
            Vec::new()
        }
    }
}

/// Gives the uploads up: parts without an object cost until then.
pub(in super::super) async fn give_up(calls: &Calls, to: &Location, open: &[Open]) {
    stream::iter(open).for_each_concurrent(ABORTS, |it| abort(calls, to, &it.key, &it.id)).await;
}

/// Gives an upload up; one that is gone already is. If this fails too, a lifecycle rule must do it.
pub(super) async fn abort(calls: &Calls, to: &Location, key: &str, id: &str) {
    let abort = |s3: &aws_sdk_s3::Client| s3.abort_multipart_upload().bucket(&to.bucket).key(key).upload_id(id).send();
    if let Err(trouble) = calls.send(Lane::Write, abort).await
        && !trouble.is("NoSuchUpload")
    {
        warn!(key, "An upload cannot be given up: {}", trouble.message());
    }
}
