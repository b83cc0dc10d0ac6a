//! Removing objects.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use super::super::{
    error::{Trouble, partial},
    s3::S3,
};
use crate::domain::{failure::Failure, source::Location};

/// Objects in one call, the most that
/// [`DeleteObjects`](https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html) takes.
const AT_ONCE: usize = 1000;

/// Removes the objects `names` below `at`. What is gone already is no error.
pub(super) async fn all(s3: &S3<'_>, at: &Location, names: &[String]) -> Result<(), Failure> {
    for names in names.chunks(AT_ONCE) {
        let answer = s3
            .call()
            .delete_objects()
            .bucket(&at.bucket)
            .delete(request(at, names))
            .send()
            .await
            .map_err(Trouble::from)?;
        // The call succeeds even when single objects could not be removed.
        if let Some(error) = answer.errors().first() {
            let message = format!("{}: {}", error.key().unwrap_or_default(), error.message().unwrap_or_default());
            return Err(partial(error.code().unwrap_or("DeleteObjects"), message));
        }
    }
    Ok(())
}

fn request(at: &Location, names: &[String]) -> Delete {
    let object = |name| ObjectIdentifier::builder().key(at.key(name)).build().expect("the key is all that it needs");
    let objects = names.iter().map(|it| object(it)).collect();
    Delete::builder().quiet(true).set_objects(Some(objects)).build().expect("objects are all that it needs")
}
