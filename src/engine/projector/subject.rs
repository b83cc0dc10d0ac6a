//! What has messages in Slack: a run, a notice, or the board.

use crate::{
    domain::{
        name::ExportTask,
        notice::{Notice, NoticeId},
        run::Run,
    },
    engine::ports::{Lane, Marks},
};

/// Names what is drawn.
#[derive(Clone, Copy)]
pub(super) enum Name<'a> {
    Run(&'a ExportTask),
    Notice(&'a NoticeId),
    /// The board; its name has its channel in it: in another channel it is another message.
    Board(&'a str),
}

impl Name<'_> {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Run(name) => name.as_str(),
            Self::Notice(id) => &id.0,
            Self::Board(name) => name,
        }
    }
}

/// What is drawn: all that a thread's messages come from.
#[derive(Clone, Copy)]
pub(super) enum Subject<'a> {
    Run(&'a Run),
    Notice(&'a Notice),
    Board(&'a str),
}

impl Subject<'_> {
    /// Returns the name under which it is kept what was posted: a run's is that of its first attempt.
    pub(super) fn thread(&self) -> &str {
        match self {
            Self::Run(run) => run.run_id.as_str(),
            Self::Notice(notice) => &notice.id.0,
            Self::Board(name) => name,
        }
    }

    /// Returns the name under which it waits for a place, and is woken.
    pub(super) fn key(&self) -> &str {
        match self {
            Self::Run(run) => run.export_task.as_str(),
            Self::Notice(notice) => &notice.id.0,
            Self::Board(name) => name,
        }
    }

    /// Returns by what the message `key` is found again.
    pub(super) fn marks(&self, key: &str) -> Marks {
        let of = match self {
            Self::Run(_) => "run",
            Self::Notice(_) => "notice",
            Self::Board(_) => "board",
        };
        Marks::from([(of.to_owned(), self.thread().to_owned()), ("key".to_owned(), key.to_owned())])
    }

    /// Returns how often people have set it going again.
    pub(super) fn retries(&self) -> usize {
        match self {
            Self::Run(run) => run.retries.len(),
            Self::Notice(_) | Self::Board(_) => 0,
        }
    }

    /// Returns the lane of its edits.
    pub(super) fn edits(&self) -> Lane {
        match self {
            Self::Run(_) | Self::Notice(_) => Lane::Update,
            Self::Board(_) => Lane::Board,
        }
    }

    /// Says whether what is shown of it now is what people will find for long: that goes out first.
    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Run(run) => run.status.is_over(),
            Self::Notice(_) | Self::Board(_) => true,
        }
    }
}
