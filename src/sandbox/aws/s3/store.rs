//! Buckets and objects in memory.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::body::Bytes;
use jiff::Timestamp;
use s3s::{S3Result, s3_error};

use super::{
    multipart::Upload,
    object::{Headers, Object, md5_hex},
};
use crate::{clock::Clock as _, sandbox::clock::SimClock};

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// How the `ETag` of a written object comes about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Etags {
    /// The MD5 of the content.
    Md5,
    /// Nothing that can be derived from the content, as of objects encrypted with a KMS key.
    Opaque,
}

/// A bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) created: Timestamp,
    pub(super) objects: BTreeMap<String, Object>,
    pub(super) uploads: BTreeMap<String, Upload>,
}

impl Bucket {
    /// Returns the object at `key`.
    ///
    /// # Errors
    /// `NoSuchKey`.
    pub(super) fn object(&self, key: &str) -> S3Result<&Object> {
        self.objects.get(key).ok_or_else(|| s3_error!(NoSuchKey, "The specified key does not exist."))
    }

    /// Returns the objects whose keys begin with `prefix` and come after `after`, in order.
    pub(super) fn from<'a>(&'a self, prefix: &'a str, after: &str) -> impl Iterator<Item = (&'a String, &'a Object)> {
        let start = if after >= prefix { Bound::Excluded(after) } else { Bound::Included(prefix) };
        self.objects.range::<str, _>((start, Bound::Unbounded)).take_while(move |(key, _)| key.starts_with(prefix))
    }
}

/// All buckets.
#[derive(Debug)]
pub(super) struct Store {
    clock: SimClock,
    buckets: Mutex<BTreeMap<String, Bucket>>,
    copy_limit: AtomicU64,
    least_part: AtomicU64,
    /// Counts what must be unlike everything before: opaque `ETag`s, upload ids.
    serial: AtomicU64,
}

impl Store {
    pub(super) fn new(clock: SimClock) -> Self {
        Self {
            clock,
            buckets: Mutex::default(),
            copy_limit: AtomicU64::new(5 * GIB),
            least_part: AtomicU64::new(5 * MIB),
            serial: AtomicU64::new(0),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn copy_limit(&self) -> u64 {
        self.copy_limit.load(Ordering::Relaxed)
    }

    pub(super) fn set_copy_limit(&self, bytes: u64) {
        self.copy_limit.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn least_part(&self) -> u64 {
        self.least_part.load(Ordering::Relaxed)
    }

    pub(super) fn set_least_part(&self, bytes: u64) {
        self.least_part.store(bytes, Ordering::Relaxed);
    }

    /// Runs `act` on all buckets.
    pub(super) fn all<T>(&self, act: impl FnOnce(&mut BTreeMap<String, Bucket>) -> T) -> T {
        act(&mut self.buckets.lock().expect("no panic while the buckets are held"))
    }

    /// Runs `act` on one bucket.
    ///
    /// # Errors
    /// `NoSuchBucket`, or what `act` returns.
    pub(super) fn bucket<T>(&self, name: &str, act: impl FnOnce(&mut Bucket) -> S3Result<T>) -> S3Result<T> {
        self.all(|buckets| match buckets.get_mut(name) {
            Some(bucket) => act(bucket),
            None => Err(s3_error!(NoSuchBucket, "The specified bucket does not exist")),
        })
    }

    /// Makes a bucket. Returns whether there was none.
    pub(super) fn create(&self, name: &str) -> bool {
        let created = self.now();
        self.all(|buckets| {
            let is_new = !buckets.contains_key(name);
            buckets.entry(name.to_owned()).or_insert_with(|| Bucket {
                created,
                objects: BTreeMap::new(),
                uploads: BTreeMap::new(),
            });
            is_new
        })
    }

    pub(super) fn remove(&self, name: &str) {
        self.all(|buckets| buckets.remove(name));
    }

    pub(super) fn exists(&self, name: &str) -> bool {
        self.all(|buckets| buckets.contains_key(name))
    }

    /// Returns an object ready to be stored.
    pub(super) fn object(&self, body: Bytes, etags: Etags, headers: Headers) -> Object {
        let etag = match etags {
            Etags::Md5 => md5_hex(&body),
            Etags::Opaque => md5_hex(format!("encrypted {}", self.serial()).as_bytes()),
        };
        Object { body, etag, modified: self.now(), headers }
    }

    /// Writes an object.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub(super) fn write(&self, bucket: &str, key: &str, body: Bytes, etags: Etags) -> S3Result<()> {
        let object = self.object(body, etags, Headers::default());
        self.bucket(bucket, |bucket| {
            bucket.objects.insert(key.to_owned(), object);
            Ok(())
        })
    }

    /// Returns an object.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchKey`.
    pub(super) fn read(&self, bucket: &str, key: &str) -> S3Result<Object> {
        self.bucket(bucket, |bucket| bucket.object(key).cloned())
    }

    pub(super) fn keys(&self, bucket: &str, prefix: &str) -> Vec<String> {
        self.bucket(bucket, |bucket| Ok(bucket.from(prefix, "").map(|(key, _)| key.clone()).collect()))
            .unwrap_or_default()
    }

    pub(super) fn delete(&self, bucket: &str, key: &str) {
        self.all(|buckets| buckets.get_mut(bucket).and_then(|bucket| bucket.objects.remove(key)));
    }
}
