//! Conditional requests: what `If-Match` and `If-None-Match` ask of an object that is or is not there.

use s3s::{S3Result, dto::ETagCondition, s3_error};

use super::object::Object;

/// Checks the conditions of a write to a key that holds `present`.
///
/// # Errors
/// `PreconditionFailed`; `NoSuchKey` when `If-Match` is asked of an object that is not there
/// ([conditional writes](https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html)).
pub(super) fn check_write(
    present: Option<&Object>,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<()> {
    if let Some(condition) = if_none_match {
        if !condition.is_any() {
            return Err(s3_error!(
                NotImplemented,
                "A header you provided implies functionality that is not implemented"
            ));
        }
        if present.is_some() {
            return Err(failed());
        }
    }
    match (if_match, present) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(s3_error!(NoSuchKey, "The specified key does not exist.")),
        (Some(condition), Some(object)) => check(object, Some(condition), None),
    }
}

/// Checks the conditions of a read of `object`, or of a copy from it.
///
/// # Errors
/// `PreconditionFailed`.
pub(super) fn check(
    object: &Object,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<()> {
    let holds = |condition: &ETagCondition| match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(etag) => etag.value() == object.etag,
    };
    if if_match.is_some_and(|it| !holds(it)) || if_none_match.is_some_and(holds) {
        return Err(failed());
    }
    Ok(())
}

fn failed() -> s3s::S3Error {
    s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold")
}
