//! Removing objects.

use std::ops::Range;

use aws_sdk_s3::{
    Client,
    types::{Delete, ObjectIdentifier},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    super::error::partial,
    calls::{Calls, Lane, rest},
    objects::Names,
    trouble::{Action, Side},
};
use crate::domain::{failure::Failure, source::Location};

/// Objects in one call, the most that
/// [`DeleteObjects`](https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html) takes.
const AT_ONCE: usize = 1000;
/// Calls at the same time.
const CALLS: usize = 4;
/// Attempts at objects that a call which as a whole succeeded has left for a reason that may pass.
const ATTEMPTS: u32 = 5;

/// Removes the objects `names` below `at`. What is gone already is no error.
pub(super) async fn all(calls: &Calls<'_>, at: &Location, names: &Names) -> Result<(), Failure> {
    let chunks = (0..names.len()).step_by(AT_ONCE).map(|it| it..(it + AT_ONCE).min(names.len()));
    let removals = stream::iter(chunks).map(|it| some(calls, at, names, it));
    removals.buffer_unordered(CALLS).try_collect().await
}

async fn some(calls: &Calls<'_>, at: &Location, names: &Names, some: Range<usize>) -> Result<(), Failure> {
    let mut keys: Vec<String> = some.map(|it| at.key(names.get(it))).collect();
    let mut attempt = 1;
    loop {
        let make = |s3: &Client| s3.delete_objects().bucket(&at.bucket).delete(request(&keys)).send();
        let answer = calls.send(Lane::Write, make).await;
        let answer = answer.map_err(|it| Action::DeleteObject.failed(Side::Target, at, it))?;
        // The call succeeds even when single objects could not be removed.
        let Some(error) = answer.errors().first() else { return Ok(()) };
        let message = format!("{}: {}", error.key().unwrap_or_default(), error.message().unwrap_or_default());
        let trouble = partial(error.code().unwrap_or("DeleteObjects"), message);
        if !trouble.may_pass() || attempt == ATTEMPTS {
            return Err(Action::DeleteObject.failed(Side::Target, at, trouble));
        }
        keys = answer.errors.into_iter().flatten().filter_map(|it| it.key).collect();
        rest(attempt).await;
        attempt += 1;
    }
}

fn request(keys: &[String]) -> Delete {
    let object = |key| ObjectIdentifier::builder().key(key).build().expect("the key is all that it needs");
    let objects = keys.iter().map(object).collect();
    Delete::builder().quiet(true).set_objects(Some(objects)).build().expect("objects are all that it needs")
}
