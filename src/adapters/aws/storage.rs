//! Removing what nothing needs any more: page by page, so that memory does not grow with what is there.

use async_trait::async_trait;
use aws_sdk_s3::{
    Client,
    types::{Delete, Object, ObjectIdentifier},
};

use super::{
    Aws,
    error::{Trouble, partial},
};
use crate::{
    domain::{failure::Failure, source::Location},
    engine::ports::{Removed, Storage},
};

#[async_trait]
impl Storage for Aws {
    async fn remove(&self, at: &Location) -> Result<Removed, Failure> {
        let mut removed = Removed::default();
        let mut token = None;
        loop {
            // A page has as many keys as one DeleteObjects takes: 1,000
            // (https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html).
            let call = self.s3.list_objects_v2().bucket(&at.bucket).prefix(at.key(""));
            let page = call.set_continuation_token(token).send().await.map_err(Trouble::from)?;
            if !page.contents().is_empty() {
                delete(&self.s3, at, page.contents()).await?;
            }
            let bytes = page.contents().iter().filter_map(|it| u64::try_from(it.size()?).ok()).sum::<u64>();
            removed.objects += u64::try_from(page.contents().len()).unwrap_or_default();
            removed.bytes += bytes;
            token = page.next_continuation_token;
            if token.is_none() {
                return Ok(removed);
            }
        }
    }
}

async fn delete(s3: &Client, at: &Location, objects: &[Object]) -> Result<(), Failure> {
    let named = |key: &str| ObjectIdentifier::builder().key(key).build().expect("the key is all that it needs");
    let objects = objects.iter().filter_map(Object::key).map(named).collect();
    let delete = Delete::builder().quiet(true).set_objects(Some(objects)).build().expect("objects are all it needs");
    let answer = s3.delete_objects().bucket(&at.bucket).delete(delete).send().await.map_err(Trouble::from)?;
    // The call succeeds even when single objects could not be removed.
    match answer.errors().first() {
        Some(error) => {
            let message = format!("{}: {}", error.key().unwrap_or_default(), error.message().unwrap_or_default());
            Err(partial(error.code().unwrap_or("DeleteObjects"), message).into())
        }
        None => Ok(()),
    }
}
