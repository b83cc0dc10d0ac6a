//! `serve`: the bot, until it is told to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{ConfigFile, Exit};
use crate::{
    adapters::aws,
    app::App,
    config::{
        Config,
        environment::{Delivery, Environment},
    },
    telemetry::{self, LogFormat},
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    file: ConfigFile,

    /// Let Slack deliver through connections that the bot opens (Socket Mode), instead of posting to its doors. Needs
    /// `SLACK_APP_TOKEN`.
    #[arg(long)]
    socket: bool,
}

pub(super) async fn run(options: &Options, format: LogFormat) -> anyhow::Result<Exit> {
    telemetry::log(format, None);
    let stop = Stop::listen()?;
    let config = Config::load(&options.file.config)?;
    let environment = Environment::read(if options.socket { Delivery::Socket } else { Delivery::Http })?;
    let sdk = aws::sdk_config(Some(&config.aws.region)).await;
    let app = App::start(&config, environment, &sdk, telemetry::count()).await?;
    stop.asked().await;
    app.stop().await;
    Ok(Exit::Done)
}

/// SIGTERM and Ctrl-C. Listened for before the doors open: whoever is let in is not cut off by either.
pub(super) struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// Listens from now on.
    ///
    /// # Errors
    /// The system does not let it.
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits until the process is asked to stop.
    pub(super) async fn asked(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        tracing::info!("Asked to stop");
    }
}
