//! The fields of the form, five of them.

use super::{Form, Listing};
use crate::{
    domain::{
        command::MAX_REASON,
        form::LATEST,
        snapshot::{Origin, Snapshot},
        source::Source,
    },
    projection::{
        blocks::{
            Page,
            inputs::{Choice, Control, Input, OPTION_VALUE, OPTIONS},
        },
        phrase::{self, failure},
        text::{Mrkdwn, Voice, values},
    },
};

/// Names of the fields. What depends on the source has its name behind the field's: with another source it is another
/// field, so that nothing chosen for the one is taken for the other.
pub mod field {
    pub const SOURCE: &str = "source";
    pub const SNAPSHOT: &str = "snapshot";
    pub const TABLES: &str = "tables";
    pub const LAYERS: &str = "layers";
    pub const REASON: &str = "reason";

    /// Returns the name of `field` for `source`.
    pub fn of_source(field: &str, source: &str) -> String {
        format!("{field}.{source}")
    }
}

/// Longest list of tables: with everything else that a review carries it is within what Slack takes.
const MAX_TABLES: usize = 1500;

/// What of RDS's words is shown.
const CAUSE: usize = 300;

/// Adds all fields.
pub(super) fn all(page: Page, voice: Voice<'_>, form: &Form<'_>) -> Page {
    let page = page.input(source(voice, form));
    let page = snapshot(page, voice, form).input(tables(voice, form));
    page.input(layers(voice, form)).input(reason(voice, form))
}

fn source(voice: Voice<'_>, form: &Form<'_>) -> Input {
    let choice = |it: &&Source| Choice {
        text: Mrkdwn::escaped(&it.name),
        note: Mrkdwn::escaped(&it.identifier),
        value: it.name.clone(),
    };
    // The chosen one is there, however many there are.
    let others = form.sources.iter().filter(|it| it.name != form.chosen.name).take(OPTIONS - 1);
    let shown: Vec<&Source> = others.copied().chain([form.chosen]).collect();
    let choices = form.sources.iter().filter(|it| shown.iter().any(|shown| shown.name == it.name)).map(choice);
    let hidden = form.sources.len() - shown.len();
    Input {
        name: field::SOURCE.to_owned(),
        label: voice.text("form.source.label"),
        hint: if hidden > 0 { voice.say("form.source.hidden", values! { hidden }) } else { Mrkdwn::default() },
        optional: false,
        tells: true,
        control: Control::Menu { choices: choices.collect(), chosen: form.chosen.name.clone() },
    }
}

fn snapshot(page: Page, voice: Voice<'_>, form: &Form<'_>) -> Page {
    let source = &form.chosen.name;
    let (found, hint) = match form.listing {
        Listing::Awaited => (&[][..], voice.text("form.snapshot.awaited")),
        Listing::Found([]) => return page.section(voice.say("form.snapshot.none", values! { source })),
        Listing::Found(found) => (found, Mrkdwn::default()),
        Listing::Failed(_) => (&[][..], voice.text("form.snapshot.unlisted")),
    };
    let (shown, hidden) = split(found);
    let hint = if hidden > 0 { voice.say("form.snapshot.hidden", values! { hidden }) } else { hint };
    let newest = Choice {
        text: voice.text("form.snapshot.latest"),
        note: found.first().map(|it| line(voice, it)).unwrap_or_default(),
        value: LATEST.to_owned(),
    };
    let choices = shown.into_iter().map(|it| Choice {
        text: line(voice, it),
        note: Mrkdwn::escaped(&it.id),
        value: it.id.clone(),
    });
    let page = page.input(Input {
        name: field::of_source(field::SNAPSHOT, source),
        label: voice.text("form.snapshot.label"),
        hint,
        optional: false,
        tells: false,
        control: Control::Menu {
            choices: [newest].into_iter().chain(choices).collect(),
            chosen: form.entered.snapshot.clone().unwrap_or_else(|| LATEST.to_owned()),
        },
    });
    match form.listing {
        Listing::Failed(failure) => page.context(failure::cause(voice, failure, CAUSE)),
        Listing::Awaited | Listing::Found(_) => page,
    }
}

/// Returns the snapshots that a menu can offer, and how many it cannot: beside the newest there is room for so many, and
/// names may be too long for it.
fn split(found: &[Snapshot]) -> (Vec<&Snapshot>, usize) {
    let shown: Vec<&Snapshot> = found.iter().filter(|it| it.id.len() <= OPTION_VALUE).take(OPTIONS - 1).collect();
    let hidden = found.len() - shown.len();
    (shown, hidden)
}

fn line(voice: Voice<'_>, snapshot: &Snapshot) -> Mrkdwn {
    let values = values! {
        at => snapshot.taken_at,
        origin => origin(voice, snapshot.origin),
        allocated => snapshot.allocated,
    };
    voice.say("form.snapshot.line", values)
}

/// Returns who has made a snapshot, in a word.
pub(in crate::projection) fn origin(voice: Voice<'_>, origin: Origin) -> Mrkdwn {
    voice.text(match origin {
        Origin::Automated => "form.origin.automated",
        Origin::Backup => "form.origin.backup",
        Origin::Manual => "form.origin.manual",
    })
}

fn tables(voice: Voice<'_>, form: &Form<'_>) -> Input {
    let only = &form.chosen.export.only;
    Input {
        name: field::TABLES.to_owned(),
        label: voice.text("form.tables.label"),
        hint: voice.say("form.tables.hint", values! { only => only.len() }),
        optional: true,
        tells: false,
        control: Control::Text { value: form.entered.tables.clone(), max: MAX_TABLES, lines: true },
    }
}

fn layers(voice: Voice<'_>, form: &Form<'_>) -> Input {
    let of_source = form.chosen.layers();
    let choices = of_source.iter().map(|it| Choice {
        text: phrase::layer(voice, *it),
        note: Mrkdwn::default(),
        value: it.as_str().to_owned(),
    });
    let all = || of_source.iter().map(|it| it.as_str().to_owned()).collect();
    Input {
        name: field::of_source(field::LAYERS, &form.chosen.name),
        label: voice.text("form.layers.label"),
        hint: voice.text(if form.chosen.sensitive.is_some() { "form.layers.guarded" } else { "form.layers.hint" }),
        optional: false,
        tells: false,
        control: Control::Boxes { choices: choices.collect(), chosen: form.entered.layers.clone().unwrap_or_else(all) },
    }
}

fn reason(voice: Voice<'_>, form: &Form<'_>) -> Input {
    Input {
        name: field::REASON.to_owned(),
        label: voice.text("form.reason.label"),
        hint: voice.text("form.reason.hint"),
        optional: true,
        tells: false,
        control: Control::Text { value: form.entered.reason.clone(), max: MAX_REASON, lines: false },
    }
}
