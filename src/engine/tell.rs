//! Telling one person what came of what they asked for, wherever they can still be reached.

use std::time::Duration;

use crate::{
    domain::answer::Answer,
    engine::{
        Engine,
        ports::{ChatError, Marks, Place, Reply},
    },
    projection::{self, text::Locale},
};

/// Pauses before an answer is told once more, when Slack did not take it: a `response_url` is good for five answers within
/// 30 minutes. Beside that, what becomes of a run is told in its thread.
const TELL_AGAIN: [Duration; 2] = [Duration::from_secs(10), Duration::from_mins(2)];

/// The key by which a direct message is told from what is posted of runs.
const MARK: &str = "answer";

impl Engine {
    /// Tells `user` privately. Where a modal has been closed, and where Slack does not take what would be in it, a direct
    /// message tells the same.
    pub async fn tell(&self, user: &str, reply: &Reply, answer: &Answer) {
        let locale = self.locale_of(user).await;
        let mut reply = reply.clone();
        let mut pauses = TELL_AGAIN.into_iter();
        while let Err(error) = self.try_to_tell(user, &reply, locale, answer).await {
            if let (Reply::View(_), ChatError::Gone | ChatError::Refused(_)) = (&reply, &error) {
                reply = Reply::Direct {};
                continue;
            }
            let pause = pauses.next().filter(|_| may_be_repeated(&reply, &error));
            let Some(pause) = pause else {
                tracing::warn!(user, %error, "{user} could not be told privately: {error}");
                return;
            };
            if !self.outbox.pause(pause).await {
                return;
            }
        }
    }

    async fn try_to_tell(&self, user: &str, reply: &Reply, locale: Locale, answer: &Answer) -> Result<(), ChatError> {
        let message = || projection::answer::answer(&self.words, locale, answer);
        match reply {
            Reply::Url(url) => self.chat.respond(url, &message()).await,
            Reply::View(id) => {
                let view = projection::form::told(&self.words, locale, answer);
                self.views.update(id, None, &view).await.map(|_| ())
            }
            Reply::Direct {} => {
                // Slack opens the conversation with whoever has this id.
                let place = Place { channel: user, thread: None };
                let marks = Marks::from([("key".to_owned(), MARK.to_owned())]);
                self.chat.post(place, &message(), &marks).await.map(|_| ())
            }
        }
    }
}

/// Says whether telling it once more could help, and does no harm: a post that may be there would be there twice.
fn may_be_repeated(reply: &Reply, error: &ChatError) -> bool {
    match error {
        ChatError::Later { .. } => true,
        ChatError::Unclear(_) => *reply != Reply::Direct {},
        ChatError::Gone | ChatError::Refused(_) => false,
    }
}
