//! `manifest`: the Slack app as Slack wants it described, with the bot's own address.

use anyhow::Context as _;
use url::Url;

use super::{Exit, say};

/// The manifest under `manifest/`, whose addresses begin with [`PLACEHOLDER`].
const MANIFEST: &str = include_str!("../../manifest/slack.json");
const PLACEHOLDER: &str = "https://bot.example.com";

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Where Slack reaches the bot: https, without a path.
    #[arg(long, value_name = "URL")]
    base_url: Url,
}

pub(super) fn run(options: &Options) -> anyhow::Result<Exit> {
    anyhow::ensure!(options.base_url.scheme() == "https", "--base-url must be https: Slack calls no other address");
    let base = options.base_url.as_str().trim_end_matches('/');
    let manifest: serde_json::Value =
        serde_json::from_str(&MANIFEST.replace(PLACEHOLDER, base)).context("the manifest does not fit this address")?;
    say(&serde_json::to_string_pretty(&manifest)?);
    Ok(Exit::Done)
}
