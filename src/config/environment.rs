//! What comes from the environment: secrets, and where Slack is. The only place that reads it, beside the command line
//! and the AWS SDK.

use secrecy::SecretString;
use url::{Host, Url};

/// Slack's API, unless `SLACK_API_URL` says otherwise.
const SLACK_API: &str = "https://slack.com/api";

/// Secrets and addresses.
#[derive(Debug)]
pub struct Environment {
    /// `SLACK_SIGNING_SECRET`: one, or two with a comma between while they are rotated.
    pub signing_secrets: Vec<SecretString>,
    /// `SLACK_BOT_TOKEN`.
    pub bot_token: SecretString,
    /// `SLACK_API_URL`.
    pub slack_api: Url,
}

/// What is wrong with the environment; every mistake at once.
#[derive(Debug, thiserror::Error)]
#[error("the environment has mistakes:\n  {}", .0.join("\n  "))]
pub struct Mistakes(Vec<String>);

impl Environment {
    /// Reads the environment of the process.
    ///
    /// # Errors
    /// A secret is missing, or an address may not be used.
    #[expect(clippy::disallowed_methods, reason = "this module is where the environment is read")]
    pub fn read() -> Result<Self, Mistakes> {
        Self::from(|name| std::env::var(name).ok())
    }

    /// Returns an environment for commands that do not speak to Slack.
    pub fn without_slack() -> Self {
        let slack_api = Url::parse(SLACK_API).expect("the address is a constant");
        Self { signing_secrets: Vec::new(), bot_token: SecretString::from(""), slack_api }
    }

    fn from(get: impl Fn(&str) -> Option<String>) -> Result<Self, Mistakes> {
        let mut mistakes = Vec::new();
        let secrets = get("SLACK_SIGNING_SECRET").unwrap_or_default();
        let secrets: Vec<&str> = secrets.split(',').map(str::trim).filter(|it| !it.is_empty()).collect();
        if secrets.is_empty() {
            mistakes.push("SLACK_SIGNING_SECRET is not set: copy it from the app's page, Basic Information".to_owned());
        }
        if secrets.len() > 2 {
            mistakes.push("SLACK_SIGNING_SECRET has more than two secrets: keep the newest two".to_owned());
        }
        let token = get("SLACK_BOT_TOKEN").unwrap_or_default();
        if token.trim().is_empty() {
            mistakes.push("SLACK_BOT_TOKEN is not set: copy it from the app's page, OAuth & Permissions".to_owned());
        }
        let address = get("SLACK_API_URL").unwrap_or_else(|| SLACK_API.to_owned());
        let slack_api = slack_api(&address).map_err(|why| mistakes.push(format!("SLACK_API_URL {why}")));
        match slack_api {
            Ok(slack_api) if mistakes.is_empty() => Ok(Self {
                signing_secrets: secrets.into_iter().map(SecretString::from).collect(),
                bot_token: token.trim().into(),
                slack_api,
            }),
            _ => Err(Mistakes(mistakes)),
        }
    }
}

/// The token is sent there: only over TLS, or to this machine.
fn slack_api(address: &str) -> Result<Url, String> {
    let url = Url::parse(address).map_err(|it| format!("is not an address: {it}"))?;
    let loopback = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        _ => Err("must be https; plain http is for this machine only".to_owned()),
    }
}

/// Returns the name of the account that runs the program, for the record of who asked.
#[expect(clippy::disallowed_methods, reason = "this module is where the environment is read")]
pub fn account() -> String {
    std::env::var("USER").ok().filter(|it| !it.is_empty()).unwrap_or_else(|| "cli".to_owned())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Environment, Mistakes> {
        Environment::from(|name| pairs.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn two_secrets_may_overlap() {
        let found = read(&[("SLACK_SIGNING_SECRET", "new, old"), ("SLACK_BOT_TOKEN", "xoxb-1")]).unwrap();
        let secrets: Vec<&str> = found.signing_secrets.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(secrets, ["new", "old"]);
        assert_eq!(found.slack_api.as_str(), "https://slack.com/api");
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let mistakes = read(&[("SLACK_API_URL", "http://slack.example/api")]).unwrap_err().to_string();
        for name in ["SLACK_SIGNING_SECRET", "SLACK_BOT_TOKEN", "SLACK_API_URL"] {
            assert!(mistakes.contains(name), "{mistakes}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for (address, fine) in [
            ("http://127.0.0.1:9/api", true),
            ("http://[::1]:9/api", true),
            ("http://localhost:9/api", true),
            ("https://slack.com/api", true),
            ("http://127.0.0.1.example.com/api", false),
            ("http://10.0.0.1/api", false),
            ("ftp://127.0.0.1/api", false),
            ("slack.com", false),
        ] {
            assert_eq!(slack_api(address).is_ok(), fine, "{address}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let found = read(&[("SLACK_SIGNING_SECRET", "hush"), ("SLACK_BOT_TOKEN", "xoxb-hush")]).unwrap();
        assert!(!format!("{found:?}").contains("hush"));
    }
}
