//! What people must be told beside the runs: recorded once per cause, then told by the projector.

use jiff::Timestamp;

use crate::{
    domain::{
        notice::{About, Fate, Notice, NoticeId},
        source::Source,
    },
    engine::{Engine, Wake, actors::Next, ports::StoreError},
};

impl Engine {
    /// Records what people must be told, and has it told: once, whichever replica sees the cause, however often.
    ///
    /// # Errors
    /// It is not certain that it is recorded.
    pub async fn notice(&self, about: About) -> Result<(), StoreError> {
        let notice = Notice::new(about, self.clock.now());
        if self.store.put_notice(&notice).await? {
            tracing::warn!(notice = %notice.id, "People are told: {}", notice.id);
            self.wakes.send(Wake::Notice(notice.id));
        }
        Ok(())
    }

    /// Has people told of a message that nobody can read and that does not come again. When this returns, the notice
    /// keeps the message.
    ///
    /// # Errors
    /// It is not certain that it is recorded: the message must not be taken yet.
    pub async fn poisoned(&self, id: &str, why: &str, body: &str) -> Result<(), StoreError> {
        self.notice(About::poison(id, why, body, Fate::Gone)).await
    }

    /// Has people told if `error` is of a record that cannot be read. The record is left as it is.
    pub(super) async fn unreadable(&self, error: &StoreError) {
        let StoreError::Unreadable(record, why) = error else { return };
        if let Err(error) = self.notice(About::unreadable(record, why)).await {
            tracing::error!(record, %error, "That record {record} cannot be read could not be recorded");
        }
    }

    /// Looks whether the notice is solved, tells it, and says when to look again.
    pub async fn attend(&self, id: &NoticeId) -> Next {
        if let Err(error) = self.solve(id).await {
            tracing::warn!(notice = %id, %error, "Whether {id} is solved will be found out by the next sweep");
        }
        self.project_notice(id).await
    }

    async fn solve(&self, id: &NoticeId) -> Result<(), StoreError> {
        let Some(notice) = self.store.notice(id).await?.filter(|it| !it.is_over()) else { return Ok(()) };
        let About::Overdue { source, .. } = &notice.about else { return Ok(()) };
        if let Some(solved) = notice.after_success(self.last_success_at(source).await?) {
            // If somebody else has been faster, it is solved all the same.
            self.store.put_notice(&solved).await?;
        }
        Ok(())
    }

    async fn last_success_at(&self, source: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.store.last_success(source).await?.and_then(|it| it.good_since()))
    }

    /// Has people told when no run of `source` has succeeded for longer than the configuration expects.
    pub(super) async fn look_for_miss(&self, source: &Source, now: Timestamp) -> Result<(), StoreError> {
        let Some(expected) = source.expect_every else { return Ok(()) };
        let watched = self.store.watched_since(&source.name, self.started_at).await?;
        let last = self.last_success_at(&source.name).await?;
        match About::overdue(&source.name, expected, last, watched, now) {
            Some(overdue) => self.notice(overdue).await,
            None => Ok(()),
        }
    }
}
