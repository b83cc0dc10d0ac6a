//! What no sequence of facts, fitting or not, can bring about.

use jiff::Timestamp;
use proptest::{prelude::*, sample::select};

use crate::domain::{
    approval::{Approval, ApprovalState, Subject, Verdict, Void, Vote},
    fact::Fact,
    rollback::{Rollback, RolledBack},
    run::{Run, RunStatus},
    source::Layer,
    stage::{Detail, StageId, StageStatus, WaitOn},
    standing::Shown,
    testing::{APPROVERS, REQUESTER, doubt, failed, hiccup, intent, mins, new_run, rule, secs, source, start},
};

/// A fact to be; what it says of approvals is made from the run that it meets.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a few dozen are drawn at a time")]
enum Draw {
    Fact(Fact),
    /// The fact that the open stage is waiting for, so that runs come far.
    Forward,
    Ask,
    Doubt(Subject),
    Void(Subject),
    Vote(&'static str, Verdict),
    Expire,
    Continue,
}

fn draws() -> impl Strategy<Value = Draw> {
    prop_oneof![
        6 => Just(Draw::Forward),
        2 => (select(&StageId::ALL), 0..9_usize).prop_map(|(stage, kind)| Draw::Fact(of_stage(stage, kind))),
        1 => select(&StageId::ALL).prop_map(|from| Draw::Fact(Fact::Retried { from, by: APPROVERS[0].into() })),
        1 => select(vec![Fact::TurnTaken, Fact::Canceled, Fact::Superseded]).prop_map(Draw::Fact),
        1 => Just(Draw::Fact(Fact::CancelAsked { by: "UELI".into() })),
        1 => Just(Draw::Ask),
        1 => select(&Subject::ALL).prop_map(Draw::Doubt),
        1 => select(&Subject::ALL).prop_map(Draw::Void),
        1 => (select(vec![APPROVERS[0], APPROVERS[1], REQUESTER]), select(vec![Verdict::Approve, Verdict::Deny]))
            .prop_map(|(user, verdict)| Draw::Vote(user, verdict)),
        1 => Just(Draw::Expire),
        1 => Just(Draw::Continue),
        1 => select(notes()).prop_map(Draw::Fact),
        1 => select(rollbacks()).prop_map(Draw::Fact),
    ]
}

/// What is noted of a failure that stands, and moves nothing.
fn notes() -> Vec<Fact> {
    let shown = Shown { layer: Layer::Normal, taken: start(), tables: Some(3) };
    vec![
        Fact::Acknowledged { by: APPROVERS[0].into() },
        Fact::Acknowledged { by: APPROVERS[1].into() },
        Fact::Overtaken { by: new_run(&[]).run_id.with_attempt(9) },
        Fact::CatalogsSeen { shown: vec![shown] },
    ]
}

/// What goes back to a run, or from it, and what is removed of it.
fn rollbacks() -> Vec<Fact> {
    let (other, by) = (new_run(&[]).run_id.with_attempt(9), REQUESTER.to_owned());
    let rollback = Rollback { from: other.clone(), by: by.clone(), at: start(), reason: None };
    vec![
        Fact::BroughtBack { rollback: rollback.clone() },
        Fact::BroughtBack { rollback },
        Fact::RolledBack { mark: RolledBack { to: other, by: by.clone(), at: start(), reason: None } },
        Fact::RollbackUndone { by },
        Fact::RemovalBegan,
        Fact::RemovalEnded { objects: 1, bytes: 1 },
    ]
}

fn of_stage(stage: StageId, kind: usize) -> Fact {
    let detail = Detail { percent: Some(40), ..Detail::default() };
    match kind {
        0 => Fact::Began { stage },
        1 => Fact::Intended { stage, intent: intent("me", start()) },
        2 => Fact::Withdrawn { stage, on: WaitOn::Trouble(hiccup()) },
        3 => Fact::Acted { stage, handle: Some("jr_1".into()) },
        4 => Fact::Progressed { stage, detail },
        5 => Fact::Waited { stage, on: WaitOn::CrawlerFree },
        6 => Fact::Finished { stage, detail, warnings: vec!["skipped".into()] },
        7 => Fact::GivenBack { stage, detail },
        _ => failed(stage),
    }
}

fn fact(draw: &Draw, run: &Run, now: Timestamp) -> Option<Fact> {
    Some(match draw {
        Draw::Fact(fact) => fact.clone(),
        Draw::Forward => forward(run, now)?,
        Draw::Ask => ask(run, now),
        Draw::Doubt(subject) => {
            let stage = run.open_stage()?.id;
            Fact::ApprovalAsked { approval: Approval::about(run, &source(), stage, &doubt(*subject), now)? }
        }
        Draw::Void(subject) => Fact::ApprovalVoided { subject: *subject, why: Void::Plan, by: Vec::new() },
        Draw::Vote(user, verdict) => vote(run, user, *verdict, now)?,
        Draw::Expire => {
            let approval = run.request()?.clone();
            Fact::ApprovalChanged { approval: Approval { state: ApprovalState::Expired, ..approval } }
        }
        Draw::Continue => Fact::Continued { next: run.run_id.with_attempt(run.attempt + 1) },
    })
}

fn forward(run: &Run, now: Timestamp) -> Option<Fact> {
    let stage = run.open_stage()?;
    Some(match (stage.id, stage.status) {
        _ if !run.has_turn => Fact::TurnTaken,
        (id, _) if id != StageId::SensitiveApproval && run.request().is_some() => {
            let votes = run.request()?.votes.len();
            vote(run, APPROVERS.get(votes)?, Verdict::Approve, now)?
        }
        (StageId::SensitiveApproval, StageStatus::Pending) => ask(run, now),
        (StageId::SensitiveApproval, _) => {
            let votes = run.approval.as_ref()?.votes.len();
            vote(run, APPROVERS.get(votes)?, Verdict::Approve, now)?
        }
        (id, StageStatus::Pending) => Fact::Began { stage: id },
        (id, _) => Fact::Finished { stage: id, detail: Detail::default(), warnings: vec![] },
    })
}

fn ask(run: &Run, now: Timestamp) -> Fact {
    let source = source();
    Fact::ApprovalAsked { approval: Approval::ask(run, &source.classification, rule(&source), now) }
}

/// A vote as a careless caller would record it: the state is guessed, nobody's right is looked up.
fn vote(run: &Run, user: &str, verdict: Verdict, now: Timestamp) -> Option<Fact> {
    let mut approval = run.request().or(run.approval.as_ref())?.clone();
    approval.votes.push(Vote::new(user, verdict, now));
    approval.state = match verdict {
        Verdict::Deny => ApprovalState::Denied,
        Verdict::Approve if approval.votes.len() >= approval.quorum as usize => ApprovalState::Approved,
        Verdict::Approve => ApprovalState::Pending,
    };
    Some(Fact::ApprovalChanged { approval })
}

fn check(run: &Run) -> Result<(), TestCaseError> {
    let done = |it: StageStatus| matches!(it, StageStatus::Succeeded | StageStatus::Skipped);
    let over = run.status.is_over();
    let mut rest = run.stages.iter().skip_while(|it| done(it.status));
    if let Some(first) = rest.next() {
        prop_assert_eq!(over, first.status.is_over(), "the run is over exactly if its first stage not done is");
        prop_assert!(rest.all(|it| matches!(it.status, StageStatus::Pending | StageStatus::Skipped)));
        prop_assert!(!matches!(run.status, RunStatus::Succeeded | RunStatus::SucceededWithWarnings));
    } else {
        let expected = if run.warnings.is_empty() { RunStatus::Succeeded } else { RunStatus::SucceededWithWarnings };
        prop_assert_eq!(run.status, expected);
    }
    prop_assert!(run.stages.iter().filter(|it| it.status == StageStatus::Running).count() <= 1);
    prop_assert_eq!(over, run.finished_at.is_some());
    prop_assert!(!(over && run.has_turn));
    let denied = run.requests().any(|it| it.state == ApprovalState::Denied);
    let explained = matches!(run.status, RunStatus::Failed | RunStatus::Expired) || denied;
    prop_assert_eq!(explained, run.error.is_some());
    check_approval(run)
}

fn check_approval(run: &Run) -> Result<(), TestCaseError> {
    let stage = run.stage(StageId::SensitiveApproval).status;
    let state = run.approval.as_ref().map(|it| it.state);
    let asked = run.request().filter(|_| !run.status.is_over());
    prop_assert_eq!(run.status == RunStatus::WaitingApproval, asked.is_some());
    let waits = asked.map(|it| (it.stage, run.stage(it.stage).status));
    prop_assert!(waits.is_none_or(|(id, status)| id == run.stage && status == StageStatus::Running));
    prop_assert!(run.question.as_ref().is_none_or(|it| it.subject != Subject::Refresh));
    prop_assert!(run.approval.as_ref().is_none_or(|it| it.subject == Subject::Refresh));
    match stage {
        StageStatus::Running => prop_assert_eq!(state, Some(ApprovalState::Pending)),
        StageStatus::Succeeded => prop_assert_eq!(state, Some(ApprovalState::Approved)),
        StageStatus::Pending | StageStatus::Skipped => prop_assert_eq!(state, None),
        StageStatus::Failed | StageStatus::Canceled => prop_assert_ne!(state, Some(ApprovalState::Approved)),
    }
    Ok(())
}

/// What a fact must leave as it was.
fn check_step(before: &Run, after: &Run, fact: &Fact) -> Result<(), TestCaseError> {
    prop_assert_eq!(after.version, before.version);
    let was_over = before.status.is_over();
    let came_back = was_over && after.status != before.status;
    let opens = matches!(fact, Fact::Retried { .. } | Fact::BroughtBack { .. });
    prop_assert!(!came_back || opens, "{fact:?} has left {:?}", before.status);
    // What stands once stays told; what is open builds on an export that is there.
    prop_assert!(after.rollbacks().count() >= before.rollbacks().count());
    prop_assert!(after.marks().count() >= before.marks().count());
    prop_assert!(after.rolled_back_to.is_none() || after.status.is_over());
    let reads = after.open_stage().is_some_and(|it| matches!(it.id, StageId::Verify | StageId::Latest));
    prop_assert!(after.removal.is_none() || after.status.is_over() || !reads);
    // One that had succeeded before, and was superseded when it was to be retried, can be gone back to.
    let goes_back = matches!(fact, Fact::BroughtBack { .. }) && before.is_good();
    prop_assert!(!(came_back && before.status == RunStatus::Superseded) || goes_back);
    for (was, is) in before.stages.iter().zip(&after.stages) {
        prop_assert!(is.attempt >= was.attempt && is.attempt <= was.attempt + 1);
    }
    let causes = |run: &Run| run.failures.iter().map(|it| (it.stage, it.attempt, it.at, it.failure.clone())).collect();
    let (was, is): (Vec<_>, Vec<_>) = (causes(before), causes(after));
    prop_assert!(is.starts_with(&was) && after.retries.starts_with(&before.retries));
    check_notes(before, after, fact)?;
    prop_assert!(after.past_approvals.starts_with(&before.past_approvals));
    Ok(())
}

/// Whoever takes care of a failure does so for good; a note stands on a run that has failed, and moves nothing.
fn check_notes(before: &Run, after: &Run, fact: &Fact) -> Result<(), TestCaseError> {
    for (was, is) in before.failures.iter().zip(&after.failures) {
        prop_assert!(was.acknowledged.is_none() || is.acknowledged == was.acknowledged);
    }
    prop_assert!(after.overtaken.is_none() || after.status == RunStatus::Failed);
    prop_assert!(before.overtaken.is_none() || after.overtaken == before.overtaken || !after.status.is_over());
    if matches!(fact, Fact::Acknowledged { .. } | Fact::Overtaken { .. } | Fact::CatalogsSeen { .. }) {
        prop_assert_eq!((before.status, before.stage, before.has_turn), (after.status, after.stage, after.has_turn));
        prop_assert_eq!((&before.stages, &before.retries), (&after.stages, &after.retries));
        prop_assert_eq!((before.finished_at, &before.next_attempt), (after.finished_at, &after.next_attempt));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(400)))]

    #[test]
    fn no_sequence_of_facts_breaks_a_run(
        layers in select(vec![vec![], vec![Layer::Normal], vec![Layer::Sensitive]]),
        draws in prop::collection::vec((draws(), prop_oneof![4 => 0_i64..40, 1 => Just(20_000)]), 1..90),
    ) {
        let mut run = new_run(&layers);
        let mut now = start();
        check(&run)?;
        for (draw, seconds) in draws {
            now += secs(seconds);
            let Some(fact) = fact(&draw, &run, now) else { continue };
            let Ok(after) = run.after(&fact, now) else { continue };
            check_step(&run, &after, &fact)?;
            check(&after)?;
            run = after;
        }
        let read: Run = serde_json::from_value(serde_json::to_value(&run).unwrap()).unwrap();
        prop_assert_eq!(read, run);
    }
}

#[test]
fn the_way_forward_leads_to_success() {
    let mut run = new_run(&[]);
    while let Some(fact) = forward(&run, start() + mins(1)) {
        run = run.after(&fact, start() + mins(1)).unwrap();
    }
    assert_eq!(run.status, RunStatus::Succeeded);
}
