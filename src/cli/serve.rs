//! `serve`: the bot, until it is told to stop.

use std::path::Path;

use tokio::signal::unix::{SignalKind, signal};

use super::Exit;
use crate::{
    adapters::aws,
    app::App,
    config::{Config, environment::Environment},
    telemetry::{self, LogFormat},
};

pub(super) async fn run(file: &Path, format: LogFormat) -> anyhow::Result<Exit> {
    telemetry::log(format, None);
    let config = Config::load(file)?;
    let environment = Environment::read()?;
    let sdk = aws::sdk_config(Some(&config.aws.region)).await;
    let app = App::start(&config, environment, &sdk, telemetry::count()).await?;
    stop_asked().await?;
    app.stop().await;
    Ok(Exit::Done)
}

/// Waits for SIGTERM or Ctrl-C.
pub(super) async fn stop_asked() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("Asked to stop");
    Ok(())
}
