//! S3 as the SDK sees it.

use aws_sdk_s3::{
    Client,
    error::ProvideErrorMetadata as _,
    primitives::ByteStream,
    types::{CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier},
};

use super::World;
use crate::sandbox::aws::Pace;

async fn world() -> World {
    World::start(Pace::instant()).await
}

fn put(client: &Client, key: &str, body: &str) -> aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder {
    client.put_object().bucket("lake").key(key).body(ByteStream::from(body.as_bytes().to_vec()))
}

#[tokio::test]
async fn objects_are_written_read_and_removed() {
    let world = world().await;
    let key = "a folder/日本 + é%/x.parquet";
    let written = put(&world.s3, key, "hello").content_type("text/plain").send().await.unwrap();
    assert_eq!(written.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    let head = world.s3.head_object().bucket("lake").key(key).send().await.unwrap();
    assert_eq!((head.content_length(), head.content_type()), (Some(5), Some("text/plain")));
    let part = world.s3.get_object().bucket("lake").key(key).range("bytes=1-3").send().await.unwrap();
    assert_eq!(part.content_range(), Some("bytes 1-3/5"));
    assert_eq!(part.body.collect().await.unwrap().into_bytes(), "ell");
    world.s3.delete_object().bucket("lake").key(key).send().await.unwrap();
    let gone = world.s3.get_object().bucket("lake").key(key).send().await.unwrap_err().into_service_error();
    assert!(gone.is_no_such_key());
    assert!(
        world.s3.head_object().bucket("lake").key(key).send().await.unwrap_err().into_service_error().is_not_found()
    );
    assert_eq!(world.front.history.calls("s3", "PutObject")[0].note["key"], key);
}

#[tokio::test]
async fn a_bucket_has_a_region_or_is_not_there() {
    let world = world().await;
    let head = world.s3.head_bucket().bucket("lake").send().await.unwrap();
    assert_eq!(head.bucket_region(), Some("ap-northeast-1"));
    let location = world.s3.get_bucket_location().bucket("lake").send().await.unwrap();
    assert_eq!(location.location_constraint().map(|it| it.as_str()), Some("ap-northeast-1"));
    assert!(world.s3.head_bucket().bucket("none").send().await.unwrap_err().into_service_error().is_not_found());
    let put = world.s3.put_object().bucket("none").key("x").send().await.unwrap_err();
    assert_eq!(put.code(), Some("NoSuchBucket"));
    let list = world.s3.list_objects_v2().bucket("none").send().await.unwrap_err().into_service_error();
    assert!(list.is_no_such_bucket());
}

#[tokio::test]
async fn a_write_may_have_conditions() {
    let world = world().await;
    let first = put(&world.s3, "pointer", "1").if_none_match("*").send().await.unwrap();
    let again = put(&world.s3, "pointer", "2").if_none_match("*").send().await.unwrap_err();
    assert_eq!(again.code(), Some("PreconditionFailed"));
    let wrong = put(&world.s3, "pointer", "2").if_match("\"other\"").send().await.unwrap_err();
    assert_eq!(wrong.code(), Some("PreconditionFailed"));
    put(&world.s3, "pointer", "2").if_match(first.e_tag().unwrap()).send().await.unwrap();
    let missing = put(&world.s3, "nothing", "2").if_match("\"other\"").send().await.unwrap_err();
    assert_eq!(missing.code(), Some("NoSuchKey"));
    assert_eq!(world.aws.s3.get("lake", "pointer").unwrap(), "2");
}

#[tokio::test]
async fn copies_keep_the_content_and_check_their_source() {
    let world = world().await;
    world.aws.s3.put_encrypted("raw", "a b/x", "hello").unwrap();
    let source = world.s3.head_object().bucket("raw").key("a b/x").send().await.unwrap();
    let copy = |source: &str| world.s3.copy_object().bucket("lake").key("latest/x").copy_source(source);
    let copied = copy("raw/a%20b/x").copy_source_if_match(source.e_tag().unwrap()).send().await.unwrap();
    assert_eq!(world.aws.s3.get("lake", "latest/x").unwrap(), "hello");
    // The source is encrypted with a KMS key, the copy is not.
    assert_ne!(copied.copy_object_result().unwrap().e_tag(), source.e_tag());
    let entry = &world.front.history.effects("s3", "CopyObject")[0];
    assert_eq!((&entry.note["source"], &entry.note["target"]), (&"raw/a b/x".into(), &"lake/latest/x".into()));

    let refused = async |request: aws_sdk_s3::operation::copy_object::builders::CopyObjectFluentBuilder| {
        request.send().await.unwrap_err().code().map(str::to_owned)
    };
    assert_eq!(
        refused(copy("raw/a%20b/x").copy_source_if_match("\"no\"")).await.as_deref(),
        Some("PreconditionFailed")
    );
    assert_eq!(refused(copy("raw/none")).await.as_deref(), Some("NoSuchKey"));
    assert_eq!(refused(copy("none/x")).await.as_deref(), Some("NoSuchBucket"));
    assert_eq!(refused(copy("lake/latest/x")).await.as_deref(), Some("InvalidRequest"));
    world.aws.s3.set_copy_limit(4);
    assert_eq!(refused(copy("raw/a%20b/x")).await.as_deref(), Some("InvalidRequest"));
}

#[tokio::test]
async fn a_large_object_is_copied_in_parts() {
    let world = world().await;
    world.aws.s3.set_least_part(4);
    world.aws.s3.put("raw", "big", "hello world").unwrap();
    let begun = world.s3.create_multipart_upload().bucket("lake").key("big").send().await.unwrap();
    let upload = begun.upload_id().unwrap();
    let mut parts = Vec::new();
    for (number, range) in [(1, "bytes=0-5"), (2, "bytes=6-10")] {
        let part = world.s3.upload_part_copy().bucket("lake").key("big").upload_id(upload).part_number(number);
        let part = part.copy_source("raw/big").copy_source_range(range).send().await.unwrap();
        let etag = part.copy_part_result.unwrap().e_tag.unwrap();
        parts.push(CompletedPart::builder().part_number(number).e_tag(etag).build());
    }
    let complete = |parts: Vec<CompletedPart>| {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        world.s3.complete_multipart_upload().bucket("lake").key("big").upload_id(upload).multipart_upload(parts).send()
    };
    let reversed = complete(parts.iter().rev().cloned().collect()).await.unwrap_err();
    assert_eq!(reversed.code(), Some("InvalidPartOrder"));
    world.aws.s3.set_least_part(7);
    assert_eq!(complete(parts.clone()).await.unwrap_err().code(), Some("EntityTooSmall"));
    world.aws.s3.set_least_part(4);
    let done = complete(parts.clone()).await.unwrap();
    assert!(done.e_tag().unwrap().ends_with("-2\""));
    assert_eq!(world.aws.s3.get("lake", "big").unwrap(), "hello world");
    assert_eq!(complete(parts).await.unwrap_err().code(), Some("NoSuchUpload"));
}

#[tokio::test]
async fn lists_come_in_pages_of_a_thousand() {
    let world = world().await;
    for index in 0..2345 {
        world.aws.s3.put("lake", &format!("many/{}/{index:05}", index % 3), "x").unwrap();
    }
    let mut pages = world.s3.list_objects_v2().bucket("lake").prefix("many/").into_paginator().send();
    let mut sizes = Vec::new();
    let mut keys = Vec::new();
    while let Some(page) = pages.try_next().await.unwrap() {
        sizes.push(page.contents().len());
        keys.extend(page.contents().iter().map(|it| it.key().unwrap().to_owned()));
        assert!(page.contents().iter().all(|it| it.e_tag().is_some() && it.size() == Some(1)));
    }
    assert_eq!(sizes, [1000, 1000, 345]);
    assert_eq!(keys, world.aws.s3.keys("lake", "many/"));

    let after = world.s3.list_objects_v2().bucket("lake").start_after("many/2/02340").send().await.unwrap();
    assert_eq!(after.contents().len(), 1);
    let folders = world.s3.list_objects_v2().bucket("lake").prefix("many/").delimiter("/").max_keys(2);
    let first = folders.clone().send().await.unwrap();
    assert_eq!(first.common_prefixes().len(), 2);
    let rest = folders.continuation_token(first.next_continuation_token().unwrap()).send().await.unwrap();
    assert_eq!(rest.common_prefixes()[0].prefix(), Some("many/2/"));
    assert_eq!(rest.is_truncated(), Some(false));
}

#[tokio::test]
async fn at_most_a_thousand_keys_are_deleted_at_once() {
    let world = world().await;
    let delete = |count: usize| {
        let objects = (0..count).map(|it| ObjectIdentifier::builder().key(format!("k&{it}")).build().unwrap());
        let delete = Delete::builder().set_objects(Some(objects.collect())).build().unwrap();
        world.s3.delete_objects().bucket("lake").delete(delete).send()
    };
    world.aws.s3.put("lake", "k&7", "x").unwrap();
    assert_eq!(delete(1001).await.unwrap_err().code(), Some("MalformedXML"));
    assert!(world.aws.s3.get("lake", "k&7").is_some());
    assert_eq!(delete(1000).await.unwrap().deleted().len(), 1000);
    assert!(world.aws.s3.get("lake", "k&7").is_none());
    let calls = world.front.history.calls("s3", "DeleteObjects");
    assert_eq!(calls[0].error.as_deref(), Some("MalformedXML"));
    assert_eq!(calls[1].note["keys"][7], "k&7");
}

#[tokio::test]
async fn a_wrong_key_is_refused() {
    let world = world().await;
    let credentials = aws_sdk_s3::config::Credentials::new("sandbox", "wrong", None, None, "test");
    let config = world.s3.config().to_builder().credentials_provider(credentials).build();
    let refused = Client::from_conf(config).list_objects_v2().bucket("lake").send().await.unwrap_err();
    assert_eq!(refused.code(), Some("SignatureDoesNotMatch"));
}
