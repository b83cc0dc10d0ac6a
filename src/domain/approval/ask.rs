//! What a question is bound to: the plan as it is when people are asked.

use jiff::{SignedDuration, Timestamp};

use super::{Approval, ApprovalState, FINDINGS, Subject, hash};
use crate::domain::{
    doubt::{Doubt, Finding},
    name::ExportTask,
    run::Run,
    source::{ApprovalRule, Layer, Source},
    stage::StageId,
};

/// How long people are asked about a doubt where no sensitive layer says how long.
const DOUBT_EXPIRES_AFTER: SignedDuration = SignedDuration::from_hours(8);

/// People who must agree before the run goes on with what has leaked.
const LEAK_QUORUM: u32 = 2;

impl Source {
    /// Returns who decides about `subject`, how many of them, and how long they are asked. `None`: there is nothing to
    /// decide, for the source has no sensitive layer. Doubts are decided by the layer's approvers, or by the source's
    /// operators where there are none.
    pub fn rule(&self, subject: Subject) -> Option<ApprovalRule> {
        let layer = self.sensitive.as_ref().map(|it| &it.approval);
        let quorum = match subject {
            Subject::Refresh => return layer.cloned(),
            Subject::Schema | Subject::Rows => 1,
            Subject::Leak => layer.map_or(LEAK_QUORUM, |it| it.quorum.max(LEAK_QUORUM)),
        };
        let approvers = layer.map_or(&self.operators, |it| &it.approvers).clone();
        let expires_after = layer.map_or(DOUBT_EXPIRES_AFTER, |it| it.expires_after);
        Some(ApprovalRule { approvers, quorum, expires_after })
    }
}

impl Approval {
    /// Returns the request for `run`'s sensitive refresh under `rule`, asked at `now`.
    pub fn ask(run: &Run, classification: &str, rule: &ApprovalRule, now: Timestamp) -> Self {
        let of = Of { subject: Subject::Refresh, stage: StageId::SensitiveApproval, doubt: None };
        let mut request = of.request(run, classification, rule, run.differences(), now);
        request.more += run.inspection().map_or(0, |it| it.more_sensitive);
        request
    }

    /// Returns the request to let `stage` of `run` count as done though there is `doubt`, asked at `now`. `None`: nobody
    /// can be asked.
    pub fn about(run: &Run, source: &Source, stage: StageId, doubt: &Doubt, now: Timestamp) -> Option<Self> {
        let (digest, rule) = (doubt.digest(), source.rule(doubt.subject)?);
        let of = Of { subject: doubt.subject, stage, doubt: Some(&digest) };
        Some(of.request(run, &source.classification, &rule, &doubt.findings, now))
    }

    /// Returns the run whose record holds the request `id`, or `None` if no request is called that.
    pub fn run_of(id: &str) -> Option<ExportTask> {
        id.split_once('.')?.0.parse().ok()
    }

    /// Says whether what was asked is `run`'s plan as it is under `classification`.
    pub fn is_for(&self, run: &Run, classification: &str) -> bool {
        let of = Of { subject: self.subject, stage: self.stage, doubt: self.doubt.as_deref() };
        self.digest == of.digest(run, classification)
    }

    /// Says whether the request was given for `doubt` about `stage` of `run`, as `source` is configured.
    pub(in crate::domain) fn clears(
        &self,
        run: &Run,
        stage: StageId,
        doubt: &Doubt,
        source: &Source,
        now: Timestamp,
    ) -> bool {
        let same = self.subject == doubt.subject && self.stage == stage;
        same && self.doubt == Some(doubt.digest()) && self.stands_for(run, source, now)
    }
}

/// What a request is about, beside the plan.
#[derive(Clone, Copy)]
struct Of<'a> {
    subject: Subject,
    stage: StageId,
    doubt: Option<&'a str>,
}

impl Of<'_> {
    fn request(
        self,
        run: &Run,
        classification: &str,
        rule: &ApprovalRule,
        findings: &[Finding],
        now: Timestamp,
    ) -> Approval {
        let digest = self.digest(run, classification);
        let nonce = hash(&[&digest, &now.to_string()]);
        Approval {
            id: format!("{}.{}", run.export_task, &nonce[..16]),
            subject: self.subject,
            stage: self.stage,
            digest,
            classification: classification.to_owned(),
            doubt: self.doubt.map(str::to_owned),
            findings: findings.iter().take(FINDINGS).cloned().collect(),
            more: u32::try_from(findings.len().saturating_sub(FINDINGS)).unwrap_or(u32::MAX),
            state: ApprovalState::Pending,
            void: None,
            void_by: Vec::new(),
            void_at: None,
            reminded_at: None,
            asked_at: now,
            expires_at: now + rule.expires_after,
            quorum: rule.quorum.max(1),
            votes: Vec::new(),
        }
    }

    /// Returns the digest of what an approver approves: which data, of which snapshot, under which classification, and
    /// what was found in it.
    fn digest(self, run: &Run, classification: &str) -> String {
        let attempt = run.attempt.to_string();
        let mut parts = vec![run.run_id.as_str(), &attempt, &run.source_arn, Layer::Sensitive.as_str(), classification];
        parts.extend(run.only.iter().map(String::as_str));
        // Of all of them, also of those that the record has no room for.
        let differences = run.inspection().map(|it| it.sensitive_digest.as_str()).unwrap_or_default();
        match self.doubt {
            Some(doubt) => parts.extend(["doubt", self.subject.as_str(), self.stage.as_str(), doubt]),
            // Nothing is added where nothing differs: what was asked before differences were known stays asked.
            None if differences.is_empty() => {}
            None => parts.extend(["differences", differences]),
        }
        // Older data in the place of newer is another plan, though it is the same data.
        parts.extend(run.replaces().into_iter().flat_map(|it| ["rollback", it.as_str()]));
        hash(&parts)
    }
}
