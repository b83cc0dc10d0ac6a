//! The call that publishes a Home, and what is recorded of it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{EVERY, EVERYBODY, OFF, Trouble};
use crate::{
    engine::{
        Engine,
        ports::{ChatError, Lane, Reader, StoreError},
    },
    projection::home::Drawn,
};

/// Slack's error where the app has no Home tab (docs.slack.dev, "views.publish").
const NOT_ENABLED: &str = "not_enabled";

impl Engine {
    /// Publishes what was `drawn` from `outline`. It is recorded already that it is `undertaken`.
    pub(super) async fn publish(&self, undertaken: Reader, drawn: &Drawn, outline: &str) -> Result<(), Trouble> {
        let user = undertaken.user.clone();
        let shown = match self.views.publish(&user, &drawn.view).await {
            Ok(()) => drawn.digest.clone(),
            Err(ChatError::Later { after }) => {
                self.outbox.hush(&Lane::Home, after).await;
                return Err(ChatError::Later { after }.into());
            }
            Err(ChatError::Refused(why)) if why.starts_with(NOT_ENABLED) => {
                self.outbox.leave_alone(EVERYBODY, OFF);
                return Err(ChatError::Refused(why).into());
            }
            // The same would be refused again: it is tried when something has changed, at the latest in an hour.
            Err(ChatError::Refused(why)) => {
                tracing::warn!(user, why, "Slack refuses the Home of {user}: {why}");
                String::new()
            }
            Err(error @ (ChatError::Unclear(_) | ChatError::Gone)) => return Err(error.into()),
        };
        let version = undertaken.version + 1;
        let done = Reader { shown, drawn_from: outline.to_owned(), version, ..undertaken };
        if !self.readers.put_reader(&done).await? {
            self.doubt_home(&user, &done.shown).await?;
        }
        Ok(())
    }

    /// Another replica has published the Home meanwhile: nobody knows whose call came last, and it is published again.
    async fn doubt_home(&self, user: &str, ours: &str) -> Result<(), StoreError> {
        loop {
            let Some(reader) = self.readers.reader(user).await? else { return Ok(()) };
            if reader.shown.is_empty() || reader.shown == ours {
                return Ok(());
            }
            let (shown, drawn_from, version) = (String::new(), String::new(), reader.version + 1);
            if self.readers.put_reader(&Reader { shown, drawn_from, version, ..reader }).await? {
                return Ok(());
            }
        }
    }
}

/// Returns how long the reader's Home must still be left as it is.
pub(super) fn wait(reader: &Reader, now: Timestamp) -> Duration {
    // Whoever was told of an opening has that time to attend to it.
    let last = reader.published_at.unwrap_or(reader.opened_at);
    let since = now.duration_since(last).max(SignedDuration::ZERO);
    Duration::try_from(EVERY - since).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(opened: i64, published: Option<i64>) -> Reader {
        let at = |second| Timestamp::from_second(second).unwrap();
        Reader {
            user: "UANA".to_owned(),
            opened_at: at(opened),
            shown: String::new(),
            drawn_from: String::new(),
            published_at: published.map(at),
            version: 1,
        }
    }

    #[test]
    fn a_home_is_left_as_it_is_for_a_while() {
        let wait = |reader: &Reader, now| wait(reader, Timestamp::from_second(now).unwrap()).as_secs();
        assert_eq!(wait(&reader(0, Some(100)), 105), 15);
        assert_eq!(wait(&reader(0, Some(100)), 120), 0);
        assert_eq!(wait(&reader(100, None), 101), 19, "who was told of the opening attends to it");
        assert_eq!(wait(&reader(100, None), 500), 0);
        assert_eq!(wait(&reader(0, Some(900)), 100), 20, "a clock that is ahead costs no more than that");
    }
}
