//! Telling one person, or those who read along, what came of what was asked.

use std::time::Duration;

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

/// How much of a door's time goes to the language that somebody reads.
const LOCALE: Duration = Duration::from_millis(300);

impl Engine {
    /// Says whether `answer` may stand where everybody in a channel reads it: every full member may see all of it.
    pub fn is_open(&self, answer: &Answer) -> bool {
        let open = |source: &str| self.access.is_open(source);
        let general = self.access.general.viewers.contains(&Who::AnyMember);
        general
            && match answer {
                Answer::Overview { active, unmanaged, .. } => {
                    active.iter().all(|it| open(&it.source)) && unmanaged.iter().all(|it| open(&it.source))
                }
                Answer::Runs { runs, unmanaged } => {
                    runs.iter().all(|it| open(&it.source)) && unmanaged.iter().all(|it| open(&it.source))
                }
                Answer::Details(run, _) => open(&run.source),
                Answer::Sources(sources) => sources.iter().all(|(it, _)| open(&it.name)),
                Answer::Help { .. } => true,
                // About the person alone: what was wrong, what came of it, what they may.
                Answer::Accepted { .. }
                | Answer::NotRecorded
                | Answer::Unconfirmed
                | Answer::Outcome(_)
                | Answer::Misread(_)
                | Answer::Forbidden(_)
                | Answer::Unidentified
                | Answer::UnknownSource { .. }
                | Answer::UnknownRun { .. }
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

    /// Tells `user` privately. Where the bot cannot whisper, because it is not in the channel or the person is not, it
    /// writes to them directly.
    pub async fn tell(&self, user: &str, reply: &Reply, answer: &Answer) {
        let message = self.in_words(user, answer).await;
        let mut told = self.tell_patiently(user, reply, &message).await;
        if let (Reply::Ephemeral { .. }, Err(ChatError::Refused(_) | ChatError::Gone)) = (reply, &told) {
            let direct = Reply::Direct { channel: user.to_owned(), thread: None };
            told = self.tell_patiently(user, &direct, &message).await;
        }
        if let Err(error) = told {
            tracing::warn!(user, %error, "An answer could not be told privately");
        }
    }

    async fn tell_patiently(&self, user: &str, reply: &Reply, message: &Message) -> Result<(), ChatError> {
        for pause in AGAIN {
            match self.tell_once(user, reply, message).await {
                Err(error) if reply.may_be_tried_again(&error) => {
                    if !self.outbox.pause(pause).await {
                        return Err(error);
                    }
                }
                told => return told,
            }
        }
        self.tell_once(user, reply, message).await
    }

    async fn tell_once(&self, user: &str, reply: &Reply, message: &Message) -> Result<(), ChatError> {
        match reply {
            Reply::Url(url) => self.chat.respond(url, message).await,
            Reply::Ephemeral { channel, thread } => {
                self.chat.whisper(Place { channel, thread: thread.as_ref() }, user, message).await
            }
            Reply::Direct { channel, thread } => {
                let place = Place { channel, thread: thread.as_ref() };
                self.chat.post(place, message, &Marks::new()).await.map(|_| ())
            }
        }
    }

    /// Tells everybody who reads the thread, at the pace of the channel; `key` names the answer among those that wait for
    /// a place. Returns `false` if Slack does not let the bot write there.
    pub async fn tell_all(&self, key: &str, channel: &str, thread: &Ts, answer: &Answer) -> bool {
        let message = projection::answer::answer(&self.words, self.channels.locale, answer);
        let (lane, place) = (Lane::Post(channel.to_owned()), Place { channel, thread: Some(thread) });
        for pause in AGAIN {
            let wants: Vec<Want> = vec![(lane.clone(), Urgency::News)];
            let Turn::Place(turn) = self.outbox.place(key, wants).await else {
                return true;
            };
            turn.spend();
            match self.chat.post(place, &message, &Marks::new()).await {
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
    /// Says whether to try once more after `error`. What stays to be read is rather missing than there twice.
    fn may_be_tried_again(&self, error: &ChatError) -> bool {
        match (self, error) {
            (_, ChatError::Later { .. }) | (Self::Url(_) | Self::Ephemeral { .. }, ChatError::Unclear(_)) => true,
            (Self::Direct { .. }, ChatError::Unclear(_)) | (_, ChatError::Refused(_) | ChatError::Gone) => false,
        }
    }
}
