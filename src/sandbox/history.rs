//! What reached the stand-ins, in order: tests judge the bot by this, not by what it says of itself.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// One request that a stand-in has answered.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Position in the history, from 0.
    pub seq: usize,
    /// The stand-ins' time.
    pub at: Timestamp,
    /// `rds`, `glue`, `s3`, `dynamodb`, `sns`, `sqs` or `slack`.
    pub service: &'static str,
    /// The API's own name: `StartExportTask`, `CopyObject`, `chat.postMessage`.
    pub operation: String,
    /// The error code that was answered. `None`: the request was carried out.
    pub error: Option<String>,
    /// What the stand-in wants a test to see of it: names, arguments, texts.
    pub note: Value,
}

/// The requests that reached the stand-ins. Clones share one history.
#[derive(Clone, Debug, Default)]
pub struct History(Arc<Mutex<Vec<Entry>>>);

impl History {
    /// Adds an entry at the end.
    pub fn add(&self, at: Timestamp, service: &'static str, operation: &str, error: Option<String>, note: Value) {
        let mut entries = self.0.lock().expect("no panic while the history is held");
        let seq = entries.len();
        entries.push(Entry { seq, at, service, operation: operation.to_owned(), error, note });
    }

    /// Returns every entry so far.
    pub fn all(&self) -> Vec<Entry> {
        self.0.lock().expect("no panic while the history is held").clone()
    }

    /// Returns the calls of one operation, refused ones too.
    pub fn calls(&self, service: &str, operation: &str) -> Vec<Entry> {
        self.all().into_iter().filter(|it| it.service == service && it.operation == operation).collect()
    }

    /// Returns the calls of one operation that were carried out.
    pub fn effects(&self, service: &str, operation: &str) -> Vec<Entry> {
        self.calls(service, operation).into_iter().filter(|it| it.error.is_none()).collect()
    }
}
