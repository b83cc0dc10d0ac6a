//! What a request in a record can become, whoever writes it, and how long its answer is good.

use jiff::Timestamp;

use super::{Approval, ApprovalState, Subject, Verdict, Void, Vote};
use crate::domain::{run::Run, source::Source};

impl Approval {
    /// Returns the decisions that count at `now`.
    pub fn live_votes(&self, now: Timestamp) -> impl Iterator<Item = &Vote> {
        self.votes.iter().filter(move |it| it.is_live(now))
    }

    /// Returns until when what was given is good: every approval counts, so the first limit does. One that was over when
    /// the last was given does not count any more.
    pub fn good_until(&self) -> Timestamp {
        let last = self.votes.last().map_or(self.asked_at, |it| it.at);
        let live = self.live_votes(last);
        live.filter_map(|it| it.until).fold(self.expires_at, Timestamp::min)
    }

    /// Returns how many approvals are missing at `now`.
    pub fn missing(&self, now: Timestamp) -> u32 {
        self.quorum.saturating_sub(u32::try_from(self.approvals(now)).unwrap_or(u32::MAX))
    }

    /// Says whether the approval still stands for `run` at `now`: given, not expired, for the plan as it is, and by as
    /// many persons as it takes, of whom none has shaped the run, by whatever account.
    pub fn stands_for(&self, run: &Run, source: &Source, now: Timestamp) -> bool {
        self.is_given(run, now) && self.holds(run, source, now)
    }

    /// Says whether what was asked, and what people have said to it, holds for `run` as `source` is configured at `now`:
    /// it is the present plan, those who have decided are still different people who may, and no more of them are
    /// needed than were asked for. What does not hold takes no decision any more: people are asked anew.
    pub fn holds(&self, run: &Run, source: &Source, now: Timestamp) -> bool {
        let people: Vec<&str> = self.live_votes(now).map(|it| it.user.as_str()).collect();
        let distinct = people.iter().enumerate().all(|(at, one)| {
            people[..at].iter().all(|other| !source.people.are_one(one, other))
                && !run.was_shaped_by_person(&source.people, one)
        });
        let is_enough = self.state == ApprovalState::Overridden || self.quorum >= self.quorum_now(source);
        self.is_for(run, &source.classification) && distinct && is_enough
    }

    /// Returns how many people it takes by the rule in force: for a refresh it may have become stricter since people were
    /// asked. What is found is asked about by the rule of its time.
    fn quorum_now(&self, source: &Source) -> u32 {
        let rule = source.sensitive.as_ref().filter(|_| self.subject == Subject::Refresh);
        rule.map_or(0, |it| it.approval.quorum)
    }

    /// Says whether the approval is given and not outlived at `now`, be it for the present plan or for another one.
    pub(in crate::domain) fn is_given(&self, run: &Run, now: Timestamp) -> bool {
        matches!(self.state, ApprovalState::Approved | ApprovalState::Overridden) && !self.is_outlived(run, now)
    }

    /// Says whether the time of the request, or of what was given, is over at `now`, or one of its voters has shaped the
    /// run since.
    pub(in crate::domain) fn is_outlived(&self, run: &Run, now: Timestamp) -> bool {
        let short = self.state == ApprovalState::Approved && self.missing(now) > 0;
        now >= self.expires_at || short || self.live_votes(now).any(|it| run.was_shaped_by(&it.user))
    }

    /// Says whether nobody has decided anything yet.
    pub fn is_new(&self) -> bool {
        self.state == ApprovalState::Pending && self.votes.is_empty()
    }

    /// Says whether `run`'s request can become `next` at `now`: one more person, who did not shape the run, has voted
    /// in time, somebody has taken their approval back, or the time is over. What was asked, and earlier votes, never
    /// change.
    pub fn can_become(&self, next: &Self, run: &Run, now: Timestamp) -> bool {
        let asked_the_same = Self { state: self.state, votes: self.votes.clone(), ..next.clone() } == *self;
        let in_time = now < self.expires_at;
        let follows = match next.votes.strip_prefix(self.votes.as_slice()) {
            Some([]) => !in_time && next.state == ApprovalState::Expired,
            Some([vote]) => {
                let again = self.live_votes(now).any(|it| it.user == vote.user);
                let fits = vote.is_live(now) && !again && !run.was_shaped_by(&vote.user);
                in_time && next.state == next.count(now) && fits
            }
            Some(_) => false,
            None => in_time && next.state == ApprovalState::Pending && self.has_one_more_than(next),
        };
        self.state == ApprovalState::Pending && asked_the_same && follows
    }

    /// Says whether `next` has the same votes, of which one more is taken back.
    fn has_one_more_than(&self, next: &Self) -> bool {
        let mut changed = self.votes.iter().zip(&next.votes).filter(|(was, is)| was != is);
        let one = changed.next().is_some_and(|(was, is)| {
            was.withdrawn_at.is_none() && is.withdrawn_at.is_some() && Vote { withdrawn_at: None, ..is.clone() } == *was
        });
        self.votes.len() == next.votes.len() && one && changed.next().is_none()
    }

    /// Returns the request as it is kept when it is taken out of the run's present ones. What was decided and has had its
    /// consequence stays as it was.
    pub(in crate::domain) fn set_aside(self, why: Void, now: Timestamp) -> Self {
        if self.state == ApprovalState::Pending { self.voided(why, &[], now) } else { self }
    }

    /// Returns the request as it is kept when nothing may be done on it any more, given or not, because of `by`.
    pub(in crate::domain) fn voided(self, why: Void, by: &[String], now: Timestamp) -> Self {
        match self.state {
            ApprovalState::Pending | ApprovalState::Approved | ApprovalState::Overridden => {
                Self { state: ApprovalState::Void, void: Some(why), void_by: by.to_vec(), void_at: Some(now), ..self }
            }
            ApprovalState::Denied | ApprovalState::Expired | ApprovalState::Void => self,
        }
    }

    fn approvals(&self, now: Timestamp) -> usize {
        self.live_votes(now).filter(|it| it.verdict == Verdict::Approve).count()
    }

    pub(super) fn count(&self, now: Timestamp) -> ApprovalState {
        if self.live_votes(now).any(|it| it.verdict == Verdict::Deny) {
            ApprovalState::Denied
        } else if self.missing(now) == 0 {
            ApprovalState::Approved
        } else {
            ApprovalState::Pending
        }
    }
}
