//! What a request asks for: path-style addresses, and the operation that method, query and headers make.

use hyper::{HeaderMap, Method, Uri, body::Bytes, header::HeaderName};
use percent_encoding::percent_decode_str;

/// The operations, by the API's own names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    AbortMultipartUpload,
    CompleteMultipartUpload,
    CopyObject,
    CreateBucket,
    CreateMultipartUpload,
    DeleteObject,
    DeleteObjects,
    GetBucketLocation,
    GetObject,
    GetObjectTagging,
    HeadBucket,
    HeadObject,
    ListBuckets,
    ListMultipartUploads,
    ListObjects,
    ListObjectsV2,
    PutObject,
    UploadPartCopy,
    Unknown,
}

impl Operation {
    /// Says whether the limit of writes counts it: PUT, COPY, POST and DELETE
    /// ([performance](https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html)). One call is one
    /// write, also when it deletes a thousand keys.
    pub(crate) fn is_write(self) -> bool {
        matches!(
            self,
            Self::AbortMultipartUpload
                | Self::CompleteMultipartUpload
                | Self::CopyObject
                | Self::CreateMultipartUpload
                | Self::DeleteObject
                | Self::DeleteObjects
                | Self::PutObject
                | Self::UploadPartCopy
        )
    }
}

/// A request that has been read.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) operation: Operation,
    pub(crate) head: bool,
    /// `bucket/key`; without a key `bucket/`.
    pub(crate) path: String,
    query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) fn new(method: &Method, uri: &Uri, headers: HeaderMap, body: Bytes) -> Self {
        let decoded = decode(uri.path());
        let path = decoded.trim_start_matches('/');
        let path = if path.contains('/') { path.to_owned() } else { format!("{path}/") };
        let query = query(uri);
        let mut asked =
            Self { operation: Operation::Unknown, head: method == Method::HEAD, path, query, headers, body };
        asked.operation = asked.named(method);
        asked
    }

    /// Returns the value of `name` in the query; an empty one for a name without a value.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    /// Returns a header as text.
    pub(crate) fn header(&self, name: impl Into<HeaderName>) -> Option<&str> {
        self.headers.get(name.into())?.to_str().ok()
    }

    fn named(&self, method: &Method) -> Operation {
        let has = |name: &str| self.query(name).is_some();
        let of_bucket = self.path.ends_with('/') && self.path.matches('/').count() == 1;
        let copies = self.headers.contains_key("x-amz-copy-source");
        match (method.as_str(), of_bucket) {
            ("GET", true) if self.path == "/" => Operation::ListBuckets,
            ("GET", true) if has("uploads") => Operation::ListMultipartUploads,
            ("GET", true) if has("location") => Operation::GetBucketLocation,
            ("GET", true) if self.query("list-type") == Some("2") => Operation::ListObjectsV2,
            ("GET", true) => Operation::ListObjects,
            ("HEAD", true) => Operation::HeadBucket,
            ("PUT", true) => Operation::CreateBucket,
            ("POST", true) if has("delete") => Operation::DeleteObjects,
            ("GET", false) if has("tagging") => Operation::GetObjectTagging,
            ("GET", false) => Operation::GetObject,
            ("HEAD", false) => Operation::HeadObject,
            ("PUT", false) if has("partNumber") && copies => Operation::UploadPartCopy,
            ("PUT", false) if copies => Operation::CopyObject,
            ("PUT", false) if !has("partNumber") => Operation::PutObject,
            ("POST", false) if has("uploads") => Operation::CreateMultipartUpload,
            ("POST", false) if has("uploadId") => Operation::CompleteMultipartUpload,
            ("DELETE", false) if has("uploadId") => Operation::AbortMultipartUpload,
            ("DELETE", false) => Operation::DeleteObject,
            _ => Operation::Unknown,
        }
    }
}

/// Returns names and values of the query.
pub(crate) fn query(uri: &Uri) -> Vec<(String, String)> {
    let pairs = uri.query().unwrap_or_default().split('&').filter(|it| !it.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(&value.replace('+', " "))))
        .collect()
}

/// Returns `text` without its percent-encoding.
pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
