//! The table that `make sim` prints.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    time::Duration,
};

use super::{
    history::{Count, Invariant},
    play::Verdict,
};

/// What many seeds have come to.
#[derive(Debug, Default)]
pub(super) struct Report {
    seeds: u64,
    broken: BTreeMap<Invariant, (u64, BTreeSet<u64>)>,
    excused: BTreeMap<Invariant, u64>,
    counts: BTreeMap<Count, u64>,
    idle: BTreeSet<u64>,
    /// Seeds in which a run was brought back.
    rolled_back: u64,
    lasted: Duration,
}

impl Report {
    /// Adds a seed.
    pub(super) fn add(&mut self, verdict: &Verdict) {
        self.seeds += 1;
        self.lasted += verdict.lasted;
        for (invariant, _) in &verdict.history.broken {
            let (count, seeds) = self.broken.entry(*invariant).or_default();
            *count += 1;
            seeds.insert(verdict.seed);
        }
        for (invariant, _) in &verdict.history.excused {
            *self.excused.entry(*invariant).or_default() += 1;
        }
        for (count, number) in &verdict.history.counts {
            *self.counts.entry(*count).or_default() += number;
        }
        self.rolled_back += u64::from(verdict.history.counts.contains_key(&Count::Rollbacks));
        if !verdict.history.counts.contains_key(&Count::Succeeded) {
            self.idle.insert(verdict.seed);
        }
    }

    /// Says whether every invariant has held, every seed has completed a run, and what is excused is rare.
    pub(super) fn is_good(&self) -> bool {
        self.broken.is_empty() && self.idle.is_empty() && self.is_rare()
    }

    /// Says whether of all messages at most one in 500 is there twice because a pause came within its call, and of all
    /// seeds at most one in a hundred has other work doubled so. A few more are let pass where the numbers are small.
    fn is_rare(&self) -> bool {
        self.excused.iter().all(|(invariant, excused)| {
            let rare = if *invariant == Invariant::OneMessage {
                3 + self.number(Count::Posts) / 500
            } else {
                1 + self.seeds / 100
            };
            *excused <= rare
        })
    }

    fn number(&self, count: Count) -> u64 {
        self.counts.get(&count).copied().unwrap_or_default()
    }

    /// Returns the table.
    pub(super) fn table(&self, took: Duration) -> String {
        let mut text = String::new();
        for invariant in Invariant::ALL {
            let (count, seeds) = self.broken.get(&invariant).cloned().unwrap_or_default();
            let excused = self.excused.get(&invariant).copied().unwrap_or_default();
            let seeds = if seeds.is_empty() { String::new() } else { format!("  seeds {:?}", first(&seeds)) };
            let name = format!("{invariant:?}");
            writeln!(text, "  {name:<20} {count:>6} violations {excused:>4} excused{seeds}").expect("a string grows");
        }
        for (count, number) in &self.counts {
            writeln!(text, "  {:<20} {number:>6}", format!("{count:?}")).expect("a string grows");
        }
        let hours = self.lasted.as_secs() / 3600;
        let (seeds, idle) = (self.seeds, self.idle.len());
        writeln!(text, "  {seeds} seeds, {idle} without a completed run {:?}", self.idle).expect("a string grows");
        let (rolled_back, rollbacks) = (self.rolled_back, self.number(Count::Rollbacks));
        writeln!(text, "  {rollbacks} rollbacks in {rolled_back} of the seeds").expect("a string grows");
        writeln!(text, "  {hours} hours simulated in {:.1} s", took.as_secs_f64()).expect("a string grows");
        text
    }
}

/// Returns as many as one cares to read.
fn first(seeds: &BTreeSet<u64>) -> Vec<u64> {
    seeds.iter().copied().take(12).collect()
}
