//! The configuration: one TOML file, and secrets from the environment. Every mistake is reported at once, with its key
//! and line.

use std::{net::SocketAddr, path::Path, time::Duration};

use crate::domain::{access::Access, forecast::Prices, source::Source, topic::TopicArn};

pub(crate) mod check;
pub mod classification;
pub mod environment;
mod reader;

pub use reader::Mistake;

/// A configuration that the bot can be started with.
#[derive(Clone, Debug)]
pub struct Config {
    pub server: Server,
    pub slack: Slack,
    pub aws: Aws,
    pub engine: EngineConfig,
    pub access: Access,
    /// What plans are priced with; without it no cost is shown.
    pub prices: Option<Prices>,
    pub sources: Vec<Source>,
    /// What is wrong in the file, but does not keep the bot from being safe.
    pub notices: Vec<Mistake>,
}

/// `[server]`: where the doors are.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    pub listen: SocketAddr,
    pub admin_listen: SocketAddr,
}

/// `[slack]`: the workspace, and where messages go.
#[derive(Clone, Debug)]
pub struct Slack {
    pub team_id: String,
    pub channel: String,
    pub alerts_channel: String,
    /// `en` or `ja`.
    pub locale: String,
    /// Whether `channel` has a message that shows all runs that are under way.
    pub board: bool,
}

/// `[aws]`: what the bot itself uses.
#[derive(Clone, Debug)]
pub struct Aws {
    pub region: String,
    pub runs_table: String,
    pub state_table: String,
    pub queue_url: String,
    /// Topics whose messages are believed.
    pub sns_topics: Vec<TopicArn>,
}

/// `[engine]`: how long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineConfig {
    /// How long a lost message can cost.
    pub reconcile_every: Duration,
    /// How long an intent keeps other replicas from acting.
    pub lease: Duration,
    /// Between two looks at work that is under way.
    pub poll_every: Duration,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {path}: {why}")]
    Unreadable { path: String, why: String },
    #[error("{path} has {} mistake{}:\n{}", .mistakes.len(), if .mistakes.len() == 1 { "" } else { "s" }, listed(.mistakes))]
    Mistaken { path: String, mistakes: Vec<Mistake> },
}

fn listed(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(|it| format!("  {it}\n")).collect()
}

impl Config {
    /// Reads and checks the file at `path`. Files that it names are looked for beside it.
    ///
    /// # Errors
    /// The file cannot be read, or has mistakes: all of them are in the error.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|it| ConfigError::Unreadable { path: shown.clone(), why: it.to_string() })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        check::check(&text, folder).map_err(|mistakes| ConfigError::Mistaken { path: shown, mistakes })
    }
}
