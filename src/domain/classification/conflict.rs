//! Rules that cannot all hold. None is resolved by guessing: the file is refused, by the bot and by the Glue jobs alike.

use std::collections::{BTreeMap, BTreeSet};

use super::{Class, Entry, Rule, folded};

/// An entry that cannot stand as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Its place among the entries, from 0.
    pub entry: usize,
    pub reason: Reason,
}

/// Why an entry cannot stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// What holds for everything is not for a file to loosen: such an entry names an owner, and no class.
    ClassOfEverything,
    /// `normal` says how a *sensitive* column appears in the Normal layer.
    NotSensitive,
    /// A name of it is already written in another way.
    Spelling { name: String, other: String },
    /// What it is in (so the names) is dropped as a whole.
    BelowDropped { dropped: String },
}

/// Returns what contradicts something among `entries`, in their order.
pub(super) fn conflicts(entries: &[Entry]) -> Vec<Conflict> {
    let (spellings, dropped) = (spellings(entries), dropped(entries));
    let of = |(entry, it): (usize, &Entry)| -> Vec<Conflict> {
        let reasons =
            [class_of_everything(it), not_sensitive(&it.rule), spelling(it, &spellings), below_dropped(it, &dropped)];
        reasons.into_iter().flatten().map(|reason| Conflict { entry, reason }).collect()
    };
    entries.iter().enumerate().flat_map(of).collect()
}

fn class_of_everything(entry: &Entry) -> Option<Reason> {
    (entry.names.is_empty() && entry.rule.class.is_some()).then_some(Reason::ClassOfEverything)
}

fn not_sensitive(rule: &Rule) -> Option<Reason> {
    (rule.normal.is_some() && rule.class != Some(Class::Sensitive)).then_some(Reason::NotSensitive)
}

/// Returns how each name, folded, is written where it comes first.
fn spellings(entries: &[Entry]) -> BTreeMap<Vec<String>, String> {
    let mut first = BTreeMap::new();
    for (path, name) in entries.iter().flat_map(|it| paths(&it.names)) {
        first.entry(path).or_insert_with(|| name.to_owned());
    }
    first
}

fn spelling(entry: &Entry, first: &BTreeMap<Vec<String>, String>) -> Option<Reason> {
    let (other, name) =
        paths(&entry.names).find_map(|(path, name)| Some((first.get(&path).filter(|it| *it != name)?, name)))?;
    Some(Reason::Spelling { name: name.to_owned(), other: other.clone() })
}

/// Returns the databases and tables that are dropped as a whole, folded.
fn dropped(entries: &[Entry]) -> BTreeSet<Vec<String>> {
    let whole = entries.iter().filter(|it| it.rule.class == Some(Class::Drop) && it.names.len() < 3);
    whole.map(|it| folded(&it.names)).collect()
}

fn below_dropped(entry: &Entry, dropped: &BTreeSet<Vec<String>>) -> Option<Reason> {
    entry.rule.class.filter(|it| *it != Class::Drop)?;
    let above = entry.names.len().saturating_sub(1);
    let (depth, _) = paths(&entry.names).take(above).enumerate().find(|(_, (path, _))| dropped.contains(path))?;
    Some(Reason::BelowDropped { dropped: entry.names[..=depth].join(".") })
}

/// Returns each of `names` as written, with the folded names from the first down to it.
fn paths(names: &[String]) -> impl Iterator<Item = (Vec<String>, &str)> {
    (0..names.len()).map(|it| (folded(&names[..=it]), names[it].as_str()))
}
