//! The body of a request, read within the limits that the doors have around them.

use axum::body::{Body, Bytes};
use http_body_util::{BodyExt as _, LengthLimitError};

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    TooLarge,
    /// Its sender has gone, or was too slow.
    CutOff,
}

/// Returns the whole body.
///
/// # Errors
/// It was not read to its end.
pub(super) async fn read(body: Body) -> Result<Bytes, Unread> {
    match body.collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if is_too_large(&error) => Err(Unread::TooLarge),
        Err(_) => Err(Unread::CutOff),
    }
}

fn is_too_large(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<LengthLimitError>() || error.source().is_some_and(is_too_large)
}
