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
            if head.seq == 0 || !is_printed(&head, line) {
                return Err(wrong("it is not written as the bot writes"));
            }
            chains.entry(name).or_default().heads.push(head);
            continue;
        }
        let place = value["seq"].as_u64().ok_or_else(|| wrong("it says no place in its chain"))?;
        let entry = Entry::read(&value);
        // A name that stands twice in a line is lost when it is read: readers would differ on which of the two counts.
        let entry = entry.and_then(|it| {
            if is_printed(&it, line) { Ok(it) } else { Err("it is not written as the bot writes".to_owned()) }
        });
        chains.entry(name).or_default().found.push(Found { place, entry });
    }
    if chains.is_empty() {
        return Err(format!("{}: it holds nothing of the log", file.display()));
    }
    Ok(chains)
}

fn is_printed(it: &impl serde::Serialize, line: &str) -> bool {
    serde_json::to_string(it).is_ok_and(|written| written == line.trim())
}
