//! Hands wake-ups to the actors: one task for each run, thread and request that is awake.

use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Engine, Wake,
    actors::{Actors, Next},
};

/// Runs until `stop`; then waits for the passes under way.
pub async fn drive(engine: Arc<Engine>, mut wakes: mpsc::Receiver<Wake>, stop: CancellationToken) {
    let tracker = TaskTracker::new();
    let actors = |kind, pass| Actors::new(kind, pass, tracker.clone(), stop.clone());
    let bot = Arc::clone(&engine);
    let runs = actors("run", Arc::new(move |key| pass_run(Arc::clone(&bot), key).boxed()));
    let bot = Arc::clone(&engine);
    let threads = actors("thread", Arc::new(move |key| pass_thread(Arc::clone(&bot), key).boxed()));
    let bot = Arc::clone(&engine);
    let requests = actors("request", Arc::new(move |key| pass_request(Arc::clone(&bot), key).boxed()));
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            wake = wakes.recv() => match wake {
                Some(Wake::Run(name)) => runs.wake(name.as_str()),
                Some(Wake::Thread(name)) => {
                    threads.wake(name.as_str());
                    engine.outbox.nudge(name.as_str());
                }
                Some(Wake::Request(id)) => requests.wake(&id),
                None => break,
            },
        }
        metrics::gauge!(crate::metrics::AWAKE, "kind" => "run").set(runs.len() as f64);
        metrics::gauge!(crate::metrics::AWAKE, "kind" => "thread").set(threads.len() as f64);
    }
    engine.outbox.close().await;
    tracker.close();
    tracker.wait().await;
}

async fn pass_run(engine: Arc<Engine>, key: String) -> Next {
    match key.parse() {
        Ok(name) => engine.reconcile(&name).await,
        Err(_) => Next::Rest,
    }
}

async fn pass_thread(engine: Arc<Engine>, key: String) -> Next {
    match key.parse() {
        Ok(name) => engine.project(&name).await,
        Err(_) => Next::Rest,
    }
}

async fn pass_request(engine: Arc<Engine>, key: String) -> Next {
    engine.carry_out(&key).await
}
