//! What is done when Slack does not take a call: the reason is kept, and it is tried again, more and more rarely.

use std::time::Duration;

use super::{Drawing, PAUSE};
use crate::{
    domain::{answer::Unsent, run::Run},
    engine::{
        Engine,
        actors::Next,
        ports::{ChatError, Lane, StoreError},
    },
    projection::{run, thread::Thread},
};

/// Longest pause while Slack does not answer.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);

/// The [`Thread::trouble`] of one that Slack does not answer for.
const NO_ANSWER: &str = "no_answer";

impl Engine {
    /// Keeps the reason with the thread, so that it can be asked for, and says when to try again.
    pub(super) async fn failed(
        &self,
        mut drawing: Drawing<'_>,
        lane: &Lane,
        error: &ChatError,
    ) -> Result<Option<Next>, StoreError> {
        let thread = &mut drawing.thread;
        tracing::warn!(of = thread.of, %error, "What Slack shows of {} is not up to date", thread.of);
        let period = Duration::try_from(self.timing.reconcile_every).unwrap_or(LONGEST_SILENCE);
        let (reason, first, longest) = match error {
            ChatError::Later { after } => {
                self.store.put_thread(thread).await?;
                if !after.is_zero() {
                    self.outbox.hush(lane, *after).await;
                }
                return Ok(None);
            }
            ChatError::Unclear(_) | ChatError::Gone => (NO_ANSWER, PAUSE, LONGEST_SILENCE),
            // Somebody has to mend it first.
            ChatError::Refused(why) => (why.as_str(), period, period * 15),
        };
        if thread.trouble.as_deref() != Some(reason) {
            thread.tries = 0;
        }
        let pause = first.saturating_mul(1 << thread.tries.min(8)).min(longest);
        thread.trouble = Some(reason.to_owned());
        thread.tries += 1;
        note(thread);
        self.store.put_thread(thread).await?;
        self.outbox.leave_alone(drawing.of.key(), pause);
        Ok(Some(Next::Again(pause)))
    }

    /// Returns why Slack does not show `run` as it is, if it is known not to.
    pub(in crate::engine) async fn unsent(&self, run: &Run) -> Result<Option<Unsent>, StoreError> {
        let thread = self.store.thread(run.run_id.as_str()).await?;
        let wanted = run::wanted(run, self.sources.get(&run.source), &self.view());
        let messages = thread.missing(&wanted);
        Ok(thread.trouble.map(|reason| Unsent { reason, messages }))
    }

    /// Somebody has deleted the message `key`.
    pub(super) async fn deleted(&self, mut drawing: Drawing<'_>, key: &str) -> Result<Option<Next>, StoreError> {
        let thread = &mut drawing.thread;
        tracing::warn!(of = thread.of, key, "Message {key} of {} was deleted", thread.of);
        thread.deleted(key, drawing.wanted, drawing.of.retries());
        if thread.stopped.is_some() {
            note(thread);
        }
        self.store.put_thread(thread).await?;
        Ok(None)
    }
}

fn note(thread: &Thread) {
    let reason = thread.trouble.as_deref().unwrap_or_default();
    // Slack may say more than the name of its error; only the name is one of few.
    let reason = reason.split(':').next().unwrap_or_default().to_owned();
    metrics::counter!(crate::metrics::SLACK_TROUBLE, "reason" => reason).increment(1);
}
