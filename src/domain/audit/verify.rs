//! Finds the first place where a chain is not as it was written.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Entry, GENESIS};

/// An entry as it was found: the place that it is found under, and what is there, or why it cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub place: u64,
    pub entry: Result<Entry, String>,
}

/// Where a chain ends, by something other than its entries: the record of its run, or the item of the door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub chain: String,
    /// Place of the last entry; 0 if there is none.
    pub seq: u64,
    pub hash: String,
    /// What says so: the export task's name of a run's record, or the chain's own.
    pub by: String,
}

/// The first place of a chain that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    pub chain: String,
    pub seq: u64,
    pub why: Why,
}

/// What is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Why {
    /// No entry is there; after it there are others, or the head names it.
    Missing,
    /// It cannot be read.
    Unreadable { why: String },
    /// It is not the entry of this place: it says that it is of another chain, or of another place.
    Misplaced { chain: String, seq: u64 },
    /// Its hash is not that of its fields.
    Edited,
    /// It is whole by itself, but the next entry, or the head, was written after another one.
    Replaced,
    /// It follows the entry at which the chain ends, by its head.
    Added,
    /// Entries are there, and what should tell where they end says nothing of them, or is gone.
    NoHead,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.chain, self.seq)?;
        match &self.why {
            Why::Missing => write!(f, "the entry is missing"),
            Why::Unreadable { why } => write!(f, "the entry cannot be read: {why}"),
            Why::Misplaced { chain, seq } => write!(f, "what is there is entry {seq} of {chain}"),
            Why::Edited => write!(f, "the entry was edited: its hash is another"),
            Why::Replaced => write!(f, "the entry was replaced: what follows it was written after another one"),
            Why::Added => write!(f, "the entry was added: by its head the chain ends before it"),
            Why::NoHead => write!(f, "nothing says where the chain ends: the record of its run, or its head, is gone"),
        }
    }
}

/// Returns how many entries `chain` has, if `found`, in the order of its places, is the chain that was written.
///
/// It must end where `heads` say. A record that the chain has left behind, of an earlier attempt, must name an entry of it.
///
/// # Errors
/// The first place that is not as it was written.
pub fn verify(chain: &str, found: &[Found], heads: &[Head]) -> Result<u64, Broken> {
    let broken = |seq, why| Err(Broken { chain: chain.to_owned(), seq, why });
    let mut last = (0, GENESIS.to_owned());
    for it in found {
        let seq = last.0 + 1;
        if it.place > seq {
            return broken(seq, Why::Missing);
        }
        let entry = match &it.entry {
            Ok(entry) => entry,
            Err(why) => return broken(seq, Why::Unreadable { why: why.clone() }),
        };
        if (entry.chain.as_str(), entry.seq, it.place) != (chain, seq, seq) {
            let (chain, of) = (entry.chain.clone(), entry.seq);
            return broken(it.place, Why::Misplaced { chain, seq: of });
        }
        if entry.digest() != entry.hash {
            return broken(seq, Why::Edited);
        }
        if entry.prev != last.1 {
            // The first has nothing before it that could be another.
            return broken(last.0.max(1), Why::Replaced);
        }
        last = (seq, entry.hash.clone());
    }
    ends(chain, found, &last, heads)
}

/// Compares where the entries end with what the heads say.
fn ends(chain: &str, found: &[Found], last: &(u64, String), heads: &[Head]) -> Result<u64, Broken> {
    let broken = |seq, why| Err(Broken { chain: chain.to_owned(), seq, why });
    let hash = |seq: u64| {
        let at = usize::try_from(seq).ok()?.checked_sub(1)?;
        found.get(at)?.entry.as_ref().ok().map(|it| it.hash.as_str())
    };
    let (count, _) = *last;
    let mut known: Vec<&Head> = heads.iter().filter(|it| it.seq > 0).collect();
    known.sort_by_key(|it| it.seq);
    let Some(head) = known.last() else {
        return if count == 0 { Ok(0) } else { broken(count, Why::NoHead) };
    };
    if let Some(replaced) = known.iter().find(|it| it.seq <= count && hash(it.seq) != Some(&it.hash)) {
        return broken(replaced.seq, Why::Replaced);
    }
    if head.seq > count {
        return broken(count + 1, Why::Missing);
    }
    if head.seq < count {
        return broken(head.seq + 1, Why::Added);
    }
    Ok(count)
}
