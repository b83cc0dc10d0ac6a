//! Hands wake-ups to the actors: one task for each run, thread, request, notice and Home that is awake.

use std::{future::Future, sync::Arc};

use futures_util::FutureExt;
use tokio::sync::{Mutex, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Engine, Wake,
    actors::{Actors, Next},
    home::EVERYBODY,
    outbox::Outbox,
};
use crate::domain::notice::NoticeId;

/// The board's only key.
const BOARD: &str = "board";

/// The actors of one process, and the wake-ups for them. They outlive a panic of what hands the wake-ups out, so that
/// passes over the same key never overlap.
pub struct Driver {
    runs: Actors,
    threads: Actors,
    requests: Actors,
    notices: Actors,
    board: Actors,
    homes: Actors,
    wakes: Mutex<mpsc::Receiver<Wake>>,
    outbox: Outbox,
    stop: CancellationToken,
}

impl Driver {
    /// Returns a driver of `engine`, whose passes are `tasks`' and end on `stop`: soon by themselves, or cut off.
    pub fn new(
        engine: &Arc<Engine>,
        wakes: mpsc::Receiver<Wake>,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Self {
        Self {
            runs: actors("run", engine, pass_run, tasks, stop),
            threads: actors("thread", engine, pass_thread, tasks, stop),
            requests: actors("request", engine, pass_request, tasks, stop),
            notices: actors("notice", engine, pass_notice, tasks, stop),
            board: actors("board", engine, pass_board, tasks, stop),
            homes: actors("home", engine, pass_home, tasks, stop),
            wakes: Mutex::new(wakes),
            outbox: engine.outbox.clone(),
            stop: stop.clone(),
        }
    }

    /// Hands wake-ups out until the process stops.
    pub async fn drive(&self) {
        let mut wakes = self.wakes.lock().await;
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return self.outbox.close().await,
                wake = wakes.recv() => match wake {
                    Some(Wake::Run(name)) => self.runs.wake(name.as_str()),
                    Some(Wake::Thread(name)) => {
                        self.threads.wake(name.as_str());
                        self.outbox.nudge(name.as_str());
                        self.board.wake(BOARD);
                        self.homes.wake(EVERYBODY);
                    }
                    Some(Wake::Request(id)) => self.requests.wake(&id),
                    Some(Wake::Notice(id)) => {
                        self.notices.wake(&id.0);
                        self.outbox.nudge(&id.0);
                    }
                    Some(Wake::Board) => self.board.wake(BOARD),
                    Some(Wake::Home(user)) => self.homes.wake(&user),
                    Some(Wake::Homes) => self.homes.wake(EVERYBODY),
                    None => return,
                },
            }
            metrics::gauge!(crate::metrics::AWAKE, "kind" => "run").set(self.runs.len() as f64);
            metrics::gauge!(crate::metrics::AWAKE, "kind" => "thread").set(self.threads.len() as f64);
        }
    }
}

fn actors<F: Future<Output = Next> + Send + 'static>(
    kind: &'static str,
    engine: &Arc<Engine>,
    pass: impl Fn(Arc<Engine>, String) -> F + Send + Sync + 'static,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Actors {
    let engine = Arc::clone(engine);
    Actors::new(kind, Arc::new(move |key| pass(Arc::clone(&engine), key).boxed()), tasks.clone(), stop.clone())
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
    Box::pin(engine.carry_out(&key)).await
}

async fn pass_board(engine: Arc<Engine>, _: String) -> Next {
    engine.project_board().await
}

async fn pass_notice(engine: Arc<Engine>, key: String) -> Next {
    engine.attend(&NoticeId(key)).await
}

async fn pass_home(engine: Arc<Engine>, key: String) -> Next {
    if key == EVERYBODY { engine.refresh_homes().await } else { engine.show_home(&key).await }
}
