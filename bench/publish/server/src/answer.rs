//! Answers as S3 gives them, and its refusals.

use http_body_util::Full;
use hyper::{
    Response, StatusCode,
    body::Bytes,
    header::{CONTENT_TYPE, HeaderValue},
};

/// An answer with its whole body.
pub(crate) type Answer = Response<Full<Bytes>>;

/// What is refused, and why.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal(pub(crate) u16, pub(crate) &'static str, pub(crate) &'static str);

impl Refusal {
    pub(crate) const SLOW_DOWN: Self = Self(503, "SlowDown", "Please reduce your request rate.");
    pub(crate) const NO_KEY: Self = Self(404, "NoSuchKey", "The specified key does not exist.");
    pub(crate) const NO_UPLOAD: Self = Self(404, "NoSuchUpload", "The specified upload does not exist.");
    pub(crate) const CONDITION: Self =
        Self(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
    pub(crate) const TOO_LARGE: Self =
        Self(400, "InvalidRequest", "The specified copy source is larger than the maximum allowable size: 5368709120");
    pub(crate) const BAD_PART: Self =
        Self(400, "InvalidPart", "One or more of the specified parts could not be found.");
    pub(crate) const SMALL_PART: Self =
        Self(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size");
    pub(crate) const BAD_ARGUMENT: Self = Self(400, "InvalidArgument", "Invalid Argument");
    pub(crate) const UNKNOWN: Self =
        Self(501, "NotImplemented", "A header or parameter you provided implies functionality that is not implemented");

    /// Returns it as an answer; `head`: without its body.
    pub(crate) fn answer(self, head: bool) -> Answer {
        let Self(status, code, message) = self;
        let body = if head {
            String::new()
        } else {
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
            )
        };
        let mut answer = xml(body);
        *answer.status_mut() = StatusCode::from_u16(status).expect("the constants above are in range");
        answer
    }
}

/// Returns an answer of XML.
pub(crate) fn xml(body: String) -> Answer {
    let mut answer = Response::new(Full::from(body));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    answer
}

/// Returns an answer without a body.
pub(crate) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}

/// Returns `body` inside `<name>`, in S3's namespace.
pub(crate) fn element(name: &str, body: &str) -> Answer {
    xml(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{name} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{body}</{name}>"
    ))
}
