//! R13: what strangers send costs no memory, and keeps nobody waiting.

use std::time::Duration;

use futures_util::future::join_all;
use http_body_util::Full;
use hyper::{Request, body::Bytes};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, timeout},
};

use super::{Load, figure, percentile, size};
use crate::harness::Bot;

async fn huge(address: &str, head: &str, megabytes: usize) {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("100000\r\n{}\r\n", "x".repeat(0x10_0000));
    for _ in 0..megabytes {
        if socket.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
}

/// Returns after how long the bot has closed a connection on which nothing more comes.
async fn silent(address: &str) -> Duration {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let _ = socket.write_all(b"POST /slack/commands HTTP/1.1\r\nhost: bot\r\n").await;
    let begun = Instant::now();
    let mut rest = Vec::new();
    let _ = timeout(Duration::from_secs(60), socket.read_to_end(&mut rest)).await;
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_cost_no_memory_and_keep_nobody_waiting() {
    let bot = Bot::start().await;
    let address = bot.url().replace("http://", "");
    let load = Load::new(&bot.url());
    load.command("status", 0).await;
    let before = bot.memory();
    let post = "POST /slack/commands HTTP/1.1\r\nhost: bot\r\n";
    huge(&address, &format!("{post}content-length: 209715200\r\n\r\n"), size(20, 200)).await;
    huge(&address, &format!("{post}transfer-encoding: chunked\r\n\r\n"), size(20, 1024)).await;
    let strangers = size(500, 10_000);
    for batch in (0..strangers).collect::<Vec<_>>().chunks(100) {
        join_all(batch.iter().map(|_| async {
            let request = Request::post(format!("{}/slack/events", bot.url()));
            let answer = load.client.request(request.body(Full::new(Bytes::from("{}"))).unwrap()).await.unwrap();
            assert_eq!(answer.status(), 401);
        }))
        .await;
    }
    let count = size(200, 2000);
    let slow = join_all((0..count).map(|_| silent(&address)));
    let good = async {
        let mut took = Vec::new();
        for number in 1..=size(10, 50) {
            let answer = load.command("status", number).await;
            assert_eq!(answer.status, Some(200));
            took.push(answer.took);
        }
        took
    };
    let (mut closed, mut took) = futures_util::future::join(slow, good).await;
    let peak = bot.memory_peak();
    figure(
        "R13",
        &format!(
            "200 MiB body, 1 GiB chunked, {strangers} unsigned posts, {count} silent connections: memory {before} → peak \
             {peak} MiB; silent ones closed within {} s; meanwhile good answers p99 {} ms",
            percentile(&mut closed, 100) / 1000,
            percentile(&mut took, 99),
        ),
    );
}
