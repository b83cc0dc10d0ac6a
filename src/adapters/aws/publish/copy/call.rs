//! The single calls that copies are made of.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use aws_sdk_s3::{Client, config::http::HttpResponse, error::SdkError};

use super::{
    super::{
        super::{error::Trouble, s3::Object},
        calls::{Calls, Lane},
        trouble::{contested, copy_failed},
    },
    parts::{self, Sizes, Upload},
};
use crate::domain::{failure::Failure, source::Location};

/// One call's work.
#[derive(Debug)]
pub(super) enum Job {
    /// Copies an object.
    Object(Object),
    /// Begins the upload of an object in parts.
    Begin(Object),
    /// Copies one part.
    Part { upload: Arc<Upload>, index: usize },
    /// Puts the parts together.
    Complete(Arc<Upload>),
}

/// What came of a [`Job`].
#[derive(Debug)]
pub(super) enum Done {
    Object { bytes: u64 },
    Begun(Arc<Upload>),
    Part { upload: Arc<Upload>, bytes: u64 },
    Completed,
}

/// Copies from one place to another, and knows which uploads it has begun.
pub(in super::super) struct Copier<'a> {
    calls: &'a Calls,
    /// Copies need hundreds of connections, and each keeps room for the largest answer that it has had: these have small
    /// answers only, and end with the copier.
    s3: Client,
    from: &'a Location,
    to: &'a Location,
    pub(super) sizes: Sizes,
    /// Names by upload.
    open: Mutex<BTreeMap<String, String>>,
}

impl<'a> Copier<'a> {
    pub(in super::super) fn new(calls: &'a Calls, from: &'a Location, to: &'a Location) -> Self {
        Self { calls, s3: calls.connect(), from, to, sizes: Sizes::default(), open: Mutex::default() }
    }

    /// Returns what copying the object begins with.
    pub(super) fn job(&self, object: Object) -> Job {
        if self.sizes.is_large(object.size) { Job::Begin(object) } else { Job::Object(object) }
    }

    /// Does the work. What is copied is of the content that was listed, or it fails.
    pub(super) async fn run(&self, job: Job) -> Result<Done, Failure> {
        match job {
            Job::Object(object) => self.object(&object).await,
            Job::Begin(object) => self.begin(object).await,
            Job::Part { upload, index } => self.part(upload, index).await,
            Job::Complete(upload) => self.complete(&upload).await,
        }
    }

    /// Gives up what was begun and has not been put together.
    pub(in super::super) async fn give_up(&self) {
        let open = std::mem::take(&mut *self.open());
        for (id, name) in open {
            parts::abort(self.calls, self.to, &self.to.key(&name), &id).await;
        }
    }

    async fn object(&self, object: &Object) -> Result<Done, Failure> {
        let (source, key) = (self.source(&object.name), self.to.key(&object.name));
        let make = |s3: &Client| {
            let call = s3.copy_object().bucket(&self.to.bucket).key(&key).copy_source(&source);
            let call = call.copy_source_if_match(&object.etag);
            async { whole(call.send().await?.copy_object_result.and_then(|it| it.e_tag)) }
        };
        match self.calls.send_by(&self.s3, Lane::Copy, make).await {
            Ok(_) => Ok(Done::Object { bytes: object.size }),
            Err(trouble) => Err(self.failed(&object.name, trouble).await),
        }
    }

    async fn begin(&self, object: Object) -> Result<Done, Failure> {
        let key = self.to.key(&object.name);
        let make = |s3: &Client| {
            let call = s3.create_multipart_upload().bucket(&self.to.bucket).key(&key);
            async { whole(call.send().await?.upload_id) }
        };
        match self.calls.send_by(&self.s3, Lane::Write, make).await {
            Ok(id) => {
                self.open().insert(id.clone(), object.name.clone());
                Ok(Done::Begun(Upload::new(object, id, self.sizes)))
            }
            Err(trouble) => Err(self.failed(&object.name, trouble).await),
        }
    }

    async fn part(&self, upload: Arc<Upload>, index: usize) -> Result<Done, Failure> {
        let object = &upload.object;
        let (source, key) = (self.source(&object.name), self.to.key(&object.name));
        let (first, last) = upload.range(index);
        let number = i32::try_from(index + 1).expect("there are ten thousand parts at most");
        let make = |s3: &Client| {
            let call = s3.upload_part_copy().bucket(&self.to.bucket).key(&key).upload_id(&upload.id);
            let call = call.part_number(number).copy_source(&source).copy_source_if_match(&object.etag);
            let call = call.copy_source_range(format!("bytes={first}-{last}"));
            async { whole(call.send().await?.copy_part_result.and_then(|it| it.e_tag)) }
        };
        match self.calls.send_by(&self.s3, Lane::Copy, make).await {
            Ok(etag) => {
                upload.set(index, etag);
                Ok(Done::Part { upload, bytes: last + 1 - first })
            }
            Err(trouble) => Err(self.failed(&upload.object.name, trouble).await),
        }
    }

    async fn complete(&self, upload: &Upload) -> Result<Done, Failure> {
        let key = self.to.key(&upload.object.name);
        let make = |s3: &Client| {
            let call = s3.complete_multipart_upload().bucket(&self.to.bucket).key(&key).upload_id(&upload.id);
            call.multipart_upload(upload.completed()).send()
        };
        match self.calls.send_by(&self.s3, Lane::Copy, make).await {
            Ok(_) => {
                self.open().remove(&upload.id);
                Ok(Done::Completed)
            }
            // Somebody has given it up, or an attempt whose answer was lost has put it together: to begin anew finds out.
            Err(trouble) if trouble.is("NoSuchUpload") => {
                self.open().remove(&upload.id);
                Err(contested(self.to, &format!("the upload of {key} is gone")))
            }
            Err(trouble) => Err(self.failed(&upload.object.name, trouble).await),
        }
    }

    async fn failed(&self, name: &str, trouble: Trouble) -> Failure {
        // Boxed, since it is rare and would make every copy's future as large as its own.
        Box::pin(copy_failed(self.calls, (self.from, self.to), name, trouble)).await
    }

    fn source(&self, name: &str) -> String {
        copy_source(&self.from.bucket, &self.from.key(name))
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.open.lock().expect("no panic while the uploads are held")
    }
}

/// Returns what a success must have in it; a body without it was cut off, and says nothing.
#[expect(clippy::result_large_err, reason = "the error is the SDK's own")]
fn whole<T, E>(told: Option<T>) -> Result<T, SdkError<E, HttpResponse>> {
    told.ok_or_else(|| SdkError::timeout_error("the answer is not whole"))
}

/// Returns `bucket/key` as the header `x-amz-copy-source` wants it: URL-encoded, but for the slashes.
fn copy_source(bucket: &str, key: &str) -> String {
    let mut source = format!("{bucket}/");
    source.reserve(key.len());
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => source.push(char::from(byte)),
            _ => source.push_str(&format!("%{byte:02X}")),
        }
    }
    source
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_characters_are_encoded_and_slashes_are_not() {
        for (key, expected) in [
            ("db/db.t/1/part-0.gz.parquet", "lake/db/db.t/1/part-0.gz.parquet"),
            ("a b+c%d", "lake/a%20b%2Bc%25d"),
            ("caf\u{e9}/\u{65e5}?#&=", "lake/caf%C3%A9/%E6%97%A5%3F%23%26%3D"),
        ] {
            assert_eq!(copy_source("lake", key), expected);
        }
    }
}
