//! The servers that are measured: processes of their own, on the first core.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::{net::TcpStream, time::sleep};

use crate::{signed::SECRET, stub::Stub};

/// Clock ticks of `/proc`, on every Linux that there is.
const TICK: Duration = Duration::from_millis(10);

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Bot,
    BoltJs,
    BoltPython,
}

impl Service {
    pub(crate) const ALL: [Self; 3] = [Self::Bot, Self::BoltJs, Self::BoltPython];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bot => "datalake-bot",
            Self::BoltJs => "bolt-js",
            Self::BoltPython => "bolt-python",
        }
    }
}

/// A server that runs until it is dropped.
pub(crate) struct Server {
    pub(crate) service: Service,
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Server {
    /// Starts the server, and returns when its door is open. `stub` stands for Slack and AWS.
    pub(crate) async fn start(service: Service, stub: &Stub) -> Self {
        let address = free();
        let program = match service {
            Service::Bot => bot(address, stub),
            Service::BoltJs => {
                let mut node = pinned("node");
                node.arg("bench/ack/bolt/server.js").env("NODE_PATH", "target/bench-ack/bolt-js/node_modules");
                node
            }
            Service::BoltPython => {
                let mut python = pinned("target/bench-ack/python/bin/python");
                python.arg("bench/ack/bolt/server.py");
                python
            }
        };
        let mut program = program;
        program.env("PORT", address.port().to_string()).env("SLACK_SIGNING_SECRET", SECRET);
        program.env("NODE_ENV", "production").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log(service));
        let child = program.spawn().expect("the server can be started");
        let server = Self { service, address, child };
        for _ in 0..200 {
            if TcpStream::connect(address).await.is_ok() {
                return server;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("{} does not listen; see target/bench-ack", service.name());
    }

    /// Returns the time of a processor that the process has had.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("the server lives");
        let (_, fields) = stat.rsplit_once(')').expect("the name stands in parentheses");
        let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|it| it.parse::<u32>().ok());
        TICK * ticks.sum::<u32>()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A program on the first core; the load comes from another.
fn pinned(program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", "0", program]);
    command
}

fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it listens")
}

fn log(service: Service) -> fs::File {
    fs::File::create(format!("target/bench-ack/{}.log", service.name())).expect("target/bench-ack is there")
}

/// The release build as it is deployed, with `stub` for all that it calls.
fn bot(address: SocketAddr, stub: &Stub) -> Command {
    let config = PathBuf::from("target/bench-ack/datalake.toml");
    let (url, admin) = (stub.url(), free());
    let text = include_str!("../datalake.toml").replace("LISTEN", &address.to_string());
    fs::write(&config, text.replace("ADMIN", &admin.to_string()).replace("QUEUE", &format!("{url}/1/queue")))
        .expect("target/bench-ack is there");
    let mut bot = pinned("target/release/datalake-bot");
    bot.arg("serve").env("DATALAKE_CONFIG", config).env("SLACK_BOT_TOKEN", "xoxb-1").env("SLACK_API_URL", &url);
    bot.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "x").env("AWS_ENDPOINT_URL", &url);
    bot
}
