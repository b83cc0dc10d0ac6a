//! The log of what was asked, decided and done: entries, each of which holds the hash of the one before it.
//!
//! There is one chain for each run, whose [`Trail`] stands in the run's record and grows with it ([`deeds`]), and one,
//! [`DOOR`], of what belongs to no run. [`verify`](verify::verify) tells where a chain is broken. What is hashed, and
//! how, is written down in `docs/audit.md`: whoever checks the log must not need this program.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::redact::redact;

pub mod deeds;
pub mod verify;

/// The chain of what belongs to no run. No run is called so: names of runs end with an attempt.
pub const DOOR: &str = "door";

/// What the first entry of a chain has for the hash of the one before it.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The first part of what is hashed: another way to hash gets another name.
pub const FORMAT: &str = "datalake-bot audit 1";

/// How long one value may be, in bytes; of what is longer, the end is left out, so that an entry stays below 2 KiB or so.
const LONGEST: usize = 480;

/// One entry of the log: never changed, never deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The first attempt's name of the run, or [`DOOR`].
    pub chain: String,
    /// Place in the chain, from 1, without gaps.
    pub seq: u64,
    pub at: Timestamp,
    /// One of [`Kind`], or what a newer version of the bot has written.
    pub kind: String,
    /// Slack id, name of the account at the command line, name of the replica, or the bot's own.
    pub who: String,
    /// How it came in, where that is known; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub via: String,
    /// Everything else, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub what: BTreeMap<String, String>,
    /// Hash of the entry before, or [`GENESIS`].
    pub prev: String,
    pub hash: String,
}

impl Entry {
    /// Returns the entry of `deed` that follows the end of `trail`.
    fn chained(trail: &Trail, chain: &str, at: Timestamp, deed: Deed) -> Self {
        let Deed { kind, who, via, what } = deed;
        let prev = if trail.seq == 0 { GENESIS.to_owned() } else { trail.hash.clone() };
        let (chain, kind) = (chain.to_owned(), kind.as_str().to_owned());
        let entry = Self { chain, seq: trail.seq + 1, at, kind, who, via, what, prev, hash: String::new() };
        Self { hash: entry.digest(), ..entry }
    }

    /// Reads an entry as it was exported.
    ///
    /// # Errors
    /// It is not exactly what was written, whatever it may mean; the text says what is wrong.
    pub fn read(written: &serde_json::Value) -> Result<Self, String> {
        let entry = Self::deserialize(written).map_err(|it| it.to_string())?;
        let same = serde_json::to_value(&entry).is_ok_and(|it| it == *written);
        if same { Ok(entry) } else { Err("it is not written as the bot writes".to_owned()) }
    }

    /// Returns the hash that the entry must have: SHA-256 over all other fields, each after its length, so that no two
    /// entries give the same bytes.
    pub fn digest(&self) -> String {
        let (seq, at) = (self.seq.to_string(), self.at.to_string());
        let mut parts = vec![FORMAT, &self.chain, &seq, &at, &self.kind, &self.who, &self.via, &self.prev];
        parts.extend(self.what.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]));
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hex::encode(hash.finalize())
    }
}

/// What an entry tells, before it has its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    kind: Kind,
    who: String,
    via: String,
    what: BTreeMap<String, String>,
}

impl Deed {
    /// Returns the deed of `who`, of which nothing else is told yet.
    pub fn new(kind: Kind, who: &str) -> Self {
        Self { kind, who: who.to_owned(), via: String::new(), what: BTreeMap::new() }
    }

    /// Returns the deed, which came in by `via`.
    #[must_use]
    pub fn via(self, via: impl Into<String>) -> Self {
        Self { via: via.into(), ..self }
    }

    /// Returns the deed with one more value, redacted as in Slack. Nothing is told by a value that is empty.
    #[must_use]
    pub fn with(mut self, name: &str, value: &(impl ToString + ?Sized)) -> Self {
        let value = clipped(redact(&value.to_string()));
        if !value.is_empty() {
            self.what.insert(name.to_owned(), value);
        }
        self
    }

    /// Returns the deed with one more value, if there is one.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, &value),
            None => self,
        }
    }
}

fn clipped(mut text: String) -> String {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}

/// What kinds of entries there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A run was recorded.
    Created,
    /// The run goes on in a record of its own, under another export task's name.
    Continued,
    /// A request was carried out, or given up: what came of it.
    Request,
    /// Somebody wanted what they may not.
    Refused,
    /// So many attempts were refused in a flood that some are not in the log.
    RefusalsDropped,
    /// A replica is about to act.
    Intended,
    /// AWS has certainly not acted.
    NotDone,
    /// AWS has acted.
    Acted,
    /// The replica has stopped in the middle of its own work.
    GivenBack,
    /// A stage has succeeded.
    Finished,
    /// A stage has failed.
    Failed,
    /// People were asked.
    ApprovalAsked,
    /// Somebody has given their verdict.
    Voted,
    /// Somebody has added to their verdict why it is so, or until when it is good.
    VoteAmended,
    /// Somebody has taken their approval back.
    VoteWithdrawn,
    /// An operator lets the sensitive refresh start without an approval.
    GlassBroken,
    /// An approver has looked at that.
    GlassReviewed,
    /// The answer has changed without a verdict: its time is over.
    ApprovalClosed,
    CancelAsked,
    Retried,
    Acknowledged,
    /// The run goes on, to replace newer data.
    BroughtBack,
    /// The run's data is to be replaced by older data.
    RolledBack,
    /// What the run has replaced comes back.
    RollbackUndone,
    /// What was exported is gone.
    Removed,
    /// Another run has made up for the failure.
    Overtaken,
    /// The run is at rest.
    Ended,
}

impl Kind {
    /// Returns the kind as it stands in an entry.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Continued => "continued",
            Self::Request => "request",
            Self::Refused => "refused",
            Self::RefusalsDropped => "refusals_dropped",
            Self::Intended => "intended",
            Self::NotDone => "not_done",
            Self::Acted => "acted",
            Self::GivenBack => "given_back",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::ApprovalAsked => "approval_asked",
            Self::Voted => "voted",
            Self::VoteAmended => "vote_amended",
            Self::VoteWithdrawn => "vote_withdrawn",
            Self::GlassBroken => "glass_broken",
            Self::GlassReviewed => "glass_reviewed",
            Self::ApprovalClosed => "approval_closed",
            Self::CancelAsked => "cancel_asked",
            Self::Retried => "retried",
            Self::Acknowledged => "acknowledged",
            Self::BroughtBack => "brought_back",
            Self::RolledBack => "rolled_back",
            Self::RollbackUndone => "rollback_undone",
            Self::Removed => "removed",
            Self::Overtaken => "overtaken",
            Self::Ended => "ended",
        }
    }
}

/// Where a chain ends, and the entries that have been added since it was written: whoever writes the one writes the
/// others, in the same transaction.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Trail {
    /// Place of the last entry; 0 if there is none.
    pub seq: u64,
    /// Hash of the last entry; empty if there is none.
    pub hash: String,
    #[serde(skip)]
    unwritten: Vec<Entry>,
}

/// What is yet to be written is no part of where a chain ends.
impl PartialEq for Trail {
    fn eq(&self, other: &Self) -> bool {
        (self.seq, &self.hash) == (other.seq, &other.hash)
    }
}

impl Trail {
    /// Adds an entry to `chain`, which ends here.
    pub fn log(&mut self, chain: &str, at: Timestamp, deed: Deed) {
        let entry = Entry::chained(self, chain, at, deed);
        (self.seq, self.hash) = (entry.seq, entry.hash.clone());
        self.unwritten.push(entry);
    }

    /// Returns what must be written with the trail, oldest first.
    pub fn unwritten(&self) -> &[Entry] {
        &self.unwritten
    }

    /// Notes that everything has been written.
    pub fn written(&mut self) {
        self.unwritten.clear();
    }

    /// Says whether nothing was ever added: a record of a version of the bot that kept no log.
    pub fn is_empty(&self) -> bool {
        self.seq == 0
    }
}

#[cfg(test)]
mod tests;
