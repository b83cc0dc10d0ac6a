//! `tables`: what the bot needs in DynamoDB. In production `deploy/` owns them; `--create` is for development.

use std::path::PathBuf;

use super::{Exit, say};
use crate::{
    adapters::{
        aws,
        store::tables::{Table, tables},
    },
    config::Config,
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Make the tables that are missing.
    #[arg(long)]
    create: bool,

    /// The TOML file of the configuration, for the tables' names and the Region.
    #[arg(long, env = "DATALAKE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Names of the tables where there is no configuration.
const RUNS: &str = "datalake-runs";
const STATE: &str = "datalake-state";

pub(super) async fn run(options: &Options) -> anyhow::Result<Exit> {
    let config = options.config.as_deref().map(Config::load).transpose()?;
    let tables = match &config {
        Some(config) => tables(&config.aws.runs_table, &config.aws.state_table),
        None => tables(RUNS, STATE),
    };
    if !options.create {
        let inputs: Vec<_> = tables.iter().map(Table::create_input).collect();
        say(&serde_json::to_string_pretty(&inputs)?);
        return Ok(Exit::Done);
    }
    let sdk = aws::sdk_config(config.as_ref().map(|it| it.aws.region.as_str())).await;
    let client = aws::dynamodb_client(&sdk);
    for table in &tables {
        let made = table.create(&client).await?;
        say(&format!("{}: {}", table.name(), if made { "created" } else { "was there" }));
    }
    Ok(Exit::Done)
}
