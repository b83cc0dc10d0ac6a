//! The log as JSON lines: printed from the tables, and read back for a check without them.

use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::Value;

use super::{Chains, Exit, say, say_wrong};
use crate::{
    cli::capture,
    domain::audit::{
        Entry,
        verify::{Found, Head},
    },
};

/// Prints the entries that can be read, from `since` on; without it, also where each chain ends.
pub(super) fn print(chains: &Chains, since: Option<Timestamp>) -> Exit {
    let mut exit = Exit::Done;
    for (name, chain) in chains {
        for found in &chain.found {
            match &found.entry {
                Ok(entry) if since.is_none_or(|it| entry.at >= it) => line(entry),
                Ok(_) => {}
                Err(why) => {
                    say_wrong(&format!("{name} {}: the entry cannot be read, and is left out: {why}", found.place));
                    exit = Exit::Failed;
                }
            }
        }
        if since.is_none() {
            chain.heads.iter().filter(|it| it.seq > 0).for_each(line);
        }
    }
    exit
}

fn line(it: &impl serde::Serialize) {
    say(&serde_json::to_string(it).expect("texts and numbers are JSON"));
}

/// Reads what [`print()`] has printed. An entry counts as found under the place that it says itself.
///
/// # Errors
/// The file cannot be read, or a line is neither an entry nor an end; the text says which.
pub(super) fn read(file: &Path) -> Result<Chains, String> {
    let body = capture::read(file).map_err(|it| format!("{it:#}"))?;
    let text = String::from_utf8(body).map_err(|it| format!("{}: {it}", file.display()))?;
    let mut chains = Chains::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, it)| !it.trim().is_empty()) {
        let wrong = |why: &str| format!("{} line {number}: {why}", file.display());
        let value: Value = serde_json::from_str(line).map_err(|it| wrong(&it.to_string()))?;
        let name = value["chain"].as_str().ok_or_else(|| wrong("it says no chain"))?.to_owned();
        if let Ok(head) = Head::deserialize(&value) {
            chains.entry(name).or_default().heads.push(head);
            continue;
        }
        let place = value["seq"].as_u64().ok_or_else(|| wrong("it says no place in its chain"))?;
        chains.entry(name).or_default().found.push(Found { place, entry: Entry::read(&value) });
    }
    Ok(chains)
}
