//! Notices: what people must be told that belongs to no run.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Of a message that could not be read, so much is kept. An item of DynamoDB takes 400 KB.
const KEPT: usize = 64 * 1024;

/// Something that people are told once, in the channel of alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Derived from what it is about: the same cause gives the same notice, whoever sees it, however often.
    pub id: NoticeId,
    pub about: About,
    /// When it was recorded.
    pub since: Timestamp,
    /// When it was over, for what can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solved_at: Option<Timestamp>,
    /// Grows by one with every write; a write with an old one is refused.
    pub version: u64,
}

/// The name of a notice. It has a colon in it, which no run's name has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NoticeId(pub String);

/// What a notice is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum About {
    /// A message that cannot be read.
    Poison {
        /// SQS's or SNS's id of it.
        message: String,
        why: String,
        /// What its sender wrote, the first 64 KiB of it.
        body: String,
        fate: Fate,
    },
    /// No run of the source has succeeded for longer than the configuration expects.
    Overdue {
        source: String,
        /// How long may lie between two successes, in seconds.
        expected: u64,
        /// Since when a success is waited for: the last one, or when the source was first watched.
        waiting_since: Timestamp,
        /// Whether there ever was a success.
        succeeded_before: bool,
    },
    /// A record that this version of the bot cannot read, and leaves alone.
    Unreadable {
        record: String,
        why: String,
        /// The version of the bot.
        version: String,
    },
}

/// What becomes of a message that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fate {
    /// The queue moves it to its dead-letter queue after so many receives.
    Redriven { after: u32 },
    /// The queue has no dead-letter queue: the bot deletes it after so many receives.
    Deleted { after: u32 },
    /// It comes again for as long as the queue keeps it: the queue does not say what it does with it.
    Kept,
    /// It does not come again: the notice alone has it.
    Gone,
}

impl About {
    /// Returns what there is to tell of a message that cannot be read.
    pub fn poison(message: &str, why: &str, body: &str, fate: Fate) -> Self {
        let body = body[..body.floor_char_boundary(KEPT)].to_owned();
        Self::Poison { message: message.to_owned(), why: why.to_owned(), body, fate }
    }

    /// Returns what there is to tell when `source` is overdue at `now`: `last` is its last success, `watched` when it
    /// was first watched. `None`: it is not.
    pub fn overdue(
        source: &str,
        expected: Duration,
        last: Option<Timestamp>,
        watched: Timestamp,
        now: Timestamp,
    ) -> Option<Self> {
        let waiting_since = last.unwrap_or(watched);
        let waited = Duration::try_from(now.duration_since(waiting_since)).unwrap_or_default();
        (waited > expected).then(|| Self::Overdue {
            source: source.to_owned(),
            expected: expected.as_secs(),
            waiting_since,
            succeeded_before: last.is_some(),
        })
    }

    /// Returns what there is to tell of a record that cannot be read.
    pub fn unreadable(record: &str, why: &str) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self::Unreadable { record: record.to_owned(), why: why.to_owned(), version }
    }

    /// Returns the notice's id: the next miss after a success, and the same record under another version of the bot,
    /// are told anew.
    pub fn id(&self) -> NoticeId {
        NoticeId(match self {
            Self::Poison { message, .. } => format!("poison:{message}"),
            Self::Overdue { source, waiting_since, .. } => format!("overdue:{source}:{}", waiting_since.as_second()),
            Self::Unreadable { record, version, .. } => format!("unreadable:{record}:{version}"),
        })
    }
}

impl Notice {
    /// Returns the notice of what is true since `now`.
    pub fn new(about: About, now: Timestamp) -> Self {
        Self { id: about.id(), about, since: now, solved_at: None, version: 1 }
    }

    /// Says whether nothing more can happen to it.
    pub fn is_over(&self) -> bool {
        match self.about {
            About::Poison { .. } | About::Unreadable { .. } => true,
            About::Overdue { .. } => self.solved_at.is_some(),
        }
    }

    /// Returns the notice when the source's last success is `last`, if that solves it.
    #[must_use]
    pub fn after_success(&self, last: Option<Timestamp>) -> Option<Self> {
        let About::Overdue { waiting_since, .. } = &self.about else { return None };
        let solved = last.filter(|it| it > waiting_since && self.solved_at.is_none())?;
        Some(Self { solved_at: Some(solved), version: self.version + 1, ..self.clone() })
    }
}

impl fmt::Display for NoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const DAY: Duration = Duration::from_hours(24);

    #[test]
    fn a_source_is_overdue_since_its_last_success_or_since_it_is_watched() {
        let (watched, last) = (at("2026-11-20T00:00:00Z"), at("2026-11-21T00:00:00Z"));
        let overdue = |last, now| About::overdue("shop", DAY, last, watched, at(now));
        assert_eq!(overdue(None, "2026-11-21T00:00:00Z"), None);
        let never = overdue(None, "2026-11-21T00:00:01Z").unwrap();
        assert!(
            matches!(never, About::Overdue { succeeded_before: false, waiting_since, .. } if waiting_since == watched)
        );
        assert_eq!(overdue(Some(last), "2026-11-22T00:00:00Z"), None);
        let missed = overdue(Some(last), "2026-11-22T00:00:01Z").unwrap();
        assert_eq!(missed.id(), overdue(Some(last), "2026-12-24T00:00:00Z").unwrap().id(), "the same miss");
        assert_ne!(missed.id(), never.id());
    }

    #[test]
    fn the_next_success_solves_it_once() {
        let since = at("2026-11-21T00:00:00Z");
        let about = About::overdue("shop", DAY, Some(since), since, at("2026-11-23T00:00:00Z")).unwrap();
        let notice = Notice::new(about, at("2026-11-23T00:00:00Z"));
        assert!(!notice.is_over());
        assert_eq!(notice.after_success(None), None);
        assert_eq!(notice.after_success(Some(since)), None);
        let solved = notice.after_success(Some(at("2026-11-23T01:00:00Z"))).unwrap();
        assert!(solved.is_over() && solved.version == 2);
        assert_eq!(solved.after_success(Some(at("2026-11-24T01:00:00Z"))), None);
    }

    #[test]
    fn of_a_long_message_the_beginning_is_kept() {
        let About::Poison { body, .. } = About::poison("1", "x", &"あ".repeat(KEPT), Fate::Gone) else { panic!() };
        assert!(body.len() <= KEPT && body.len() > KEPT - 3);
    }
}
