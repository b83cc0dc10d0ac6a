//! The decisions against a model: a map from names to contents.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use super::{super::Stamp, *};

/// Contents by name.
type Bucket = BTreeMap<String, String>;

fn latest() -> Location {
    Location { bucket: "lake".to_owned(), prefix: "latest/shop".to_owned() }
}

/// Lists a bucket. With `salt`, as one whose `ETag`s are no digests of the content but differ from place to place.
fn list(bucket: &Bucket, salt: &str) -> Vec<Object> {
    let object = |(name, content): (&String, &String)| Object {
        name: name.clone(),
        size: u64::try_from(content.len()).unwrap(),
        etag: format!("\"{salt}{content}\""),
    };
    bucket.iter().map(object).collect()
}

fn manifest(keys: Vec<Key>) -> Manifest {
    let stamp = Stamp { export_task: "shop-a1".to_owned(), snapshot_time: None, replaces: None };
    Manifest::new(&stamp, Timestamp::UNIX_EPOCH, 0, keys)
}

/// Publishes in the model, but is killed after `budget` copies. `None`: it did not come to its end.
fn publish(
    source: &Bucket,
    target: &mut Bucket,
    before: Option<&Manifest>,
    budget: usize,
    salt: &str,
) -> Option<Manifest> {
    let wanted = list(source, "");
    let missing = missing(&wanted, &list(target, salt), &latest(), before);
    for it in missing.iter().take(budget) {
        target.insert(it.name.clone(), source[&it.name].clone());
    }
    if missing.len() > budget {
        return None;
    }
    let arrived = arrived(&wanted, &list(target, salt), &latest()).unwrap();
    target.retain(|name, _| !arrived.stale.contains(name));
    Some(manifest(arrived.keys))
}

fn bucket() -> impl Strategy<Value = Bucket> {
    proptest::collection::btree_map("[ab]/[cd]/[efgh]", "[xyz]{0,2}", 0..10)
}

proptest! {
    #[test]
    fn cut_off_anywhere_and_repeated_it_ends_with_the_export_and_nothing_else(
        source in bucket(), mut target in bucket(), cuts in proptest::collection::vec(0_usize..6, 0..4), salted: bool,
    ) {
        let salt = if salted { "s" } else { "" };
        for budget in cuts {
            let before = target.clone();
            if publish(&source, &mut target, None, budget, salt).is_none() {
                prop_assert!(before.keys().all(|it| target.contains_key(it)), "removed before all was copied");
            }
        }
        let manifest = publish(&source, &mut target, None, usize::MAX, salt).unwrap();
        prop_assert_eq!(&target, &source);
        prop_assert!(is_complete(&manifest, &list(&target, salt), &latest()));
        let again = list(&source, "");
        prop_assert!(missing(&again, &list(&target, salt), &latest(), Some(&manifest)).is_empty());
    }

    #[test]
    fn a_manifest_that_is_not_of_what_is_there_keeps_nothing_from_being_copied(
        source in bucket(), mut target in bucket(), other in bucket(), salted: bool,
    ) {
        let salt = if salted { "s" } else { "" };
        let wanted = list(&other, "");
        let stale = arrived(&wanted, &list(&other, salt), &latest()).unwrap();
        publish(&source, &mut target, Some(&manifest(stale.keys)), usize::MAX, salt).unwrap();
        prop_assert_eq!(target, source);
    }

    #[test]
    fn any_difference_makes_it_incomplete(source in bucket(), other in bucket()) {
        let keys = arrived(&list(&source, ""), &list(&source, ""), &latest()).unwrap().keys;
        prop_assert_eq!(is_complete(&manifest(keys), &list(&other, ""), &latest()), source == other);
    }
}

#[test]
fn data_is_what_readers_of_parquet_see() {
    for (name, data) in [
        ("shop/shop.users/1/part-00000-1b-c000.gz.parquet", true),
        ("shop/shop.users/1/_SUCCESS", true),
        ("shop/public.export_info_log/1/part-0.parquet", true),
        ("export_info_shop-a1.json", false),
        ("export_tables_info_shop-a1_from_1_to_9.json", false),
        ("shop/", false),
        ("shop/shop.users/1/_started", false),
        ("shop/shop.users/1/.part-0.crc", false),
        ("_manifest.json", false),
    ] {
        assert_eq!(is_data(name), data, "{name}");
    }
}

#[test]
fn what_is_missing_or_of_another_size_is_named_and_nothing_is_stale() {
    let wanted: Bucket = (0..9).map(|it| (format!("t/{it}"), "xx".to_owned())).collect();
    let there = Bucket::from([("t/0".to_owned(), "x".to_owned()), ("t/1".to_owned(), "yy".to_owned())]);
    let failure = arrived(&list(&wanted, ""), &list(&there, ""), &latest()).unwrap_err();
    assert_eq!(failure.code, codes::COPY_INCOMPLETE);
    assert_eq!(failure.message, "8 of 9: t/0, t/2, t/3, t/4, t/5");
}

#[test]
fn the_manifest_in_place_is_never_stale() {
    let there = Bucket::from([(manifest::NAME.to_owned(), "{}".to_owned()), ("old".to_owned(), "x".to_owned())]);
    let arrived = arrived(&[], &list(&there, ""), &latest()).unwrap();
    assert_eq!(arrived.stale, ["old"]);
}
