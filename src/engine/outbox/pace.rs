//! The pace of calls to Slack, over all replicas: a generic cell rate algorithm whose state is one small mark per lane.
//!
//! A place is taken by replacing the lane's mark, so that no two replicas take the same one. The mark says how far ahead
//! of its rate the lane was when it was written. How long ago that was is read from the writer's clock; where that says
//! what cannot be, because this process has looked since or because it lies in the future, the mark counts as just
//! written. So a wrong clock costs places, and neither stops the lane nor lets it run free.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::SignedDuration;
use tokio::time::{Instant, timeout};

use crate::{
    clock::Clock,
    engine::ports::{Lane, Mark, PaceMarks, Swap},
    projection::thread::Urgency,
};

/// How often a place is tried for when other replicas are faster.
const ATTEMPTS: usize = 5;

/// How long the store may take: a pace that waits for it would stop what it should keep going.
const STORE: Duration = Duration::from_secs(2);

/// By how much clocks differ that are right.
const DRIFT: Duration = Duration::from_secs(2);

/// Longest silence that is taken from a mark: more than Slack asks for.
const LONGEST_QUIET: Duration = Duration::from_hours(1);

/// How fast a lane may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    every: Duration,
    /// Calls that may be let through at once after a while without any.
    burst: u32,
    /// Of these, how many are kept for what people act on.
    reserve: u32,
}

/// `chat.postMessage`: one a second for each channel; a little more, because the way to Slack is not always as long.
const POSTS: Rate = Rate { every: Duration::from_millis(1050), burst: 1, reserve: 0 };

/// `chat.update` is a tier 3 method: 50 a minute, over all messages. Six at once, one more for the board, and one each
/// 1.4 s never make more than 49 in any minute; the one that is left is for calls that take longer on their way than those
/// after them.
const UPDATES: Rate = Rate { every: Duration::from_millis(1400), burst: 6, reserve: 3 };

/// Edits of the board: what has changed is on it within five seconds, the call included.
const BOARD: Rate = Rate { every: Duration::from_millis(4400), burst: 1, reserve: 0 };

/// Returns how far apart the calls of one process are at the least.
pub(super) fn apart(lane: &Lane) -> Duration {
    let rate = Rate::of(lane);
    if rate.burst > 1 { Duration::ZERO } else { rate.every }
}

/// `views.publish` is a tier 4 method: 100 a minute, over all people. Fifteen at once and one each 720 ms never make more than
/// 99 in any minute. Who opens their Home waits for it; what has changed in those of others can wait.
const HOMES: Rate = Rate { every: Duration::from_millis(720), burst: 15, reserve: 12 };

/// Whether a place was had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// It is the caller's.
    Now,
    /// Not yet: ask again after this time.
    In(Duration),
}

/// Hands out places.
pub(super) struct Pace {
    clock: Arc<dyn Clock>,
    marks: Arc<dyn PaceMarks>,
    lanes: Mutex<HashMap<Lane, Known>>,
}

/// What this process knows of a lane.
#[derive(Clone, Copy, Debug)]
struct Known {
    version: u64,
    /// When the lane is no longer ahead of its rate.
    even: Instant,
    /// When Slack may be called again.
    quiet: Instant,
    /// When the mark was last read or written.
    seen: Instant,
    /// When this replica last took a place.
    won: Option<Instant>,
    /// When another replica was last seen to take one.
    lost: Option<Instant>,
}

impl Rate {
    fn of(lane: &Lane) -> Self {
        match lane {
            Lane::Post(_) => POSTS,
            Lane::Update => UPDATES,
            Lane::Board => BOARD,
            Lane::Home => HOMES,
        }
    }

    /// How far ahead of its rate a lane may be when a call of this urgency is let through.
    fn leeway(self, urgency: Urgency) -> Duration {
        let reserve = match urgency {
            Urgency::Act => 0,
            Urgency::News | Urgency::State => self.reserve,
        };
        self.every * (self.burst - reserve).saturating_sub(1)
    }

    /// While others want places too, whoever had one of the last two comes a little later than the rest: otherwise the
    /// replica that knows the mark best, because it has written it, would take every one.
    fn courtesy(self, known: &Known) -> Duration {
        let (Some(won), Some(lost)) = (known.won, known.lost) else { return Duration::ZERO };
        let (little, turn) = (self.every / 20, self.every + self.every / 2);
        match won.elapsed() {
            _ if lost.elapsed() > self.every * 10 => Duration::ZERO,
            since if since < turn => little * 2,
            since if since < turn + self.every => little,
            _ => Duration::ZERO,
        }
    }

    /// Further ahead than this is nobody by fair means.
    fn furthest(self) -> Duration {
        self.every * self.burst * 2
    }
}

impl Known {
    /// What is known before the first look: nothing, and that is taken for nobody having called.
    fn nothing(now: Instant) -> Self {
        Self { version: 0, even: now, quiet: now, seen: now, won: None, lost: None }
    }

    fn mark(&self, at: jiff::Timestamp) -> Mark {
        let millis =
            |until: Instant| i64::try_from(until.saturating_duration_since(self.seen).as_millis()).unwrap_or(i64::MAX);
        Mark { version: self.version, at, ahead_ms: millis(self.even), quiet_ms: millis(self.quiet) }
    }
}

impl Pace {
    pub(super) fn new(clock: Arc<dyn Clock>, marks: Arc<dyn PaceMarks>) -> Self {
        Self { clock, marks, lanes: Mutex::default() }
    }

    /// Takes a place in `lane` if there is one. Without the store, this process keeps the pace for itself.
    ///
    /// An edit of the board is an edit: it needs a place among them too, where one more than for all others is let
    /// through, so that it need not wait for it.
    pub(super) async fn claim(&self, lane: &Lane, urgency: Urgency) -> Claim {
        let claim = self.take(lane, Rate::of(lane).leeway(urgency)).await;
        match (claim, lane) {
            (Claim::Now, Lane::Board) => self.take(&Lane::Update, UPDATES.leeway(Urgency::Act) + UPDATES.every).await,
            (Claim::Now | Claim::In(_), _) => claim,
        }
    }

    /// Takes a place in `lane` if it is no further ahead of its rate than `leeway`.
    async fn take(&self, lane: &Lane, leeway: Duration) -> Claim {
        let rate = Rate::of(lane);
        for _ in 0..ATTEMPTS {
            let now = Instant::now();
            let known = self.known(lane, now);
            let even = known.even + rate.courtesy(&known);
            let ahead = even.saturating_duration_since(now).saturating_sub(leeway);
            let wait = ahead.max(known.quiet.saturating_duration_since(now));
            if !wait.is_zero() {
                return Claim::In(wait);
            }
            let next = Known {
                even: known.even.max(now) + rate.every,
                version: known.version + 1,
                seen: now,
                won: Some(now),
                ..known
            };
            if self.replace(lane, known.version, next).await {
                return Claim::Now;
            }
        }
        Claim::In(rate.every)
    }

    /// Keeps `lane` silent for as long as Slack asks, in the other replicas too as soon as they look.
    pub(super) async fn hush(&self, lane: &Lane, after: Duration) {
        for _ in 0..ATTEMPTS {
            let now = Instant::now();
            let known = self.known(lane, now);
            let quiet = known.quiet.max(now + after);
            if self.replace(lane, known.version, Known { quiet, version: known.version + 1, seen: now, ..known }).await
            {
                return;
            }
        }
    }

    /// Writes what is known of the lane over version `was` of its mark. Returns `false` if another replica was faster;
    /// then what it has written is known.
    async fn replace(&self, lane: &Lane, was: u64, next: Known) -> bool {
        match timeout(STORE, self.marks.swap(lane, was, &next.mark(self.clock.now()))).await {
            Ok(Ok(Swap::Done)) => {
                self.remember(lane, next);
                true
            }
            Ok(Ok(Swap::Lost(found))) => {
                self.adopt(lane, found.as_ref());
                false
            }
            trouble @ (Ok(Err(_)) | Err(_)) => {
                tracing::warn!(?lane, ?trouble, "The shared pace cannot be kept; this replica keeps its own");
                self.remember(lane, Known { version: was, ..next });
                true
            }
        }
    }

    /// Takes over what another replica has written, without forgetting what this one has done.
    fn adopt(&self, lane: &Lane, found: Option<&Mark>) {
        let now = Instant::now();
        let own = self.lanes.lock().expect("no panic while the lanes are held").get(lane).copied();
        let Some(found) = found else {
            return self.remember(lane, Known { version: 0, seen: now, ..own.unwrap_or(Known::nothing(now)) });
        };
        let told = Duration::try_from(self.clock.now().duration_since(found.at).max(SignedDuration::ZERO));
        let told = told.unwrap_or_default();
        let old = match own.map(|it| now - it.seen) {
            // It was written after the last look, and says that it is older: its clock tells nothing.
            Some(most) if told > most + DRIFT => Duration::ZERO,
            Some(most) => told.min(most),
            None => told,
        };
        let left = |millis: i64, most: Duration| {
            let length = Duration::from_millis(u64::try_from(millis).unwrap_or_default()).min(most);
            now + length.saturating_sub(old)
        };
        let even = left(found.ahead_ms, Rate::of(lane).furthest());
        let quiet = left(found.quiet_ms, LONGEST_QUIET);
        let own = own.unwrap_or(Known::nothing(now));
        let (even, quiet) = (even.max(own.even), quiet.max(own.quiet));
        self.remember(lane, Known { version: found.version, even, quiet, seen: now, lost: Some(now), ..own });
    }

    fn known(&self, lane: &Lane, now: Instant) -> Known {
        let lanes = self.lanes.lock().expect("no panic while the lanes are held");
        lanes.get(lane).copied().unwrap_or(Known::nothing(now))
    }

    fn remember(&self, lane: &Lane, known: Known) {
        self.lanes.lock().expect("no panic while the lanes are held").insert(lane.clone(), known);
    }
}

#[cfg(test)]
mod tests;
