//! Telling one person, or those who read along, what came of what was asked.

use std::{borrow::Cow, time::Duration};

use super::{
    Engine,
    outbox::{Turn, Want},
    ports::{ChatError, Lane, Marks, Place, Reply, Ts},
};
use crate::{
    domain::{access::Who, answer::Answer},
    projection::{self, message::Message, text::Locale, thread::Urgency},
};

/// Pauses before it is told once more, when Slack did not take it: an address that came with a command is good for five
/// answers within 30 minutes. Beside that, what becomes of a run is told in its thread.
const AGAIN: [Duration; 2] = [Duration::from_secs(10), Duration::from_mins(2)];

/// The key by which a direct message is told from what is posted of runs.
const MARK: &str = "answer";

/// How much of a door's time goes to the language that somebody reads.
const LOCALE: Duration = Duration::from_millis(300);

impl Engine {
    /// Says whether `answer` may stand where everybody in a channel reads it: every full member may see all of it.
    pub fn is_open(&self, answer: &Answer) -> bool {
        let open = |source: &str| self.access.is_open(source);
        let general = self.access.general.viewers.contains(&Who::AnyMember);
        general
            && match answer {
                Answer::Overview { lake, unmanaged, .. } => {
                    lake.0.iter().all(|it| open(&it.source.name)) && unmanaged.iter().all(|it| open(&it.source))
                }
                Answer::Runs(part) => part.entries.iter().all(|it| open(&it.source)),
                Answer::Source { standing, .. } => open(&standing.source.name),
                Answer::Details(run, _) => open(&run.source),
                Answer::Sources { standings, .. } => standings.entries.iter().all(|it| open(&it.source.name)),
                Answer::Help { .. } => true,
                // About the person alone: what was wrong, what came of it, what they may.
                Answer::Accepted { .. }
                | Answer::NotRecorded
                | Answer::Unconfirmed
                | Answer::Outcome(_)
                | Answer::Misread(_)
                | Answer::Forbidden(_)
                | Answer::Unidentified
                | Answer::NoForm
                | Answer::UnknownSource { .. }
                | Answer::UnknownRun { .. }
                | Answer::UnknownTarget { .. }
                | Answer::AmbiguousRun { .. }
                | Answer::Whoami { .. }
                | Answer::UnknownButton
                | Answer::Broken { .. } => false,
            }
    }

    /// Returns `answer` as `user` reads it.
    pub async fn in_words(&self, user: &str, answer: &Answer) -> Message {
        projection::answer::answer(&self.words, self.locale_of(user).await, answer)
    }

    /// Returns the language that `user` reads, or the channels' one.
    pub async fn locale_of(&self, user: &str) -> Locale {
        let found = tokio::time::timeout(LOCALE, self.people.locale(user)).await;
        found.ok().flatten().map_or(self.channels.locale, |it| Locale::from_slack(&it))
    }

    /// Tells `user` privately. Where a modal has been closed, and where the bot cannot whisper because it is not in the
    /// channel or the person is not, it writes to them directly.
    pub async fn tell(&self, user: &str, reply: &Reply, answer: &Answer) {
        let locale = self.locale_of(user).await;
        let mut reply = reply.clone();
        let mut pauses = AGAIN.into_iter();
        while let Err(error) = self.try_to_tell(user, &reply, locale, answer).await {
            if reply.has_instead(&error) {
                reply = Reply::DIRECT;
                continue;
            }
            let pause = pauses.next().filter(|_| reply.may_be_tried_again(&error));
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
            Reply::Ephemeral { channel, thread } => {
                self.chat.whisper(Place { channel, thread: thread.as_ref() }, user, &message()).await
            }
            Reply::Direct { channel, thread } => {
                // Slack opens the conversation with whoever has this id.
                let place = Place { channel: channel.as_deref().unwrap_or(user), thread: thread.as_ref() };
                let marks = Marks::from([("key".to_owned(), MARK.to_owned())]);
                self.chat.post(place, &message(), &marks, None).await.map(|_| ())
            }
        }
    }

    /// Returns the answer with the names that the channel may read, whoever has asked.
    fn readable_in<'a>(&self, channel: &str, answer: &'a Answer) -> Cow<'a, Answer> {
        let may_read = self.channels.names_in.iter().any(|it| it == channel);
        let (Answer::Details(run, unsent), false) = (answer, may_read) else { return Cow::Borrowed(answer) };
        let run = projection::names::hidden(self.words.voice(self.channels.locale), run, self.sources.get(&run.source));
        Cow::Owned(Answer::Details(Box::new(run), unsent.clone()))
    }

    /// Tells everybody who reads the thread, at the pace of the channel; `key` names the answer among those that wait for
    /// a place. Returns `false` if Slack does not let the bot write there.
    pub async fn tell_all(&self, key: &str, channel: &str, thread: &Ts, answer: &Answer) -> bool {
        let message = projection::answer::answer(&self.words, self.channels.locale, &self.readable_in(channel, answer));
        let (lane, place) = (Lane::Post(channel.to_owned()), Place { channel, thread: Some(thread) });
        for pause in AGAIN {
            let wants: Vec<Want> = vec![(lane.clone(), Urgency::News)];
            let Turn::Place(turn) = self.outbox.place(key, wants).await else {
                return true;
            };
            turn.spend().await;
            match self.chat.post(place, &message, &Marks::new(), None).await {
                Ok(_) => return true,
                Err(ChatError::Later { after }) => {
                    self.outbox.hush(&lane, after).await;
                    if !self.outbox.pause(pause).await {
                        return true;
                    }
                }
                Err(error @ ChatError::Unclear(_)) => {
                    tracing::warn!(channel, %error, "Whether an answer stands in its thread is not known");
                    return true;
                }
                Err(error @ (ChatError::Refused(_) | ChatError::Gone)) => {
                    tracing::info!(channel, %error, "An answer cannot stand in its thread");
                    return false;
                }
            }
        }
        true
    }
}

impl Reply {
    /// Says whether a direct message can tell what `error` keeps from being told here.
    fn has_instead(&self, error: &ChatError) -> bool {
        matches!((self, error), (Self::View(_) | Self::Ephemeral { .. }, ChatError::Gone | ChatError::Refused(_)))
    }

    /// Says whether to try once more after `error`. What stays to be read is rather missing than there twice.
    fn may_be_tried_again(&self, error: &ChatError) -> bool {
        match error {
            ChatError::Later { .. } => true,
            ChatError::Unclear(_) => !matches!(self, Self::Direct { .. }),
            ChatError::Refused(_) | ChatError::Gone => false,
        }
    }
}
