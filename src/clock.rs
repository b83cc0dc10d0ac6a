//! Where the time comes from: the one module that reads the system's clock.

use jiff::Timestamp;

/// Tells the time. Everything else takes `now` as an argument or asks a `Clock`.
pub trait Clock: Send + Sync + 'static {
    /// Returns the present moment, UTC.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Clock for System {
    #[expect(clippy::disallowed_methods, reason = "this module is where the clock is read")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
