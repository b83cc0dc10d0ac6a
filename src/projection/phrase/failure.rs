//! Phrases about what went wrong and what holds a run up.

use super::{finding, redact::redact};
use crate::{
    domain::{
        failure::{Failure, Found},
        run::Run,
        stage::{WaitOn, Waiting},
        standing::Acknowledgement,
    },
    projection::text::{Mrkdwn, Voice, values},
};

/// Returns what AWS or the job said, at most `max` long.
pub fn cause(voice: Voice<'_>, failure: &Failure, max: usize) -> Mrkdwn {
    let found = failure.found.as_ref().map(|it| found(voice, it));
    let message = if found.is_some() { String::new() } else { redact(&failure.message) };
    Mrkdwn::lines([voice.say("run.cause", values! { code => failure.code, message, max })].into_iter().chain(found))
}

/// Returns what the bot itself has found wrong.
fn found(voice: Voice<'_>, found: &Found) -> Mrkdwn {
    match found {
        Found::RowsLost { layer, findings, more } => {
            let headline = voice.say("run.found.rows_lost", values! { layer => super::layer(voice, *layer) });
            finding::lines(voice, headline, findings, findings.len() + *more as usize)
        }
        Found::UnseenIn { tables, database } => voice.say("run.found.unseen_in", values! { tables, database }),
        Found::InPart { is, was } => {
            let values =
                values! { objects => is.objects, of_objects => was.objects, bytes => is.bytes, of_bytes => was.bytes };
            voice.say("run.found.in_part", values)
        }
        Found::Unseen { tables, crawler } => voice.say("run.found.unseen", values! { tables, crawler }),
    }
}

/// Returns what to do about a failure.
pub fn remedy(voice: Voice<'_>, failure: &Failure) -> Mrkdwn {
    voice.say("run.remedy", values! { what => voice.remedy(failure.remedy()) })
}

/// Returns who takes care of the failure that the run stands still for, or which run has made up for it; empty if nobody
/// and none.
pub fn care(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    if let Some(it) = &run.overtaken {
        return voice.say("run.overtaken", values! { by => it.by.as_str(), at => it.at });
    }
    let acknowledged = run.standing_failure().and_then(|it| it.acknowledged.as_ref());
    let says = |it: &Acknowledgement| voice.say("run.acknowledged", values! { by => it.by, at => it.at });
    acknowledged.map(says).unwrap_or_default()
}

/// Returns what is waited for, and since when.
pub fn waiting(voice: Voice<'_>, waiting: &Waiting) -> Mrkdwn {
    voice.say("wait.since", values! { since => waiting.since, what => wait_on(voice, &waiting.on) })
}

fn wait_on(voice: Voice<'_>, on: &WaitOn) -> Mrkdwn {
    match on {
        WaitOn::Turn { holder } => voice.say("wait.turn", values! { holder }),
        WaitOn::SnapshotReady => voice.text("wait.snapshot_ready"),
        WaitOn::ExportSlot { message, before } => {
            voice.say("wait.export_slot", values! { before, message => redact(message) })
        }
        WaitOn::JobSlot { message } => voice.say("wait.job_slot", values! { message => redact(message) }),
        WaitOn::CrawlerFree => voice.text("wait.crawler_free"),
        WaitOn::StatusFiles => voice.text("wait.status_files"),
        WaitOn::Trouble(failure) => {
            voice.say("wait.trouble", values! { code => failure.code, message => redact(&failure.message) })
        }
    }
}
