//! The pace against limiters of several kinds, in virtual time.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

use rstest::rstest;

use super::*;

/// What the limiters let through, in calls per second.
const LIMIT: u32 = 3500;
/// Calls in flight at the most.
const AT_ONCE: usize = 256;
/// From sending a call to its answer.
const LATENCY: Duration = Duration::from_millis(25);
/// What sending one takes.
const SENDING: Duration = Duration::from_micros(120);

/// Decides about a call that arrives so long after the beginning.
type Limiter = Box<dyn FnMut(Duration) -> bool>;

/// A bucket of `size` tokens that fills all the time. With `greedy`, a refused call takes from it too.
fn bucket(size: f64, greedy: bool) -> Limiter {
    let (mut tokens, mut filled) = (size, Duration::ZERO);
    Box::new(move |now| {
        tokens = (tokens + (now - filled).as_secs_f64() * f64::from(LIMIT)).min(size);
        filled = now;
        let passes = tokens >= 1.0;
        tokens = (tokens - if passes || greedy { 1.0 } else { 0.0 }).max(-size);
        passes
    })
}

/// Counts within each second of the clock.
fn fixed() -> Limiter {
    let (mut second, mut count) = (0, 0);
    Box::new(move |now| {
        if now.as_secs() != second {
            (second, count) = (now.as_secs(), 0);
        }
        count += 1;
        count <= LIMIT
    })
}

/// Counts within the second before each call. With `greedy`, refused calls count too.
fn sliding(greedy: bool) -> Limiter {
    let mut counted: VecDeque<Duration> = VecDeque::new();
    Box::new(move |now| {
        while counted.front().is_some_and(|it| *it + Duration::from_secs(1) <= now) {
            counted.pop_front();
        }
        let passes = counted.len() < usize::try_from(LIMIT).unwrap();
        if passes || greedy {
            counted.push_back(now);
        }
        passes
    })
}

/// Refuses everything until then, and nothing after.
fn away(until: Duration) -> Limiter {
    Box::new(move |now| now >= until)
}

/// What it took to get calls through.
#[derive(Debug)]
struct Outcome {
    lasted: Duration,
    refused: u32,
}

/// Gets `wanted` calls through. `None`: it was given up.
fn drive(wanted: u32, mut limiter: Limiter) -> Option<Outcome> {
    let begun = Instant::now();
    let mut pace = Pace::new(begun);
    let (mut now, mut passed, mut refused) = (begun, 0, 0);
    // When the answer comes, when the call was sent, and whether it got through.
    let mut flying: BinaryHeap<Reverse<(Instant, Instant, bool)>> = BinaryHeap::new();
    let mut free_at = begun;
    while passed < wanted {
        if flying.len() < AT_ONCE && free_at <= now {
            match pace.turn(now) {
                Ok(()) => {
                    let passes = limiter(now - begun + LATENCY / 2);
                    flying.push(Reverse((now + LATENCY, now, passes)));
                    free_at = now + SENDING;
                    continue;
                }
                Err(until) => free_at = until.max(now + Duration::from_nanos(1)),
            }
        }
        let answer = flying.peek().map(|Reverse(it)| it.0);
        let can_send = (flying.len() < AT_ONCE).then_some(free_at);
        now = answer.into_iter().chain(can_send).min().unwrap().max(now);
        while let Some(Reverse((_, sent, passes))) = flying.peek().copied().filter(|Reverse(it)| it.0 <= now) {
            flying.pop();
            if passes {
                passed += 1;
                pace.passed(now);
            } else {
                refused += 1;
                if !pace.refused(now, sent) {
                    return None;
                }
            }
        }
    }
    Some(Outcome { lasted: now - begun, refused })
}

#[rstest]
#[case::small_bucket(bucket(100.0, false), 100.0, 0.95)]
#[case::bucket(bucket(3500.0, false), 3500.0, 0.95)]
#[case::greedy_bucket(bucket(500.0, true), 500.0, 0.87)]
#[case::fixed(fixed(), 0.0, 0.95)]
#[case::sliding(sliding(false), 0.0, 0.95)]
#[case::greedy_sliding(sliding(true), 0.0, 0.92)]
fn nearly_all_of_a_limit_is_used_and_little_is_refused(
    #[case] limiter: Limiter,
    #[case] burst: f64,
    #[case] least: f64,
) {
    let wanted = 35_000;
    let outcome = drive(wanted, limiter).unwrap();
    let best = (f64::from(wanted) - burst) / f64::from(LIMIT);
    let share = best / outcome.lasted.as_secs_f64();
    assert!(share > least, "{share:.3} of the limit, {outcome:?}");
    assert!(outcome.refused < wanted / 20, "{outcome:?}");
}

#[test]
fn without_a_limit_nothing_is_held_back() {
    let outcome = drive(10_000, Box::new(|_| true)).unwrap();
    let rounds = u32::try_from(10_000 / AT_ONCE).unwrap();
    assert!(outcome.lasted < (SENDING * 10_000).max(LATENCY * rounds) + LATENCY * 2, "{outcome:?}");
}

#[test]
fn who_refuses_everything_for_a_while_is_asked_rarely_and_then_used_fully() {
    let outcome = drive(10_000, away(Duration::from_secs(5))).unwrap();
    assert!(outcome.refused < 256 + 5 * 60, "{outcome:?}");
    assert!(outcome.lasted < Duration::from_secs(7), "{outcome:?}");
}

#[test]
fn who_refuses_everything_for_long_is_given_up() {
    assert!(drive(1, away(Duration::from_secs(60))).is_none());
}

#[test]
fn a_single_refusal_is_soon_made_up_for() {
    let mut calls = 0;
    let once = Box::new(move |_| {
        calls += 1;
        calls != 500
    });
    let outcome = drive(10_000, once).unwrap();
    assert!(outcome.lasted < SENDING * 13_000, "{outcome:?}");
}

#[test]
fn a_refusal_after_a_long_rest_is_not_given_up() {
    let begun = Instant::now();
    let mut pace = Pace::new(begun);
    pace.passed(begun);
    let later = begun + PATIENCE * 3;
    assert!(pace.refused(later, later) && pace.refused(later + PATIENCE / 2, later));
    assert!(!pace.refused(later + PATIENCE, later));
}
