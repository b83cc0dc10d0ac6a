//! `_manifest.json`: whose data is under `latest/`, and every key of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{
    super::s3::{Expected, S3},
    Stamp,
};
use crate::domain::{failure::Failure, forecast::Published, source::Location};

/// Where the manifest is, below the prefix.
pub(super) const NAME: &str = "_manifest.json";

/// What is published. Written last, so that it is true of what it names as long as nobody publishes anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) export_task: String,
    #[serde(default)]
    pub(super) snapshot_time: Option<Timestamp>,
    pub(super) published_at: Timestamp,
    /// The `s3://` address that the keys lie below, if that is not the manifest's own prefix: nothing was copied then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) location: Option<String>,
    /// Stale objects that were removed for it.
    #[serde(default)]
    pub(super) removed: u64,
    pub(super) keys: Vec<Key>,
}

/// A published object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Key {
    /// The whole key.
    pub(super) key: String,
    pub(super) size: u64,
    pub(super) etag: String,
    /// The `ETag` of the object that it is a copy of. It is another one where encryption or a copy in parts makes it so.
    #[serde(default)]
    pub(super) source_etag: String,
}

/// The manifest in place.
pub(super) struct Before {
    /// `None`: there is none, or none that can be read.
    pub(super) manifest: Option<Manifest>,
    /// What a write that replaces it expects there.
    pub(super) expected: Expected,
}

impl Manifest {
    pub(super) fn new(stamp: &Stamp, published_at: Timestamp, removed: u64, keys: Vec<Key>) -> Self {
        let Stamp { export_task, snapshot_time, .. } = stamp.clone();
        Self { export_task, snapshot_time, published_at, location: None, removed, keys }
    }

    /// Returns what it says of `latest`, table by table. A key that is in no table's folder counts for its first folder.
    pub(super) fn held(self, latest: &Location) -> Published {
        // A bucket's name has no slash: what comes after the first one is the prefix.
        let elsewhere = self.location.as_deref().and_then(|it| it.strip_prefix("s3://")?.split_once('/'));
        let prefix = elsewhere.map_or_else(|| latest.key(""), |(_, prefix)| prefix.to_owned());
        let mut tables = BTreeMap::new();
        for key in &self.keys {
            let name = key.key.strip_prefix(&prefix).unwrap_or(&key.key);
            let table = name.split('/').take(2).collect::<Vec<_>>().join("/");
            *tables.entry(table).or_default() += 1;
        }
        let Self { export_task, snapshot_time, published_at, .. } = self;
        Published { export_task, snapshot_time, published_at, tables }
    }

    /// Says whether the manifest is of a newer snapshot than `stamp`, and not what that may replace. It is not if either
    /// time is unknown.
    pub(super) fn is_newer_than(&self, stamp: &Stamp) -> bool {
        let may_be_replaced = stamp.replaces.as_ref() == Some(&self.export_task);
        !may_be_replaced && self.snapshot_time.zip(stamp.snapshot_time).is_some_and(|(there, ours)| there > ours)
    }
}

/// Returns the manifest at `at`. One that cannot be read says nothing of what is there, and is replaced by the next.
pub(super) async fn read(s3: &S3<'_>, at: &Location) -> Result<Before, Failure> {
    let Some(content) = s3.read(at, NAME).await? else {
        return Ok(Before { manifest: None, expected: Expected::Nothing });
    };
    let manifest = serde_json::from_slice(&content.bytes)
        .inspect_err(|error| warn!(manifest = at.key(NAME), %error, "The manifest cannot be read"))
        .ok();
    Ok(Before { manifest, expected: Expected::Etag(content.etag) })
}

/// Writes the manifest, if the one in place is still the one that was read.
pub(super) async fn write(s3: &S3<'_>, at: &Location, manifest: &Manifest, expected: Expected) -> Result<(), Failure> {
    let json = serde_json::to_vec_pretty(manifest).expect("texts, numbers and times are JSON");
    s3.write(at, NAME, json, expected).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(second: Option<i64>) -> Stamp {
        let snapshot_time = second.map(|it| Timestamp::from_second(it).unwrap());
        Stamp { export_task: "shop-a1".to_owned(), snapshot_time, replaces: None }
    }

    #[test]
    fn only_a_later_snapshot_is_newer() {
        for (there, ours, newer) in [
            (Some(2), Some(1), true),
            (Some(1), Some(1), false),
            (Some(1), Some(2), false),
            (None, Some(1), false),
            (Some(2), None, false),
        ] {
            let manifest = Manifest::new(&stamp(there), Timestamp::UNIX_EPOCH, 0, Vec::new());
            assert_eq!(manifest.is_newer_than(&stamp(ours)), newer, "{there:?} {ours:?}");
        }
        let newer = Manifest::new(&stamp(Some(2)), Timestamp::UNIX_EPOCH, 0, Vec::new());
        let replaces = |name: &str| Stamp { replaces: Some(name.to_owned()), ..stamp(Some(1)) };
        assert!(!newer.is_newer_than(&replaces("shop-a1")), "somebody rolls back from it");
        assert!(newer.is_newer_than(&replaces("shop-a2")), "from that one, and no other");
    }

    #[test]
    fn objects_are_counted_by_table() {
        let key = |name: &str| {
            let key = format!("latest/shop/{name}");
            Key { key, size: 1, etag: String::new(), source_etag: String::new() }
        };
        let keys = ["db/db.a/1/part-0", "db/db.a/1/_SUCCESS", "db/db.b/1/_SUCCESS", "stray"].map(key).to_vec();
        let latest = Location { bucket: "lake".to_owned(), prefix: "latest/shop".to_owned() };
        let held = Manifest::new(&stamp(Some(0)), Timestamp::UNIX_EPOCH, 0, keys).held(&latest);
        let tables: Vec<(&str, u64)> = held.tables.iter().map(|(name, objects)| (name.as_str(), *objects)).collect();
        assert_eq!(tables, [("db/db.a", 2), ("db/db.b", 1), ("stray", 1)]);
    }

    #[test]
    fn the_names_in_it_are_those_of_the_contract() {
        let key =
            Key { key: "latest/a".to_owned(), size: 1, etag: "\"1\"".to_owned(), source_etag: "\"2\"".to_owned() };
        let manifest = Manifest::new(&stamp(Some(0)), Timestamp::UNIX_EPOCH, 3, vec![key]);
        let expected = serde_json::json!({
            "export_task": "shop-a1",
            "snapshot_time": "1970-01-01T00:00:00Z",
            "published_at": "1970-01-01T00:00:00Z",
            "removed": 3,
            "keys": [{ "key": "latest/a", "size": 1, "etag": "\"1\"", "source_etag": "\"2\"" }],
        });
        assert_eq!(serde_json::to_value(manifest).unwrap(), expected);
    }
}
