//! One task per key that is awake: passes over the same key never overlap within a process.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long a key whose pass has panicked is left alone.
const AFTER_PANIC: Duration = Duration::from_secs(3);

/// How long a pass may go on when the process stops. It is cut off then, as a kill would: the record says what was
/// intended, and the next process looks what came of it.
const LAST_PASS: Duration = Duration::from_secs(12);

/// What a pass says of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Look again after this time, or when woken.
    Again(Duration),
    /// Nothing to do until woken.
    Rest,
}

/// What is done for a key.
pub type Pass = Arc<dyn Fn(String) -> BoxFuture<'static, Next> + Send + Sync>;

/// The tasks of one kind. Clones share them.
#[derive(Clone)]
pub struct Actors {
    /// For logs.
    kind: &'static str,
    pass: Pass,
    awake: Arc<Mutex<HashMap<String, Arc<Awake>>>>,
    tracker: TaskTracker,
    stop: CancellationToken,
}

#[derive(Default)]
struct Awake {
    notify: Notify,
    /// Woken since the pass under way began.
    again: Mutex<bool>,
}

impl Actors {
    /// Returns actors that run `pass`; their tasks are `tracker`'s and end on `stop`, after the pass under way if that
    /// does not take long.
    pub fn new(kind: &'static str, pass: Pass, tracker: TaskTracker, stop: CancellationToken) -> Self {
        Self { kind, pass, awake: Arc::default(), tracker, stop }
    }

    /// Makes the key's task run a pass: now, or once more after the one under way.
    pub fn wake(&self, key: &str) {
        let mut awake = self.awake();
        if let Some(entry) = awake.get(key) {
            *entry.again.lock().expect("no panic while the flag is held") = true;
            entry.notify.notify_one();
        } else if !self.stop.is_cancelled() {
            let entry = Arc::new(Awake::default());
            awake.insert(key.to_owned(), Arc::clone(&entry));
            self.tracker.spawn(self.clone().live(key.to_owned(), entry));
        }
    }

    /// Returns how many keys are awake.
    pub fn len(&self) -> usize {
        self.awake().len()
    }

    /// Says whether no key is awake.
    pub fn is_empty(&self) -> bool {
        self.awake().is_empty()
    }

    async fn live(self, key: String, entry: Arc<Awake>) {
        while !self.stop.is_cancelled() {
            *entry.again.lock().expect("no panic while the flag is held") = false;
            let next = tokio::select! {
                biased;
                next = self.pass_contained(&key) => next,
                () = self.last_pass() => {
                    tracing::warn!(kind = self.kind, key, "The pass over {} {key} was cut off by the stop", self.kind);
                    break;
                }
            };
            match next {
                Next::Again(after) => tokio::select! {
                    biased;
                    () = self.stop.cancelled() => break,
                    () = tokio::time::sleep(after) => {}
                    () = entry.notify.notified() => {}
                },
                Next::Rest => {
                    // Under the lock that `wake` takes: a wake-up is seen here, or finds no task and makes one.
                    let mut awake = self.awake();
                    if !*entry.again.lock().expect("no panic while the flag is held") {
                        awake.remove(&key);
                        return;
                    }
                }
            }
        }
        self.awake().remove(&key);
    }

    /// A panic in a pass is that pass's trouble: the key is looked at again, everything else goes on.
    async fn pass_contained(&self, key: &str) -> Next {
        let pass = AssertUnwindSafe(async { (self.pass)(key.to_owned()).await });
        if let Ok(next) = pass.catch_unwind().await {
            return next;
        }
        tracing::error!(kind = self.kind, key, "The pass over {} {key} panicked", self.kind);
        Next::Again(AFTER_PANIC)
    }

    /// Returns when the process stops and a pass under way has had its time.
    async fn last_pass(&self) {
        self.stop.cancelled().await;
        tokio::time::sleep(LAST_PASS).await;
    }

    fn awake(&self) -> MutexGuard<'_, HashMap<String, Arc<Awake>>> {
        self.awake.lock().expect("no panic while the map is held")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn actors(pass: impl Fn(usize) -> Next + Send + Sync + 'static) -> (Actors, Arc<AtomicUsize>, TaskTracker) {
        let count = Arc::new(AtomicUsize::new(0));
        let (seen, tracker) = (Arc::clone(&count), TaskTracker::new());
        let pass: Pass = Arc::new(move |_| {
            let next = pass(seen.fetch_add(1, Ordering::SeqCst) + 1);
            async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                next
            }
            .boxed()
        });
        (Actors::new("test", pass, tracker.clone(), CancellationToken::new()), count, tracker)
    }

    #[tokio::test(start_paused = true)]
    async fn a_wake_during_a_pass_leads_to_one_more() {
        let (actors, count, _) = actors(|_| Next::Rest);
        actors.wake("a");
        tokio::time::sleep(Duration::from_millis(500)).await;
        actors.wake("a");
        actors.wake("a");
        tokio::time::sleep(Duration::from_secs(9)).await;
        assert_eq!(count.load(Ordering::SeqCst), 2);
        assert!(actors.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_wake_cuts_a_pause_short() {
        let (actors, count, _) = actors(|n| if n == 1 { Next::Again(Duration::from_secs(3600)) } else { Next::Rest });
        actors.wake("a");
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!((count.load(Ordering::SeqCst), actors.len()), (1, 1));
        actors.wake("a");
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!((count.load(Ordering::SeqCst), actors.len()), (2, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_contained_and_the_key_looked_at_again() {
        let (actors, count, tracker) = actors(|n| if n == 1 { panic!("planted") } else { Next::Rest });
        actors.wake("a");
        tracker.close();
        tracker.wait().await;
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn stop_cuts_a_pass_off_that_takes_too_long() {
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        let pass: Pass = Arc::new(|_| std::future::pending().boxed());
        let actors = Actors::new("test", pass, tracker.clone(), stop.clone());
        actors.wake("a");
        tokio::time::sleep(Duration::from_secs(3600)).await;
        stop.cancel();
        tracker.close();
        tokio::time::timeout(LAST_PASS + Duration::from_secs(1), tracker.wait()).await.unwrap();
        assert!(actors.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn stop_ends_a_pause_but_not_a_pass() {
        let (actors, count, tracker) = actors(|_| Next::Again(Duration::from_secs(3600)));
        actors.wake("a");
        tokio::time::sleep(Duration::from_millis(500)).await;
        actors.stop.cancel();
        tracker.close();
        tracker.wait().await;
        assert_eq!(count.load(Ordering::SeqCst), 1);
        actors.wake("a");
        assert!(actors.is_empty());
    }
}
