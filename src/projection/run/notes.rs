//! What those are told who decide: that they are still asked, that what they gave does not count any more, that somebody
//! went on without them. Each is one message.

use super::{Later, View, buttons::REVIEW};
use crate::{
    domain::{
        approval::{Approval, ApprovalState, Subject, Verdict, Void},
        run::{BreakGlass, Run},
        source::Source,
    },
    projection::{
        blocks::{Button, Page, Style},
        phrase::redact::redact,
        text::{Mrkdwn, Voice, values},
    },
};

pub(super) fn notes(run: &Run, source: Option<&Source>, view: &View<'_>) -> Vec<Later> {
    let requests = || run.past_approvals.iter().chain(run.requests());
    let reminders = requests().filter_map(|it| reminder(run, source, it, view));
    let voids = requests().filter_map(|it| voided(run, it, view));
    reminders.chain(voids).chain(glass(run, source, view)).collect()
}

/// Mentions those who may decide; once that is over it only says that they were reminded.
fn reminder(run: &Run, source: Option<&Source>, approval: &Approval, view: &View<'_>) -> Option<Later> {
    let at = approval.reminded_at?;
    let open = approval.state == ApprovalState::Pending && !run.status.is_over() && run.canceled_by.is_none();
    let approvers = approvers(source, approval.subject);
    let values = values! { source => run.source, approvers, until => approval.expires_at, open };
    let message = Page::new(view.voice().say("approval.note.reminder", values)).message();
    Some(view.reply(format!("reminder:{}", approval.id), at, message))
}

/// Mentions those whose approval is void.
fn voided(run: &Run, approval: &Approval, view: &View<'_>) -> Option<Later> {
    let why = approval.void?;
    let given = approval.votes.iter().filter(|it| it.verdict == Verdict::Approve && it.withdrawn_at.is_none());
    let given: Vec<&str> = given.map(|it| it.user.as_str()).collect();
    if given.is_empty() {
        return None;
    }
    let at = approval.void_at?;
    let values = values! { people => given, why => reason(view.voice(), why, &approval.void_by), source => run.source };
    let message = Page::new(view.voice().say("approval.note.void", values)).message();
    Some(view.reply(format!("void:{}", approval.id), at, message))
}

fn reason(voice: Voice<'_>, why: Void, by: &[String]) -> Mrkdwn {
    let key = match why {
        Void::Plan => "approval.why.plan",
        Void::Retried => "approval.why.retried",
        Void::Outlived => "approval.why.outlived",
        Void::Withdrawn => "approval.why.withdrawn",
        Void::Rights => "approval.why.rights",
    };
    voice.say(key, values! { by })
}

/// In the thread and, for the approvers, in the alerts channel.
fn glass(run: &Run, source: Option<&Source>, view: &View<'_>) -> Vec<Later> {
    let Some(glass) = &run.break_glass else { return Vec::new() };
    let message = || {
        Page::new(told(view.voice(), run, source, glass))
            .buttons(review(view.voice(), run).into_iter().collect())
            .message()
    };
    let key = |place: &str| format!("{place}:{}", glass.at);
    vec![view.reply(key("glass"), glass.at, message()), view.alert(key("alert:glass"), glass.at, message())]
}

/// Returns that the refresh of the sensitive layer was started without an approval, by whom, why, and who has looked at
/// it.
pub(in crate::projection) fn told(voice: Voice<'_>, run: &Run, source: Option<&Source>, glass: &BreakGlass) -> Mrkdwn {
    let values = values! {
        source => run.source,
        run => run.export_task.as_str(),
        by => glass.by,
        at => glass.at,
        reason => redact(&glass.reason),
        approvers => approvers(source, Subject::Refresh),
        reviewed_by => glass.reviewed.as_ref().map(|it| it.by.clone()),
        reviewed_at => glass.reviewed.as_ref().map(|it| it.at),
    };
    voice.say("approval.glass.told", values)
}

/// Returns the button that says that somebody has looked at it, until somebody has.
pub(in crate::projection) fn review(voice: Voice<'_>, run: &Run) -> Option<Button> {
    run.break_glass.as_ref().filter(|it| it.reviewed.is_none())?;
    let (value, label) = (run.export_task.as_str().to_owned(), voice.label("button.review.label"));
    Some(Button { action: REVIEW, label, value, style: Style::Plain, confirm: None })
}

fn approvers(source: Option<&Source>, subject: Subject) -> Vec<String> {
    let rule = source.and_then(|it| it.rule(subject));
    rule.iter().flat_map(|it| &it.approvers).map(ToString::to_string).collect()
}
