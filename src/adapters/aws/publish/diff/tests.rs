//! The decisions against a model: a map from names to contents.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Contents by name.
type Bucket = BTreeMap<String, String>;

/// What is decided, by name.
#[derive(Debug, Default, PartialEq, Eq)]
struct Decided {
    copies: Vec<String>,
    same: Vec<(String, String)>,
    stale: Vec<String>,
}

/// The `ETag` of `content` where `salt` is what encryption makes of it; without, it is a digest.
fn etag(content: &str, salt: &str) -> String {
    format!("\"{salt}{content}\"")
}

/// Lists a bucket, in pages of `size`.
fn pages(bucket: &Bucket, salt: &str, size: usize) -> VecDeque<Vec<Object>> {
    let object = |(name, content): (&String, &String)| Object {
        name: name.clone(),
        size: u64::try_from(content.len()).unwrap(),
        etag: etag(content, salt),
    };
    let all: Vec<Object> = bucket.iter().map(object).collect();
    all.chunks(size).map(<[_]>::to_vec).collect()
}

/// What a publish of `source` that came to its end says of `target`.
fn manifest(source: &Bucket, (salt, there): (&str, &str)) -> Keys {
    let key = |(name, content): (&String, &String)| {
        let (etag, source_etag) = (etag(content, there), etag(content, salt));
        json!({ "key": format!("latest/{name}"), "size": content.len(), "etag": etag, "source_etag": source_etag })
    };
    serde_json::from_value(source.iter().map(key).collect()).unwrap()
}

/// Merges the pages in the order in which they are asked for.
fn decide(mut source: VecDeque<Vec<Object>>, mut target: VecDeque<Vec<Object>>, before: &Keys) -> Decided {
    let mut diff = Diff::new(before, "latest/".to_owned());
    let mut decided = Decided::default();
    loop {
        match diff.step() {
            Step::NeedSource => diff.source(source.pop_front()),
            Step::NeedTarget => diff.target(target.pop_front()),
            Step::Copy(object) => decided.copies.push(object.name),
            Step::Same(object, etag) => decided.same.push((object.name, etag.to_string())),
            Step::Stale(name) => decided.stale.push(name),
            Step::End => return decided,
        }
    }
}

/// The same by maps: what is in place is what has the same content as far as that can be known.
fn model(source: &Bucket, target: &Bucket, before: &Bucket, (salt, there): (&str, &str)) -> Decided {
    let in_place = |(name, content): &(&String, &String)| {
        let known = salt == there || before.get(*name) == Some(*content) || content.is_empty();
        target.get(*name) == Some(*content) && known
    };
    let (same, copies): (Vec<_>, Vec<_>) = source.iter().partition(in_place);
    let stale = target.keys().filter(|it| !source.contains_key(*it)).cloned().collect();
    Decided {
        copies: copies.into_iter().map(|(name, _)| name.clone()).collect(),
        same: same.into_iter().map(|(name, content)| (name.clone(), etag(content, there))).collect(),
        stale,
    }
}

fn bucket() -> impl Strategy<Value = Bucket> {
    proptest::collection::btree_map("[ab]/[cd]/[efgh]", "[xyz]{0,2}", 0..10)
}

proptest! {
    #[test]
    fn what_is_copied_and_removed_is_what_maps_say(
        source in bucket(), target in bucket(), before in bucket(), encrypted: bool, page in 1_usize..4,
    ) {
        let salts = if encrypted { ("s", "t") } else { ("", "") };
        let keys = manifest(&before, salts);
        let decided = decide(pages(&source, salts.0, page), pages(&target, salts.1, page + 1), &keys);
        prop_assert_eq!(decided, model(&source, &target, &before, salts));
    }

    /// Killed after any number of copies, and begun again, as often as it may be.
    #[test]
    fn cut_off_anywhere_and_repeated_it_ends_with_the_export_and_nothing_else(
        source in bucket(), mut target in bucket(), cuts in proptest::collection::vec(0_usize..6, 0..4),
    ) {
        let none = Keys::default();
        let before: BTreeSet<String> = target.keys().filter(|it| source.contains_key(*it)).cloned().collect();
        for budget in cuts.into_iter().chain([usize::MAX]) {
            let decided = decide(pages(&source, "", 3), pages(&target, "", 2), &none);
            for name in decided.copies.iter().take(budget) {
                target.insert(name.clone(), source[name].clone());
            }
            prop_assert!(before.iter().all(|it| target.contains_key(it)), "less than there was");
            if decided.copies.len() <= budget {
                target.retain(|name, _| !decided.stale.contains(name));
            }
        }
        prop_assert_eq!(&target, &source);
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
        ("shop/shop.users/_temporary/0/part-0.parquet", false),
        ("shop/shop.users/_temporary/_SUCCESS", false),
        (".staging/shop.users/1/part-0.parquet", false),
        ("shop/public._users/1/part-0.parquet", true),
        ("_manifest.json", false),
    ] {
        assert_eq!(is_data(name), data, "{name}");
    }
}

#[test]
fn the_manifest_in_place_is_never_stale() {
    let there = Bucket::from([(manifest::NAME.to_owned(), "{}".to_owned()), ("old".to_owned(), "x".to_owned())]);
    let decided = decide(VecDeque::new(), pages(&there, "", 9), &Keys::default());
    assert_eq!(decided.stale, ["old"]);
}
