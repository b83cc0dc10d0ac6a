//! The pace at which messages are sent, within what Slack documents.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

/// `chat.postMessage`: one a second for each channel.
const POST_EVERY: Duration = Duration::from_secs(1);

/// `chat.update` is a tier 3 method: 50 a minute, over all messages. Ten at once and one each 1.5 s never make more than
/// 50 in any minute.
const UPDATE_EVERY: Duration = Duration::from_millis(1500);
const UPDATES_AT_ONCE: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

/// Lets posts and edits through, one by one.
#[derive(Debug)]
pub(super) struct Pace {
    posts: DefaultKeyedRateLimiter<String>,
    updates: DefaultDirectRateLimiter,
}

impl Pace {
    pub(super) fn new() -> Self {
        let every = |period| Quota::with_period(period).expect("the period is not zero");
        Self {
            posts: RateLimiter::keyed(every(POST_EVERY)),
            updates: RateLimiter::direct(every(UPDATE_EVERY).allow_burst(UPDATES_AT_ONCE)),
        }
    }

    /// Waits for a place for a post to `channel`. Returns whether it had to wait.
    pub(super) async fn post(&self, channel: &str) -> bool {
        if self.posts.check_key(&channel.to_owned()).is_ok() {
            return false;
        }
        self.posts.until_key_ready(&channel.to_owned()).await;
        true
    }

    /// Waits for a place for an edit. Returns whether it had to wait.
    pub(super) async fn update(&self) -> bool {
        if self.updates.check().is_ok() {
            return false;
        }
        self.updates.until_ready().await;
        true
    }
}
