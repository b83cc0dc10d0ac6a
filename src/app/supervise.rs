//! Keeps the long-lived tasks alive: one that panics begins again.

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;

use crate::health::{Health, Task};

/// Pause before a task that has panicked begins again.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a task that has begun again must live to be called alive: one that dies at once each time is not.
const SETTLED: Duration = Duration::from_secs(10);

/// Runs what `begin` makes until it ends by itself, or until `stop` when it has just died; makes it anew after a panic.
pub(super) async fn supervise<F: Future<Output = ()>>(
    task: Task,
    health: Arc<Health>,
    stop: CancellationToken,
    mut begin: impl FnMut() -> F,
) {
    loop {
        let life = AssertUnwindSafe(begin()).catch_unwind();
        tokio::pin!(life);
        let settled = tokio::time::sleep(SETTLED);
        let ended = tokio::select! {
            ended = &mut life => ended,
            () = settled => {
                health.up(task);
                life.await
            }
        };
        if ended.is_ok() {
            return;
        }
        health.down(task);
        metrics::counter!(crate::metrics::RESTARTS, "task" => task.as_str()).increment(1);
        tracing::error!(task = task.as_str(), "The {} panicked; it begins again", task.as_str());
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::health::Service;

    /// A task that lives for `seconds`, then panics, `deaths` times; after that it lives until `stop`.
    fn mortal(deaths: usize, seconds: u64) -> (Arc<Health>, CancellationToken, Arc<AtomicUsize>) {
        let (health, stop, lives) = (Arc::new(Health::new()), CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
        health.reached(Service::DynamoDb);
        let (counted, token) = (Arc::clone(&lives), stop.clone());
        let begin = move || {
            let life = counted.fetch_add(1, Ordering::SeqCst);
            let token = token.clone();
            async move {
                if life < deaths {
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                    panic!("planted");
                }
                token.cancelled().await;
            }
        };
        let tasks = tokio_util::task::TaskTracker::new();
        tasks.spawn(supervise(Task::Sweeper, Arc::clone(&health), stop.clone(), begin));
        (health, stop, lives)
    }

    async fn pass(seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_has_panicked_is_back_within_five_seconds() {
        let (health, _stop, lives) = mortal(1, 3);
        pass(2).await;
        assert_eq!(lives.load(Ordering::SeqCst), 1);
        pass(5).await;
        assert_eq!(lives.load(Ordering::SeqCst), 2);
        pass(60).await;
        assert!(!health.troubles().iter().any(|it| it.contains("sweeper")), "{:?}", health.troubles());
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_dies_each_time_turns_health_red() {
        let (health, _stop, lives) = mortal(1000, 2);
        pass(30).await;
        assert!(health.troubles().is_empty(), "{:?}", health.troubles());
        pass(10).await;
        assert!(lives.load(Ordering::SeqCst) > 10);
        assert!(health.troubles()[0].starts_with("sweeper is dead"), "{:?}", health.troubles());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_the_pause_after_a_panic() {
        let (_, stop, lives) = mortal(1000, 0);
        stop.cancel();
        pass(60).await;
        assert_eq!(lives.load(Ordering::SeqCst), 1);
    }
}
