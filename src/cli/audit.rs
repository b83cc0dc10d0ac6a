//! `audit`: whether the log is as it was written, and handing it out to those who check. Reads only, and needs rights of
//! its own (`deploy/audit-policy.json`).

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use jiff::Timestamp;
use serde_json::json;

use super::{ConfigFile, Exit, say, say_wrong};
use crate::{
    adapters::{
        aws,
        store::{DynamoStore, log::Chain},
    },
    config::Config,
    domain::audit::verify::{Broken, verify},
    telemetry::{self, LogFormat},
};

mod evidence;
mod lines;
mod requests;

use requests::Requests;

/// How often the tables are looked at when something seems broken: the bot may be writing meanwhile.
const LOOKS: usize = 3;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// What helps when the tables cannot be read.
const RIGHTS: &str = "the log could not be read; who reads it needs the rights in deploy/audit-policy.json, and the \
                      Region and tables that the configuration names";

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Say whether every chain is whole, and of each that is not, the first place that is broken.
    Verify(Verify),
    /// Write the evidence of one run: its records, who approved what, its chain, and whether that is whole. JSON.
    Export {
        #[command(flatten)]
        file: ConfigFile,
        /// The export task's name, or the start of it.
        run: String,
        /// Where to; without it, to standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Print the log as JSON, one entry a line, chain by chain, with lines that say where each ends.
    Lines {
        #[command(flatten)]
        file: ConfigFile,
        /// Only entries from then on, in RFC 3339, and no ends.
        #[arg(long, value_name = "TIME")]
        since: Option<Timestamp>,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    /// The TOML file of the configuration.
    #[arg(long, env = "DATALAKE_CONFIG", value_name = "FILE", required_unless_present = "lines")]
    config: Option<PathBuf>,
    /// Verify what `audit lines` has printed instead of the tables; needs no configuration and no account.
    #[arg(long, value_name = "FILE")]
    lines: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The chains, by name.
type Chains = BTreeMap<String, Chain>;

pub(super) async fn run(command: Command, format: LogFormat) -> anyhow::Result<Exit> {
    telemetry::log(format, Some("warn"));
    match command {
        Command::Verify(options) => verified(&options).await,
        Command::Export { file, run, out } => evidence::export(&store(&file.config).await?, &run, out.as_deref()).await,
        Command::Lines { file, since } => {
            let chains = store(&file.config).await?.log().await.context(RIGHTS)?;
            Ok(lines::print(&chains, since))
        }
    }
}

async fn store(config: &Path) -> anyhow::Result<DynamoStore> {
    let Config { aws: names, .. } = Config::load(config)?;
    let sdk = aws::sdk_config(Some(&names.region)).await;
    Ok(DynamoStore::new(aws::dynamodb_client(&sdk), names.runs_table, names.state_table))
}

async fn verified(options: &Verify) -> anyhow::Result<Exit> {
    let (chains, broken, requests) = match (&options.lines, &options.config) {
        (Some(file), _) => {
            let chains = match lines::read(file) {
                Ok(chains) => chains,
                Err(why) => {
                    say_wrong(&why);
                    return Ok(Exit::Failed);
                }
            };
            let broken = look(&chains);
            (chains, broken, Requests::default())
        }
        (None, Some(config)) => {
            let store = store(config).await?;
            // Before the log: what ends meanwhile is in it.
            let items = store.requests().await.context(RIGHTS)?;
            let (chains, broken) = settled(&store).await?;
            let requests = requests::look(&items, &chains);
            (chains, broken, requests)
        }
        (None, None) => anyhow::bail!("name a configuration with --config, or a file with --lines"),
    };
    tell(&chains, &broken, &requests, options.json)?;
    if broken.is_empty() {
        return Ok(Exit::Done);
    }
    say_wrong(
        "The log is not as it was written. Leave the tables as they are, export what is there (`audit lines`), and \
         compare with the last export and with the bot's own log lines: docs/audit.md, \"When a chain is broken\"",
    );
    Ok(Exit::Failed)
}

fn tell(chains: &Chains, broken: &[Broken], requests: &Requests, json: bool) -> anyhow::Result<()> {
    let count = |chain: &Chain| chain.found.len();
    let (kept, entries): (usize, usize) =
        (chains.values().filter(|it| count(it) > 0).count(), chains.values().map(count).sum());
    let before = chains.values().filter(|it| count(it) == 0 && it.heads.iter().all(|head| head.seq == 0)).count();
    let Requests { open, unlogged } = requests;
    if json {
        let told: Vec<_> = broken
            .iter()
            .map(|it| json!({"chain": it.chain, "seq": it.seq, "why": it.why, "text": it.to_string()}))
            .collect();
        say(&serde_json::to_string_pretty(&json!({
            "valid": broken.is_empty(), "chains": kept, "entries": entries, "before_the_log": before, "broken": told,
            "open_requests": open, "requests_not_in_the_log": unlogged,
        }))?);
        return Ok(());
    }
    broken.iter().for_each(|it| say(&it.to_string()));
    open.iter().for_each(|it| say(&format!("recorded, and not carried out yet: {it}")));
    unlogged.iter().for_each(|it| say(&format!("carried out, and not in the log: {it}")));
    let state = if broken.is_empty() { "all whole".to_owned() } else { format!("{} broken", broken.len()) };
    say(&format!("{kept} chain(s), {entries} entries: {state}; {before} run(s) older than the log"));
    Ok(())
}

/// Returns the chains, and what is broken each time that one looks: where the bot writes meanwhile, another place seems to
/// be each time.
async fn settled(store: &DynamoStore) -> anyhow::Result<(Chains, Vec<Broken>)> {
    let mut chains = store.log().await.context(RIGHTS)?;
    let mut broken = look(&chains);
    for _ in 1..LOOKS {
        if broken.is_empty() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        chains = store.log().await.context(RIGHTS)?;
        let again = look(&chains);
        broken.retain(|it| again.contains(it));
    }
    Ok((chains, broken))
}

/// Returns the first place of each chain that is not as it was written.
fn look(chains: &Chains) -> Vec<Broken> {
    chains.iter().filter_map(|(name, chain)| verify(name, &chain.found, &chain.heads).err()).collect()
}
