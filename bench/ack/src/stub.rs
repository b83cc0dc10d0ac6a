//! What the bot calls, as little of it as an acknowledgement needs: who Ana is, and a table that takes every request.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::sleep,
};

/// How long a queue keeps who receives from it waiting.
const LONG_POLL: Duration = Duration::from_secs(10);

const USER: &str = r#"{"ok":true,"user":{"id":"U0ANA000001","team_id":"T0DATALAKE1","locale":"en-US"}}"#;
const GROUP: &str = r#"{"ok":true,"users":["U0ANA000001"]}"#;

/// Slack, DynamoDB and SQS under one address, until it is dropped.
pub(crate) struct Stub {
    address: SocketAddr,
    accepts: JoinHandle<()>,
}

impl Stub {
    /// Starts it: AWS answers after `delay`.
    pub(crate) async fn start(delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("it listens");
        let accepts = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, delay));
            }
        });
        Self { address, accepts }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.accepts.abort();
    }
}

async fn serve(mut socket: TcpStream, delay: Duration) {
    let mut read = Vec::new();
    loop {
        let Some((head, length)) = head(&read) else {
            match socket.read_buf(&mut read).await {
                Ok(0) | Err(_) => return,
                Ok(_) => continue,
            }
        };
        if read.len() < length {
            match socket.read_buf(&mut read).await {
                Ok(0) | Err(_) => return,
                Ok(_) => continue,
            }
        }
        read.drain(..length);
        let (after, body) = answer(&head, delay);
        sleep(after).await;
        let kind = if head.contains("x-amz-target") { "application/x-amz-json-1.0" } else { "application/json" };
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        if socket.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Returns the head of a request, in small letters, and the length of the whole.
fn head(read: &[u8]) -> Option<(String, usize)> {
    let end = read.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
    let body = head.lines().find_map(|it| it.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    Some((head, end + body.unwrap_or(0)))
}

fn answer(head: &str, delay: Duration) -> (Duration, &'static str) {
    let target = head.lines().find_map(|it| it.strip_prefix("x-amz-target:")).unwrap_or_default().trim();
    match target.rsplit('.').next().unwrap_or_default() {
        "query" => (delay, r#"{"Items":[],"Count":0,"ScannedCount":0}"#),
        "receivemessage" => (LONG_POLL, "{}"),
        "sendmessage" => (delay, r#"{"MessageId":"1","MD5OfMessageBody":"1"}"#),
        "" if head.contains("users.info") => (Duration::ZERO, USER),
        "" => (Duration::ZERO, GROUP),
        _ => (delay, "{}"),
    }
}
