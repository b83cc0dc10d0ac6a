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
    #[arg(long, value_name = "URL", value_parser = base_url)]
    base_url: Url,
}

pub(super) fn run(options: &Options) -> anyhow::Result<Exit> {
    let base = options.base_url.as_str().trim_end_matches('/');
    let manifest: serde_json::Value =
        serde_json::from_str(&MANIFEST.replace(PLACEHOLDER, base)).context("the manifest does not fit this address")?;
    say(&serde_json::to_string_pretty(&manifest)?);
    Ok(Exit::Done)
}

/// Slack's addresses are made of it by adding a path.
fn base_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|it| it.to_string())?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if url.scheme() != "https" || !bare || !url.username().is_empty() || url.password().is_some() {
        return Err("must be https, a host and nothing else: Slack calls no other address".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_https_address_is_taken() {
        for (text, fine) in [
            ("https://bot.example.com", true),
            ("https://bot.example.com:8443/", true),
            ("http://bot.example.com", false),
            ("https://bot.example.com/path", false),
            ("https://bot.example.com?q", false),
            ("https://bot.example.com#f", false),
            ("https://user:pw@bot.example.com", false),
            ("bot.example.com", false),
        ] {
            assert_eq!(base_url(text).is_ok(), fine, "{text}");
        }
    }
}
