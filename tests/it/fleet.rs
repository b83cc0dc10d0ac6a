//! Several replicas of the bot on one queue and one table. Which of them a fault strikes, the fault finds out: the one
//! whose call it is.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    time::Duration,
};

use datalake_bot::sandbox::{
    faults::Hook,
    world::{Options, World},
};
use tempfile::TempDir;
use tokio::{
    process::Child,
    time::{Instant, sleep},
};

use crate::harness::{CHANNEL, Judge, signal_to, spawned};

/// How long anything may take before a test gives up; far above what it takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A world, and the replicas in it.
pub(crate) struct Fleet {
    pub(crate) judge: Judge,
    replicas: Vec<Replica>,
    /// The processes that live, for faults to choose from.
    alive: Arc<Mutex<Vec<u32>>>,
}

struct Replica {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl Fleet {
    /// Starts `count` replicas in a new world.
    pub(crate) async fn start(count: usize, options: Options) -> Self {
        let judge = Judge { world: World::start(options).await.unwrap() };
        let mut fleet = Self { judge, replicas: Vec::new(), alive: Arc::default() };
        for _ in 0..count {
            let replica = fleet.replica();
            fleet.replicas.push(replica);
        }
        fleet.note_alive();
        for at in 0..count {
            fleet.opened(at).await;
        }
        fleet.judge.world.slack.set_bot_url(&fleet.url(0));
        fleet
    }

    fn replica(&self) -> Replica {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        fs::write(folder.path().join("datalake.toml"), self.judge.world.config(&format!("127.0.0.1:{port}"))).unwrap();
        let child = self.spawn(&folder);
        Replica { folder, port, child }
    }

    fn spawn(&self, folder: &TempDir) -> Child {
        spawned(&self.judge.world, folder, &["serve"]).kill_on_drop(true).spawn().unwrap()
    }

    /// Waits until the replica's doors are open.
    async fn opened(&self, at: usize) {
        let address = format!("127.0.0.1:{}", self.replicas[at].port);
        let until = Instant::now() + PATIENCE;
        while tokio::net::TcpStream::connect(&address).await.is_err() {
            assert!(Instant::now() < until, "the doors of replica {at} stay shut");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Returns where the doors of a replica are.
    pub(crate) fn url(&self, at: usize) -> String {
        format!("http://127.0.0.1:{}", self.replicas[at].port)
    }

    fn note_alive(&self) {
        *self.alive.lock().unwrap() = self.replicas.iter().filter_map(|it| it.child.id()).collect();
    }

    /// Starts the replicas again that have died. Returns how many had.
    pub(crate) fn tend(&mut self) -> usize {
        let mut died = 0;
        for at in 0..self.replicas.len() {
            if self.replicas[at].child.try_wait().unwrap().is_some() {
                self.replicas[at].child = self.spawn(&self.replicas[at].folder);
                died += 1;
            }
        }
        self.note_alive();
        died
    }

    /// Returns what kills the replica that has made the call.
    pub(crate) fn killer(&self) -> Hook {
        self.signaler(|pid| signal_to("-KILL", pid))
    }

    /// Returns what stops the replica that has made the call for `time`: it keeps its memory, its connections and what
    /// it believes.
    pub(crate) fn pauser(&self, time: Duration) -> Hook {
        self.signaler(move |pid| {
            signal_to("-STOP", pid);
            // A process of its own, for nothing here may wait.
            let wake = format!("(sleep {}; kill -CONT {pid} 2> /dev/null) &", time.as_secs_f32());
            std::process::Command::new("sh").args(["-c", &wake]).status().unwrap();
        })
    }

    fn signaler(&self, act: impl Fn(u32) + Send + Sync + 'static) -> Hook {
        let alive = Arc::clone(&self.alive);
        Arc::new(move |peer| {
            let pids = alive.lock().unwrap().clone();
            if let Some(pid) = pids.into_iter().find(|it| holds(*it, peer)) {
                act(pid);
            }
        })
    }

    /// Types a command as `user`, again and at another replica if there is no answer, as people do.
    pub(crate) async fn slash(&mut self, user: &str, text: &str) {
        let until = Instant::now() + PATIENCE;
        for at in (0..self.replicas.len()).cycle() {
            self.judge.world.slack.set_bot_url(&self.url(at));
            let answer = self.judge.world.slack.slash(user, CHANNEL, text).await;
            if answer.is_ok_and(|it| it.status == 200) {
                return;
            }
            self.tend();
            assert!(Instant::now() < until, "no replica takes {text}");
            sleep(Duration::from_millis(200)).await;
        }
    }

    /// Presses a button as `user`, at whichever replica answers.
    pub(crate) async fn press(&mut self, user: &str, channel: &str, ts: &str, action: &str) {
        for at in 0..self.replicas.len() {
            self.judge.world.slack.set_bot_url(&self.url(at));
            let answer = self.judge.world.slack.press(user, channel, ts, action).await;
            if answer.is_ok_and(|it| it.status == 200) {
                return;
            }
        }
    }

    /// Waits for `found`; meanwhile replicas that have died are started again.
    pub(crate) async fn until<T>(&mut self, what: &str, mut found: impl AsyncFnMut(&Judge) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(found) = found(&self.judge).await {
                return found;
            }
            self.tend();
            sleep(Duration::from_millis(50)).await;
        }
        panic!("it did not come to this: {what}\n{}", self.logs());
    }

    fn logs(&self) -> String {
        let log = |it: &Replica| fs::read_to_string(it.folder.path().join("log")).unwrap_or_default();
        let tail = |text: String| -> String {
            let lines: Vec<&str> = text.lines().collect();
            lines[lines.len().saturating_sub(25)..].join("\n")
        };
        self.replicas.iter().map(|it| tail(log(it))).collect::<Vec<_>>().join("\n──\n")
    }
}

/// Says whether process `pid` holds the socket that is bound to `local`, as Linux tells it in `/proc`.
fn holds(pid: u32, local: SocketAddr) -> bool {
    let address = format!("0100007F:{:04X}", local.port());
    let table = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let columns = table.lines().map(|it| it.split_whitespace().collect::<Vec<_>>());
    let Some(socket) = columns.filter(|it| it.get(1) == Some(&address.as_str())).find_map(|it| it.get(9).copied())
    else {
        return false;
    };
    let wanted = format!("socket:[{socket}]");
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    files.filter_map(|it| fs::read_link(it.path()).ok()).any(|it| it.to_string_lossy() == wanted)
}
