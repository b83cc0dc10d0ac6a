//! Posting a message, so that it is there once: the intent is written first, and a message whose answer was lost is
//! looked for before it is posted again.

use std::time::Duration;

use super::{Drawing, FRESH, PAUSE, root, subject::Subject};
use crate::{
    engine::{
        Engine,
        actors::Next,
        outbox::Place,
        ports::{self, ChatError, Lane, StoreError, Ts},
    },
    projection::thread::{Key, Posted, Posting, Wanted, together},
};

/// How long another replica's intent has to be seen unchanged before its message is looked for: usually it is just about
/// to be posted.
const GRACE: Duration = Duration::from_secs(3);

/// How long an intent has to be seen unchanged, and its message not found, before it is taken for never posted: more
/// than a replica takes from the intent to the end of the call ([`FRESH`], and the time-out of a call to Slack).
const TAKEOVER: Duration = Duration::from_secs(15);

impl Engine {
    /// Posts one message for all of `told`; its key is the last one's.
    pub(super) async fn post(
        &self,
        mut drawing: Drawing<'_>,
        told: &[&Wanted],
        channel: &str,
        place: Place,
    ) -> Result<Option<Next>, StoreError> {
        let (Some((last, folded)), Some(message)) = (told.split_last(), together(told)) else {
            return Ok(None);
        };
        let posting = Posting {
            key: last.key.0.clone(),
            folded: folded.iter().map(|it| it.key.0.clone()).collect(),
            channel: channel.to_owned(),
            in_thread: last.in_thread,
            at: self.clock.now(),
            owner: self.me.clone(),
        };
        drawing.thread.posting = Some(posting.clone());
        if !self.store.put_thread(&drawing.thread).await? {
            return Ok(None);
        }
        drawing.thread.version += 1;
        let root = root(&drawing.thread);
        let there = ports::Place { channel, thread: root.as_ref().filter(|_| posting.in_thread) };
        let mut marks = drawing.of.marks(&posting.key);
        if !posting.folded.is_empty() {
            marks.insert("folded".to_owned(), posting.folded.join(" "));
        }
        let lane = place.lane().clone();
        place.spend().await;
        match self.chat.post(there, &message, &marks, Some(drawing.read_at + FRESH)).await {
            Ok(ts) => self.posted(drawing, ts, last.message.digest()).await,
            Err(ChatError::Unclear(why)) => {
                tracing::warn!(of = drawing.of.key(), why, "No clear answer to a post; looking for it later");
                Ok(Some(Next::Again(PAUSE)))
            }
            Err(ChatError::Gone) => {
                drawing.thread.posting = None;
                self.deleted(drawing, Key::ROOT).await
            }
            // Not posted: the intent is taken back, unless another replica has taken it over meanwhile.
            Err(error) => {
                drawing.thread.posting = None;
                self.failed(drawing, &lane, &error).await
            }
        }
    }

    /// A message was about to be posted when the process, or the answer, was lost: it is looked for, never repeated
    /// blindly. For how long its owner may still be at it is told by this process's own clock.
    pub(super) async fn look_for(
        &self,
        mut drawing: Drawing<'_>,
        posting: &Posting,
    ) -> Result<Option<Next>, StoreError> {
        let seen = self.outbox.sightings().of(drawing.of.thread(), posting);
        if posting.owner != self.me && seen < GRACE {
            return Ok(Some(Next::Again(GRACE.saturating_sub(seen))));
        }
        let root = root(&drawing.thread);
        let there = ports::Place { channel: &posting.channel, thread: root.as_ref().filter(|_| posting.in_thread) };
        match self.chat.find(there, &drawing.of.marks(&posting.key), posting.at).await {
            // Its digest is not known: the next pass edits it into what is wanted now.
            Ok(Some(ts)) => self.posted(drawing, ts, String::new()).await,
            Ok(None) if seen < TAKEOVER => Ok(Some(Next::Again(TAKEOVER.saturating_sub(seen).min(PAUSE)))),
            Ok(None) => {
                drawing.thread.posting = None;
                self.store.put_thread(&drawing.thread).await?;
                Ok(None)
            }
            Err(ChatError::Gone) => {
                drawing.thread.posting = None;
                self.deleted(drawing, Key::ROOT).await
            }
            Err(ChatError::Later { after }) => Ok(Some(Next::Again(after))),
            Err(error) => self.failed(drawing, &Lane::Post(posting.channel.clone()), &error).await,
        }
    }

    async fn posted(&self, mut drawing: Drawing<'_>, ts: Ts, digest: String) -> Result<Option<Next>, StoreError> {
        let thread = &mut drawing.thread;
        let Some(posting) = thread.posting.take() else { return Ok(None) };
        match drawing.of {
            Subject::Run(run) if posting.key == Key::ROOT => {
                self.store.note_root(&run.export_task, &posting.channel, &ts.0).await?;
            }
            Subject::Board(_) => self.pin(&posting.channel, &ts).await,
            Subject::Run(_) | Subject::Notice(_) => {}
        }
        let folded = !posting.folded.is_empty();
        let posted = Posted { channel: posting.channel, ts: ts.0, digest, folded };
        for key in posting.folded.into_iter().chain([posting.key]) {
            thread.posted.insert(key, posted.clone());
        }
        thread.is_well();
        self.store.put_thread(thread).await?;
        Ok(None)
    }
}
