//! All messages that a run should have, drawn from its record alone.
//!
//! Nothing here knows what was posted or what time it is: the same record gives the same messages, so that a thread is
//! edited when its record changes and at no other time, and can be drawn again from nothing.

use jiff::Timestamp;

use super::{
    message::Message,
    names,
    text::{Locale, Voice, Words},
    thread::{Key, Wanted},
};
use crate::domain::{run::Run, source::Source};

mod alert;
pub(super) mod approval;
pub(super) mod buttons;
pub(super) mod notes;
mod plan;
mod replies;
mod rollback;
mod root;

/// In what words and where a run is shown.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub words: &'a Words,
    /// Language of the channels.
    pub locale: Locale,
    /// Channel of the runs' threads.
    pub channel: &'a str,
    /// Channel that failures are told in.
    pub alerts_channel: &'a str,
    /// Channels that may read the names of sensitive tables and columns.
    pub names_in: &'a [String],
}

/// A reply or an alert, before its place in the order is known.
struct Later {
    at: Timestamp,
    wanted: Wanted,
}

/// Returns the messages that `run` should have: its root message first, then everything else in the order in which it
/// happened. `source` is the run's source as configured now, if it still is.
///
/// A run that goes on under another name has none: the thread is that of the attempt that it goes on in, whose record
/// holds everything that is told.
pub fn wanted(run: &Run, source: Option<&Source>, view: &View<'_>) -> Vec<Wanted> {
    if run.next_attempt.is_some() {
        return Vec::new();
    }
    let hidden = names::hidden(view.voice(), run, source);
    let shown_in = |channel: &str| if view.names_in.iter().any(|it| it == channel) { run } else { &hidden };
    let (run, alerted) = (shown_in(view.channel), shown_in(view.alerts_channel));
    let mut later = replies::stages(run, view);
    later.extend(approval::requests(run, source, view));
    later.extend(notes::notes(run, source, view));
    later.extend(replies::failures(run, view));
    later.extend(alert::alerts(alerted, view));
    later.extend(replies::retries(run, view));
    later.extend(rollback::rollbacks(run, view));
    later.extend(replies::end(run, view));
    // Stable: what happened at the same moment stays in the order above.
    later.sort_by_key(|it| it.at);
    let root = Wanted {
        key: Key(Key::ROOT.to_owned()),
        channel: view.channel.to_owned(),
        in_thread: false,
        message: root::message(view.voice(), run),
    };
    std::iter::once(root).chain(later.into_iter().map(|it| it.wanted)).collect()
}

impl<'a> View<'a> {
    fn voice(&self) -> Voice<'a> {
        self.words.voice(self.locale)
    }

    fn reply(&self, key: String, at: Timestamp, message: Message) -> Later {
        Later { at, wanted: Wanted { key: Key(key), channel: self.channel.to_owned(), in_thread: true, message } }
    }

    fn alert(&self, key: String, at: Timestamp, message: Message) -> Later {
        let channel = self.alerts_channel.to_owned();
        Later { at, wanted: Wanted { key: Key(key), channel, in_thread: false, message } }
    }
}

#[cfg(test)]
mod tests;
