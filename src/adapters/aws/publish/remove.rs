//! Removing objects.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use super::super::{
    error::{Trouble, partial},
    s3::S3,
};
use crate::domain::{
    failure::{Class, Failure},
    source::Location,
};

/// Objects in one call, the most that
/// [`DeleteObjects`](https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html) takes.
const AT_ONCE: usize = 1000;

/// Removes the objects `names` below `at`. What is gone already is no error.
pub(super) async fn all(s3: &S3<'_>, at: &Location, names: &[String]) -> Result<(), Failure> {
    for names in names.chunks(AT_ONCE) {
        let delete = request(at, names)?;
        let answer =
            s3.call().delete_objects().bucket(&at.bucket).delete(delete).send().await.map_err(Trouble::from)?;
        // The call succeeds even when single objects could not be removed.
        if let Some(error) = answer.errors().first() {
            let message = format!("{}: {}", error.key().unwrap_or_default(), error.message().unwrap_or_default());
            return Err(partial(error.code().unwrap_or("DeleteObjects"), message));
        }
    }
    Ok(())
}

fn request(at: &Location, names: &[String]) -> Result<Delete, Failure> {
    let invalid =
        |error: aws_sdk_s3::error::BuildError| Failure::new(Class::Config, "InvalidRequest", error.to_string());
    let objects: Result<Vec<_>, _> =
        names.iter().map(|it| ObjectIdentifier::builder().key(at.key(it)).build()).collect();
    Delete::builder().quiet(true).set_objects(Some(objects.map_err(invalid)?)).build().map_err(invalid)
}
