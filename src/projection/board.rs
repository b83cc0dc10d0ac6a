//! The board: one message in the channel of progress that shows what is under way, and what waits for people.

use std::cmp::Reverse;

use super::{
    blocks::Page,
    message::Message,
    phrase::{self, seconds, stage},
    run::View,
    text::{Mrkdwn, Voice, values},
    thread::{Key, Wanted},
};
use crate::domain::{
    export::SLOTS,
    run::{Run, RunStatus},
    stage::{Stage, StageId, StageStatus, WaitOn, Waiting},
};

/// Runs that are shown of those that are over.
const LAST: usize = 10;

/// What the board is drawn from.
#[derive(Clone, Debug, Default)]
pub struct Board {
    /// The runs that are not over.
    pub active: Vec<Run>,
    /// While there are none: the newest run of each source.
    pub last: Vec<Run>,
}

/// How a run stands, in the order of the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    ForPeople,
    Works,
    Waits,
}

/// Returns the message that shows the board.
pub fn wanted(board: &Board, view: &View<'_>) -> Wanted {
    let message = message(view.words.voice(view.locale), board);
    Wanted { key: Key(Key::ROOT.to_owned()), channel: view.channel.to_owned(), in_thread: false, message }
}

fn message(voice: Voice<'_>, board: &Board) -> Message {
    let title = voice.say("board.title", values! { count => board.active.len() });
    let more = |more| voice.say("board.more", values! { more });
    if board.active.is_empty() {
        let mut last: Vec<&Run> = board.last.iter().collect();
        last.sort_by_key(|it| Reverse(it.finished_at));
        let lines: Vec<Mrkdwn> = last.into_iter().take(LAST).map(|it| over(voice, it)).collect();
        let heading = if lines.is_empty() { Mrkdwn::default() } else { voice.text("board.last") };
        return Page::new(title).section(heading).list(lines, more).message();
    }
    let mut active: Vec<&Run> = board.active.iter().collect();
    active.sort_by_key(|it| (standing(it), it.created_at, &it.export_task));
    let lines = active.into_iter().map(|it| line(voice, it)).collect();
    Page::new(Mrkdwn::lines([title, counts(voice, &board.active)])).list(lines, more).message()
}

fn standing(run: &Run) -> Standing {
    match run.status {
        RunStatus::WaitingApproval => Standing::ForPeople,
        _ if waiting(run).is_some() => Standing::Waits,
        RunStatus::Running
        | RunStatus::Succeeded
        | RunStatus::SucceededWithWarnings
        | RunStatus::Failed
        | RunStatus::Canceled
        | RunStatus::Superseded
        | RunStatus::Expired => Standing::Works,
    }
}

fn waiting(run: &Run) -> Option<&Waiting> {
    run.open_stage()?.waiting.as_ref()
}

/// The queue and the slots, in one line.
fn counts(voice: Voice<'_>, active: &[Run]) -> Mrkdwn {
    let waits = |on: fn(&WaitOn) -> bool| active.iter().filter(|it| waiting(it).is_some_and(|it| on(&it.on))).count();
    let exports = |it: &&Stage| it.id == StageId::Export && it.status == StageStatus::Running && !it.is_unconfirmed();
    let values = values! {
        exporting => active.iter().filter_map(Run::open_stage).filter(exports).count(),
        slots => SLOTS,
        for_slot => waits(|it| matches!(it, WaitOn::ExportSlot { .. })),
        for_turn => waits(|it| matches!(it, WaitOn::Turn { .. })),
        for_people => active.iter().filter(|it| standing(it) == Standing::ForPeople).count(),
    };
    voice.say("board.counts", values)
}

/// One run that is under way.
fn line(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    let name = name(voice, run);
    if run.canceled_by.is_some() {
        return voice.say("board.line.canceling", values! { name });
    }
    match (standing(run), waiting(run)) {
        (Standing::ForPeople, _) => {
            voice.say("board.line.approval", values! { name, until => run.request().map(|it| it.expires_at) })
        }
        (Standing::Works | Standing::Waits, Some(Waiting { on, since })) => {
            voice.say("board.line.waiting", values! { name, what => waits_for(voice, on), since })
        }
        (Standing::Works | Standing::Waits, None) => {
            let open = run.open_stage().unwrap_or_else(|| run.stage(run.stage));
            let (percent, end) = (open.detail.percent, run.expected_end());
            voice.say("board.line.running", values! { name, doing => stage::title(voice, open), percent, end })
        }
    }
}

fn waits_for(voice: Voice<'_>, on: &WaitOn) -> Mrkdwn {
    let key = match on {
        WaitOn::Turn { .. } => "board.for.turn",
        WaitOn::SnapshotReady => "board.for.snapshot_ready",
        WaitOn::ExportSlot { before, .. } => return voice.say("board.for.export_slot", values! { before }),
        WaitOn::JobSlot { .. } => "board.for.job_slot",
        WaitOn::CrawlerFree => "board.for.crawler_free",
        WaitOn::StatusFiles => "board.for.status_files",
        WaitOn::Trouble(_) => "board.for.trouble",
    };
    voice.text(key)
}

/// One run that is over.
fn over(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    let values = values! {
        status => phrase::standing(voice, run),
        name => name(voice, run),
        at => run.finished_at.unwrap_or(run.updated_at),
        took => run.finished_at.map(|it| seconds(phrase::rollback::opened_at(run), it)),
    };
    voice.say("board.line.over", values)
}

/// The source, leading to the run's root message.
fn name(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    let (channel, ts) = run.slack.as_ref().map_or(("", ""), |it| (it.channel.as_str(), it.ts.as_str()));
    voice.say("board.name", values! { source => run.source, channel, ts })
}

#[cfg(test)]
mod tests;
