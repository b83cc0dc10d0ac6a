//! Drawing a run's thread: what is wanted is computed from the record, what differs from what was posted is sent, one
//! message at a time, newest state first.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

use crate::{
    domain::{name::ExportTask, run::Run},
    engine::{
        Engine, Wake,
        actors::Next,
        ports::{Call, ChatError, Marks, Place, StoreError, Ts},
    },
    projection::{
        run::{View, wanted},
        thread::{Edit, Key, Posted, Posting, Thread, Wanted, edits},
    },
};

/// How long a message may take from the intent to Slack's answer; after it, whether it is there can be looked up.
const POSTING: SignedDuration = SignedDuration::from_secs(15);

/// A post that does not leave so soon after its intent does not leave at all: within [`POSTING`], what leaves in time has
/// its answer.
const IN_TIME: Duration = Duration::from_secs(5);

/// Pause before another attempt, when Slack did not say how long.
const PAUSE: Duration = Duration::from_secs(5);

/// Pause before another attempt at something that somebody has to mend first.
const REFUSED_PAUSE: Duration = Duration::from_secs(60);

/// Clocks of this machine and of Slack may differ by so much.
const SKEW: SignedDuration = SignedDuration::from_mins(15);

/// Messages that one pass sends at the most.
const STEPS: usize = 100;

/// A channel, and what may be done there now.
type Turn = (String, Call);

impl Engine {
    /// Brings the thread of run `name` up to its record, and says when to try again.
    pub async fn project(&self, name: &ExportTask) -> Next {
        let mut held = None;
        for _ in 0..STEPS {
            match self.draw(name, &mut held).await {
                Ok(None) => {}
                Ok(Some(next)) => return next,
                Err(error) => {
                    tracing::error!(run = %name, %error, "The thread of run {name} could not be drawn");
                    return Next::Again(PAUSE);
                }
            }
        }
        Next::Again(Duration::ZERO)
    }

    /// Sends the first message that is missing or out of date. Returns `None` if there may be more. `held` is the place
    /// in Slack's pace that was waited for: meanwhile the run may have moved on, and only its newest state is worth a
    /// call, so what to send is computed anew.
    async fn draw(&self, name: &ExportTask, held: &mut Option<Turn>) -> Result<Option<Next>, StoreError> {
        let Some(run) = self.store.run(name).await? else { return Ok(Some(Next::Rest)) };
        if let Some(next) = &run.next_attempt {
            // The thread is the whole run's: it is drawn from its newest attempt.
            self.wakes.send(Wake::Thread(next.clone()));
            self.store.settle(name, run.version).await?;
            return Ok(Some(Next::Rest));
        }
        let thread = self.store.thread(&run.run_id).await?;
        if let Some(posting) = thread.posting.clone() {
            return self.look_for(&run, thread, &posting).await;
        }
        let wanted = self.wanted(&run);
        let edits = edits(&wanted, &thread);
        let Some(edit) = edits.first() else {
            if run.status.is_over() {
                self.store.settle(name, run.version).await?;
            }
            return Ok(Some(Next::Rest));
        };
        let turn = match edit {
            Edit::Post(wanted) => (wanted.channel.clone(), Call::Post),
            Edit::Update { posted, .. } => (posted.channel.clone(), Call::Update),
        };
        if held.take().as_ref() != Some(&turn) && self.chat.ready(&turn.0, turn.1).await {
            *held = Some(turn);
            return Ok(None);
        }
        match edit {
            Edit::Post(wanted) => self.post(&run, thread.clone(), wanted).await,
            Edit::Update { wanted, posted } => self.update(thread.clone(), wanted, posted).await,
        }
    }

    fn wanted(&self, run: &Run) -> Vec<Wanted> {
        let view = View {
            words: &self.words,
            locale: self.channels.locale,
            channel: &self.channels.progress,
            alerts_channel: &self.channels.alerts,
        };
        wanted(run, self.sources.get(&run.source), &view)
    }

    async fn post(&self, run: &Run, mut thread: Thread, wanted: &Wanted) -> Result<Option<Next>, StoreError> {
        let (now, intended) = (self.clock.now(), Instant::now());
        thread.posting = Some(Posting {
            key: wanted.key.0.clone(),
            channel: wanted.channel.clone(),
            in_thread: wanted.in_thread,
            at: now,
            until: now + POSTING,
            owner: self.me.clone(),
        });
        if !self.store.put_thread(&thread).await? {
            return Ok(None);
        }
        thread.version += 1;
        // This replica was paused: another one may have given the message up as lost, and posts it now.
        if intended.elapsed() > IN_TIME {
            return Ok(None);
        }
        let root = root(&thread);
        let place = Place { channel: &wanted.channel, thread: root.as_ref().filter(|_| wanted.in_thread) };
        match self.chat.post(place, &wanted.message, &marks(run, &wanted.key.0)).await {
            Ok(ts) => self.posted(run, thread, &wanted.key.0, ts, wanted.message.digest()).await,
            // It may be there: the next pass looks, when it must have arrived.
            Err(ChatError::Unclear(why)) => {
                tracing::warn!(run = %run.export_task, why, "No clear answer to a post; looking for it later");
                Ok(Some(Next::Again(PAUSE)))
            }
            Err(error) => {
                thread.posting = None;
                if matches!(error, ChatError::Gone) {
                    thread.posted.remove(Key::ROOT);
                }
                self.failed(thread, &error).await
            }
        }
    }

    /// A message was about to be posted when the process, or the answer, was lost: it is looked for, never repeated
    /// blindly.
    async fn look_for(&self, run: &Run, mut thread: Thread, posting: &Posting) -> Result<Option<Next>, StoreError> {
        let now = self.clock.now();
        if now < posting.until && posting.owner != self.me {
            let left = Duration::try_from(posting.until.duration_since(now)).unwrap_or(PAUSE);
            return Ok(Some(Next::Again(left)));
        }
        let root = root(&thread);
        let place = Place { channel: &posting.channel, thread: root.as_ref().filter(|_| posting.in_thread) };
        match self.chat.find(place, &marks(run, &posting.key), posting.at - SKEW).await {
            // Its digest is not known: the next pass edits it into what is wanted now.
            Ok(Some(ts)) => self.posted(run, thread, &posting.key, ts, String::new()).await,
            Ok(None) if now < posting.until => Ok(Some(Next::Again(PAUSE))),
            Ok(None) => {
                thread.posting = None;
                self.store.put_thread(&thread).await?;
                Ok(None)
            }
            Err(error) => self.failed(thread, &error).await,
        }
    }

    async fn posted(
        &self,
        run: &Run,
        mut thread: Thread,
        key: &str,
        ts: Ts,
        digest: String,
    ) -> Result<Option<Next>, StoreError> {
        let Some(posting) = thread.posting.take() else { return Ok(None) };
        if key == Key::ROOT {
            self.store.note_root(&run.export_task, &posting.channel, &ts.0).await?;
        }
        thread.posted.insert(key.to_owned(), Posted { channel: posting.channel, ts: ts.0, digest });
        thread.trouble = None;
        self.store.put_thread(&thread).await?;
        Ok(None)
    }

    async fn update(&self, mut thread: Thread, wanted: &Wanted, posted: &Posted) -> Result<Option<Next>, StoreError> {
        let ts = Ts(posted.ts.clone());
        match self.chat.update(&posted.channel, &ts, &wanted.message).await {
            Ok(()) => {
                let posted = Posted { digest: wanted.message.digest(), ..posted.clone() };
                thread.posted.insert(wanted.key.0.clone(), posted.clone());
                thread.trouble = None;
                if !self.store.put_thread(&thread).await? {
                    self.doubt(&thread.run_id, &wanted.key, &posted.digest).await?;
                }
                Ok(None)
            }
            Err(error) => {
                if matches!(error, ChatError::Gone) {
                    thread.posted.remove(&wanted.key.0);
                }
                self.failed(thread, &error).await
            }
        }
    }

    /// Another replica has drawn the thread meanwhile. If it has drawn the message otherwise, only Slack knows whose
    /// edit came last: the message is edited once more, or an old state could stand there for good.
    async fn doubt(&self, run_id: &ExportTask, key: &Key, sent: &str) -> Result<(), StoreError> {
        loop {
            let mut thread = self.store.thread(run_id).await?;
            let Some(posted) = thread.posted.get_mut(&key.0).filter(|it| it.digest != sent) else { return Ok(()) };
            posted.digest.clear();
            if self.store.put_thread(&thread).await? {
                return Ok(());
            }
        }
    }

    /// Keeps the reason with the thread, so that it can be asked for, and says when to try again.
    async fn failed(&self, mut thread: Thread, error: &ChatError) -> Result<Option<Next>, StoreError> {
        tracing::warn!(run = %thread.run_id, %error, "The thread of run {} is not up to date", thread.run_id);
        thread.trouble = Some(error.to_string());
        self.store.put_thread(&thread).await?;
        Ok(match error {
            ChatError::Gone => None,
            ChatError::Later { after } => Some(Next::Again(*after)),
            ChatError::Unclear(_) => Some(Next::Again(PAUSE)),
            ChatError::Refused(_) => Some(Next::Again(REFUSED_PAUSE)),
        })
    }
}

fn root(thread: &Thread) -> Option<Ts> {
    thread.posted.get(Key::ROOT).map(|it| Ts(it.ts.clone()))
}

fn marks(run: &Run, key: &str) -> Marks {
    Marks::from([("run".to_owned(), run.run_id.to_string()), ("key".to_owned(), key.to_owned())])
}
