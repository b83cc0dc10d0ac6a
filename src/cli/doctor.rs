//! `doctor`: what is wrong with the live environment, and how to mend it.

use anyhow::Context as _;

use super::{ConfigFile, Exit, say, say_wrong};
use crate::{
    adapters::aws,
    config::{
        Config,
        environment::{Delivery, Environment},
    },
    doctor,
    domain::command::nearest,
    telemetry::{self, LogFormat},
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    file: ConfigFile,

    /// Look at what this source needs alone among the sources.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,

    /// Look at what Socket Mode needs: `SLACK_APP_TOKEN` in the place of the signing secret.
    #[arg(long)]
    socket: bool,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(options: &Options, format: LogFormat) -> anyhow::Result<Exit> {
    telemetry::log(format, Some("off"));
    let config = Config::load(&options.file.config)?;
    let environment = Environment::read(if options.socket { Delivery::Socket } else { Delivery::Http })?;
    let names: Vec<&str> = config.sources.iter().map(|it| it.name.as_str()).collect();
    let source = match &options.source {
        None => None,
        Some(name) => match config.sources.iter().find(|it| it.name == *name) {
            Some(source) => Some(source),
            None => {
                let meant = nearest(name, names.iter().copied());
                let meant = meant.map_or_else(|| names.join(", "), |it| format!("did you mean {it}?"));
                say_wrong(&format!("there is no source {name}: {meant}"));
                return Ok(Exit::Usage);
            }
        },
    };
    let sdk = aws::sdk_config(Some(&config.aws.region)).await;
    let report = doctor::examine(&config, &environment, &sdk, source).await.context("the doctor cannot begin")?;
    if options.json {
        say(&serde_json::to_string_pretty(&report)?);
    } else {
        say(&report.text());
    }
    Ok(if report.is_well() { Exit::Done } else { Exit::Failed })
}
