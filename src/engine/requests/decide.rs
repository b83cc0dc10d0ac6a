//! What people decide: everything is looked up anew at this moment, past every memory, and what cannot be looked up does
//! not count as allowed.

use super::{Changed, Effect, Engine, Outcome, Request, Trouble};
use crate::{
    domain::{
        access::{Bar, Person, Who},
        approval::{Approval, ApprovalState, Ballot, Refusal, Void},
        fact::Fact,
        run::Run,
        source::Source,
    },
    engine::ports::Via,
};

impl Engine {
    pub(super) async fn decide(&self, request: &Request, id: &str, ballot: &Ballot) -> Result<Effect, Trouble> {
        let Some((run, source)) = self.asked(id).await? else { return Ok(refused(Refusal::Unknown)) };
        let Some(rule) = run.request_called(id).and_then(|it| source.rule(it.subject)) else {
            return Ok(refused(Refusal::Unknown));
        };
        let Some(person) = self.in_person(request, source, &rule.approvers).await? else {
            return Ok(refused(Refusal::NoIdentity));
        };
        let now = self.clock.now();
        let approval = match Approval::decide(&run, source, id, &person, ballot.clone(), now) {
            Ok(approval) => approval,
            Err(why) => {
                let Person { user, membership, .. } = &person;
                tracing::warn!(by = user, ?membership, approval = id, ?why, "A press by {user} does not count");
                if why == Refusal::NotApprover {
                    self.refusals.note(request.refused(None, Bar::of(*membership), now));
                }
                return Ok(refused(why));
            }
        };
        let (subject, verdict) = (approval.subject, ballot.verdict);
        let open = if approval.state == ApprovalState::Pending { approval.missing(now) } else { 0 };
        let explained = ballot.reason.is_some();
        let outcome =
            Outcome::Voted { run: run.export_task.clone(), request: id.to_owned(), subject, verdict, open, explained };
        Ok(self.changed(run, Fact::ApprovalChanged { approval }, outcome))
    }

    /// Takes an approval back, for as long as nothing was begun on it. Whoever has given it may always do so.
    pub(super) async fn withdraw(&self, request: &Request, id: &str) -> Result<Effect, Trouble> {
        let Some((run, source)) = self.asked(id).await? else { return Ok(refused(Refusal::Unknown)) };
        let user = match request.via {
            Via::Slack => Some(&request.by),
            Via::Cli => source.people.in_slack(&request.by).first(),
        };
        let Some(user) = user else { return Ok(refused(Refusal::NoIdentity)) };
        let approval = match Approval::withdraw(&run, source, id, user, self.clock.now()) {
            Ok(approval) => approval,
            Err(why) => return Ok(refused(why)),
        };
        let outcome = Outcome::Withdrawn { run: run.export_task.clone() };
        if approval.state == ApprovalState::Pending {
            return Ok(self.changed(run, Fact::ApprovalChanged { approval }, outcome));
        }
        let own = approval.votes.iter().filter(|it| source.people.are_one(&it.user, user));
        let by = own.map(|it| it.user.clone()).collect();
        let fact = Fact::ApprovalVoided { subject: approval.subject, why: Void::Withdrawn, by };
        Ok(self.changed(run, fact, outcome))
    }

    /// Puts a reason beside the person's own decision. It decides nothing, so it is theirs to say whatever they may by now.
    pub(super) async fn explain(&self, request: &Request, id: &str, reason: &str) -> Result<Effect, Trouble> {
        let Some((run, source)) = self.asked(id).await? else { return Ok(refused(Refusal::Unknown)) };
        let user = match request.via {
            Via::Slack => Some(&request.by),
            Via::Cli => source.people.in_slack(&request.by).first(),
        };
        let Some(user) = user else { return Ok(refused(Refusal::NoIdentity)) };
        let approval = match Approval::explain(&run, source, id, user, reason) {
            Ok(approval) => approval,
            Err(why) => return Ok(refused(why)),
        };
        let outcome = Outcome::Explained { run: run.export_task.clone() };
        Ok(self.changed(run, Fact::ApprovalChanged { approval }, outcome))
    }

    /// Returns the run and the source of the request `id`.
    async fn asked(&self, id: &str) -> Result<Option<(Run, &Source)>, Trouble> {
        let Some(name) = Approval::run_of(id) else { return Ok(None) };
        let Some(run) = self.store.run(&name).await? else { return Ok(None) };
        let source = self.sources.get(&run.source);
        Ok(source.map(|it| (run, it)))
    }

    /// Returns who in Slack has asked, as Slack says at this moment. At the command line that is the person to whom the
    /// account belongs: with that of their accounts that is in `list`. `None`: nothing says who that is.
    pub(super) async fn in_person(
        &self,
        request: &Request,
        source: &Source,
        list: &[Who],
    ) -> Result<Option<Person>, Trouble> {
        let by = std::slice::from_ref(&request.by);
        let accounts = match request.via {
            Via::Slack => by,
            Via::Cli => source.people.in_slack(&request.by),
        };
        let mut found = None;
        for user in accounts {
            let person = self.people.person_now(user, &[list]).await;
            let person = person.map_err(|it| Trouble::Later { code: "Slack".to_owned(), why: it.to_string() })?;
            #[cfg(test)]
            let person = self.mistake(person);
            if person.is_in(list) {
                return Ok(Some(person));
            }
            found.get_or_insert(person);
        }
        Ok(found)
    }

    /// Returns the effect of `fact` on `run`; one that does not fit any more is a press that came too late.
    pub(super) fn changed(&self, run: Run, fact: Fact, outcome: Outcome) -> Effect {
        match self.after(&run, &[fact]) {
            Some(after) => Effect { outcome, create: Vec::new(), update: vec![Changed { before: run, after }] },
            None => refused(Refusal::Unknown),
        }
    }
}

fn refused(why: Refusal) -> Effect {
    Outcome::NotVoted { why }.into()
}
