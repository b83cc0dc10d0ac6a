//! What a rollback would do, with the button that does it, and why none is made.

use crate::{
    domain::{
        forecast::Loss,
        name::ExportTask,
        rollback::{Preview, RollbackRefusal},
        source::Layer,
    },
    projection::{
        blocks::{Button, Confirm, Page, Style},
        message::Message,
        phrase::{self, rollback::reason},
        text::{Mrkdwn, Voice, values},
    },
};

/// The action of the button.
const CONFIRM: &str = "rollback.confirm";

pub(super) fn message(voice: Voice<'_>, preview: &Preview) -> Message {
    Page::new(headline(voice, preview))
        .section(reason(voice, preview.reason.as_deref()))
        .buttons(vec![button(voice, preview)])
        .message()
}

/// Returns from what would be gone back, to what, and what is done again.
pub(super) fn headline(voice: Voice<'_>, preview: &Preview) -> Mrkdwn {
    let values = values! {
        source => preview.source,
        from => preview.from.run.as_str(),
        from_taken => preview.from.snapshot_time,
        to => preview.to.run.as_str(),
        to_taken => preview.to.snapshot_time,
        layers => phrase::layers(voice, preview.layers.iter().copied()),
        sensitive => preview.layers.contains(&Layer::Sensitive),
    };
    Mrkdwn::lines([voice.say("rollback.preview", values), loss(voice, preview.loss.as_ref())])
}

/// Returns which tables are gone after it; empty if none is.
fn loss(voice: Voice<'_>, loss: Option<&Loss>) -> Mrkdwn {
    let Some(Loss { tables, more, .. }) = loss else { return Mrkdwn::default() };
    voice.say("rollback.loses", values! { tables, count => tables.len() + more })
}

fn button(voice: Voice<'_>, preview: &Preview) -> Button {
    let values = values! { source => preview.source, taken => preview.to.snapshot_time };
    let confirm = Confirm {
        title: voice.label("rollback.button.title"),
        text: voice.say("rollback.button.text", values),
        yes: voice.label("rollback.button.label"),
        no: voice.label("button.back"),
    };
    Button {
        action: CONFIRM,
        label: voice.label("rollback.button.label"),
        value: preview.id.clone(),
        style: Style::Danger,
        confirm: Some(confirm),
    }
}

/// Returns that `source` is being rolled back, from which run to which.
pub(super) fn begun(voice: Voice<'_>, source: &str, [from, to]: [&ExportTask; 2], layers: &[Layer]) -> Mrkdwn {
    let sensitive = layers.contains(&Layer::Sensitive);
    voice.say("rollback.begun", values! { source, from => from.as_str(), to => to.as_str(), sensitive })
}

/// Returns why nothing of `source` is rolled back.
pub(super) fn refused(voice: Voice<'_>, source: &str, why: &RollbackRefusal) -> Mrkdwn {
    let say = |key: &str| voice.say(key, values! { source });
    let of_run = |key: &str, run: &str| voice.say(key, values! { source, run });
    match why {
        RollbackRefusal::NothingPublished => say("rollback.refused.nothing_published"),
        RollbackRefusal::ManifestUnreadable => say("rollback.refused.manifest_unreadable"),
        RollbackRefusal::NotOurs { export_task: name } => {
            voice.say("rollback.refused.not_ours", values! { source, name })
        }
        RollbackRefusal::NoOlder => say("rollback.refused.no_older"),
        RollbackRefusal::Busy { run } => of_run("rollback.refused.busy", run.as_str()),
        RollbackRefusal::RollingBack { run } => of_run("rollback.refused.rolling_back", run.as_str()),
        RollbackRefusal::NotGood { run } => of_run("rollback.refused.not_good", run.as_str()),
        RollbackRefusal::OtherSource { run } => of_run("rollback.refused.other_source", run.as_str()),
        RollbackRefusal::IsPublished { run } => of_run("rollback.refused.is_published", run.as_str()),
        RollbackRefusal::NotOlder { run } => of_run("rollback.refused.not_older", run.as_str()),
        RollbackRefusal::RolledBackFrom { run } => of_run("rollback.refused.rolled_back_from", run.as_str()),
        RollbackRefusal::Removed { run } => of_run("rollback.refused.removed", run.as_str()),
        RollbackRefusal::Changed => say("rollback.refused.changed"),
    }
}
