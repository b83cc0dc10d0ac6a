//! What is done once a period, for as long as the process lives.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

/// How often something is done, and for how long at the most.
#[derive(Clone, Copy, Debug)]
pub struct Rhythm {
    /// What is done, for the log.
    pub what: &'static str,
    /// From the start of one pass to that of the next.
    pub period: Duration,
    /// A pass that takes longer is cut off: what it has not come to is for the next one.
    pub longest: Duration,
}

impl Rhythm {
    /// Runs `pass` at once and then every period, until `stop`, which cuts off the pass under way. Where a pass has taken
    /// longer than the period, the next one begins at once, and the period is counted from there.
    pub async fn keep<F: Future<Output = ()>>(self, stop: CancellationToken, mut pass: impl FnMut() -> F) {
        let Self { what, period, longest } = self;
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let passes = async {
            loop {
                ticks.tick().await;
                if timeout(longest, pass()).await.is_err() {
                    metrics::counter!(crate::metrics::SWEEP_ERRORS).increment(1);
                    tracing::warn!(what, ?longest, "The {what} took too long and was cut off");
                }
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = passes => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    const RHYTHM: Rhythm = Rhythm { what: "test", period: Duration::from_secs(10), longest: Duration::from_secs(25) };

    /// Returns at which seconds passes began within `seconds`, and how many came to their end, if they take so long.
    async fn played(seconds: u64, takes: &[u64]) -> (Vec<u64>, usize) {
        let (began, stop, start) = (std::cell::RefCell::new(Vec::new()), CancellationToken::new(), Instant::now());
        let ended = std::cell::Cell::new(0);
        let pass = async || {
            let at = began.borrow().len();
            began.borrow_mut().push(start.elapsed().as_secs());
            sleep(Duration::from_secs(takes.get(at).copied().unwrap_or_default())).await;
            ended.set(ended.get() + 1);
        };
        let passes = RHYTHM.keep(stop.clone(), || pass());
        let stopped = async {
            sleep(Duration::from_secs(seconds)).await;
            stop.cancel();
        };
        tokio::join!(passes, stopped);
        (began.into_inner(), ended.get())
    }

    #[tokio::test(start_paused = true)]
    async fn a_pass_begins_at_once_and_then_every_period() {
        assert_eq!(played(35, &[3, 0, 9]).await, (vec![0, 10, 20, 30], 4));
    }

    #[tokio::test(start_paused = true)]
    async fn passes_that_were_missed_are_not_made_up_for() {
        assert_eq!(played(45, &[24]).await, (vec![0, 24, 34, 44], 4));
    }

    #[tokio::test(start_paused = true)]
    async fn what_hangs_is_cut_off_and_the_next_pass_begins() {
        assert_eq!(played(40, &[1_000_000]).await, (vec![0, 25, 35], 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_cuts_off_the_pass_under_way() {
        let start = Instant::now();
        assert_eq!(played(5, &[20]).await, (vec![0], 0));
        assert_eq!(start.elapsed().as_secs(), 5);
    }
}
