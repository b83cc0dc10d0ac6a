//! What people can ask for, and the grammar in which they ask.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{access::Right, approval::Verdict, snapshot::SnapshotChoice, source::Layer, stage::StageId};

mod fold;
mod grammar;
mod more;
mod parse;
mod until;

pub use fold::fold;
pub use grammar::{GRAMMAR, Verb};
pub use parse::{MAX_REASON, Misread, SOURCES, TooLong, is_table, nearest, parse, reason};
pub use until::until;

/// A command, read and typed, not yet checked against sources, runs or rights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// No words: what is going on, and what the person may do.
    Overview,
    Run(RunCommand),
    /// `run` and nothing else: a form asks for the rest.
    Form,
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
    Rollback(RollbackCommand),
    /// Approves a request, or denies it.
    Decide {
        /// The request's id.
        request: String,
        verdict: Verdict,
        /// Until when the approval is good, as it was typed.
        until: Option<String>,
        reason: Option<String>,
    },
    /// Takes an approval back.
    Withdraw {
        request: String,
    },
    /// Lets a sensitive refresh start without an approval.
    BreakGlass {
        run: String,
        reason: String,
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
    /// Why, in the words of whoever asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `rollback`: let older data take the place of what is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackCommand {
    pub source: String,
    /// The run to go back to; without it, the newest good one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Why, in the words of whoever asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Command {
    /// Returns the word that the command begins with.
    pub fn verb(&self) -> Option<Verb> {
        match self {
            Self::Overview => None,
            Self::Run(_) | Self::Form => Some(Verb::Run),
            Self::Status { .. } => Some(Verb::Status),
            Self::List { .. } => Some(Verb::List),
            Self::Retry { .. } => Some(Verb::Retry),
            Self::Cancel { .. } => Some(Verb::Cancel),
            Self::Rollback(_) => Some(Verb::Rollback),
            Self::Decide { verdict: Verdict::Approve, .. } => Some(Verb::Approve),
            Self::Decide { verdict: Verdict::Deny, .. } => Some(Verb::Deny),
            Self::Withdraw { .. } => Some(Verb::Withdraw),
            Self::BreakGlass { .. } => Some(Verb::BreakGlass),
            Self::Sources { .. } => Some(Verb::Sources),
            Self::Whoami => Some(Verb::Whoami),
            Self::Help { .. } => Some(Verb::Help),
        }
    }

    /// Returns the right that the command needs; `None`: anybody may ask.
    pub fn right(&self) -> Option<Right> {
        self.verb().map_or(Some(Right::View), Verb::right)
    }

    /// Says whether it changes something; otherwise it only asks.
    pub fn changes(&self) -> bool {
        let decides = matches!(self, Self::Decide { .. } | Self::Withdraw { .. });
        decides || self.right() == Some(Right::Operate)
    }
}

/// As it is typed: what is written here, [`parse()`] reads.
impl fmt::Display for RunCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", Verb::Run, self.source)?;
        if let SnapshotChoice::Named(id) = &self.snapshot {
            write!(f, " --snapshot {id}")?;
        }
        if !self.only.is_empty() {
            write!(f, " --only {}", self.only.join(","))?;
        }
        if !self.layers.is_empty() {
            let layers: Vec<&str> = self.layers.iter().map(|it| it.as_str()).collect();
            write!(f, " --layers {}", layers.join(","))?;
        }
        if self.plan {
            f.write_str(" --plan")?;
        }
        match &self.reason {
            Some(reason) => write!(f, " --reason {reason}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
