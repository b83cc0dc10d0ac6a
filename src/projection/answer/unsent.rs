//! Why Slack does not show a run as it is, and what to do about it.

use crate::{
    domain::answer::Unsent,
    projection::{
        text::{Mrkdwn, Voice, values},
        thread::Thread,
    },
};

/// Returns the reason, its remedy, and how many messages wait.
pub fn text(voice: Voice<'_>, unsent: &Unsent) -> Mrkdwn {
    let Unsent { reason, messages } = unsent;
    let why = voice.say(key(reason), values! { reason });
    voice.say("answer.unsent.title", values! { why, messages })
}

/// The errors are those of `chat.postMessage` and `chat.update` (docs.slack.dev, "Methods"). Slack may say more than the
/// name.
fn key(reason: &str) -> &'static str {
    match reason.split(':').next().unwrap_or(reason) {
        "is_archived" | "is_inactive" => "answer.unsent.archived",
        "channel_not_found" => "answer.unsent.no_channel",
        "not_in_channel" => "answer.unsent.not_in_channel",
        "not_authed" | "invalid_auth" | "token_revoked" | "token_expired" | "account_inactive" => "answer.unsent.token",
        "missing_scope" => "answer.unsent.scope",
        it if it.starts_with("restricted_action") => "answer.unsent.restricted",
        "msg_too_long" | "msg_blocks_too_long" | "invalid_blocks" | "invalid_blocks_format" => "answer.unsent.message",
        "no_answer" => "answer.unsent.no_answer",
        Thread::DELETED_TWICE => "answer.unsent.deleted_twice",
        _ => "answer.unsent.other",
    }
}
