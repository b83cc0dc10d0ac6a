//! What people are asked: one message each, whose buttons go when it is decided. What has leaked is told in the alerts
//! channel too.

use super::{
    Later, View,
    buttons::{APPROVE, DENY, confirm},
};
use crate::{
    domain::{
        approval::{Approval, ApprovalState, Subject, Verdict, Void},
        run::Run,
        source::Source,
    },
    projection::{
        blocks::{Button, Page, Style},
        message::Message,
        phrase::{finding, redact::redact, rollback, stage},
        text::{Mrkdwn, Voice, values},
    },
};

/// Digits of a digest that are shown: enough to compare two by eye.
const DIGEST: usize = 12;

/// Why a request takes no decision any more, or that it still does.
enum Standing {
    Open,
    /// The run was canceled, or is being.
    Canceled,
    Void(Void),
    Decided(ApprovalState),
}

pub(super) fn requests(run: &Run, source: Option<&Source>, view: &View<'_>) -> Vec<Later> {
    let past = run.past_approvals.iter().map(|it| (it, true));
    let all = past.chain(run.requests().map(|it| (it, false)));
    all.flat_map(|(approval, is_past)| {
        let message = || message(view.voice(), run, source, approval, &standing(run, approval, is_past));
        let reply = view.reply(format!("approval:{}", approval.id), approval.asked_at, message());
        let leaks = approval.subject == Subject::Leak;
        let alert = leaks.then(|| view.alert(format!("alert:approval:{}", approval.id), approval.asked_at, message()));
        std::iter::once(reply).chain(alert)
    })
    .collect()
}

fn standing(run: &Run, approval: &Approval, is_past: bool) -> Standing {
    match approval.state {
        ApprovalState::Overridden => Standing::Decided(approval.state),
        ApprovalState::Void => Standing::Void(approval.void.unwrap_or(Void::Retried)),
        // So it stands in records from before there was a state for it.
        ApprovalState::Pending if is_past => Standing::Void(Void::Retried),
        ApprovalState::Pending if run.canceled_by.is_some() || run.status.is_over() => Standing::Canceled,
        ApprovalState::Pending => Standing::Open,
        state @ (ApprovalState::Approved | ApprovalState::Denied | ApprovalState::Expired) => Standing::Decided(state),
    }
}

fn message(voice: Voice<'_>, run: &Run, source: Option<&Source>, approval: &Approval, standing: &Standing) -> Message {
    match standing {
        Standing::Open => {
            let Question { what, found, terms, buttons } = Question::of(voice, run, source, approval);
            Page::new(what).section(found).section(terms).buttons(buttons).message()
        }
        Standing::Canceled | Standing::Void(_) | Standing::Decided(_) => {
            let headline = headline(voice, run, approval, standing);
            Page::new(Mrkdwn::lines([headline, subject(voice, run, approval), votes(voice, approval)]))
                .section(finding::list(voice, approval))
                .message()
        }
    }
}

/// What people are asked while a request is open.
pub(in crate::projection) struct Question {
    /// What would be refreshed, and who wants it.
    pub(in crate::projection) what: Mrkdwn,
    /// What was found that it is about.
    pub(in crate::projection) found: Mrkdwn,
    /// Who decides, until when, and who has.
    pub(in crate::projection) terms: Mrkdwn,
    pub(in crate::projection) buttons: Vec<Button>,
}

impl Question {
    pub(in crate::projection) fn of(voice: Voice<'_>, run: &Run, source: Option<&Source>, approval: &Approval) -> Self {
        let headline = headline(voice, run, approval, &Standing::Open);
        Self {
            what: Mrkdwn::lines([headline, subject(voice, run, approval), rollback::why(voice, run)]),
            found: finding::list(voice, approval),
            terms: Mrkdwn::lines([terms(voice, source, approval), votes(voice, approval)]),
            buttons: buttons(voice, run, approval),
        }
    }
}

fn headline(voice: Voice<'_>, run: &Run, approval: &Approval, standing: &Standing) -> Mrkdwn {
    let state = match standing {
        Standing::Open => "pending",
        Standing::Canceled => return voice.say("approval.run_canceled", values! { by => run.canceled_by }),
        Standing::Void(why) => return voice.text(void(*why)),
        Standing::Decided(ApprovalState::Approved) => "approved",
        Standing::Decided(ApprovalState::Denied) => "denied",
        Standing::Decided(ApprovalState::Overridden) => {
            return voice.say("approval.overridden", values! { source => run.source });
        }
        Standing::Decided(ApprovalState::Expired | ApprovalState::Pending | ApprovalState::Void) => "expired",
    };
    let values = values! {
        source => run.source,
        stage => stage::name(voice, approval.stage),
        expired => approval.expires_at,
    };
    let subject = if is_ahead(run, approval) { "leak_ahead" } else { approval.subject.as_str() };
    voice.say(&format!("approval.{subject}.{state}"), values)
}

/// Says whether the catalog shows nothing yet of what has leaked into its layer.
fn is_ahead(run: &Run, approval: &Approval) -> bool {
    let detail = &run.stage(approval.stage).detail;
    approval.subject == Subject::Leak && detail.switched_tables.is_some() && detail.switched_tables < detail.tables
}

fn void(why: Void) -> &'static str {
    match why {
        Void::Plan => "approval.void.plan",
        Void::Retried => "approval.void.retried",
        Void::Outlived => "approval.void.outlived",
        Void::Withdrawn => "approval.void.withdrawn",
        Void::Rights => "approval.void.rights",
    }
}

/// What would be refreshed, and who wants it.
fn subject(voice: Voice<'_>, run: &Run, approval: &Approval) -> Mrkdwn {
    let values = values! {
        source => run.source,
        taken => run.snapshot_time,
        only => run.only,
        plan => approval.digest.chars().take(DIGEST).collect::<String>(),
        by => run.requested_by,
        at => approval.asked_at,
    };
    voice.say("approval.subject", values)
}

/// Who decides, how many of them, under which classification, and until when.
fn terms(voice: Voice<'_>, source: Option<&Source>, approval: &Approval) -> Mrkdwn {
    let rule = source.and_then(|it| it.rule(approval.subject));
    let approvers: Vec<String> = rule.iter().flat_map(|it| &it.approvers).map(ToString::to_string).collect();
    let asked_under = Some(&approval.classification).filter(|it| !it.is_empty());
    let classification = asked_under.or(source.map(|it| &it.classification));
    let classification = classification.map(|it| it.chars().take(DIGEST).collect::<String>());
    let values = values! { approvers, classification, quorum => approval.quorum, until => approval.expires_at, id => approval.id };
    voice.say("approval.terms", values)
}

/// Who has decided what so far, one line each.
fn votes(voice: Voice<'_>, approval: &Approval) -> Mrkdwn {
    Mrkdwn::lines(approval.votes.iter().map(|it| {
        let key = match it.verdict {
            Verdict::Approve => "approval.vote.approve",
            Verdict::Deny => "approval.vote.deny",
        };
        let reason = it.reason.as_deref().map(redact);
        voice.say(key, values! { by => it.user, at => it.at, reason, until => it.until, withdrawn => it.withdrawn_at })
    }))
}

fn buttons(voice: Voice<'_>, run: &Run, approval: &Approval) -> Vec<Button> {
    let button = |action, name: &str| Button {
        action,
        label: voice.label(&format!("button.{name}.label")),
        value: approval.id.clone(),
        style: Style::Plain,
        confirm: None,
    };
    let (approve, deny) = match approval.subject {
        Subject::Refresh => ("approve", "deny"),
        Subject::Schema | Subject::Leak | Subject::Rows => ("go_on", "stop"),
    };
    let text = voice.say(&format!("button.{deny}.confirm.text"), values! { source => run.source });
    vec![
        Button { style: Style::Primary, ..button(APPROVE, approve) },
        Button { confirm: Some(confirm(voice, deny, text)), ..button(DENY, deny) },
    ]
}
