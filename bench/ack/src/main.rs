//! Acknowledgements of slash commands: how many a second, what each costs, how long it takes. The release build of the
//! bot, and beside it Slack's own frameworks, do the same in one run on one core.

use std::{env, time::Duration};

use self::{
    load::{Outcome, load},
    server::{Server, Service},
    stub::Stub,
};

mod load;
mod server;
mod signed;
mod stub;

/// How long each step lasts, after a second to warm up.
const SECONDS: u64 = 5;

/// Clients that each have one connection, and wait for an answer before they ask again.
const CLIENTS: [usize; 3] = [1, 16, 64];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let only = env::args().nth(1);
    let seconds = env::var("SECONDS_EACH").ok().and_then(|it| it.parse().ok()).unwrap_or(SECONDS);
    let length = Duration::from_secs(seconds);
    let wanted = |name: &str| only.as_deref().is_none_or(|it| it == name);
    for service in Service::ALL.into_iter().filter(|it| wanted(it.name())) {
        let stub = Stub::start(Duration::ZERO).await;
        let server = Server::start(service, &stub).await;
        for clients in CLIENTS {
            measure(&server, "help", clients, length).await;
        }
    }
    if wanted("run") {
        for delay in [5, 500].map(Duration::from_millis) {
            let stub = Stub::start(delay).await;
            let server = Server::start(Service::Bot, &stub).await;
            println!("DynamoDB and SQS answer after {delay:?}:");
            for clients in [1, 16] {
                measure(&server, "run shop", clients, length).await;
            }
        }
    }
}

/// Loads the server, and prints a row of the table.
async fn measure(server: &Server, text: &'static str, clients: usize, length: Duration) {
    load(server.address, text, clients, Duration::from_secs(1)).await;
    let before = server.cpu();
    let Outcome { mut took, elapsed } = load(server.address, text, clients, length).await;
    let cpu = server.cpu() - before;
    took.sort_unstable();
    let percentile = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)].as_secs_f64() * 1000.0;
    let count = took.len() as f64;
    println!(
        "| {:<24} | {text:<8} | {clients:>2} | {:>7.0} acks/s | {:>6.1} us CPU | p50 {:>7.2} ms | p99 {:>7.2} ms | max {:>7.2} ms |",
        server.service.name(),
        count / elapsed.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / count,
        percentile(50),
        percentile(99),
        percentile(100),
    );
}
