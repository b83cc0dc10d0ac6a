//! The whole engine, simulated: several replicas over ports in memory, in paused time, on one thread.
//!
//! A seed decides everything that goes wrong. What comes of it is judged by what reached the fakes, not by what the bot
//! says of itself.
//!
//! `make sim SEEDS=1000` plays many seeds and prints how often each invariant was broken; `make sim SEED=7` plays one
//! and prints what happened.

mod aws;
mod catalog;
mod cleaning;
mod clock;
mod crowd;
mod history;
mod judge;
mod line;
mod log;
mod objects;
pub mod planted;
mod play;
mod queue;
mod replica;
mod report;
mod rollbacks;
mod scenario;
mod slack;
mod store;
mod tables;
mod work;
mod world;

mod tests {
    use std::{
        num::NonZero,
        ops::Range,
        sync::{
            Arc, Mutex,
            atomic::{AtomicU64, Ordering},
        },
        thread,
    };

    use tokio::time::Instant;

    use super::{planted::Planted, play::play, report::Report};
    use crate::projection::text::Words;

    /// A planted fault that this many seeds do not show is not seen.
    const SEEDS_TO_FIND_A_FAULT: u64 = 200;

    /// Plays `seeds`, as many at once as there are processors, and returns their report.
    fn report(seeds: Range<u64>) -> (Report, String) {
        let (words, began) = (Arc::new(Words::new()), Instant::now());
        let (next, report) = (AtomicU64::new(seeds.start), Mutex::new(Report::default()));
        let work = || {
            while let Some(seed) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|it| seeds.contains(it)) {
                let verdict = play(seed, &words, None, false);
                verdict.history.broken.iter().for_each(|(it, how)| println!("  seed {seed}: {it:?}: {how}"));
                report.lock().unwrap().add(&verdict);
            }
        };
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
        let report = report.into_inner().unwrap();
        let table = report.table(began.elapsed());
        (report, table)
    }

    #[test]
    fn every_invariant_holds() {
        let (report, table) = report(0..32);
        println!("{table}");
        assert!(report.is_good(), "\n{table}");
    }

    #[test]
    fn a_seed_has_one_history() {
        let words = Arc::new(Words::new());
        let trace = || play(3, &words, None, true).history.trace.unwrap_or_default();
        assert_eq!(trace(), trace());
    }

    #[test]
    fn every_planted_fault_is_found() {
        let words = Arc::new(Words::new());
        for fault in Planted::ALL {
            let found = (0..SEEDS_TO_FIND_A_FAULT).find_map(|seed| {
                let broken = play(seed, &words, Some(fault), false).history.broken;
                broken.into_iter().find(|it| fault.breaks().contains(&it.0)).map(|it| (seed, it))
            });
            let (seed, (invariant, how)) = found.unwrap_or_else(|| panic!("{fault:?} was not found"));
            println!("  {:<18} found after {:>3} seeds: {invariant:?}: {how}", format!("{fault:?}"), seed + 1);
        }
    }

    /// What `make sim` runs.
    #[test]
    #[ignore = "many seeds: `make sim`"]
    #[expect(clippy::disallowed_methods, reason = "what to play comes from the command line")]
    fn sim() {
        let number = |name| std::env::var(name).ok().and_then(|it| it.parse::<u64>().ok());
        if let Some(seed) = number("SEED") {
            let history = play(seed, &Arc::new(Words::new()), None, true).history;
            println!("{}", history.trace.unwrap_or_default().join("\n"));
            println!("broken: {:#?}\nexcused: {:#?}\n{:#?}", history.broken, history.excused, history.counts);
            assert!(history.broken.is_empty());
            return;
        }
        let (report, table) = report(0..number("SEEDS").unwrap_or(1000));
        println!("\n{table}");
        assert!(report.is_good(), "an invariant was broken; `make sim SEED=…` shows how");
    }
}
