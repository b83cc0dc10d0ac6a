//! The manifest's names and order, and what it says of what is there.

use super::{
    super::{super::s3::Object, objects::Etag},
    *,
};

fn stamp(second: Option<i64>) -> Stamp {
    let snapshot_time = second.map(|it| Timestamp::from_second(it).unwrap());
    Stamp { export_task: "shop-a1".to_owned(), snapshot_time, replaces: None }
}

fn read(keys: &serde_json::Value, second: Option<i64>) -> Result<Manifest, serde_json::Error> {
    serde_json::from_value(serde_json::json!({
        "export_task": "shop-b1",
        "snapshot_time": second.map(|it| Timestamp::from_second(it).unwrap()),
        "published_at": "1970-01-01T00:00:00Z",
        "keys": keys,
    }))
}

#[test]
fn only_a_later_snapshot_that_is_not_to_be_replaced_outranks() {
    for (there, ours, replaces, outranks) in [
        (Some(2), Some(1), None, true),
        (Some(2), Some(1), Some("shop-b1"), false),
        (Some(2), Some(1), Some("shop-c1"), true),
        (Some(1), Some(1), None, false),
        (Some(1), Some(2), None, false),
        (None, Some(1), None, false),
        (Some(2), None, None, false),
    ] {
        let manifest = read(&serde_json::json!([]), there).unwrap();
        let stamp = Stamp { replaces: replaces.map(str::to_owned), ..stamp(ours) };
        assert_eq!(manifest.outranks(&stamp), outranks, "{there:?} {ours:?} {replaces:?}");
    }
}

#[test]
fn objects_are_counted_by_table() {
    let keys = ["db/db.a/1/_SUCCESS", "db/db.a/1/part-0", "db/db.b/1/_SUCCESS", "stray"];
    let keys = keys.map(|name| serde_json::json!({ "key": format!("latest/shop/{name}"), "size": 1, "etag": "" }));
    let latest = Location { bucket: "lake".to_owned(), prefix: "latest/shop".to_owned() };
    let held = read(&keys.to_vec().into(), None).unwrap().held(&latest).unwrap();
    let tables: Vec<(&str, u64)> = held.tables.iter().map(|(name, objects)| (name.as_str(), *objects)).collect();
    assert_eq!(tables, [("db/db.a", 2), ("db/db.b", 1), ("stray", 1)]);
}

#[test]
fn the_names_in_it_are_those_of_the_contract_and_come_back() {
    let mut wanted = Wanted::default();
    let object = |name: &str, etag: &str| Object { name: name.to_owned(), size: 7, etag: etag.to_owned() };
    wanted.push(&object("a", "\"1\""), Some(Etag::from("\"2\"")));
    wanted.push(&object("b \"quoted\"", "\"3\""), None);
    let (stamp, latest) = (&stamp(Some(0)), Location { bucket: "lake".to_owned(), prefix: "latest".to_owned() });
    let (published_at, removed, wanted) = (Timestamp::UNIX_EPOCH, 3, &wanted);
    let written = Draft { stamp, published_at, removed, location: None, wanted }.json(&latest);
    let expected = serde_json::json!({
        "export_task": "shop-a1",
        "snapshot_time": "1970-01-01T00:00:00Z",
        "published_at": "1970-01-01T00:00:00Z",
        "removed": 3,
        "keys": [
            { "key": "latest/a", "size": 7, "etag": "\"2\"", "source_etag": "\"1\"" },
            { "key": "latest/b \"quoted\"", "size": 7, "etag": "\"3\"" },
        ],
    });
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&written).unwrap(), expected);
    let read: Manifest = serde_json::from_slice(&written).unwrap();
    assert_eq!((read.keys.len(), read.keys.bytes(), read.removed), (2, 14, 3));
    let found = read.keys.iter().next().unwrap();
    assert_eq!(found.key, "latest/a");
    assert_eq!((found.etag.to_string(), found.source_etag.to_string()), ("\"2\"".to_owned(), "\"1\"".to_owned()));
    // A pointer says where the keys lie, and has none of its own.
    let raw = Location { bucket: "raw".to_owned(), prefix: "exports/shop-a1".to_owned() };
    let pointer = Draft { stamp, published_at, removed: 0, location: Some(&raw), wanted }.json(&latest);
    let read: Manifest = serde_json::from_slice(&pointer).unwrap();
    assert_eq!(read.location.as_deref(), Some("s3://raw/exports/shop-a1/"));
    assert!(read.keys.iter().any(|it| it.key == "exports/shop-a1/a") && read.names(&latest).len() == 0);
}

#[test]
fn sizes_that_are_more_than_a_number_can_tell_are_no_trouble() {
    let key = |name: &str| serde_json::json!({ "key": name, "size": u64::MAX, "etag": "" });
    let read = read(&serde_json::json!([key("a"), key("b")]), None).unwrap();
    assert_eq!(read.keys.bytes(), u64::MAX);
}

#[test]
fn keys_that_are_out_of_order_are_none() {
    let key = |name: &str| serde_json::json!({ "key": name, "size": 1, "etag": "" });
    assert!(read(&serde_json::json!([key("a"), key("b")]), None).is_ok());
    for keys in [[key("b"), key("a")], [key("a"), key("a")]] {
        assert!(read(&serde_json::json!(keys), None).is_err());
    }
}
