//! What publishing must copy and remove: decided from listings alone.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::s3::Object,
    manifest::{self, Key, Manifest},
};
use crate::domain::{
    failure::{Class, Failure, codes},
    source::Location,
};

/// Missing keys that a failure names; the rest is a number.
const NAMED: usize = 5;

/// What is under `latest/` after the copy.
#[derive(Debug, PartialEq)]
pub(super) struct Arrived {
    /// What the manifest will name.
    pub(super) keys: Vec<Key>,
    /// What does not belong there, relative to the prefix.
    pub(super) stale: Vec<String>,
}

/// Says whether an object of an export is data: everything but the export's own status files, folder markers and what
/// begins with `_` or `.`, which readers of Parquet folders skip. `_SUCCESS` is data: it says that a table without
/// Parquet files has no rows.
pub(super) fn is_data(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    let is_status =
        file.ends_with(".json") && (file.starts_with("export_info_") || file.starts_with("export_tables_info_"));
    file == "_SUCCESS" || !(file.is_empty() || is_status || file.starts_with(['_', '.']))
}

/// Returns which of `wanted` are not `there` below `to` with the same content.
pub(super) fn missing(wanted: &[Object], there: &[Object], to: &Location, manifest: Option<&Manifest>) -> Vec<Object> {
    let there = by_name(there);
    let keys: BTreeMap<&str, &Key> = manifest.iter().flat_map(|it| &it.keys).map(|it| (it.key.as_str(), it)).collect();
    let is_there = |it: &Object| {
        there
            .get(it.name.as_str())
            .is_some_and(|there| is_same(it, there, keys.get(to.key(&it.name).as_str()).copied()))
    };
    wanted.iter().filter(|it| !is_there(it)).cloned().collect()
}

/// Says whether `there` is a copy of `wanted`: its `ETag` says so, or the manifest says of which one it is a copy. A
/// name and a size alone say nothing: other exports may have both.
fn is_same(wanted: &Object, there: &Object, key: Option<&Key>) -> bool {
    let copied = |key: &Key| key.size == there.size && key.etag == there.etag && key.source_etag == wanted.etag;
    wanted.size == there.size && (wanted.size == 0 || wanted.etag == there.etag || key.is_some_and(copied))
}

/// Compares what was `wanted` with what is `there`, below `to`, after the copy.
///
/// # Errors
/// `CopyIncomplete`: something is missing or has another size.
pub(super) fn arrived(wanted: &[Object], there: &[Object], to: &Location) -> Result<Arrived, Failure> {
    let found = by_name(there);
    let mut keys = Vec::with_capacity(wanted.len());
    let mut lost = Vec::new();
    for it in wanted {
        match found.get(it.name.as_str()).filter(|there| there.size == it.size) {
            Some(there) => keys.push(Key {
                key: to.key(&it.name),
                size: it.size,
                etag: there.etag.clone(),
                source_etag: it.etag.clone(),
            }),
            None => lost.push(it.name.as_str()),
        }
    }
    if !lost.is_empty() {
        let message = format!("{} of {}: {}", lost.len(), wanted.len(), lost[..lost.len().min(NAMED)].join(", "));
        return Err(Failure::new(Class::Data, codes::COPY_INCOMPLETE, message));
    }
    let wanted: BTreeSet<&str> = wanted.iter().map(|it| it.name.as_str()).collect();
    let belongs = |name: &str| name == manifest::NAME || wanted.contains(name);
    let stale = there.iter().filter(|it| !belongs(&it.name)).map(|it| it.name.clone()).collect();
    Ok(Arrived { keys, stale })
}

/// Says whether what is `there`, below `to`, is what the manifest names, and nothing else.
pub(super) fn is_complete(manifest: &Manifest, there: &[Object], to: &Location) -> bool {
    let named: BTreeSet<(&str, u64, &str)> =
        manifest.keys.iter().map(|it| (it.key.as_str(), it.size, it.etag.as_str())).collect();
    let there: Vec<_> = there.iter().filter(|it| it.name != manifest::NAME).collect();
    there.len() == named.len()
        && there.iter().all(|it| named.contains(&(to.key(&it.name).as_str(), it.size, it.etag.as_str())))
}

fn by_name(objects: &[Object]) -> BTreeMap<&str, &Object> {
    objects.iter().map(|it| (it.name.as_str(), it)).collect()
}

#[cfg(test)]
mod tests;
