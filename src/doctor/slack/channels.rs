//! The channels: whether the bot is a member, and whether they are alive.

use serde_json::Value;

use super::unanswered;
use crate::{
    adapters::slack::{Inspector, NoAnswer},
    doctor::{Verdict, probe::Probe, trouble::Need},
};

const INVITE: &str = "Invite the bot: write /invite @ and its name in the channel.";

pub(super) fn probe<'a>(slack: &'a Inspector, channel: &'a str) -> Probe<'a> {
    Probe::new("channel", channel, Need::Bots, async move {
        match slack.call("conversations.info", &[("channel", channel)]).await {
            Ok(answer) => judge(&answer.body["channel"]),
            // An optional scope, and perhaps a younger method than what answers here.
            Err(NoAnswer::Refused(error)) if error == "missing_scope" || error == "unknown_method" => {
                member(slack, channel).await
            }
            Err(error) => refused(&error),
        }
    })
}

fn judge(channel: &Value) -> Verdict {
    let name = channel["name"].as_str().unwrap_or("?");
    if channel["is_archived"] == true {
        return Verdict::failed(
            format!("#{name} is archived: nothing can be posted there"),
            "Unarchive it, or name another channel in [slack].",
        );
    }
    if channel["is_member"] == false {
        return Verdict::failed(format!("the bot is not a member of #{name}"), INVITE);
    }
    Verdict::ok(format!("the bot is a member of #{name}"))
}

/// Reads the channel's last message: only members may.
async fn member(slack: &Inspector, channel: &str) -> Verdict {
    match slack.call("conversations.history", &[("channel", channel), ("limit", "1")]).await {
        Ok(_) => Verdict::ok("the bot is a member (not checked, for want of the scope channels:read: archived or not)"),
        Err(error) => refused(&error),
    }
}

fn refused(error: &NoAnswer) -> Verdict {
    match error {
        NoAnswer::Refused(code) if code == "not_in_channel" => Verdict::failed("the bot is not a member", INVITE),
        NoAnswer::Refused(code) if code == "channel_not_found" => Verdict::failed(
            "Slack shows the bot no channel of this id",
            "Check the id in [slack] (channel details, at the bottom); a private channel must invite the bot first.",
        ),
        NoAnswer::Refused(_) | NoAnswer::Later | NoAnswer::Silent(_) => unanswered(error),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_channel_must_be_alive_and_have_the_bot() {
        for (archived, member, fine) in [(false, true, true), (true, true, false), (false, false, false)] {
            let verdict = judge(&json!({ "name": "lake", "is_archived": archived, "is_member": member }));
            assert_eq!(matches!(verdict, Verdict::Ok { .. }), fine, "{verdict:?}");
        }
    }
}
