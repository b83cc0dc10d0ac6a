//! What people can ask for, and the grammar in which they ask.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{access::Right, snapshot::SnapshotChoice, source::Layer, stage::StageId};

mod fold;
mod grammar;
mod more;
mod parse;

pub use fold::fold;
pub use grammar::{GRAMMAR, Verb};
pub use parse::{Misread, SOURCES, nearest, parse};

/// A command, read and typed, not yet checked against sources, runs or rights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// No words: what is going on, and what the person may do.
    Overview,
    Run(RunCommand),
    /// One run, or the runs of one source, or everything that is under way.
    Status {
        target: Option<String>,
    },
    List {
        source: Option<String>,
        failed: bool,
        /// The most that is shown at once.
        limit: u16,
        /// How many of the newest are left out: they have been shown before.
        skip: u16,
    },
    Retry {
        run: String,
        from: Option<StageId>,
    },
    Cancel {
        run: String,
    },
    Sources {
        /// How many of the first are left out.
        skip: u16,
    },
    Whoami,
    Help {
        topic: Option<Verb>,
    },
}

/// `run`: start an export of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCommand {
    pub source: String,
    pub snapshot: SnapshotChoice,
    /// Tables; empty: as configured.
    pub only: Vec<String>,
    /// Layers; empty: all that the source has.
    pub layers: Vec<Layer>,
    /// Say what would happen, and start nothing.
    pub plan: bool,
}

impl Command {
    /// Returns the word that the command begins with.
    pub fn verb(&self) -> Option<Verb> {
        match self {
            Self::Overview => None,
            Self::Run(_) => Some(Verb::Run),
            Self::Status { .. } => Some(Verb::Status),
            Self::List { .. } => Some(Verb::List),
            Self::Retry { .. } => Some(Verb::Retry),
            Self::Cancel { .. } => Some(Verb::Cancel),
            Self::Sources { .. } => Some(Verb::Sources),
            Self::Whoami => Some(Verb::Whoami),
            Self::Help { .. } => Some(Verb::Help),
        }
    }

    /// Returns the right that the command needs; `None`: anybody may ask.
    pub fn right(&self) -> Option<Right> {
        self.verb().map_or(Some(Right::View), Verb::right)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
