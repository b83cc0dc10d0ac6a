//! Encoding, parts, and the calls of a copy in parts.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use http_body_util::BodyExt as _;
use hyper::{Method, Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{super::super::config::Endpoints, *};

/// What S3 was asked for: method, query, range and condition of a copy, body.
type Asked = Arc<Mutex<Vec<String>>>;

/// Answers an upload in parts as S3 does, but refuses what holds `broken`.
async fn answer(request: Request<Incoming>, asked: Asked, broken: &str) -> Result<Response<String>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let header = |name| parts.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let (range, condition) = (header("x-amz-copy-source-range"), header("x-amz-copy-source-if-match"));
    let query = parts.uri.query().unwrap_or_default();
    let call = format!("{} {query} {range} {condition} {}", parts.method, String::from_utf8_lossy(&body));
    let refused = call.contains(broken);
    asked.lock().unwrap().push(call);
    if refused {
        let error = "<Error><Code>AccessDenied</Code><Message>as AWS said</Message></Error>";
        return Ok(Response::builder().status(403).body(error.to_owned()).unwrap());
    }
    let part = query.split('&').find_map(|it| it.strip_prefix("partNumber=")).unwrap_or_default();
    Ok(Response::new(match parts.method {
        Method::POST if body.is_empty() => {
            "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>".to_owned()
        }
        Method::POST => "<CompleteMultipartUploadResult/>".to_owned(),
        Method::PUT => format!("<CopyPartResult><ETag>e{part}</ETag></CopyPartResult>"),
        _ => String::new(),
    }))
}

async fn serve(listener: TcpListener, asked: Asked, broken: &'static str, tracker: TaskTracker) {
    while let Ok((socket, _)) = listener.accept().await {
        let asked = Arc::clone(&asked);
        let service = service_fn(move |request| answer(request, Arc::clone(&asked), broken));
        tracker.spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
    }
}

/// Copies 25 bytes in parts of 10, and returns what S3 was asked for.
async fn copy(broken: &'static str) -> (Result<u64, Failure>, Vec<String>) {
    let asked = Asked::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
    let server = serve(listener, Arc::clone(&asked), broken, tracker.clone());
    tracker.spawn(stop.clone().run_until_cancelled_owned(server));
    let sdk = config::local_config("eu-west-1", "k", "s", Endpoints([("S3", endpoint)].into()));
    let client = config::s3_client(&sdk);
    let object = Object { name: "x".to_owned(), size: 25, etag: "\"e\"".to_owned() };
    let copied = Box::pin(in_parts(&S3::new(&client), "lake/x", "lake", "latest/x", &object, 10)).await;
    stop.cancel();
    let asked = asked.lock().unwrap().clone();
    (copied, asked)
}

/// Returns the calls with that method whose query or body holds `text`.
fn calls<'a>(asked: &'a [String], method: &str, text: &str) -> Vec<&'a String> {
    asked.iter().filter(|it| it.starts_with(method) && it.contains(text)).collect()
}

#[tokio::test]
async fn a_large_object_is_copied_in_parts_of_one_version_and_put_together_in_order() {
    let (copied, asked) = copy("no such thing").await;
    assert_eq!(copied, Ok(25));
    for (number, range) in [(1, "bytes=0-9"), (2, "bytes=10-19"), (3, "bytes=20-24")] {
        let found = calls(&asked, "PUT", &format!("partNumber={number}&"));
        assert!(matches!(&found[..], [call] if call.contains(&format!("{range} \"e\""))), "{asked:#?}");
    }
    let last = asked.last().unwrap();
    let order: Vec<_> = ["<ETag>e1<", "<ETag>e2<", "<ETag>e3<"].iter().map(|it| last.find(it)).collect();
    assert!(order.is_sorted() && order[0].is_some(), "{last}");
    assert_eq!(calls(&asked, "DELETE", ""), Vec::<&String>::new());
}

#[tokio::test]
async fn an_upload_that_cannot_be_finished_is_given_up() {
    for broken in ["partNumber=2", "<CompleteMultipartUpload"] {
        let (copied, asked) = copy(broken).await;
        assert_eq!(copied.unwrap_err().code, "AccessDenied");
        assert_eq!(calls(&asked, "DELETE", "uploadId=u1").len(), 1, "{asked:#?}");
    }
}

#[test]
fn odd_characters_are_encoded_and_slashes_are_not() {
    for (key, expected) in [
        ("db/db.t/1/part-0.gz.parquet", "lake/db/db.t/1/part-0.gz.parquet"),
        ("a b+c%d", "lake/a%20b%2Bc%25d"),
        ("caf\u{e9}/\u{65e5}?#&=", "lake/caf%C3%A9/%E6%97%A5%3F%23%26%3D"),
    ] {
        assert_eq!(copy_source("lake", key), expected);
    }
}

proptest! {
    #[test]
    fn parts_cover_every_byte_once(size in 1_u64..1 << 45, part in 1_u64..1 << 32) {
        let parts = parts(size, part);
        prop_assert!(count(parts.len()) <= MOST_PARTS);
        let mut next = 0;
        for (number, range) in (1..).zip(&parts) {
            let (first, last) = range.1.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
            prop_assert_eq!((range.0, first.parse::<u64>().unwrap()), (number, next));
            next = last.parse::<u64>().unwrap() + 1;
        }
        prop_assert_eq!(next, size);
    }
}

#[test]
fn nothing_to_copy_is_all_of_it() {
    assert_eq!((percent(0, 0), percent(1, 3), percent(3, 3)), (100, 33, 100));
}
