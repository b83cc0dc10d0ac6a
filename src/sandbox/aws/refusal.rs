//! A service's refusal of a request, before it is put into the service's own form.

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub(super) struct Refusal {
    /// HTTP status.
    pub(super) status: u16,
    /// The service's error code.
    pub(super) code: &'static str,
    /// The service's text.
    pub(super) message: String,
}

impl Refusal {
    /// Returns a refusal with status 400, as most are.
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 400, code, message: message.into() }
    }

    /// Returns a refusal with status 404.
    pub(super) fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 404, code, message: message.into() }
    }
}
