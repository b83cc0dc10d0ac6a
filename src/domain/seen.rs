//! What was seen of a stage's work, and what came of starting it: the domain's view of AWS's answers.

use super::{
    doubt::Doubt,
    failure::Failure,
    stage::{Detail, WaitOn},
    warning::Warning,
};

/// What a look at a stage's work has found. Wanted is in the record; this is what is.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// Nothing of ours is there, and it could be started. `marker` tells later what was there before.
    Absent { marker: Option<String> },
    /// Nothing of ours is there, and people must decide about what it would make before it is started.
    Risky { doubt: Doubt, detail: Detail },
    /// Nothing of ours is there, and it cannot be started now.
    Busy(WaitOn),
    /// Ours is under way.
    Running { handle: Option<String>, detail: Detail },
    /// Ours has succeeded.
    Done { detail: Detail, warnings: Vec<Warning> },
    /// Ours has succeeded, and people must decide about something before that counts.
    Doubtful { doubt: Doubt, detail: Detail, warnings: Vec<Warning> },
    /// Ours has failed.
    Failed(Failure),
    /// Ours was stopped.
    Stopped,
    /// The look itself did not succeed: nothing is known.
    Unclear(Failure),
}

/// What came of an attempt to start a stage's work.
#[derive(Clone, Debug, PartialEq)]
pub enum Started {
    /// It is under way, or was already: `handle` is what AWS calls it.
    Acted { handle: Option<String> },
    /// AWS has certainly not started it; it can be tried later.
    Refused(WaitOn),
    /// AWS has certainly not started it, and never will as things are.
    Failed(Failure),
    /// No answer, or one that leaves it open: only a look can tell.
    Unclear(Failure),
}
