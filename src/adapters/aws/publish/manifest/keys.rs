//! The keys of a manifest, read and written one by one: there may be a hundred thousand.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, SeqAccess, Visitor},
    ser::SerializeSeq as _,
};

use super::super::{
    names::Names,
    objects::{Etag, Wanted},
};

/// The published objects, in the order of keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in super::super) struct Keys {
    keys: Names,
    sizes: Vec<u64>,
    etags: Vec<Etag>,
    sources: Vec<Etag>,
}

/// A published object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Key<'a> {
    /// The whole key.
    pub(in super::super) key: String,
    /// In bytes.
    pub(in super::super) size: u64,
    pub(in super::super) etag: &'a Etag,
    /// The `ETag` of the object that it is a copy of. It is another one where encryption or a copy in parts makes it so.
    pub(in super::super) source_etag: &'a Etag,
}

/// A [`Key`] in JSON.
#[derive(Serialize, Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    size: u64,
    #[serde(borrow)]
    etag: Cow<'a, str>,
    /// Empty if it is the same.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    source_etag: Cow<'a, str>,
}

/// What is in place, as the keys of a manifest.
pub(super) struct Listed<'a> {
    /// What keys begin with, before the name.
    pub(super) prefix: &'a str,
    pub(super) wanted: &'a Wanted,
}

impl Keys {
    pub(in super::super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns how many bytes all have together, as far as a number can tell: others may have written them.
    pub(in super::super) fn bytes(&self) -> u64 {
        self.sizes.iter().fold(0, |sum, it| sum.saturating_add(*it))
    }

    pub(in super::super) fn iter(&self) -> impl Iterator<Item = Key<'_>> {
        self.keys.iter().enumerate().map(|(at, key)| self.key(at, key))
    }

    fn key(&self, at: usize, key: String) -> Key<'_> {
        Key { key, size: self.sizes[at], etag: &self.etags[at], source_etag: &self.sources[at] }
    }

    /// Adds a key. `false`: it does not come after the last one.
    fn push(&mut self, entry: &Entry<'_>) -> bool {
        if !self.keys.are_before(&entry.key) {
            return false;
        }
        self.keys.push(&entry.key);
        self.sizes.push(entry.size);
        self.etags.push((&*entry.etag).into());
        self.sources.push((&*entry.source_etag).into());
        true
    }
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Keys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys in order")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Keys, A::Error> {
        let mut keys = Keys::default();
        while let Some(entry) = entries.next_element::<Entry<'_>>()? {
            if !keys.push(&entry) {
                return Err(A::Error::custom(format_args!("{} is out of order", entry.key)));
            }
        }
        Ok(keys)
    }
}

impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut keys = serializer.serialize_seq(Some(self.wanted.len()))?;
        let mut key = self.prefix.to_owned();
        for it in self.wanted.iter() {
            key.truncate(self.prefix.len());
            key.push_str(&it.name);
            let there = it.there.unwrap_or(it.etag);
            let source_etag = if there == it.etag { "".into() } else { it.etag.to_string().into() };
            let etag = there.to_string().into();
            keys.serialize_element(&Entry { key: (&*key).into(), size: it.size, etag, source_etag })?;
        }
        keys.end()
    }
}
