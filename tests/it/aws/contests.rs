//! Two that publish to one prefix at the same time: one wins, and nobody is told of success that is none.

use std::sync::Arc;

use aws_config::retry::RetryConfig;
use aws_sdk_s3::types::MultipartUpload;
use datalake_bot::{
    adapters::aws::s3_client,
    domain::failure::{Class, codes},
    sandbox::{
        aws::{Pace, S3},
        faults::{Fault, Hook, Kind, Moment},
    },
};

use super::{
    World,
    latest::{export, objects, of, published, put_up},
};

const MANIFEST: &str = "latest/shop/_manifest.json";

/// Does something to the lake once S3 has carried out an operation whose request holds `containing`.
fn after(world: &World, operation: &str, containing: &str, act: impl Fn(&S3) + Send + Sync + 'static) {
    let s3 = Arc::clone(&world.stand_ins.s3);
    let hook: Hook = Arc::new(move |_| act(&s3));
    let kind = Kind::Hook { at: Moment::AfterEffect, hook };
    let fault = Fault { containing: containing.to_owned(), ..Fault::once("s3", operation, kind) };
    world.front.faults.plant(fault);
}

/// Returns a world in which `a` is published and `b` is to be.
async fn world() -> World {
    let world = World::start(Pace::default()).await;
    export(&world, "a", &[("db/t/old.parquet", "old")]);
    export(&world, "b", &[("db/t/new.parquet", "new")]);
    put_up(&world, &of("a", 1)).await.unwrap();
    world
}

#[tokio::test]
async fn who_was_slower_removes_nothing_of_who_was_faster() {
    let world = world().await;
    // Somebody else ends their publish while we copy: what we have seen as stale is what they have just published.
    after(&world, "CopyObject", "", |s3| s3.put("lake", MANIFEST, "theirs").unwrap());
    let failure = put_up(&world, &of("b", 2)).await.unwrap_err();
    assert_eq!((failure.class, failure.code.as_str()), (Class::Transient, codes::LATEST_CONTESTED));
    assert!(objects(&world, "latest/shop/").contains_key("db/t/old.parquet"));
    assert_eq!(world.effects("s3", "DeleteObjects"), 0);
}

#[tokio::test]
async fn who_wins_the_manifest_does_not_say_so_of_data_that_somebody_has_removed() {
    for act in [
        |s3: &S3| s3.delete("lake", "latest/shop/db/t/new.parquet"),
        |s3: &S3| s3.put("lake", "latest/shop/db/t/theirs.parquet", "x").unwrap(),
        |s3: &S3| s3.put("lake", "latest/shop/db/t/new.parquet", "NEW").unwrap(),
    ] {
        let world = world().await;
        after(&world, "PutObject", "_manifest.json", act);
        let failure = put_up(&world, &of("b", 2)).await.unwrap_err();
        assert_eq!((failure.class, failure.code.as_str()), (Class::Transient, codes::LATEST_CONTESTED));
        // To begin anew puts it right.
        put_up(&world, &of("b", 2)).await.unwrap();
        assert_eq!(published(&world).0, objects(&world, "raw/b/"));
    }
}

#[tokio::test]
async fn two_publishers_do_not_both_write_the_manifest() {
    let world = World::start(Pace::default()).await;
    export(&world, "a", &[("db/t/x.parquet", "1")]);
    after(&world, "CopyObject", "", |s3| s3.put("lake", MANIFEST, "{}").unwrap());
    let failure = put_up(&world, &of("a", 1)).await.unwrap_err();
    assert_eq!((failure.class, failure.code.as_str()), (Class::Transient, codes::LATEST_CONTESTED));
    assert_eq!(world.stand_ins.s3.get("lake", MANIFEST).unwrap(), "{}");
}

#[tokio::test]
async fn a_manifest_that_cannot_be_read_is_replaced_only_when_somebody_has_removed_it() {
    let world = world().await;
    world.stand_ins.s3.put("lake", MANIFEST, "{\"export_task\": ").unwrap();
    let before = objects(&world, "latest/shop/");
    let failure = put_up(&world, &of("b", 2)).await.unwrap_err();
    assert_eq!((failure.class, failure.code.as_str()), (Class::Data, codes::MANIFEST_UNREADABLE));
    assert!(failure.message.starts_with("s3://lake/latest/shop/_manifest.json: "), "{}", failure.message);
    assert_eq!(objects(&world, "latest/shop/"), before);
    world.stand_ins.s3.delete("lake", MANIFEST);
    put_up(&world, &of("b", 2)).await.unwrap();
    assert_eq!(published(&world).0, objects(&world, "raw/b/"));
}

#[tokio::test]
async fn a_manifest_that_others_have_written_counts() {
    let world = world().await;
    let theirs = |second: &str| {
        let task = "backfill";
        serde_json::json!({ "export_task": task, "snapshot_time": second, "keys": [] }).to_string()
    };
    world.stand_ins.s3.put("lake", MANIFEST, theirs("2030-01-01T00:00:00Z")).unwrap();
    assert_eq!(put_up(&world, &of("b", 2)).await.unwrap_err().code, codes::LATEST_IS_NEWER);
    world.stand_ins.s3.put("lake", MANIFEST, theirs("1970-01-01T00:00:00Z")).unwrap();
    put_up(&world, &of("b", 2)).await.unwrap();
}

#[tokio::test]
async fn uploads_that_a_killed_publish_has_left_are_given_up_by_the_next_whatever_it_publishes() {
    let world = world().await;
    let client = s3_client(&super::sdk(&world.stand_ins, RetryConfig::disabled()));
    for key in ["latest/shop/db/t/killed.parquet", "latest/other/db/t/running.parquet"] {
        client.create_multipart_upload().bucket("lake").key(key).send().await.unwrap();
    }
    put_up(&world, &of("b", 2)).await.unwrap();
    let left = client.list_multipart_uploads().bucket("lake").send().await.unwrap();
    let keys: Vec<&str> = left.uploads().iter().filter_map(MultipartUpload::key).collect();
    assert_eq!(keys, ["latest/other/db/t/running.parquet"]);
}
