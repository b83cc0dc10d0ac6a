//! `manifest`: the Slack app as Slack wants it described, with the bot's own address.

use anyhow::Context as _;
use serde_json::Value;
use url::Url;

use super::{Exit, say};

/// The manifest under `manifest/`, whose addresses begin with [`PLACEHOLDER`].
const MANIFEST: &str = include_str!("../../manifest/slack.json");
const PLACEHOLDER: &str = "https://bot.example.com";

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Where Slack reaches the bot: https, without a path.
    #[arg(long, value_name = "URL", value_parser = base_url, required_unless_present = "socket")]
    base_url: Option<Url>,

    /// For `serve --socket`: Slack needs no address then.
    #[arg(long, conflicts_with = "base_url")]
    socket: bool,
}

pub(super) fn run(options: &Options) -> anyhow::Result<Exit> {
    say(&serde_json::to_string_pretty(&manifest(options.base_url.as_ref())?)?);
    Ok(Exit::Done)
}

/// Returns the manifest of an app that Slack posts to at `base`; without it, of one that opens connections.
fn manifest(base: Option<&Url>) -> anyhow::Result<Value> {
    let base_or_placeholder = base.map_or(PLACEHOLDER, |it| it.as_str().trim_end_matches('/'));
    let mut manifest: Value = serde_json::from_str(&MANIFEST.replace(PLACEHOLDER, base_or_placeholder))
        .context("the manifest does not fit this address")?;
    if base.is_none() {
        remove_addresses(&mut manifest);
        manifest["settings"]["socket_mode_enabled"] = true.into();
    }
    Ok(manifest)
}

/// In Socket Mode a manifest with addresses is refused (Slack's manifest schema).
fn remove_addresses(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|key, _| key != "url" && key != "request_url");
            members.values_mut().for_each(remove_addresses);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_addresses),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
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
    fn with_sockets_no_address_is_left() {
        let text = manifest(None).unwrap().to_string();
        assert!(!text.contains("http") && text.contains(r#""socket_mode_enabled":true"#), "{text}");
        assert!(text.contains("app_mention") && text.contains("/datalake"), "{text}");
        let base = base_url("https://lake.example.org").unwrap();
        assert_eq!(manifest(Some(&base)).unwrap().to_string().matches("https://lake.example.org/slack/").count(), 3);
    }

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
