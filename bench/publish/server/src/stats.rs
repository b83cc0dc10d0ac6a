//! What came in: calls by operation, refused ones, most at the same time.

use std::{collections::BTreeMap, fmt::Write as _, time::Instant};

use crate::request::Operation;

/// The counts since the server, or a world, began.
#[derive(Debug)]
pub(crate) struct Stats {
    since: Instant,
    calls: BTreeMap<Operation, u64>,
    refused: u64,
    failed: u64,
    in_flight: u64,
    most_in_flight: u64,
}

impl Stats {
    pub(crate) fn new(now: Instant) -> Self {
        Self { since: now, calls: BTreeMap::new(), refused: 0, failed: 0, in_flight: 0, most_in_flight: 0 }
    }

    /// Begins anew. What is in flight stays so.
    pub(crate) fn zero(&mut self, now: Instant) {
        *self = Self { in_flight: self.in_flight, most_in_flight: self.in_flight, ..Self::new(now) };
    }

    pub(crate) fn begin(&mut self, operation: Operation) {
        *self.calls.entry(operation).or_default() += 1;
        self.in_flight += 1;
        self.most_in_flight = self.most_in_flight.max(self.in_flight);
    }

    pub(crate) fn end(&mut self) {
        self.in_flight -= 1;
    }

    /// Counts a 503.
    pub(crate) fn refuse(&mut self) {
        self.refused += 1;
    }

    /// Counts another error.
    pub(crate) fn fail(&mut self) {
        self.failed += 1;
    }

    /// Returns the counts as JSON.
    pub(crate) fn json(&self, now: Instant) -> String {
        let mut calls = String::new();
        for (operation, count) in &self.calls {
            let comma = if calls.is_empty() { "" } else { "," };
            let _ = write!(calls, "{comma}\"{operation:?}\":{count}");
        }
        format!(
            "{{\"calls\":{{{calls}}},\"total\":{},\"refused\":{},\"failed\":{},\"most_in_flight\":{},\"seconds\":{:.3}}}",
            self.calls.values().sum::<u64>(),
            self.refused,
            self.failed,
            self.most_in_flight,
            now.duration_since(self.since).as_secs_f64(),
        )
    }
}
