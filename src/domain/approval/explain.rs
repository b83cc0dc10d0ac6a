//! Why somebody has decided as they have, said afterwards: once, by themselves, and changing nothing else.

use super::{Approval, Refusal, Vote};
use crate::domain::{run::Run, source::Source};

/// Longest reason that is said afterwards, in characters.
pub const MAX_WHY: usize = 500;

/// Returns what was entered as a reason, with single spaces; `None`: it says nothing, or is longer than [`MAX_WHY`].
pub fn why(text: &str) -> Option<String> {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (1..=MAX_WHY).contains(&words.chars().count()).then_some(words)
}

impl Approval {
    /// Returns the request `id` of `run`, decided or not, with `reason` beside the last decision of the person of the
    /// account `user`.
    ///
    /// # Errors
    /// They have decided nothing there, have taken it back, or have said why already.
    pub fn explain(run: &Run, source: &Source, id: &str, user: &str, reason: &str) -> Result<Self, Refusal> {
        let mut after = run.request_called(id).ok_or(Refusal::Unknown)?.clone();
        let last = after.votes.iter_mut().rfind(|it| source.people.are_one(&it.user, user));
        let vote = last.filter(|it| is_bare(it)).ok_or(Refusal::NothingToExplain)?;
        vote.reason = Some(reason.to_owned());
        Ok(after)
    }

    /// Says whether `next` is the same request, in the same state, with a reason beside one decision that had none.
    pub fn is_explained_by(&self, next: &Self) -> bool {
        let asked_the_same = Self { votes: self.votes.clone(), ..next.clone() } == *self;
        let mut changed = self.votes.iter().zip(&next.votes).filter(|(was, is)| was != is);
        let one = changed.next().is_some_and(|(was, is)| {
            is_bare(was) && is.reason.is_some() && Vote { reason: None, ..is.clone() } == *was
        });
        asked_the_same && self.votes.len() == next.votes.len() && one && changed.next().is_none()
    }
}

fn is_bare(vote: &Vote) -> bool {
    vote.reason.is_none() && vote.withdrawn_at.is_none()
}
