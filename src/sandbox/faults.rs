//! Troubles that a test plants in front of a stand-in: refusals, delays, lost connections, and hooks that may kill the
//! bot, each at a moment before or after the effect.

use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

/// When, in the life of one request, a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The request has been read; nothing has happened.
    BeforeEffect,
    /// The request has been carried out; no answer has been sent.
    AfterEffect,
    /// The answer has been sent.
    AfterAnswer,
}

/// What a test does in the middle of a request; it is told from which address the request came.
pub type Hook = Arc<dyn Fn(SocketAddr) + Send + Sync>;

/// What a fault does.
#[derive(Clone)]
pub enum Kind {
    /// Answers an error in the service's own form; the request has no effect.
    Refuse { status: u16, code: String, message: String, retry_after: Option<u64> },
    /// Waits.
    Delay { at: Moment, by: Duration },
    /// Closes the connection without an answer.
    Reset { at: Moment },
    /// Carries the request out, and closes the connection in the middle of the answer's body.
    Cut,
    /// Runs `hook`, which may for instance kill the process that has called.
    Hook { at: Moment, hook: Hook },
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refuse { code, .. } => write!(f, "Refuse({code})"),
            Self::Delay { at, by } => write!(f, "Delay({at:?}, {by:?})"),
            Self::Reset { at } => write!(f, "Reset({at:?})"),
            Self::Cut => write!(f, "Cut"),
            Self::Hook { at, .. } => write!(f, "Hook({at:?})"),
        }
    }
}

/// A planted trouble.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Service it waits for.
    pub service: &'static str,
    /// Operation it waits for; `*` is any.
    pub operation: String,
    /// Text that the request's address or body must hold. Empty: any request.
    pub containing: String,
    /// How many matching requests pass first.
    pub skip: usize,
    /// How many it strikes after those.
    pub times: usize,
    /// What it does.
    pub kind: Kind,
}

impl Fault {
    /// Returns a fault that strikes the next request of `operation`, once.
    pub fn once(service: &'static str, operation: &str, kind: Kind) -> Self {
        Self { service, operation: operation.to_owned(), containing: String::new(), skip: 0, times: 1, kind }
    }

    /// Returns the fault striking `times` requests.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// Returns the fault striking only requests that hold `text`.
    #[must_use]
    pub fn containing(self, text: &str) -> Self {
        Self { containing: text.to_owned(), ..self }
    }
}

/// The planted troubles. Clones share one set.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Vec<Fault>>>);

impl Faults {
    /// Adds a fault.
    pub fn plant(&self, fault: Fault) {
        self.0.lock().expect("no panic while the faults are held").push(fault);
    }

    /// Removes every fault.
    pub fn clear(&self) {
        self.0.lock().expect("no panic while the faults are held").clear();
    }

    /// Says whether every fault has struck as often as it was to.
    pub fn is_clear(&self) -> bool {
        self.left() == 0
    }

    /// Returns how many faults have not yet struck as often as they were to.
    pub fn left(&self) -> usize {
        self.0.lock().expect("no panic while the faults are held").len()
    }

    /// Returns what strikes this request, and counts it off.
    pub(super) fn strike(&self, service: &str, operation: &str, text: &str) -> Vec<Kind> {
        let mut faults = self.0.lock().expect("no panic while the faults are held");
        let mut struck = Vec::new();
        for fault in faults.iter_mut() {
            let named = fault.operation == "*" || fault.operation == operation;
            if fault.service != service || !named || !text.contains(&fault.containing) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
            } else if fault.times > 0 {
                fault.times -= 1;
                struck.push(fault.kind.clone());
            }
        }
        faults.retain(|it| it.times > 0);
        struck
    }
}
