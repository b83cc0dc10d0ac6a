//! The workspace: token, scopes, channels, people.

mod channels;
mod people;

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Verdict, probe::Probe, trouble::Need};
use crate::{
    adapters::slack::{Inspector, NoAnswer},
    config::Config,
    domain::source::Source,
};

/// The manifest of the app, whose scopes the token must have.
const MANIFEST: &str = include_str!("../../manifest/slack.json");

/// Errors that say that the token is no good, which is told once.
const TOKEN_ERRORS: &[&str] =
    &["invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "no_permission"];

const INSTALL: &str =
    "Install the app again with the manifest of this version (`datalake-bot manifest`), docs/slack.md.";

pub(super) fn probes<'a>(slack: &'a Inspector, config: &'a Config, sources: &[&'a Source]) -> Vec<Probe<'a>> {
    let team = &config.slack.team_id;
    let mut probes = vec![
        Probe::new("Slack token", "SLACK_BOT_TOKEN", Need::Bots, token(slack, team)),
        Probe::new("Slack scopes", "of the token", Need::Bots, scopes(slack)),
    ];
    let channels = BTreeSet::from([&config.slack.channel, &config.slack.alerts_channel]);
    probes.extend(channels.into_iter().map(|it| channels::probe(slack, it)));
    probes.extend(people::probes(slack, config, sources));
    probes
}

async fn token(slack: &Inspector, team: &str) -> Verdict {
    let answer = match slack.call("auth.test", &[]).await {
        Ok(answer) => answer.body,
        Err(NoAnswer::Refused(error)) if TOKEN_ERRORS.contains(&error.as_str()) => {
            return Verdict::failed(
                format!("Slack answers {error}: the token is not valid"),
                "Copy the Bot User OAuth Token (xoxb-…) from the app's page, OAuth & Permissions, into SLACK_BOT_TOKEN.",
            );
        }
        Err(error) => return unanswered(&error),
    };
    let word = |key: &str| answer[key].as_str().unwrap_or("?");
    if word("team_id") != team {
        return Verdict::failed(
            format!("is of the workspace {} ({}), the configuration says {team}", word("team"), word("team_id")),
            "Take the token of the right workspace, or mend slack.team_id.",
        );
    }
    Verdict::ok(format!("{} in {}", word("user"), word("team")))
}

/// Returns the look at the app's own token, by which connections of Socket Mode are opened. None is opened for it.
pub(super) fn socket(app: &Inspector) -> Probe<'_> {
    Probe::new("app token", "SLACK_APP_TOKEN", Need::Bots, async move {
        match app.call("apps.connections.open", &[]).await {
            Ok(_) => Verdict::ok("Slack offers a connection"),
            Err(NoAnswer::Refused(error)) => Verdict::failed(
                format!("Slack answers {error}: no connection can be opened"),
                "Turn Socket Mode on, and make an app-level token (xapp-…) with the scope connections:write, docs/slack.md.",
            ),
            Err(error) => unanswered(&error),
        }
    })
}

async fn scopes(slack: &Inspector) -> Verdict {
    match slack.call("auth.test", &[]).await {
        Ok(answer) => match answer.scopes {
            Some(has) => judge_scopes(&has),
            None => Verdict::not_checked("Slack does not name the token's scopes"),
        },
        Err(error) => unanswered(&error),
    }
}

fn judge_scopes(has: &[String]) -> Verdict {
    let missing = |key: &str| -> Vec<String> {
        let scopes = manifest_scopes(key);
        scopes.into_iter().filter(|it| !has.contains(it)).map(|it| format!("{it} ({})", without(&it))).collect()
    };
    let (needed, optional) = (missing("bot"), missing("bot_optional"));
    if !needed.is_empty() {
        return Verdict::failed(format!("the token lacks {}", needed.join(", ")), INSTALL);
    }
    if !optional.is_empty() {
        return Verdict::hint(format!("the token lacks {}", optional.join(", ")), INSTALL);
    }
    Verdict::ok(format!("all {} that the manifest names", manifest_scopes("bot").len()))
}

fn manifest_scopes(key: &str) -> Vec<String> {
    let manifest: Value = serde_json::from_str(MANIFEST).expect("a test reads the manifest");
    let scopes = manifest["oauth_config"]["scopes"][key].as_array().cloned().unwrap_or_default();
    scopes.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Returns what does not work without a scope; `docs/slack.md` says of each why it is there.
fn without(scope: &str) -> &'static str {
    match scope {
        "commands" => "without it there is no slash command",
        "chat:write" => "without it no message can be posted",
        "channels:history" | "groups:history" => "without it a message whose answer was lost may be posted twice",
        "channels:read" | "groups:read" => "without it nobody can see whether a channel is archived",
        "users:read" => "without it nobody's rights can be looked up, and every command is refused",
        "usergroups:read" => "without it the members of user groups have no rights",
        "app_mentions:read" => "without it the bot does not hear its name",
        "im:history" | "im:read" | "im:write" => "without it the bot cannot be spoken to directly",
        _ => "docs/slack.md says what it is for",
    }
}

/// Returns what follows from a call that brought nothing to judge.
fn unanswered(error: &NoAnswer) -> Verdict {
    match error {
        NoAnswer::Refused(error) if TOKEN_ERRORS.contains(&error.as_str()) => {
            Verdict::not_checked("the token is not valid")
        }
        NoAnswer::Refused(error) if error == "missing_scope" => {
            Verdict::not_checked("the token lacks the scope for it, see Slack scopes")
        }
        NoAnswer::Refused(error) => Verdict::not_checked(format!("Slack answers {error}")),
        NoAnswer::Later => Verdict::not_checked("Slack wants no more calls for a minute"),
        NoAnswer::Silent(why) => Verdict::failed(
            format!("Slack cannot be reached: {why}"),
            "Check the network, proxies, and SLACK_API_URL, which is not set in production.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_scopes_are_named_with_what_fails_without_them() {
        let all: Vec<String> = [manifest_scopes("bot"), manifest_scopes("bot_optional")].concat();
        assert!(matches!(judge_scopes(&all), Verdict::Ok { .. }));
        let some: Vec<String> = all.iter().filter(|it| *it != "users:read").cloned().collect();
        let Verdict::Failed { what, .. } = judge_scopes(&some) else { panic!("users:read is missing") };
        assert!(what.contains("users:read (without it nobody's rights"), "{what}");
        assert!(matches!(judge_scopes(&manifest_scopes("bot")), Verdict::Ok { .. } | Verdict::Hint { .. }));
    }

    #[test]
    fn every_scope_of_the_manifest_has_its_use() {
        for scope in [manifest_scopes("bot"), manifest_scopes("bot_optional")].concat() {
            assert!(without(&scope).starts_with("without it"), "{scope}");
        }
    }
}
