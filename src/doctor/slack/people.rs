//! Users and user groups that the configuration names, and whether enough of them may approve.

use std::collections::BTreeSet;

use serde_json::Value;

use super::unanswered;
use crate::{
    adapters::slack::{Inspector, NoAnswer},
    config::Config,
    doctor::{Verdict, probe::Probe, trouble::Need},
    domain::{
        access::Who,
        source::{ApprovalRule, Source},
    },
};

const NAME_OTHERS: &str = "Mend the list in the configuration: viewers, operators, or the approvers of a source.";

pub(super) fn probes<'a>(slack: &'a Inspector, config: &'a Config, sources: &[&'a Source]) -> Vec<Probe<'a>> {
    let access = config.access.lists().into_iter().flatten();
    let rules = sources.iter().filter_map(|it| Some((it.name.as_str(), &it.sensitive.as_ref()?.approval)));
    let named: BTreeSet<&Who> = access.chain(rules.clone().flat_map(|(_, rule)| &rule.approvers)).collect();
    let each = named.into_iter().filter_map(|who| match who {
        Who::User(id) => Some(Probe::new("user", id, Need::Bots, user(slack, id, &config.slack.team_id))),
        Who::Group(id) => Some(Probe::new("user group", id, Need::Bots, group(slack, id))),
        // Whoever may look into a channel asks there: there is nobody to look up.
        Who::Channel(_) | Who::AnyMember => None,
    });
    let quorums = rules.map(|(name, rule)| Probe::new("approvers of", name, Need::Bots, quorum(slack, rule)));
    each.chain(quorums).collect()
}

async fn user(slack: &Inspector, id: &str, team: &str) -> Verdict {
    match slack.call("users.info", &[("user", id)]).await {
        Ok(answer) => judge_user(&answer.body["user"], team),
        Err(NoAnswer::Refused(error)) if error == "user_not_found" || error == "user_not_visible" => {
            Verdict::failed("there is nobody of this id in the workspace", NAME_OTHERS)
        }
        Err(error) => unanswered(&error),
    }
}

fn judge_user(user: &Value, team: &str) -> Verdict {
    let is = |key: &str| user[key] == true;
    let name = user["name"].as_str().unwrap_or("?");
    // In an organisation somebody belongs to several workspaces.
    let elsewhere = user["enterprise_user"].is_null() && user["team_id"].as_str().is_some_and(|it| it != team);
    let wrong = if is("deleted") {
        Some("is deactivated")
    } else if is("is_bot") {
        Some("is a bot")
    } else if is("is_restricted") || is("is_ultra_restricted") {
        Some("is a guest, and guests have no rights")
    } else if is("is_stranger") || elsewhere {
        Some("is of another workspace")
    } else {
        None
    };
    match wrong {
        Some(wrong) => Verdict::failed(format!("@{name} {wrong}"), NAME_OTHERS),
        None => Verdict::ok(format!("@{name}")),
    }
}

async fn group(slack: &Inspector, id: &str) -> Verdict {
    match members(slack, id).await {
        Ok(members) if members.is_empty() => Verdict::failed("nobody is in it", "Put people into the group in Slack."),
        Ok(members) => Verdict::ok(format!("{} people", members.len())),
        Err(NoAnswer::Refused(error)) if error == "subteam_disabled" => {
            Verdict::failed("the group was disabled, and counts as empty", "Enable it in Slack, or name another one.")
        }
        Err(NoAnswer::Refused(error)) if error == "no_such_subteam" || error == "subteam_not_found" => {
            Verdict::failed("there is no user group of this id, and it counts as empty", NAME_OTHERS)
        }
        Err(error) => unanswered(&error),
    }
}

async fn members(slack: &Inspector, id: &str) -> Result<Vec<String>, NoAnswer> {
    let answer = slack.call("usergroups.users.list", &[("usergroup", id)]).await?;
    let users = answer.body["users"].as_array().cloned().unwrap_or_default();
    Ok(users.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// Counts who may approve: fewer than must, and every run ends in waiting.
async fn quorum(slack: &Inspector, rule: &ApprovalRule) -> Verdict {
    let mut people = BTreeSet::new();
    for who in &rule.approvers {
        match who {
            Who::AnyMember => return Verdict::ok("any full member"),
            Who::Channel(_) => {}
            Who::User(id) => people.extend([id.clone()]),
            Who::Group(id) => match members(slack, id).await {
                Ok(members) => people.extend(members),
                // The group's own check tells why.
                Err(NoAnswer::Refused(error)) if error.contains("subteam") => {}
                Err(error) => return unanswered(&error),
            },
        }
    }
    let needed = usize::try_from(rule.quorum).unwrap_or(usize::MAX);
    if people.len() < needed {
        return Verdict::failed(
            format!("{needed} must approve, and only {} may: the sensitive layer would wait for ever", people.len()),
            "Name more approvers, or lower the quorum.",
        );
    }
    Verdict::ok(format!("{} people, {needed} must approve", people.len()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rights_are_for_full_members() {
        let team = "T1";
        assert!(matches!(judge_user(&json!({ "name": "ana", "team_id": team }), team), Verdict::Ok { .. }));
        for wrong in ["deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger"] {
            let user = json!({ "name": "x", "team_id": team, wrong: true });
            assert!(matches!(judge_user(&user, team), Verdict::Failed { .. }), "{wrong}");
        }
        assert!(matches!(judge_user(&json!({ "name": "x", "team_id": "T2" }), team), Verdict::Failed { .. }));
    }
}
