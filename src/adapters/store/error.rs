//! What an error of DynamoDB means: nothing was written, or nobody knows.

use std::{error::Error as StdError, io};

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
};

use crate::engine::ports::StoreError;

/// Code of a condition that did not hold.
const CONDITION: &str = "ConditionalCheckFailedException";

pub(super) fn is_condition<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    error.code() == Some(CONDITION)
}

/// Reads an error that is not a condition's.
#[expect(clippy::needless_pass_by_value, reason = "it ends here: what `map_err` hands over")]
pub(super) fn trouble<E>(error: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let answered = error.raw_response().map(|it| it.status().as_u16());
    let certain = matches!(error, SdkError::ConstructionFailure(_))
        || answered.is_some_and(|it| it < 500)
        || never_connected(&error);
    if certain { StoreError::Refused(DisplayErrorContext(&error).to_string()) } else { StoreError::NoAnswer }
}

/// Says whether the request cannot have been sent, because nobody was there.
fn never_connected(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.downcast_ref::<io::Error>().is_some_and(|it| it.kind() == io::ErrorKind::ConnectionRefused) {
            return true;
        }
        next = error.source();
    }
    false
}
