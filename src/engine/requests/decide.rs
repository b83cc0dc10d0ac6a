//! A verdict on a refresh of the sensitive layer: everything is looked up anew at this moment, and what cannot be
//! looked up does not count as allowed.

use super::{Changed, Effect, Engine, Outcome, Request, Trouble};
use crate::domain::{
    access::{Bar, Person},
    approval::{Approval, ApprovalState, Refusal, Verdict},
    fact::Fact,
};

impl Engine {
    pub(super) async fn decide(&self, request: &Request, id: &str, verdict: Verdict) -> Result<Effect, Trouble> {
        let refused = |why| Ok(Outcome::NotVoted { why }.into());
        let Some(name) = Approval::run_of(id) else { return refused(Refusal::Unknown) };
        let Some(run) = self.store.run(&name).await? else { return refused(Refusal::Unknown) };
        let Some(source) = self.sources.get(&run.source) else { return refused(Refusal::Unknown) };
        let subject = run.request_called(id).map(|it| it.subject);
        let Some(rule) = subject.and_then(|it| source.rule(it)) else { return refused(Refusal::Unknown) };
        let person = self.people.person(&request.by, &[&rule.approvers]).await;
        let person = person.map_err(|it| Trouble::Later { code: "Slack".to_owned(), why: it.to_string() })?;
        #[cfg(test)]
        let person = self.mistake(person);
        let now = self.clock.now();
        let approval = match Approval::decide(&run, source, id, &person, verdict, now) {
            Ok(approval) => approval,
            Err(why) => {
                let Person { user, membership, .. } = &person;
                tracing::warn!(by = user, ?membership, approval = id, ?why, "A press by {user} does not count");
                if why == Refusal::NotApprover {
                    self.refusals.note(request.refused(None, Bar::of(*membership), now));
                }
                return refused(why);
            }
        };
        let open = match approval.state {
            ApprovalState::Pending => {
                approval.quorum.saturating_sub(u32::try_from(approval.votes.len()).unwrap_or(u32::MAX))
            }
            ApprovalState::Approved | ApprovalState::Denied | ApprovalState::Expired | ApprovalState::Void => 0,
        };
        let subject = approval.subject;
        let Some(after) = self.after(&run, &[Fact::ApprovalChanged { approval }]) else {
            return refused(Refusal::Unknown);
        };
        let outcome = Outcome::Voted { run: run.export_task.clone(), subject, verdict, open };
        Ok(Effect { outcome, create: Vec::new(), update: vec![Changed { before: run, after }] })
    }
}
