//! `_manifest.json`: whose data is under `latest/`, and every key of it.

use std::collections::BTreeMap;

use aws_sdk_s3::primitives::SdkBody;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Stamp,
    calls::{Calls, Expected},
    names::Names,
    objects::Wanted,
    trouble::{Side, contested},
};
use crate::domain::{
    failure::{Class, Failure, codes},
    forecast::Published,
    source::Location,
};

mod keys;

use self::keys::Listed;
pub(super) use self::keys::{Key, Keys};

/// Where the manifest is, below the prefix.
pub(super) const NAME: &str = "_manifest.json";

/// About what a key takes in JSON beside its name, with two `ETag`s.
const ENTRY: usize = 200;

/// What is published. Written last, so that it is true of what it names as long as nobody publishes anew.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Manifest {
    pub(super) export_task: String,
    #[serde(default)]
    pub(super) snapshot_time: Option<Timestamp>,
    /// Others need not say it.
    #[serde(default)]
    published_at: Option<Timestamp>,
    /// The `s3://` address that the keys lie below, if that is not the manifest's own prefix: nothing was copied then.
    #[serde(default)]
    pub(super) location: Option<String>,
    /// Stale objects that were removed for it.
    #[serde(default)]
    pub(super) removed: u64,
    pub(super) keys: Keys,
}

/// The manifest in place.
pub(super) struct Before {
    /// `None`: there is none, or none that can be read.
    pub(super) manifest: Option<Manifest>,
    /// Why the one that is there cannot be read.
    pub(super) unreadable: Option<Failure>,
    /// What a write that replaces it expects there.
    pub(super) expected: Expected,
}

/// A [`Manifest`] that is to be written: its keys are those of what was wanted, which need not be held twice.
pub(super) struct Draft<'a> {
    pub(super) stamp: &'a Stamp,
    pub(super) published_at: Timestamp,
    /// Stale objects that were removed for it.
    pub(super) removed: u64,
    /// Where the keys lie, if that is not where the manifest is.
    pub(super) location: Option<&'a Location>,
    pub(super) wanted: &'a Wanted,
}

/// A [`Draft`] as it is written.
#[derive(Serialize)]
struct Written<'a> {
    export_task: &'a str,
    snapshot_time: Option<Timestamp>,
    published_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    removed: u64,
    keys: Listed<'a>,
}

impl Draft<'_> {
    /// Returns the JSON of the manifest at `at`.
    fn json(&self, at: &Location) -> Vec<u8> {
        let Stamp { export_task, snapshot_time, .. } = self.stamp;
        let prefix = self.location.unwrap_or(at).key("");
        let written = Written {
            export_task,
            snapshot_time: *snapshot_time,
            published_at: self.published_at,
            location: self.location.map(Location::url),
            removed: self.removed,
            keys: Listed { prefix: &prefix, wanted: self.wanted },
        };
        // What grows by doubling would for a moment be there twice.
        let mut json = Vec::with_capacity(self.wanted.len() * ENTRY + self.wanted.names().bytes());
        serde_json::to_writer(&mut json, &written).expect("texts, numbers and times are JSON");
        json
    }
}

impl Manifest {
    /// Returns what it says of `latest`, table by table. A key that is in no table's folder counts for its first folder.
    ///
    /// # Errors
    /// `ManifestUnreadable`: it does not say when it was written.
    pub(super) fn held(self, latest: &Location) -> Result<Published, Failure> {
        let Some(published_at) = self.published_at else { return Err(unreadable(latest, "it has no published_at")) };
        // A bucket's name has no slash: what comes after the first one is the prefix.
        let elsewhere = self.location.as_deref().and_then(|it| it.strip_prefix("s3://")?.split_once('/'));
        let prefix = elsewhere.map_or_else(|| latest.key(""), |(_, prefix)| prefix.to_owned());
        let mut tables = BTreeMap::new();
        for key in self.keys.iter() {
            let name = key.key.strip_prefix(&prefix).unwrap_or(&key.key);
            let end = name.match_indices('/').nth(1).map_or(name.len(), |(at, _)| at);
            match tables.get_mut(&name[..end]) {
                Some(objects) => *objects += 1,
                None => drop(tables.insert(name[..end].to_owned(), 1)),
            }
        }
        let Self { export_task, snapshot_time, .. } = self;
        Ok(Published { export_task, snapshot_time, published_at, tables })
    }

    /// Says whether `stamp` must not replace it: it is of a newer snapshot, and not what is to be replaced all the same.
    /// It is not newer if either time is unknown.
    pub(super) fn outranks(&self, stamp: &Stamp) -> bool {
        let newer = self.snapshot_time.zip(stamp.snapshot_time).is_some_and(|(there, ours)| there > ours);
        newer && stamp.replaces.as_ref() != Some(&self.export_task)
    }

    /// Returns the names that it has below `at`, in order.
    pub(super) fn names(&self, at: &Location) -> Names {
        let prefix = at.key("");
        let mut names = Names::default();
        self.keys.iter().for_each(|it| it.key.strip_prefix(&prefix).into_iter().for_each(|it| names.push(it)));
        names
    }
}

impl Before {
    /// Looks whether the manifest at `at` is still the one that was read.
    ///
    /// # Errors
    /// `LatestContested`, which is transient: it is another one. Otherwise what S3 said.
    pub(super) async fn is_still_there(&self, calls: &Calls, at: &Location) -> Result<(), Failure> {
        let same = match (&self.expected, calls.etag(at, NAME).await?) {
            (Expected::Nothing, there) => there.is_none(),
            (Expected::Etag(read), there) => there.as_ref() == Some(read),
        };
        if same { Ok(()) } else { Err(contested(at, "another manifest is there since this publish began")) }
    }
}

/// Returns the manifest at `at`. Of one that cannot be read it returns why: to replace it might be to go back.
pub(super) async fn read(calls: &Calls, at: &Location) -> Result<Before, Failure> {
    let Some(content) = calls.get(Side::Target, at, NAME).await? else {
        return Ok(Before { manifest: None, unreadable: None, expected: Expected::Nothing });
    };
    let expected = Expected::Etag(content.etag);
    Ok(match serde_json::from_slice(&content.bytes) {
        Ok(manifest) => Before { manifest: Some(manifest), unreadable: None, expected },
        Err(error) => Before { manifest: None, unreadable: Some(unreadable(at, &error.to_string())), expected },
    })
}

fn unreadable(at: &Location, why: &str) -> Failure {
    Failure::new(Class::Data, codes::MANIFEST_UNREADABLE, format!("{}{NAME}: {why}", at.url()))
}

/// Writes the manifest at `at`, if the one there is still the one that was read.
///
/// # Errors
/// `LatestContested`, which is transient: another one is there. Otherwise what S3 said.
pub(super) async fn write(calls: &Calls, at: &Location, draft: &Draft<'_>, expected: &Expected) -> Result<(), Failure> {
    let json = SdkBody::from(draft.json(at));
    let Err(failure) = calls.put(at, NAME, &json, expected).await else { return Ok(()) };
    if failure.code != "PreconditionFailed" {
        return Err(failure);
    }
    // An answer may have been lost: then what is there is what an earlier attempt has written.
    let ours = calls.get(Side::Target, at, NAME).await?.is_some_and(|it| json.bytes() == Some(&it.bytes));
    if ours { Ok(()) } else { Err(contested(at, "its manifest was written first")) }
}

#[cfg(test)]
mod tests;
