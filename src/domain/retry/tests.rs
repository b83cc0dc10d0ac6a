//! What a retry keeps, does again and refuses.

use proptest::{prelude::*, sample::select};
use rstest::rstest;

use super::{Retry, RetryRefusal, automatic, foundation, kept, redone, retry};
use crate::domain::{
    approval::{Approval, Refusal, Verdict},
    fact::Fact,
    failure::{Class, Failure, codes},
    rollback::RolledBack,
    run::{Run, RunStatus},
    source::{Catalog, Layer},
    stage::{StageId, StageStatus},
    testing::{
        APPROVERS, REQUESTER, after, asked, begun_at, failed, failed_at, finished, member, mins, new_run, rule, run_at,
        source, start, succeeded,
    },
};

/// Somebody who approves nothing.
const OPERATOR: &str = "UELI";

fn retried(run: &Run, from: Option<StageId>) -> Result<Retry, RetryRefusal> {
    retry(run, from, OPERATOR, start())
}

/// The run that goes on after the retry: the same one, or the next attempt.
fn going_on(run: &Run, retry: Retry) -> Run {
    match retry {
        Retry::Same { fact, .. } => after(run, &[fact]),
        Retry::NewAttempt { fact, next, .. } => {
            assert_eq!(after(run, &[fact]).next_attempt.as_ref(), Some(&next.export_task));
            *next
        }
    }
}

#[rstest]
#[case(StageId::Snapshot, true)]
#[case(StageId::Export, true)]
#[case(StageId::Verify, false)]
#[case(StageId::Latest, false)]
#[case(StageId::NormalTransform, false)]
#[case(StageId::NormalCatalog, false)]
#[case(StageId::SensitiveApproval, false)]
#[case(StageId::SensitiveTransform, false)]
#[case(StageId::SensitiveCatalog, false)]
fn a_failed_run_goes_on_where_it_failed(#[case] stage: StageId, #[case] new_name: bool) {
    let run = failed_at(stage);
    let retry = retried(&run, None).unwrap();
    assert_eq!((retry.from(), matches!(retry, Retry::NewAttempt { .. })), (stage, new_name));
    let next = going_on(&run, retry);
    assert_eq!((next.status, next.stage, next.error.is_none()), (RunStatus::Running, stage, true));
    assert_eq!(next.attempt, 1 + u32::from(new_name));
    assert_eq!(next.export_task, run.run_id.with_attempt(next.attempt));
    assert_eq!(kept(&next, stage), StageId::ALL.into_iter().filter(|it| *it < stage).collect::<Vec<_>>());
    assert_eq!(redone(&next, stage), StageId::ALL.into_iter().filter(|it| *it >= stage).collect::<Vec<_>>());
    assert_eq!(after(&next, &[Fact::TurnTaken]).open_stage().map(|it| it.id), Some(stage));
}

#[test]
fn earlier_stages_can_be_done_again_and_succeeded_runs_too() {
    for run in [failed_at(StageId::NormalCatalog), succeeded()] {
        for stage in [StageId::Export, StageId::Verify, StageId::NormalTransform] {
            assert_eq!(retried(&run, Some(stage)).unwrap().from(), stage);
        }
    }
}

#[test]
fn a_new_attempt_is_a_record_of_its_own() {
    let run = failed_at(StageId::Export);
    let Ok(Retry::NewAttempt { next, .. }) = retry(&run, None, OPERATOR, start() + mins(5)) else { panic!("the same") };
    assert_eq!((next.version, next.created_at, next.next_attempt.clone()), (1, start() + mins(5), None));
    assert_eq!((&next.run_id, next.failures.len()), (&run.run_id, 1));
    assert!(!next.has_turn);
}

#[test]
fn what_cannot_be_retried_says_why() {
    let refused = |run: &Run, from| retried(run, from).unwrap_err();
    let run = failed_at(StageId::Latest);
    assert_eq!(refused(&begun_at(StageId::Latest), None), RetryRefusal::NotOver);
    assert_eq!(refused(&asked(&run_at(StageId::SensitiveApproval)), None), RetryRefusal::NotOver);
    assert_eq!(refused(&succeeded(), None), RetryRefusal::NothingFailed);
    assert_eq!(refused(&after(&new_run(&[]), &[Fact::Superseded]), None), RetryRefusal::Superseded);
    assert_eq!(refused(&run, Some(StageId::NormalCatalog)), RetryRefusal::NotReached(StageId::Latest));
    let next = run.run_id.with_attempt(2);
    assert_eq!(refused(&after(&run, &[Fact::Continued { next }]), None), RetryRefusal::Continued);
    let normal = after(&new_run(&[Layer::Normal]), &[Fact::TurnTaken, failed(StageId::Snapshot)]);
    let sensitive = StageId::SensitiveTransform;
    assert_eq!(refused(&normal, Some(sensitive)), RetryRefusal::NotInRun(sensitive));
}

fn marked(run: &Run) -> Run {
    let to = run.run_id.with_attempt(9);
    after(run, &[Fact::RolledBack { mark: RolledBack { to, by: "UKENJI".into(), at: start(), reason: None } }])
}

/// Whatever it stopped at: what comes after `latest` is not of its data any more, nor is any approval.
#[test]
fn what_was_rolled_back_from_goes_on_from_latest_or_before() {
    let waiting = asked(&run_at(StageId::SensitiveApproval));
    let canceled = after(&waiting, &[Fact::CancelAsked { by: OPERATOR.into() }, Fact::Canceled]);
    let failed = StageId::ALL.map(|stage| (failed_at(stage), stage.min(StageId::Latest)));
    for (run, expected) in failed.into_iter().chain([(canceled, StageId::Latest)]) {
        let run = marked(&run);
        let retry = retried(&run, None).unwrap();
        assert_eq!(retry.from(), expected);
        let next = going_on(&run, retry);
        assert!(next.approval.is_none() && next.rolled_back_to.is_none() && next.marks().count() == 1);
    }
    let run = marked(&succeeded());
    assert_eq!(retried(&run, None).unwrap_err(), RetryRefusal::NothingFailed);
    for stage in StageId::ALL {
        let expected = if stage > StageId::Latest { Err(RetryRefusal::RolledBackFrom) } else { Ok(stage) };
        assert_eq!(retried(&run, Some(stage)).map(|it| it.from()), expected);
        let fact = Fact::Retried { from: stage, by: OPERATOR.into() };
        let stays = matches!(stage, StageId::Verify | StageId::Latest);
        assert_eq!(run.after(&fact, start()).is_ok(), stays, "{stage}");
    }
}

#[test]
fn an_approval_is_kept_while_it_stands_and_asked_for_again_when_it_does_not() {
    let stage = StageId::SensitiveTransform;
    let run = failed_at(stage);
    let expiry = run.approval.as_ref().unwrap().expires_at;
    let begins = |by, now| retry(&run, None, by, now).unwrap().from();
    assert_eq!(begins(OPERATOR, start()), stage);
    assert_eq!(begins(OPERATOR, expiry), StageId::SensitiveApproval);
    assert_eq!(begins(APPROVERS[0], start()), StageId::SensitiveApproval);
    assert_eq!(begins(APPROVERS[2], start()), stage, "who has not voted has nothing to lose but the next vote");
}

#[test]
fn a_denied_an_expired_and_a_canceled_run_ask_again() {
    let waiting = asked(&run_at(StageId::SensitiveApproval));
    let run = after(&waiting, &[Fact::CancelAsked { by: OPERATOR.into() }, Fact::Canceled]);
    let next = going_on(&run, retried(&run, None).unwrap());
    assert_eq!(
        (next.stage, next.approval.is_none(), next.canceled_by.is_none()),
        (StageId::SensitiveApproval, true, true)
    );
    assert_eq!(next.past_approvals.len(), 1);
}

fn internal_error() -> Failure {
    Failure::new(Class::NewAttempt, codes::EXPORT_FAILED, "An unknown internal error occurred.")
}

#[test]
fn rds_own_trouble_is_tried_again_twice_and_then_left_to_people() {
    let stage = StageId::Export;
    let mut run = run_at(stage);
    for attempt in [2, 3] {
        let failed = after(&run, &[Fact::Failed { stage, failure: internal_error() }]);
        let (fact, next) = automatic(&failed, start()).expect("another attempt");
        assert_eq!(after(&failed, &[fact]).next_attempt.as_ref(), Some(&next.export_task));
        assert_eq!((next.attempt, next.stage, next.status), (attempt, stage, RunStatus::Running));
        assert!(next.failures.iter().all(|it| it.tried_again));
        run = after(&next, &[Fact::TurnTaken]);
    }
    let failed = after(&run, &[Fact::Failed { stage, failure: internal_error() }]);
    assert_eq!(automatic(&failed, start()), None);
    assert!(!failed.failures.last().unwrap().tried_again);
}

#[test]
fn what_a_person_must_mend_or_has_stopped_is_not_tried_again() {
    let stage = StageId::Export;
    let canceled = after(&run_at(stage), &[Fact::CancelAsked { by: OPERATOR.into() }]);
    let role = "The RDS export failed to assume the IAM role.";
    for (run, failure) in [
        (run_at(stage), Failure::new(Class::Config, codes::EXPORT_FAILED, role)),
        (run_at(stage), Failure::new(Class::NewAttempt, codes::EXPORT_CANCELED, "CANCELED")),
        (canceled, internal_error()),
    ] {
        assert_eq!(automatic(&after(&run, &[Fact::Failed { stage, failure }]), start()), None);
    }
    let job = Failure::new(Class::NewAttempt, codes::JOB_FAILED, "internal error");
    let run =
        after(&run_at(StageId::NormalTransform), &[Fact::Failed { stage: StageId::NormalTransform, failure: job }]);
    assert_eq!(automatic(&run, start()), None);
    assert_eq!(automatic(&run_at(stage), start()), None);
}

#[test]
fn a_retry_builds_on_what_the_first_stage_of_it_reads() {
    let run = succeeded();
    let expected = [
        (StageId::Export, None),
        (StageId::Verify, None),
        (StageId::Latest, Some(StageId::Verify)),
        (StageId::NormalTransform, Some(StageId::Latest)),
        (StageId::NormalCatalog, Some(StageId::Latest)),
        (StageId::SensitiveTransform, Some(StageId::Latest)),
    ];
    let copied = source();
    let mut pointed = copied.clone();
    let layers = std::iter::once(&mut pointed.normal).chain(pointed.sensitive.as_mut().map(|it| &mut it.work));
    layers.for_each(|it| it.catalog = Catalog::Tables { database: "shop".to_owned() });
    for (from, stage) in expected {
        assert_eq!(foundation(&run, &copied, from), stage, "{from}");
        assert_eq!(foundation(&run, &pointed, from), stage, "{from}");
    }
    // A crawler shows what is there, whatever `latest` names; the bot turns the tables to the run.
    assert_eq!(foundation(&run, &copied, StageId::SensitiveCatalog), None);
    assert_eq!(foundation(&run, &pointed, StageId::SensitiveCatalog), Some(StageId::Latest));
}

proptest! {
    #[test]
    fn retries_keep_what_is_done_and_bar_those_who_make_them(
        steps in prop::collection::vec((select(&StageId::ALL), select(&StageId::ALL), select(&APPROVERS)), 1..8),
    ) {
        let mut run = failed_at(steps[0].0);
        for (fails_at, from_stage, by) in steps {
            let Ok(planned) = retry(&run, Some(from_stage), by, start()) else {
                prop_assert!(run.stages.iter().any(|it| it.id < from_stage && it.status != StageStatus::Succeeded));
                continue;
            };
            let from = planned.from();
            prop_assert!(from <= from_stage);
            let next = going_on(&run, planned);
            prop_assert_eq!(&run.stages[..from as usize], &next.stages[..from as usize], "what comes before is kept");
            prop_assert!(next.stages[from as usize..].iter().all(|it| it.status == StageStatus::Pending));
            let grown = u32::from(from <= StageId::Export);
            prop_assert_eq!(next.attempt, run.attempt + grown);
            prop_assert_eq!(&next.export_task, &run.run_id.with_attempt(run.attempt + grown));
            prop_assert!(next.was_shaped_by(by) && next.was_shaped_by(REQUESTER));
            prop_assert!(next.stage(StageId::SensitiveTransform).status == StageStatus::Pending || next.approval.is_some());
            let to = fails_at.max(from);
            run = onwards(&next, to);
            check_barred(&run)?;
        }
    }
}

/// Takes the turn, does what comes before `to`, and fails there. Where people are needed it fails before.
fn onwards(run: &Run, to: StageId) -> Run {
    let mut run = after(run, &[Fact::TurnTaken]);
    while let Some(open) = run.open_stage().map(|it| it.id).filter(|it| *it < to && *it != StageId::SensitiveApproval) {
        run = after(&run, &[Fact::Began { stage: open }, finished(open)]);
    }
    let stage = run.open_stage().unwrap().id;
    after(&run, &[failed(stage)])
}

/// Nobody who has retried the run could approve it if it were asked about now.
fn check_barred(run: &Run) -> Result<(), TestCaseError> {
    let source = source();
    let mut waiting = run.clone();
    let approval = Approval::ask(&waiting, &source.classification, rule(&source), start());
    let id = approval.id.clone();
    (waiting.approval, waiting.status) = (Some(approval), RunStatus::WaitingApproval);
    for note in &run.retries {
        let person = member(&note.by);
        let pressed = Approval::decide(&waiting, &source, &id, &person, Verdict::Approve, start());
        prop_assert_eq!(pressed, Err(Refusal::OwnRun));
    }
    Ok(())
}

#[test]
fn what_was_removed_is_exported_again() {
    let failed = failed_at(StageId::NormalTransform);
    let removed = after(&failed, &[Fact::RemovalBegan]);
    for from in [StageId::Verify, StageId::Latest] {
        assert_eq!(retry(&failed, Some(from), "UANA", start()).unwrap().from(), from);
        let Ok(Retry::NewAttempt { from, next, .. }) = retry(&removed, Some(from), "UANA", start()) else {
            panic!("a new export")
        };
        assert_eq!((from, next.removal), (StageId::Export, None));
    }
    let stopped = retry(&removed, None, "UANA", start()).unwrap();
    assert_eq!(stopped.from(), StageId::NormalTransform, "what was published is there");
    assert!(removed.after(&Fact::Retried { from: StageId::Verify, by: "UANA".into() }, start()).is_err());
}
