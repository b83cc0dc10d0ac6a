//! A local S3 that is slow on purpose and forgets nothing: it adds a latency to each request, refuses writes beyond a
//! limit, takes its time for copies, counts every call, and says at the end whether the target holds what the source
//! does.
//!
//! Objects are sizes and identities, not bytes, so that it costs little of the machine it shares with what is measured.

use std::{env, process::exit, sync::Arc};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use self::{server::Server, settings::Settings};

mod answer;
mod doors;
mod limit;
mod listing;
mod multipart;
mod objects;
mod request;
mod server;
mod settings;
mod stats;
mod store;
mod world;

/// One thread: the second core is for what is measured.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let flags: Vec<String> = env::args().skip(1).collect();
    let settings = Settings::from_flags(&flags).unwrap_or_else(|wrong| {
        eprintln!("{wrong}\n{}", settings::HELP);
        exit(2)
    });
    let listener = TcpListener::bind(&settings.listen).await.unwrap_or_else(|error| {
        eprintln!("{}: {error}", settings.listen);
        exit(1)
    });
    println!("http://{}", listener.local_addr().expect("it listens"));
    let server = Arc::new(Server::new(settings));
    loop {
        let Ok((socket, _)) = listener.accept().await else { continue };
        // Answers are small, and each is waited for.
        let _ = socket.set_nodelay(true);
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let server = Arc::clone(&server);
                async move { server.serve(request).await }
            });
            // An error is a client that has gone.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
        });
    }
}
