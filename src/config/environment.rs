//! What comes from the environment: secrets, and where Slack is. The only place that reads it, beside the command line
//! and the AWS SDK.

use secrecy::SecretString;
use url::{Host, Url};

/// Slack's API, unless `SLACK_API_URL` says otherwise.
const SLACK_API: &str = "https://slack.com/api";

/// Secrets and addresses.
#[derive(Debug)]
pub struct Environment {
    /// `SLACK_SIGNING_SECRET`: one, or two with a comma between while they are rotated; none in Socket Mode, where nothing is
    /// signed.
    pub signing_secrets: Vec<SecretString>,
    /// `SLACK_BOT_TOKEN`.
    pub bot_token: SecretString,
    /// `SLACK_APP_TOKEN`, in Socket Mode only.
    pub app_token: Option<SecretString>,
    /// `SLACK_API_URL`.
    pub slack_api: Url,
}

/// How Slack delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It posts to the bot's doors.
    Http,
    /// Through connections that the bot opens.
    Socket,
}

/// What is wrong with the environment; every mistake at once.
#[derive(Debug, thiserror::Error)]
#[error("the environment has mistakes:\n  {}", .0.join("\n  "))]
pub struct Mistakes(Vec<String>);

impl Environment {
    /// Reads the environment of the process, as far as Slack's way of delivering needs it.
    ///
    /// # Errors
    /// A secret is missing, or an address may not be used.
    #[expect(clippy::disallowed_methods, reason = "this module is where the environment is read")]
    pub fn read(delivery: Delivery) -> Result<Self, Mistakes> {
        Self::from(delivery, |name| std::env::var(name).ok())
    }

    /// Returns an environment for commands that do not speak to Slack.
    pub fn without_slack() -> Self {
        let slack_api = Url::parse(SLACK_API).expect("the address is a constant");
        Self { signing_secrets: Vec::new(), bot_token: SecretString::from(""), app_token: None, slack_api }
    }

    fn from(delivery: Delivery, get: impl Fn(&str) -> Option<String>) -> Result<Self, Mistakes> {
        let mut mistakes = Vec::new();
        let (signing_secrets, app_token) = match delivery {
            Delivery::Http => (signing_secrets(&get, &mut mistakes), None),
            Delivery::Socket => (Vec::new(), app_token(&get, &mut mistakes)),
        };
        let token = get("SLACK_BOT_TOKEN").unwrap_or_default();
        if token.trim().is_empty() {
            mistakes.push("SLACK_BOT_TOKEN is not set: copy it from the app's page, OAuth & Permissions".to_owned());
        }
        let address = get("SLACK_API_URL").unwrap_or_else(|| SLACK_API.to_owned());
        let slack_api = slack_api(&address).map_err(|why| mistakes.push(format!("SLACK_API_URL {why}")));
        match slack_api {
            Ok(slack_api) if mistakes.is_empty() => {
                Ok(Self { signing_secrets, bot_token: token.trim().into(), app_token, slack_api })
            }
            _ => Err(Mistakes(mistakes)),
        }
    }
}

fn signing_secrets(get: impl Fn(&str) -> Option<String>, mistakes: &mut Vec<String>) -> Vec<SecretString> {
    let secrets = get("SLACK_SIGNING_SECRET").unwrap_or_default();
    let secrets: Vec<&str> = secrets.split(',').map(str::trim).filter(|it| !it.is_empty()).collect();
    if secrets.is_empty() {
        mistakes.push("SLACK_SIGNING_SECRET is not set: copy it from the app's page, Basic Information".to_owned());
    }
    if secrets.len() > 2 {
        mistakes.push("SLACK_SIGNING_SECRET has more than two secrets: keep the newest two".to_owned());
    }
    secrets.into_iter().map(SecretString::from).collect()
}

fn app_token(get: impl Fn(&str) -> Option<String>, mistakes: &mut Vec<String>) -> Option<SecretString> {
    let token = get("SLACK_APP_TOKEN").unwrap_or_default();
    let token = token.trim();
    if token.is_empty() {
        mistakes.push(
            "SLACK_APP_TOKEN is not set: make one with connections:write on the app's page, Basic Information, App-Level Tokens"
                .to_owned(),
        );
    } else if !token.starts_with("xapp-") {
        mistakes.push("SLACK_APP_TOKEN is not an app's token: those begin with xapp-".to_owned());
    }
    Some(token.into())
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
        read_for(Delivery::Http, pairs)
    }

    fn read_for(delivery: Delivery, pairs: &[(&str, &str)]) -> Result<Environment, Mistakes> {
        Environment::from(delivery, |name| {
            pairs.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned())
        })
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
    fn socket_mode_needs_the_apps_token_and_no_signing_secret() {
        let with = |token| read_for(Delivery::Socket, &[("SLACK_BOT_TOKEN", "xoxb-1"), ("SLACK_APP_TOKEN", token)]);
        assert_eq!(with("xapp-1").unwrap().app_token.unwrap().expose_secret(), "xapp-1");
        for wrong in ["", "xoxb-1"] {
            assert!(with(wrong).unwrap_err().to_string().contains("SLACK_APP_TOKEN"));
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
        let found = read_for(Delivery::Socket, &[("SLACK_BOT_TOKEN", "xoxb-hush"), ("SLACK_APP_TOKEN", "xapp-hush")]);
        assert!(!format!("{:?}", found.unwrap()).contains("hush"));
        let found = read(&[("SLACK_SIGNING_SECRET", "hush"), ("SLACK_BOT_TOKEN", "xoxb-hush")]).unwrap();
        assert!(!format!("{found:?}").contains("hush"));
    }
}
