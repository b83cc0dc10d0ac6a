//! A store of marks, and clocks that are wrong, for tests with paused time.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::{
    clock::Clock,
    engine::ports::{Lane, Mark, PaceMarks, StoreError, Swap},
};

/// Keeps marks, or refuses to.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    marks: Mutex<HashMap<Lane, Mark>>,
    pub(crate) down: AtomicBool,
}

impl Memory {
    pub(crate) fn put(&self, lane: Lane, mark: Mark) {
        self.marks.lock().unwrap().insert(lane, mark);
    }
}

#[async_trait]
impl PaceMarks for Memory {
    async fn swap(&self, lane: &Lane, was: u64, next: &Mark) -> Result<Swap, StoreError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::NoAnswer);
        }
        let mut marks = self.marks.lock().unwrap();
        let found = marks.get(lane).cloned();
        if found.as_ref().map_or(0, |it| it.version) != was {
            return Ok(Swap::Lost(found));
        }
        marks.insert(lane.clone(), next.clone());
        Ok(Swap::Done)
    }
}

/// A clock that goes with the paused time, and is wrong by `skew`.
#[derive(Debug)]
pub(crate) struct Wall {
    pub(crate) skew: SignedDuration,
    start: Instant,
}

impl Wall {
    pub(crate) fn ahead_by(skew: SignedDuration) -> Arc<Self> {
        Arc::new(Self { skew, start: Instant::now() })
    }
}

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        let begin: Timestamp = "2026-11-22T03:00:00Z".parse().unwrap();
        begin + SignedDuration::try_from(self.start.elapsed()).unwrap() + self.skew
    }
}
