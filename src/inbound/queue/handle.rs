//! One message: read, followed, and deleted; or left for another time; or, when nobody can read it, told of.

use std::{sync::Arc, time::Duration};

use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::{
    Consumer, HIDDEN,
    message::{self, IgnoredKind, Reading},
};
use crate::{
    domain::notice::{About, Fate},
    engine::ports::Received,
};

/// How often a message's time out of sight is extended while it is worked on.
const EXTEND_EVERY: Duration = Duration::from_secs(10);

/// How long the work on a message may take; after it, it comes again. Each call to AWS has its own, shorter time.
const LONGEST: Duration = Duration::from_secs(45);

/// How long work under way may go on when the process stops.
const LAST_WORK: Duration = Duration::from_secs(5);

/// After how long a message comes again that could not be followed: so long the first time, twice as long each time.
const FIRST_AGAIN: Duration = Duration::from_secs(5);
const LONGEST_AGAIN: Duration = Duration::from_mins(5);

/// After how long a message comes again that cannot be read: there is nothing to wait for but its last receive.
const POISON_AGAIN: Duration = Duration::from_secs(2);

/// Without a dead-letter queue, a message that cannot be read is deleted after so many receives.
const POISON_RECEIVES: u32 = 5;

/// What has come of the work on a message.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Handled {
    /// What it asks for is in the records, or it asks for nothing.
    Done,
    /// It could not be followed now.
    Later,
    /// Nobody can read it; people are told. It comes until the queue, or after so many receives the bot, puts an end to
    /// it.
    Poison(Fate),
    /// The process stops.
    Stopped,
}

impl Consumer {
    /// Handles one message, which takes the place `_place` until then.
    pub(super) async fn handle(self: Arc<Self>, message: Received, _place: OwnedSemaphorePermit) {
        let handled = tokio::select! {
            biased;
            handled = timeout(LONGEST, self.work(&message)) => handled.unwrap_or(Handled::Later),
            () = self.keep(&message) => Handled::Later,
            () = self.last_work() => Handled::Stopped,
        };
        match handled {
            Handled::Done => self.delete(&message).await,
            Handled::Later => self.hide(&message, again(message.times)).await,
            Handled::Poison(Fate::Deleted { after }) if message.times >= after => {
                tracing::error!(message = message.id, "Message {} is deleted: its notice has it", message.id);
                self.delete(&message).await;
            }
            Handled::Poison(_) => self.hide(&message, POISON_AGAIN).await,
            Handled::Stopped => self.give_back(&message).await,
        }
    }

    async fn work(&self, message: &Received) -> Handled {
        let id = &message.id;
        let read = message::read(&message.body, &self.topics);
        metrics::counter!(crate::metrics::MESSAGES, "kind" => read.kind()).increment(1);
        match read {
            Reading::Hint(found) => {
                tracing::debug!(message = id, hint = ?found.hint, "Message {id} is understood");
                if let Err(error) = self.engine.follow(&found.hint).await {
                    tracing::warn!(message = id, %error, "Message {id} could not be followed now; it comes again");
                    return Handled::Later;
                }
                Handled::Done
            }
            Reading::Ignored(ignored) if ignored.kind == IgnoredKind::Stranger => {
                let why = ignored.why;
                tracing::warn!(message = id, why, "Message {id} is not believed: {why}");
                Handled::Done
            }
            Reading::Ignored(ignored) => {
                let why = ignored.why;
                tracing::info!(message = id, why, "Message {id} is ignored: {why}");
                Handled::Done
            }
            Reading::Malformed { why } => self.poison(message, &why).await,
        }
    }

    /// People are told, whoever receives it, once. Only then may the message go.
    async fn poison(&self, message: &Received, why: &str) -> Handled {
        let (id, fate) = (&message.id, self.fate().await);
        tracing::error!(message = id, why, ?fate, "Message {id} cannot be read: {why}");
        match self.engine.notice(About::poison(id, why, &message.body, fate)).await {
            Ok(()) => Handled::Poison(fate),
            Err(error) => {
                tracing::error!(message = id, %error, "Message {id} could not be told of");
                Handled::Later
            }
        }
    }

    async fn fate(&self) -> Fate {
        match self.redrive_after.get_or_try_init(|| self.messages.redrive_after()).await {
            Ok(Some(after)) => Fate::Redriven { after: *after },
            Ok(None) => Fate::Deleted { after: POISON_RECEIVES },
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(error, "The queue does not say whether it has a dead-letter queue");
                Fate::Kept
            }
        }
    }

    /// Keeps the message out of others' sight, for as long as this is not dropped.
    async fn keep(&self, message: &Received) {
        loop {
            tokio::time::sleep(EXTEND_EVERY).await;
            self.hide(message, HIDDEN).await;
        }
    }

    /// Returns when the process stops and work under way has had its time.
    async fn last_work(&self) {
        self.stop.cancelled().await;
        tokio::time::sleep(LAST_WORK).await;
    }

    async fn delete(&self, message: &Received) {
        if let Err(error) = self.messages.delete(message).await {
            let (id, error) = (&message.id, format!("{error:#}"));
            tracing::warn!(message = id, error, "Message {id} could not be deleted; it comes again");
        }
    }
}

/// Returns after how long a message comes again that was received `times` times.
fn again(times: u32) -> Duration {
    FIRST_AGAIN.saturating_mul(1 << times.saturating_sub(1).min(16)).min(LONGEST_AGAIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_cannot_be_followed_comes_later_each_time() {
        let seconds: Vec<u64> = [0, 1, 2, 3, 7, 100].map(|it| again(it).as_secs()).to_vec();
        assert_eq!(seconds, [5, 5, 10, 20, 300, 300]);
    }
}
