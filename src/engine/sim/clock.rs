//! The clock of a replica: the right time, and how much it is off.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::world::World;
use crate::clock::Clock;

/// A clock that is wrong by `skew`, always.
pub(super) struct Skewed {
    pub(super) world: Arc<World>,
    pub(super) skew: SignedDuration,
}

impl Clock for Skewed {
    fn now(&self) -> Timestamp {
        self.world.now() + self.skew
    }
}
