//! Drawing a run's thread, a notice, or the board: what is wanted is computed from the record, what differs from what was
//! posted is sent, one message at a time, newest state first.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    domain::{name::ExportTask, notice::NoticeId},
    engine::{
        Engine, Wake,
        actors::Next,
        outbox::{Place, Turn, Want},
        ports::{ChatError, Lane, StoreError, Ts},
    },
    projection::{
        notice,
        run::{self, View},
        thread::{Edit, Key, Posted, Thread, Wanted, are_seen, edits, folded},
    },
};

mod board;
mod post;
mod subject;
mod trouble;

use subject::{Name, Subject};

/// Pause before another attempt at what should not take long.
const PAUSE: Duration = Duration::from_secs(5);

/// How long what was read may be acted on: a process that was stopped for longer reads it again.
///
/// Together with a call's longest time it is less than the time after which another replica takes over, so that a post
/// of ours has been made, or given up, when the other one looks for it for the last time. The window that is left is a
/// process that is stopped for long *within* the call: its message may come to stand beside the other replica's.
const FRESH: Duration = Duration::from_secs(4);

/// Messages that one pass sends at the most.
const STEPS: usize = 100;

/// A thread as it was read, and what it should come to.
struct Drawing<'a> {
    of: Subject<'a>,
    thread: Thread,
    wanted: &'a [Wanted],
    read_at: Instant,
}

impl Engine {
    /// Brings the thread of run `name` up to its record, and says when to try again.
    pub async fn project(&self, name: &ExportTask) -> Next {
        self.draw_all(Name::Run(name), None).await
    }

    /// Brings the message of notice `id` up to its record, and says when to try again.
    pub async fn project_notice(&self, id: &NoticeId) -> Next {
        self.draw_all(Name::Notice(id), None).await
    }

    async fn draw_all(&self, name: Name<'_>, mut place: Option<Place>) -> Next {
        if let Some(left) = self.outbox.left_alone(name.as_str()) {
            return Next::Again(left);
        }
        for _ in 0..STEPS {
            if self.stopping.is_cancelled() {
                return Next::Rest;
            }
            let drawn = match name {
                Name::Run(name) => self.draw_run(name, &mut place).await,
                Name::Notice(id) => self.draw_notice(id, &mut place).await,
                Name::Board(name) => self.draw_board(name, &mut place).await,
            };
            match drawn {
                Ok(None) => {}
                Ok(Some(next)) => return next,
                Err(error) => {
                    self.unreadable(&error).await;
                    let name = name.as_str();
                    tracing::error!(of = name, %error, "What Slack shows of {name} could not be brought up to date");
                    return Next::Again(PAUSE);
                }
            }
        }
        Next::Again(Duration::ZERO)
    }

    async fn draw_run(&self, name: &ExportTask, place: &mut Option<Place>) -> Result<Option<Next>, StoreError> {
        let read_at = Instant::now();
        let Some(run) = self.store.run(name).await? else { return Ok(Some(Next::Rest)) };
        if let Some(next) = &run.next_attempt {
            // The thread is the whole run's: it is drawn from its newest attempt.
            self.wakes.send(Wake::Thread(next.clone()));
            self.store.settle(name, run.version).await?;
            return Ok(Some(Next::Rest));
        }
        let wanted = run::wanted(&run, self.sources.get(&run.source), &self.view());
        let drawn = self.draw(Subject::Run(&run), &wanted, read_at, place).await?;
        if drawn == Some(Next::Rest) && run.status.is_over() && !self.stopping.is_cancelled() {
            // From then on nobody looks at the run any more: what was missed when it ended is made up for now.
            self.make_up(&run).await?;
            self.store.settle(name, run.version).await?;
        }
        Ok(drawn)
    }

    async fn draw_notice(&self, id: &NoticeId, place: &mut Option<Place>) -> Result<Option<Next>, StoreError> {
        let read_at = Instant::now();
        let Some(notice) = self.store.notice(id).await? else { return Ok(Some(Next::Rest)) };
        let wanted = [notice::wanted(&notice, &self.view())];
        let drawn = self.draw(Subject::Notice(&notice), &wanted, read_at, place).await?;
        if drawn == Some(Next::Rest) && notice.is_over() && !self.stopping.is_cancelled() {
            self.store.settle_notice(id, notice.version).await?;
        }
        Ok(drawn)
    }

    /// Sends one message that is missing or out of date, if there is a `place` for it; waits for one if not. Returns
    /// `None` if there may be more to do, and a rest if there is not. After the wait the record may have changed, and
    /// only its newest state is worth a call, so what to send is computed anew.
    async fn draw(
        &self,
        of: Subject<'_>,
        wanted: &[Wanted],
        read_at: Instant,
        place: &mut Option<Place>,
    ) -> Result<Option<Next>, StoreError> {
        let mut thread = self.store.thread(of.thread()).await?;
        if let Some(posting) = thread.posting.clone() {
            *place = None;
            return self.look_for(Drawing { of, thread, wanted, read_at }, &posting).await;
        }
        self.outbox.sightings().forget(of.thread());
        if thread.resume(of.retries()) {
            self.store.put_thread(&thread).await?;
            return Ok(None);
        }
        let edits = if thread.stopped.is_some() { Vec::new() } else { edits(wanted, &thread) };
        if edits.is_empty() {
            return Ok(Some(Next::Rest));
        }
        let drawing = Drawing { of, thread: thread.clone(), wanted, read_at };
        let fits = |it: &Place| edits.iter().position(|edit| lane(of, edit) == *it.lane());
        if let Some(place) = place.take()
            && let Some(first) = fits(&place)
        {
            return self.send(drawing, &edits[first..], place).await;
        }
        match self.outbox.place(of.key(), wants(of, &edits)).await {
            Turn::Place(it) => *place = Some(it),
            Turn::Nudged => {}
            Turn::Closed => return Ok(Some(Next::Rest)),
        }
        Ok(None)
    }

    fn view(&self) -> View<'_> {
        View {
            words: &self.words,
            locale: self.channels.locale,
            channel: &self.channels.progress,
            alerts_channel: &self.channels.alerts,
            names_in: &self.channels.names_in,
        }
    }

    /// Makes the first of `edits`. Where places are scarce, one post tells the replies that come after it too.
    async fn send(&self, drawing: Drawing<'_>, edits: &[Edit<'_>], place: Place) -> Result<Option<Next>, StoreError> {
        match edits[0] {
            Edit::Update { wanted, posted } => self.update(drawing, wanted, posted, place).await,
            Edit::Post { wanted, channel } if !place.is_scarce() => self.post(drawing, &[wanted], channel, place).await,
            Edit::Post { channel, .. } => {
                let posts = edits.iter().map_while(|it| match it {
                    Edit::Post { wanted, .. } => Some(*wanted),
                    Edit::Update { .. } => None,
                });
                self.post(drawing, &folded(posts), channel, place).await
            }
        }
    }

    async fn update(
        &self,
        mut drawing: Drawing<'_>,
        wanted: &Wanted,
        posted: &Posted,
        place: Place,
    ) -> Result<Option<Next>, StoreError> {
        let key = &wanted.key.0;
        if !self.foresee(&mut drawing, key, posted).await? || drawing.read_at.elapsed() > FRESH {
            return Ok(None);
        }
        let (ts, digest) = (Ts(posted.ts.clone()), wanted.message.digest());
        place.spend().await;
        let (of, sent) = (drawing.of, Posted { digest, ..posted.clone() });
        match self.chat.update(&posted.channel, &ts, &wanted.message).await {
            Ok(()) => {
                drawing.thread.posted.insert(key.clone(), sent.clone());
                drawing.thread.is_well();
                if !self.store.put_thread(&drawing.thread).await? {
                    self.doubt(of, key, &sent).await?;
                }
                Ok(None)
            }
            Err(ChatError::Gone) => self.deleted(drawing, key).await,
            Err(error) => {
                let unclear = matches!(error, ChatError::Unclear(_));
                let next = self.failed(drawing, &of.edits(), &error).await?;
                if unclear {
                    self.doubt(of, key, &sent).await?;
                }
                Ok(next)
            }
        }
    }

    /// Writes that it is not known what the message will show, as is true until the edit's answer is in the record. What
    /// it showed before may be wanted again: were the answer lost, that state would seem to be shown still. Returns
    /// `false` if somebody else has written meanwhile.
    async fn foresee(&self, drawing: &mut Drawing<'_>, key: &str, posted: &Posted) -> Result<bool, StoreError> {
        if posted.digest.is_empty() {
            return Ok(true);
        }
        drawing.thread.posted.insert(key.to_owned(), Posted { digest: String::new(), ..posted.clone() });
        if !self.store.put_thread(&drawing.thread).await? {
            return Ok(false);
        }
        drawing.thread.version += 1;
        Ok(true)
    }

    /// Another replica has edited the message too, or may have before an edit without an answer arrived: nobody knows
    /// whose state it shows, and it is edited again.
    async fn doubt(&self, of: Subject<'_>, key: &str, ours: &Posted) -> Result<(), StoreError> {
        loop {
            let mut thread = self.store.thread(of.thread()).await?;
            match thread.posted.get_mut(key) {
                Some(it) if it.ts == ours.ts && it.digest != ours.digest => it.digest.clear(),
                Some(_) | None => return Ok(()),
            }
            if self.store.put_thread(&thread).await? {
                return Ok(());
            }
        }
    }
}

fn lane(of: Subject<'_>, edit: &Edit<'_>) -> Lane {
    match edit {
        Edit::Post { channel, .. } => Lane::Post((*channel).to_owned()),
        Edit::Update { .. } => of.edits(),
    }
}

/// Returns the places that `edits` need.
fn wants(of: Subject<'_>, edits: &[Edit<'_>]) -> Vec<Want> {
    let seen = are_seen(edits);
    edits.iter().map(|it| (lane(of, it), it.urgency(of.is_over(), seen))).collect()
}

fn root(thread: &Thread) -> Option<Ts> {
    thread.posted.get(Key::ROOT).map(|it| Ts(it.ts.clone()))
}

#[cfg(test)]
mod tests;
