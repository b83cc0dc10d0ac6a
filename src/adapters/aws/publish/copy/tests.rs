//! Copies in one call and in parts, and the troubles on the way.

use proptest::prelude::*;
use tokio::sync::mpsc::channel;

use super::{
    super::{
        calls::Calls,
        canned::{Answer, Canned, fine, refusal},
    },
    parts::{Sizes, Upload},
    *,
};
use crate::{clock::System, domain::source::Location, engine::ports::Progress};

const COPIED: &str = "<CopyObjectResult><ETag>\"c\"</ETag></CopyObjectResult>";
const BEGUN: &str = "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>";

/// Answers as S3 does.
fn s3(call: &str) -> Answer {
    if let Some((_, part)) = call.split_once("partNumber=") {
        let part = part.split('&').next().unwrap();
        fine(format!("<CopyPartResult><ETag>e{part}</ETag></CopyPartResult>"))
    } else if call.starts_with("PUT") {
        fine(COPIED)
    } else if call.contains("?uploads") {
        fine(BEGUN)
    } else {
        fine("<CompleteMultipartUploadResult/>")
    }
}

fn object(name: &str, size: u64) -> Object {
    Object { name: name.to_owned(), size, etag: "\"e\"".to_owned() }
}

fn location(prefix: &str) -> Location {
    Location { bucket: "lake".to_owned(), prefix: prefix.to_owned() }
}

/// Copies the objects, those above 20 bytes in parts of 10. Returns how many bytes have arrived.
async fn copy(server: &Canned, objects: &[Object]) -> Result<u64, Failure> {
    copy_until(server, objects, &CancellationToken::new()).await
}

async fn copy_until(server: &Canned, objects: &[Object], stop: &CancellationToken) -> Result<u64, Failure> {
    let (from, to) = (location("raw/a"), location("latest"));
    let calls = Calls::new(&server.client);
    let progress = Progress::default();
    let meter = Meter::new(&progress, &System);
    let mut copier = Copier::new(&calls, &from, &to);
    copier.sizes = Sizes { whole: 20, part: 10 };
    let (sender, receiver) = channel(objects.len());
    objects.iter().for_each(|it| sender.try_send(it.clone()).unwrap());
    drop(sender);
    let copied = Box::pin(all(&copier, receiver, &meter, stop)).await;
    if copied.is_err() {
        copier.give_up().await;
    }
    copied.map(|()| progress.get().bytes.unwrap())
}

#[tokio::test]
async fn a_large_object_is_copied_in_parts_of_one_version_and_put_together_in_order() {
    let server = Canned::start(|call, _| Some(s3(call))).await;
    assert_eq!(copy(&server, &[object("x", 25), object("y", 20)]).await, Ok(45));
    for (number, range) in [(1, "bytes=0-9"), (2, "bytes=10-19"), (3, "bytes=20-24")] {
        let found = server.asked(&["/latest/x?", &format!("partNumber={number}&"), &format!("{range} \"e\"")]);
        assert_eq!(found.len(), 1, "{range}");
    }
    assert_eq!(server.asked(&["PUT /lake/latest/y?x-id=CopyObject", "\"e\""]).len(), 1);
    let completed = server.asked(&["<CompleteMultipartUpload"]);
    let order: Vec<_> = ["<ETag>e1<", "<ETag>e2<", "<ETag>e3<"].iter().map(|it| completed[0].find(it)).collect();
    assert!(order.is_sorted() && order[0].is_some(), "{completed:?}");
    assert!(server.asked(&["DELETE"]).is_empty());
}

#[tokio::test]
async fn an_upload_that_cannot_be_finished_is_given_up() {
    for broken in ["partNumber=2", "<CompleteMultipartUpload"] {
        let judge = move |call: &str, _| {
            Some(if call.contains(broken) { refusal(400, "KMS.DisabledException") } else { s3(call) })
        };
        let server = Canned::start(judge).await;
        assert_eq!(copy(&server, &[object("x", 25)]).await.unwrap_err().code, "KMS.DisabledException");
        assert_eq!(server.asked(&["DELETE", "uploadId=u1"]).len(), 1);
    }
}

#[tokio::test]
async fn troubles_that_pass_cost_a_call_and_nothing_else() {
    let troubles: [fn() -> Option<Answer>; 6] = [
        || Some(refusal(503, "SlowDown")),
        || Some(refusal(500, "InternalError")),
        || Some(refusal(200, "InternalError")),
        || Some(refusal(200, "SlowDown")),
        || Some(fine("")),
        || None,
    ];
    for trouble in troubles {
        for large in [false, true] {
            let judge = move |call: &str, before| if before == 0 { trouble() } else { Some(s3(call)) };
            let server = Canned::start(judge).await;
            let size = if large { 25 } else { 5 };
            // An answer to the last call needs no more than its status.
            assert_eq!(copy(&server, &[object("x", size)]).await, Ok(size));
        }
    }
}

#[tokio::test]
async fn what_stays_in_trouble_ends_it_as_transient() {
    let server = Canned::start(|_, _| Some(refusal(500, "InternalError"))).await;
    let failure = copy(&server, &[object("x", 5)]).await.unwrap_err();
    assert_eq!((failure.class, failure.code.as_str()), (Class::Transient, "InternalError"));
    assert_eq!(server.asked(&["PUT"]).len(), 5);
}

#[tokio::test]
async fn uploads_that_are_open_are_found_and_given_up_and_one_that_is_gone_is_no_trouble() {
    let upload = |key: &str, id: &str| format!("<Upload><Key>{key}</Key><UploadId>{id}</UploadId></Upload>");
    let listed = [upload("latest/big", "u1"), upload("latest/other", "u2")].concat();
    let listed = format!("<ListMultipartUploadsResult>{listed}</ListMultipartUploadsResult>");
    let judge = move |call: &str, _| {
        Some(match call {
            it if it.starts_with("GET") => fine(listed.clone()),
            it if it.contains("uploadId=u1") => refusal(404, "NoSuchUpload"),
            _ => fine(""),
        })
    };
    let server = Canned::start(judge).await;
    let (calls, to) = (Calls::new(&server.client), location("latest"));
    let found = open(&calls, &to).await;
    assert_eq!((found.len(), server.asked(&["GET", "uploads", "prefix=latest%2F"]).len()), (2, 1));
    give_up(&calls, &to, &found).await;
    for upload in ["/latest/big?", "/latest/other?"] {
        assert_eq!(server.asked(&["DELETE", upload]).len(), 1, "{upload}");
    }
}

#[tokio::test]
async fn a_service_that_lists_no_uploads_is_no_trouble_and_is_asked_once() {
    let server = Canned::start(|_, _| Some(refusal(501, "NotImplemented"))).await;
    assert!(open(&Calls::new(&server.client), &location("latest")).await.is_empty());
    assert_eq!(server.asked(&[]).len(), 1);
}

#[tokio::test]
async fn who_is_asked_to_stop_gives_up_what_was_begun() {
    let stop = CancellationToken::new();
    let asked = stop.clone();
    // The stop comes while S3 has not yet told the upload's id.
    let judge = move |call: &str, _| {
        if call.contains("?uploads") {
            asked.cancel();
        }
        Some(s3(call))
    };
    let server = Canned::start(judge).await;
    let failure = copy_until(&server, &[object("x", 25)], &stop).await.unwrap_err();
    assert_eq!(failure.code, codes::STOPPED);
    assert_eq!(server.asked(&["DELETE", "uploadId=u1"]).len(), 1);
    assert!(server.asked(&["<CompleteMultipartUpload"]).is_empty());
}

proptest! {
    #[test]
    fn parts_cover_every_byte_once(size in 1_u64..1 << 45, part in 1_u64..1 << 32) {
        let upload = Upload::new(object("x", size), String::new(), Sizes { whole: 0, part });
        let count = upload.parts().count();
        prop_assert!(count <= 10_000);
        let mut next = 0;
        for index in 0..count {
            let (first, last) = upload.range(index);
            prop_assert_eq!(first, next);
            next = last + 1;
        }
        prop_assert_eq!(next, size);
    }
}
