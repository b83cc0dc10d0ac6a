//! `config check`: what is wrong in the configuration, and, with `--live`, what the newest exports say of the
//! classification.

use std::path::PathBuf;

use anyhow::Context as _;

use super::{Exit, say, say_wrong};
use crate::{
    adapters::{
        aws::{self, Aws, SdkConfig},
        store::DynamoStore,
    },
    clock::System,
    config::Config,
    domain::{
        doubt::Finding,
        inspection::{missing, unclassified},
        source::Source,
    },
    engine::ports::{Schemas as _, Store as _},
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    file: PathBuf,

    /// Look at the newest good export of each source besides: which names of the classification it does not have, and
    /// which of its columns are not classified. Reads the table of runs and S3.
    #[arg(long)]
    live: bool,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<Exit> {
    let config = Config::load(&options.file)?;
    let file = options.file.display();
    let mut notices: Vec<String> = config.notices.iter().map(ToString::to_string).collect();
    if options.live {
        let sdk = aws::sdk_config(Some(&config.aws.region)).await;
        for source in config.sources.iter().filter(|it| !it.rules.is_empty()) {
            notices.extend(live(&config, &sdk, source).await.with_context(|| format!("source {}", source.name))?);
        }
    }
    for notice in &notices {
        say_wrong(&format!("{file}: {notice}"));
    }
    if !notices.is_empty() {
        return Ok(Exit::Usage);
    }
    say(&format!("{file}: no mistakes, {} source(s)", config.sources.len()));
    Ok(Exit::Done)
}

/// Returns how the classification of `source` and its newest good export differ, one line each.
async fn live(config: &Config, sdk: &SdkConfig, source: &Source) -> anyhow::Result<Vec<String>> {
    let (runs, state) = (config.aws.runs_table.clone(), config.aws.state_table.clone());
    let store = DynamoStore::new(aws::dynamodb_client(sdk), runs, state);
    let name = &source.name;
    let Some(run) = store.last_success(name).await? else {
        say(&format!("sources.{name}: no run has succeeded yet, so there is no export to compare with"));
        return Ok(Vec::new());
    };
    let export = &run.export_task;
    let schema = Aws::new(sdk, std::sync::Arc::new(System)).of(source, export).await;
    let Some(schema) = schema.map_err(|it| anyhow::anyhow!("{}: {}", it.code, it.message))? else {
        say(&format!("sources.{name}: the status files of the export {export} are not in S3 any more"));
        return Ok(Vec::new());
    };
    let missing = missing(&source.rules, &schema).into_iter();
    // An export of some tables says nothing of the others.
    let missing = missing.filter(|_| run.only.is_empty());
    let missing =
        missing.map(|it| format!("sources.{name}.classification names {}, which {export} does not have", it.join(".")));
    let unclassified = unclassified(&source.rules, &schema).into_iter().map(|Finding { table, column, .. }| {
        let column = column.map(|it| format!(".{it}")).unwrap_or_default();
        format!("sources.{name}.classification does not name {table}{column}, which {export} has: it is sensitive")
    });
    Ok(missing.chain(unclassified).collect())
}
