//! The stage `latest`: publishing.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use aws_config::retry::RetryConfig;
use datalake_bot::{
    adapters::aws::{Published, Stamp, publish, publish_client, stamp},
    domain::{
        failure::{Class, Failure, codes},
        forecast::Holding,
        seen::{Seen, Started},
        source::Location,
        stage::StageId,
    },
    engine::ports::{Progress, Shelf as _},
    sandbox::{
        aws::Pace,
        faults::{Fault, Kind, Moment},
    },
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::World;

const STAGE: StageId = StageId::Latest;

/// Contents by key.
pub(super) type Objects = BTreeMap<String, Vec<u8>>;

pub(super) fn at(prefix: &str) -> Location {
    Location { bucket: "lake".to_owned(), prefix: prefix.to_owned() }
}

pub(super) fn objects(world: &World, prefix: &str) -> Objects {
    let keys = world.stand_ins.s3.keys("lake", prefix);
    let content = |key: &String| world.stand_ins.s3.get("lake", key).unwrap().to_vec();
    keys.iter().map(|key| (key[prefix.len()..].to_owned(), content(key))).collect()
}

/// Returns the data under `latest/`, without the manifest, and the manifest.
pub(super) fn published(world: &World) -> (Objects, Value) {
    let mut there = objects(world, "latest/shop/");
    let manifest = there.remove("_manifest.json").map_or(Value::Null, |it| serde_json::from_slice(&it).unwrap());
    (there, manifest)
}

/// Writes an export of the given objects, each containing its text.
pub(super) fn export(world: &World, task: &str, data: &[(&str, &str)]) {
    for (name, text) in data {
        world.stand_ins.s3.put("lake", &format!("raw/{task}/{name}"), (*text).to_owned()).unwrap();
    }
}

pub(super) fn of(task: &str, second: i64) -> Stamp {
    Stamp {
        export_task: task.to_owned(),
        snapshot_time: Some(jiff::Timestamp::from_second(second).unwrap()),
        replaces: None,
    }
}

pub(super) async fn put_up(world: &World, stamp: &Stamp) -> Result<Published, Failure> {
    let client = publish_client(&super::sdk(&world.stand_ins, RetryConfig::disabled()));
    let from = at(&format!("raw/{}", stamp.export_task));
    let (progress, stop) = (Progress::default(), CancellationToken::new());
    Box::pin(publish(&client, &world.front.clock, &from, &at("latest/shop"), stamp, &progress, &stop)).await
}

#[tokio::test]
async fn what_is_published_is_told_table_by_table() {
    let world = World::start(Pace::default()).await;
    assert_eq!(world.aws.holding(&world.source).await.unwrap(), Holding::Unpublished);
    let data = [("db/db.a/1/part-0.parquet", "a"), ("db/db.a/1/_SUCCESS", ""), ("db/db.b/1/_SUCCESS", "")];
    export(&world, "shop-a1", &data);
    put_up(&world, &of("shop-a1", 60)).await.unwrap();
    let Holding::Published(held) = world.aws.holding(&world.source).await.unwrap() else { panic!("it is published") };
    assert_eq!((held.export_task.as_str(), held.snapshot_time), ("shop-a1", of("", 60).snapshot_time));
    assert_eq!(held.tables, BTreeMap::from([("db/db.a".to_owned(), 2), ("db/db.b".to_owned(), 1)]));
}

#[tokio::test]
async fn an_export_is_published_and_replaces_the_one_before() {
    let world = World::start(Pace::default()).await;
    let first = world.exported().await;
    assert_eq!(world.look(&first, STAGE).await, Seen::Absent { marker: None });
    assert_eq!(world.begin(&first, STAGE).await, Started::Acted { handle: None });
    let (before, _) = published(&world);
    assert!(matches!(world.look(&first, STAGE).await, Seen::Done { .. }));

    let second = world.exported().await;
    world.begin(&second, STAGE).await;
    let mut expected = objects(&world, &format!("raw/{}/", second.export_task.as_str()));
    expected.retain(|name, _| name.contains('/'));
    let (there, manifest) = published(&world);
    assert_eq!(there, expected);
    assert!(there.keys().ne(before.keys()), "part names differ between exports");
    assert_eq!(manifest["export_task"], second.export_task.as_str());
    assert_eq!(manifest["snapshot_time"], second.snapshot_time.to_string());
    assert_eq!(manifest["keys"].as_array().unwrap().len(), there.len());
    let Seen::Done { detail, .. } = world.look(&second, STAGE).await else { panic!("done") };
    assert_eq!(detail.objects, Some(there.len() as u64));
    let holder = Some(second.export_task.to_string());
    assert_eq!(world.look(&first, STAGE).await, Seen::Absent { marker: holder });
}

#[tokio::test]
async fn what_is_there_already_is_not_copied_again_encrypted_or_not() {
    let world = World::start(Pace::default()).await;
    export(&world, "a", &[("db/t/1/x.parquet", "one"), ("db/t/1/_SUCCESS", ""), ("export_info_a.json", "{}")]);
    world.stand_ins.s3.put_encrypted("lake", "raw/a/db/t/1/y.parquet", "two").unwrap();
    let first = put_up(&world, &of("a", 1)).await.unwrap();
    assert_eq!((first.objects, first.bytes, first.copied, first.removed), (3, 6, 3, 0));
    let again = put_up(&world, &of("a", 1)).await.unwrap();
    assert_eq!((again.objects, again.copied, again.removed), (3, 0, 0));
    // The manifest read, two listings, the manifest written.
    assert_eq!(again.calls, 4);
}

#[tokio::test]
async fn odd_keys_and_more_than_a_page_of_them_arrive() {
    let world = World::start(Pace::default()).await;
    export(&world, "a", &[("db/a b/1/x+y=%2F&?#.parquet", "1"), ("db/caf\u{e9}/1/\u{65e5}\u{672c}.parquet", "2")]);
    for index in 0..1100 {
        export(&world, "a", &[(&format!("db/t/{index}.parquet"), "x")]);
        world.stand_ins.s3.put("lake", &format!("latest/shop/old/{index}"), "stale").unwrap();
    }
    let done = put_up(&world, &of("a", 1)).await.unwrap();
    assert_eq!((done.objects, done.removed), (1102, 1100));
    assert_eq!(published(&world).0, objects(&world, "raw/a/"));
    assert_eq!(world.effects("s3", "DeleteObjects"), 2);
}

#[tokio::test]
async fn an_older_snapshot_and_an_empty_export_replace_nothing() {
    let world = World::start(Pace::default()).await;
    export(&world, "a", &[("db/t/x.parquet", "old")]);
    export(&world, "b", &[("db/t/x.parquet", "new")]);
    put_up(&world, &of("b", 2)).await.unwrap();
    let before = published(&world);
    let failure = put_up(&world, &of("a", 1)).await.unwrap_err();
    assert_eq!((failure.class, failure.code.as_str()), (Class::Data, codes::LATEST_IS_NEWER));
    let failure = put_up(&world, &of("nothing", 3)).await.unwrap_err();
    assert_eq!((failure.class, failure.code.as_str()), (Class::Data, codes::COPY_INCOMPLETE));
    assert_eq!(published(&world), before);
}

#[tokio::test]
async fn the_same_name_and_size_are_not_the_same_content() {
    let world = World::start(Pace::default()).await;
    export(&world, "a", &[("db/t/x.parquet", "old")]);
    export(&world, "b", &[("db/t/x.parquet", "new")]);
    put_up(&world, &of("a", 1)).await.unwrap();
    put_up(&world, &of("b", 2)).await.unwrap();
    assert_eq!(published(&world).0, objects(&world, "raw/b/"));
}

#[tokio::test]
async fn killed_at_any_call_and_begun_again_it_ends_the_same_and_never_loses_data() {
    for skip in 0.. {
        let world = World::start(Pace::default()).await;
        let old = [("db/t/1/old.parquet", "old"), ("db/t/1/_SUCCESS", "")];
        let new = [("db/t/1/new.parquet", "new"), ("db/t/1/_SUCCESS", ""), ("db/u/1/_SUCCESS", "")];
        export(&world, "a", &old);
        export(&world, "b", &new);
        put_up(&world, &of("a", 1)).await.unwrap();
        let refuse =
            Kind::Refuse { status: 403, code: "AccessDenied".to_owned(), message: String::new(), retry_after: None };
        world.front.faults.plant(Fault { skip, ..Fault::once("s3", "*", refuse).times(usize::MAX) });
        let killed = put_up(&world, &of("b", 2)).await;
        let (there, _) = published(&world);
        let has = |data: &[(&str, &str)]| data.iter().all(|(name, _)| there.contains_key(*name));
        assert!(has(&old) || has(&new), "{skip}: {there:?}");
        world.front.faults.clear();
        put_up(&world, &of("b", 2)).await.unwrap();
        let (there, manifest) = published(&world);
        assert_eq!((there, &manifest["export_task"]), (objects(&world, "raw/b/"), &Value::from("b")));
        if killed.is_ok() {
            assert!(skip > 5, "every call was tried");
            return;
        }
    }
}

/// Publishes `b` over what is there, and looks after each call that S3 has carried out: that nothing of `kept` has gone,
/// and that all of `old` or all of `new` is there. Cut off after call number `last`, with the answers of all that is in
/// flight; returns whether it was.
async fn watched(world: &World, [kept, old, new]: [&Objects; 3], last: usize) -> bool {
    let (cut, calls, broken) = (CancellationToken::new(), AtomicUsize::new(0), Arc::new(AtomicBool::new(false)));
    let hook = {
        let (s3, cut, broken) = (Arc::clone(&world.stand_ins.s3), cut.clone(), Arc::clone(&broken));
        let [kept, old, new] = [kept.clone(), old.clone(), new.clone()];
        Arc::new(move |_| {
            let is_there = |(name, content): (&String, &Vec<u8>)| {
                s3.get("lake", &format!("latest/shop/{name}")).is_some_and(|it| it == content)
            };
            let fine = kept.iter().all(is_there) && (old.iter().all(is_there) || new.iter().all(is_there));
            broken.fetch_or(!fine, Ordering::Relaxed);
            if calls.fetch_add(1, Ordering::Relaxed) == last {
                cut.cancel();
            }
        })
    };
    let kind = Kind::Hook { at: Moment::AfterEffect, hook };
    world.front.faults.plant(Fault::once("s3", "*", kind).times(usize::MAX));
    let outcome = cut.run_until_cancelled(put_up(world, &of("b", 2))).await;
    world.front.faults.clear();
    assert!(!broken.load(Ordering::Relaxed), "{last}: something was gone too early");
    assert!(outcome.as_ref().is_none_or(Result::is_ok), "{last}: {outcome:?}");
    outcome.is_none()
}

#[tokio::test]
async fn cut_off_after_any_call_and_begun_again_it_is_as_if_it_had_not_been() {
    let name = |kind: &str, at: usize| format!("db/t{}/1/{kind}-{at}.parquet", at % 3);
    let names: Vec<[String; 3]> = (0..12).map(|it| ["same", "old", "new"].map(|kind| name(kind, it))).collect();
    let data = |kind: usize| names.iter().flat_map(move |it| [(it[0].as_str(), "same"), (it[kind].as_str(), "x")]);
    for last in (0..).step_by(3) {
        let world = World::start(Pace::default()).await;
        export(&world, "a", &data(1).collect::<Vec<_>>());
        export(&world, "b", &data(2).collect::<Vec<_>>());
        put_up(&world, &of("a", 1)).await.unwrap();
        let (old, new) = (objects(&world, "raw/a/"), objects(&world, "raw/b/"));
        let kept =
            old.iter().filter(|(name, _)| new.contains_key(*name)).map(|(a, b)| (a.clone(), b.clone())).collect();
        let was_cut = watched(&world, [&kept, &old, &new], last).await;
        watched(&world, [&kept, &old, &new], usize::MAX).await;
        let (there, manifest) = published(&world);
        assert_eq!((there, &manifest["export_task"]), (objects(&world, "raw/b/"), &Value::from("b")), "{last}");
        if !was_cut {
            assert!(last > 15, "every call was tried");
            return;
        }
    }
}

#[tokio::test]
async fn a_newer_snapshot_is_replaced_by_who_is_told_to() {
    let world = World::start(Pace::default()).await;
    export(&world, "a", &[("db/t/x.parquet", "old")]);
    export(&world, "b", &[("db/t/x.parquet", "new")]);
    put_up(&world, &of("b", 2)).await.unwrap();
    let other = Stamp { replaces: Some("c".to_owned()), ..of("a", 1) };
    assert_eq!(put_up(&world, &other).await.unwrap_err().code, codes::LATEST_IS_NEWER);
    put_up(&world, &Stamp { replaces: Some("b".to_owned()), ..of("a", 1) }).await.unwrap();
    assert_eq!(published(&world).0, objects(&world, "raw/a/"));
}

#[tokio::test]
async fn what_is_refused_for_its_pace_or_lost_on_the_way_is_sent_again() {
    let world = World::start(Pace::default()).await;
    for index in 0..40 {
        export(&world, "a", &[(&format!("db/t/{index:02}.parquet"), "x")]);
        world.stand_ins.s3.put("lake", &format!("latest/shop/old/{index}"), "stale").unwrap();
    }
    let slow = Kind::Refuse { status: 503, code: "SlowDown".to_owned(), message: String::new(), retry_after: None };
    world.front.faults.plant(Fault { skip: 10, ..Fault::once("s3", "CopyObject", slow.clone()).times(20) });
    for operation in ["ListObjectsV2", "DeleteObjects", "GetObject"] {
        world.front.faults.plant(Fault::once("s3", operation, slow.clone()).times(2));
    }
    world.front.faults.plant(Fault::once("s3", "CopyObject", Kind::Reset { at: Moment::BeforeEffect }).times(3));
    // Written, but nobody is told.
    world.front.faults.plant(Fault::once("s3", "PutObject", Kind::Reset { at: Moment::AfterEffect }));
    let done = put_up(&world, &of("a", 1)).await.unwrap();
    assert_eq!((done.copied, done.removed, done.refused), (40, 40, 26));
    assert_eq!(published(&world).0, objects(&world, "raw/a/"));
}

#[tokio::test]
async fn what_is_lost_on_the_way_keeps_the_old_data() {
    let world = World::start(Pace::default()).await;
    export(&world, "a", &[("db/t/old.parquet", "old")]);
    export(&world, "b", &[("db/t/new.parquet", "new")]);
    put_up(&world, &of("a", 1)).await.unwrap();
    let s3 = Arc::clone(&world.stand_ins.s3);
    let hook = Arc::new(move |_| s3.delete("lake", "latest/shop/db/t/new.parquet"));
    world.once("s3", "CopyObject", Kind::Hook { at: Moment::AfterEffect, hook });
    let failure = put_up(&world, &of("b", 2)).await.unwrap_err();
    let said = "1 of 1 objects are missing or of another size after the copy: db/t/new.parquet";
    assert_eq!((failure.code.as_str(), failure.message.as_str()), (codes::COPY_INCOMPLETE, said));
    let (there, manifest) = published(&world);
    assert_eq!((there, &manifest["export_task"]), (objects(&world, "raw/a/"), &Value::from("a")));
}

#[tokio::test]
async fn data_beside_what_the_manifest_names_makes_it_undone() {
    let world = World::start(Pace::default()).await;
    let run = world.exported().await;
    world.begin(&run, STAGE).await;
    world.stand_ins.s3.put("lake", "latest/shop/db/t/1/half.parquet", "of a later run").unwrap();
    let holder = Some(run.export_task.to_string());
    assert_eq!(world.look(&run, STAGE).await, Seen::Absent { marker: holder });
    world.begin(&run, STAGE).await;
    assert!(matches!(world.look(&run, STAGE).await, Seen::Done { .. }));
}

#[tokio::test]
async fn an_exports_stamp_is_read_from_its_own_file() {
    let world = World::start(Pace::default()).await;
    let run = world.exported().await;
    let client = publish_client(&super::sdk(&world.stand_ins, RetryConfig::disabled()));
    let task = run.export_task.as_str();
    let found = stamp(&client, &at(&format!("raw/{task}"))).await.unwrap();
    assert_eq!(found, Stamp { export_task: task.to_owned(), snapshot_time: Some(run.snapshot_time), replaces: None });
    let found = stamp(&client, &at("raw/other")).await.unwrap();
    assert_eq!(found, Stamp { export_task: "other".to_owned(), snapshot_time: None, replaces: None });
}
