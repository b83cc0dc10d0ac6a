//! The plan of a run, for who is about to start it: the same in a message and in the form.

use super::{
    blocks::Page,
    form::origin,
    message::Message,
    phrase::{self, seconds},
    text::{Mrkdwn, Voice, values},
};
use crate::domain::{
    export::SLOTS,
    forecast::{Basis, Cost, Forecast, Latest, Loss, Priced},
    source::{Layer, Publish},
    stage::StageId,
};

/// Returns the plan as a message.
pub(super) fn message(voice: Voice<'_>, forecast: &Forecast) -> Message {
    sections(Page::new(headline(voice, forecast)), voice, forecast).message()
}

/// Adds the plan to a view.
pub(super) fn page(page: Page, voice: Voice<'_>, forecast: &Forecast) -> Page {
    sections(page.section(headline(voice, forecast)), voice, forecast)
}

fn sections(page: Page, voice: Voice<'_>, forecast: &Forecast) -> Page {
    page.section(what(voice, forecast))
        .section(Mrkdwn::lines([voice.text("forecast.steps"), steps(voice, forecast), turn(voice, forecast)]))
        .section(latest(voice, forecast))
        .section(Mrkdwn::lines([time(voice, forecast), cost(voice, forecast.cost.as_ref())]))
}

/// Returns the point of the plan.
pub(super) fn headline(voice: Voice<'_>, forecast: &Forecast) -> Mrkdwn {
    match &forecast.existing {
        None => voice.say("forecast.headline", values! { source => forecast.source }),
        Some(it) => {
            let status = phrase::status(voice, &it.status);
            voice.say("forecast.exists", values! { run => it.run.as_str(), status, same_layers => it.same_layers })
        }
    }
}

fn what(voice: Voice<'_>, forecast: &Forecast) -> Mrkdwn {
    let values = values! {
        run => forecast.run.as_str(),
        snapshot => forecast.snapshot,
        taken => forecast.snapshot_time,
        origin => origin(voice, forecast.origin),
        only => forecast.only,
        layers => phrase::layers(voice, forecast.layers.iter().copied()),
    };
    let reason = forecast.reason.as_ref().map(|it| reason(voice, it)).unwrap_or_default();
    Mrkdwn::lines([voice.say("forecast.what", values), reason])
}

/// Returns why a run is wanted, in the words of whoever asked.
pub fn reason(voice: Voice<'_>, reason: &str) -> Mrkdwn {
    voice.say("forecast.reason", values! { reason => phrase::redact::redact(reason) })
}

fn steps(voice: Voice<'_>, forecast: &Forecast) -> Mrkdwn {
    Mrkdwn::lines(forecast.stages.iter().map(|it| {
        let todo = voice.text(&format!("stage.{it}.todo"));
        voice.say("forecast.step", values! { todo, more => more(voice, forecast, *it) })
    }))
}

/// Returns what there is to know of a stage beside its name.
fn more(voice: Voice<'_>, forecast: &Forecast, stage: StageId) -> Mrkdwn {
    match stage {
        StageId::Export => voice.say("forecast.export", values! { run => forecast.run.as_str() }),
        StageId::SensitiveApproval => forecast.approval.as_ref().map_or_else(Mrkdwn::default, |it| {
            voice.say("forecast.approval", values! { approvers => it.approvers, quorum => it.quorum })
        }),
        StageId::Snapshot
        | StageId::Verify
        | StageId::Latest
        | StageId::NormalTransform
        | StageId::NormalCatalog
        | StageId::SensitiveTransform
        | StageId::SensitiveCatalog => Mrkdwn::default(),
    }
}

/// Returns what a run would have to wait for; nothing of one that is there already.
fn turn(voice: Voice<'_>, forecast: &Forecast) -> Mrkdwn {
    if forecast.exists {
        return Mrkdwn::default();
    }
    let holder = forecast.holder.as_ref().map(|it| it.as_str());
    let (exports, slots) = (forecast.exports, SLOTS);
    voice.say("forecast.turn", values! { holder, exports, slots, full => exports.is_some_and(|it| it >= SLOTS) })
}

fn latest(voice: Voice<'_>, forecast: &Forecast) -> Mrkdwn {
    match &forecast.latest {
        Latest::Unknown => voice.text("forecast.latest.unknown"),
        Latest::Unpublished => match forecast.publish {
            Publish::Copy => voice.text("forecast.latest.unpublished"),
            Publish::Pointer => voice.text("forecast.latest.unpublished_pointer"),
        },
        Latest::Same => voice.text("forecast.latest.same"),
        Latest::Replaced { export_task, snapshot_time, published_at, newer, loss } => {
            let values = values! {
                run => export_task,
                taken => snapshot_time,
                age => snapshot_time.filter(|it| *it <= forecast.at).map(|it| seconds(it, forecast.at)),
                published => published_at,
            };
            let fate = if *newer { voice.text("forecast.latest.newer") } else { self::loss(voice, loss.as_ref()) };
            Mrkdwn::lines([voice.say("forecast.latest.holds", values), fate])
        }
    }
}

fn loss(voice: Voice<'_>, loss: Option<&Loss>) -> Mrkdwn {
    match loss {
        None => voice.text("forecast.latest.whole"),
        Some(Loss { tables, .. }) if tables.is_empty() => voice.text("forecast.latest.nothing"),
        Some(Loss { tables, more, objects }) => {
            let count = tables.len() + more;
            voice.say("forecast.latest.loses", values! { count, objects, tables })
        }
    }
}

fn time(voice: Voice<'_>, forecast: &Forecast) -> Mrkdwn {
    let Some(expected) = &forecast.expected else { return voice.text("forecast.time.unknown") };
    let values = values! {
        usual => expected.span.usual,
        low => expected.span.low,
        high => expected.span.high,
        runs => expected.runs,
        approval => forecast.layers.contains(&Layer::Sensitive),
    };
    voice.say("forecast.time.usual", values)
}

fn cost(voice: Voice<'_>, cost: Option<&Cost>) -> Mrkdwn {
    let Some(cost) = cost else { return Mrkdwn::default() };
    let currency = &cost.currency;
    let part = |part: Option<&Priced>, known, unknown| match part {
        Some(Priced { quantity, amount, basis }) => {
            let run = match basis {
                Basis::Run(run) => Some(run.as_str()),
                Basis::Allocated => None,
            };
            voice.say(known, values! { quantity, amount, currency, run })
        }
        None => voice.text(unknown),
    };
    Mrkdwn::lines([
        voice.say("forecast.cost.total", values! { total => cost.total(), currency }),
        part(cost.export.as_ref(), "forecast.cost.export", "forecast.cost.no_export"),
        part(cost.glue.as_ref(), "forecast.cost.glue", "forecast.cost.no_glue"),
    ])
}

#[cfg(test)]
mod tests;
