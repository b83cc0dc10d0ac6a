//! Rights at the effect: those whose answer lets something happen are looked up once more, at this moment.

use crate::{
    domain::{
        approval::{Approval, ApprovalState, Void},
        fact::Fact,
        failure::{Class, Failure},
        plan::{Plan, plan},
        run::Run,
        seen::Seen,
        source::Source,
        stage::StageId,
    },
    engine::{Engine, ports::PeopleError},
};

/// What a look-up that has failed is called in the record.
const CODE: &str = "Slack";

impl Engine {
    /// Returns `planned` if everybody whose answer it rests on still may give it. If somebody may not any more, the answer
    /// is void; if Slack does not say, it is waited for: nothing starts meanwhile.
    pub(super) async fn vouched(&self, run: &Run, source: &Source, stage: StageId, planned: Plan) -> Plan {
        let Some(subject) = planned.rests_on else { return planned };
        let Some(request) = run.requests().find(|it| it.subject == subject) else { return planned };
        match self.no_approvers(source, request).await {
            Ok(by) if by.is_empty() => planned,
            Ok(by) => {
                tracing::warn!(run = %run.export_task, ?by, "Who approved is no approver any more: people are asked anew");
                Plan { facts: vec![Fact::ApprovalVoided { subject, why: Void::Rights, by }], ..Plan::default() }
            }
            Err(error) => {
                let failure = Failure::new(Class::Transient, CODE, error.to_string());
                plan(run, stage, &Seen::Unclear(failure), self.context(run, source))
            }
        }
    }

    /// Returns those of whose approvals `request` consists who are no approvers now.
    async fn no_approvers(&self, source: &Source, request: &Approval) -> Result<Vec<String>, PeopleError> {
        let mut gone = Vec::new();
        if request.state == ApprovalState::Overridden {
            return Ok(gone);
        }
        let approvers = source.rule(request.subject).map(|it| it.approvers).unwrap_or_default();
        for vote in request.live_votes(self.clock.now()) {
            let person = self.people.person_now(&vote.user, &[&approvers]).await?;
            #[cfg(test)]
            let person = self.mistake(person);
            if !person.is_in(&approvers) {
                gone.push(vote.user.clone());
            }
        }
        Ok(gone)
    }
}
