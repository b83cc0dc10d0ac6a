//! A reader that goes by the manifest: it reads what is named there, one object after the other, while all may change.

use std::collections::{BTreeMap, BTreeSet};

use datalake_bot::sandbox::aws::S3;
use serde_json::Value;

use super::{BUCKET, LATEST};

/// Contents by name.
pub(crate) type Objects = BTreeMap<String, Vec<u8>>;

/// How a reading has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Everything was there as the manifest names it.
    Whole,
    /// Something was not, by its absence or its `ETag`: the reader begins anew.
    Torn,
}

/// One that reads in steps.
#[derive(Debug, Default)]
pub(crate) struct Reader(Option<Held>);

/// A manifest that is being read.
#[derive(Debug)]
struct Held {
    task: String,
    etag: String,
    /// Name and `ETag` of what is not read yet, the next one last.
    left: Vec<(String, String)>,
    torn: bool,
}

impl Reader {
    /// Takes a step: reads the manifest, or the next object that it names. Returns how the reading ended, if it did.
    ///
    /// `exports` is what was exported; `settled`: nothing has begun to be published since the last one was.
    ///
    /// # Panics
    /// The manifest does not name exactly one export's data; an object that is as the manifest names it holds something
    /// else; or there is no reason for a torn reading.
    pub(crate) fn step(&mut self, s3: &S3, exports: &BTreeMap<String, Objects>, settled: bool) -> Option<Reading> {
        let Some(held) = &mut self.0 else {
            self.0 = Held::read(s3, exports);
            return None;
        };
        if let Some((name, etag)) = held.left.pop() {
            let key = format!("{LATEST}{name}");
            if s3.etag(BUCKET, &key).is_some_and(|it| it == etag) {
                let content = s3.get(BUCKET, &key).unwrap();
                assert_eq!(content, exports[&held.task][&name], "{name} is named as of {}", held.task);
            } else {
                let replaced = manifest(s3).is_none_or(|(etag, _)| etag != held.etag);
                assert!(!settled || replaced, "{}: {name} is gone, and nobody publishes", held.task);
                held.torn = true;
            }
        }
        if !held.left.is_empty() {
            return None;
        }
        let torn = held.torn;
        self.0 = None;
        Some(if torn { Reading::Torn } else { Reading::Whole })
    }
}

impl Held {
    fn read(s3: &S3, exports: &BTreeMap<String, Objects>) -> Option<Self> {
        let (etag, manifest) = manifest(s3)?;
        let task = manifest["export_task"].as_str().unwrap().to_owned();
        let text = |it: &Value, field: &str| it[field].as_str().unwrap().to_owned();
        let named = manifest["keys"].as_array().unwrap().iter();
        let left: Vec<_> = named.map(|it| (text(it, "key")[LATEST.len()..].to_owned(), text(it, "etag"))).collect();
        let names: BTreeSet<&String> = left.iter().map(|(name, _)| name).collect();
        assert!(names.iter().copied().eq(exports[&task].keys()), "the manifest of {task} names {names:?}");
        Some(Self { task, etag, left, torn: false })
    }
}

/// Returns the manifest in place, and its `ETag`.
fn manifest(s3: &S3) -> Option<(String, Value)> {
    let key = format!("{LATEST}_manifest.json");
    let json = s3.get(BUCKET, &key)?;
    Some((s3.etag(BUCKET, &key)?, serde_json::from_slice(&json).expect("it can be read at any time")))
}
