//! The classification file where the Glue jobs read it.
//!
//! A job that was told a digest must find the very file that has it, however often the configuration has changed since:
//! each file lies under its own digest, and is never written over.

use aws_sdk_s3::{Client, primitives::ByteStream};

use super::{error::Trouble, s3::S3};
use crate::domain::{
    failure::{Class, Failure},
    seen::Started,
    source::Source,
    stage::WaitOn,
};

/// Returns the address of the file in force; `None` if there is none, which makes everything sensitive.
pub(super) fn url(source: &Source) -> Option<String> {
    (!source.rules.file().is_empty()).then(|| format!("{}{}", source.rules_at().url(), name(source)))
}

/// Puts the file in force where it is read, unless it is there. What is wrong otherwise is returned as what came of
/// starting the job, which certainly was not started.
pub(super) async fn put(s3: &Client, source: &Source) -> Result<(), Started> {
    if source.rules.file().is_empty() {
        return Ok(());
    }
    write(&S3::new(s3), source).await.map_err(|failure| match failure.class {
        Class::Transient => Started::Refused(WaitOn::Trouble(failure)),
        Class::NewAttempt | Class::Config | Class::Data | Class::Lost => Started::Failed(failure),
    })
}

async fn write(s3: &S3<'_>, source: &Source) -> Result<(), Failure> {
    let at = source.rules_at();
    let file = ByteStream::from(source.rules.file().as_bytes().to_vec());
    let call = s3.call().put_object().bucket(&at.bucket).key(at.key(&name(source))).if_none_match("*");
    match call.content_type("application/toml").body(file).send().await.map_err(Trouble::from) {
        Ok(_) => Ok(()),
        Err(trouble) if trouble.is("PreconditionFailed") => Ok(()),
        Err(trouble) => Err(trouble.into()),
    }
}

fn name(source: &Source) -> String {
    format!("{}.toml", source.classification)
}
