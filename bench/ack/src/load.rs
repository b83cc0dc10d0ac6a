//! Clients that keep their connection, and ask again when they are answered.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

use crate::signed::request;

/// No answer that says something is shorter.
const SHORTEST: usize = 60;

/// Numbers the requests of all clients.
static NUMBER: AtomicU64 = AtomicU64::new(1);

/// What came of a load.
pub(crate) struct Outcome {
    /// How long each answer took.
    pub(crate) took: Vec<Duration>,
    pub(crate) elapsed: Duration,
}

/// Has `clients` type `text` for this long.
pub(crate) async fn load(address: SocketAddr, text: &'static str, clients: usize, length: Duration) -> Outcome {
    let begun = Instant::now();
    let mut all: JoinSet<Vec<Duration>> = (0..clients).map(|_| client(address, text, begun + length)).collect();
    let mut took = Vec::new();
    while let Some(client) = all.join_next().await {
        took.extend(client.expect("no client falls"));
    }
    Outcome { took, elapsed: begun.elapsed() }
}

async fn client(address: SocketAddr, text: &'static str, until: Instant) -> Vec<Duration> {
    let mut socket = TcpStream::connect(address).await.expect("the server listens");
    socket.set_nodelay(true).expect("the socket is open");
    let (mut took, mut answer) = (Vec::new(), Vec::with_capacity(64 * 1024));
    while Instant::now() < until {
        let request = request(text, NUMBER.fetch_add(1, Ordering::Relaxed));
        let begun = Instant::now();
        socket.write_all(&request).await.expect("the server takes a request");
        answer.clear();
        while !is_whole(&answer) {
            let read = socket.read_buf(&mut answer).await.expect("the server answers");
            assert!(read > 0, "the server has closed: {}", String::from_utf8_lossy(&answer));
        }
        took.push(begun.elapsed());
        let (head, body) = answer.split_at(head_end(&answer).unwrap_or_default());
        assert!(head.starts_with(b"HTTP/1.1 200") && body.len() >= SHORTEST, "{}", String::from_utf8_lossy(&answer));
    }
    took
}

fn head_end(answer: &[u8]) -> Option<usize> {
    answer.windows(4).position(|it| it == b"\r\n\r\n").map(|it| it + 4)
}

/// Says whether the answer has come to its end, which its length tells, or the last chunk.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = head_end(answer) else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|it| it.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    length.map_or_else(|| answer.ends_with(b"0\r\n\r\n"), |it| answer.len() - end >= it)
}
