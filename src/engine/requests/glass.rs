//! Breaking the glass: an operator lets a sensitive refresh start without an approval, says why, and an approver looks at
//! it afterwards.

use super::{Effect, Engine, Outcome, Request, Trouble};
use crate::domain::{
    access::Bar,
    answer::GlassRefusal,
    approval::{ApprovalState, Subject},
    fact::Fact,
    name::ExportTask,
    run::Run,
};

impl Engine {
    pub(super) async fn break_glass(&self, request: &Request, run: Run, reason: &str) -> Result<Effect, Trouble> {
        let name = run.export_task.clone();
        let refused = |why| Ok(Outcome::GlassNotBroken { run: name.clone(), why }.into());
        let Some(source) = self.sources.get(&run.source) else { return refused(GlassRefusal::NotWaiting) };
        let Some(person) = self.in_person(request, source, &source.break_glass).await? else {
            return refused(GlassRefusal::NotAllowed);
        };
        if !person.is_in(&source.break_glass) {
            self.refusals.note(request.refused(None, Bar::of(person.membership), self.clock.now()));
            return refused(GlassRefusal::NotAllowed);
        }
        if reason.trim().is_empty() {
            return refused(GlassRefusal::NoReason);
        }
        let pending = |it: &&_| -> bool {
            let it: &crate::domain::approval::Approval = it;
            it.state == ApprovalState::Pending && it.holds(&run, source, self.clock.now())
        };
        let waits = run.approval.as_ref().filter(pending).is_some() && !run.status.is_over();
        if !waits {
            return refused(GlassRefusal::NotWaiting);
        }
        let fact = Fact::GlassBroken { by: person.user, reason: reason.to_owned() };
        Ok(self.changed(run, fact, Outcome::GlassBroken { run: name.clone() }))
    }

    /// Records that an approver has looked at it: any but the person who has broken it.
    pub(super) async fn review_glass(&self, request: &Request, name: &ExportTask) -> Result<Effect, Trouble> {
        let refused = |why| Ok(Outcome::GlassNotBroken { run: name.clone(), why }.into());
        let Some(run) = self.newest_attempt(name).await? else { return refused(GlassRefusal::NotWaiting) };
        let open = run.break_glass.as_ref().filter(|it| it.reviewed.is_none());
        let Some(by) = open.map(|it| it.by.clone()) else { return refused(GlassRefusal::Reviewed) };
        let Some(source) = self.sources.get(&run.source) else { return refused(GlassRefusal::NotWaiting) };
        let Some(rule) = source.rule(Subject::Refresh) else { return refused(GlassRefusal::NotApprover) };
        let person = self.in_person(request, source, &rule.approvers).await?;
        let Some(person) = person.filter(|it| it.is_in(&rule.approvers)) else {
            return refused(GlassRefusal::NotApprover);
        };
        if source.people.are_one(&by, &person.user) {
            return refused(GlassRefusal::OwnGlass);
        }
        let outcome = Outcome::GlassReviewed { run: run.export_task.clone() };
        Ok(self.changed(run, Fact::GlassReviewed { by: person.user }, outcome))
    }
}
