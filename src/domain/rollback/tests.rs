use proptest::{prelude::*, sample::select};

use super::*;
use crate::domain::{
    approval::ApprovalState,
    fact::Fact,
    run::RunStatus,
    stage::{Detail, Extent, StageId, StageStatus},
    testing::{
        REQUESTER, after, approved, asked, begun_at, days_later, failed, failed_at, finished, mins, new_run, run_at,
        start, succeeded,
    },
};

fn rollback(from: &Run) -> Rollback {
    Rollback { from: from.export_task.clone(), by: "UKENJI".into(), at: start(), reason: Some("bad load".into()) }
}

fn back(run: &Run, from: &Run) -> Run {
    after(run, &[Fact::BroughtBack { rollback: rollback(from) }])
}

fn marked(run: &Run, to: &Run) -> Run {
    let mark = RolledBack { to: to.export_task.clone(), by: "UKENJI".into(), at: start(), reason: None };
    after(run, &[Fact::RolledBack { mark }])
}

fn canceled(run: &Run) -> Run {
    after(run, &[Fact::CancelAsked { by: "UELI".into() }, Fact::Canceled])
}

fn removing(run: &Run) -> Run {
    after(run, &[Fact::RemovalBegan])
}

#[test]
fn the_newest_older_run_that_is_good_and_there_is_taken() {
    let nights: Vec<Run> = (0..5).map(|it| days_later(&succeeded(), it)).collect();
    let chosen = |runs: &[Run]| choose(&nights[4], runs, None).map(|it| it.export_task.clone());
    let name = |at: usize| Ok(nights[at].export_task.clone());
    assert_eq!(chosen(&nights), name(3));
    let mut worse = nights.clone();
    worse[3] = removing(&nights[3]);
    assert_eq!(chosen(&worse), name(2), "what is being removed is not chosen");
    worse[2] = marked(&nights[2], &nights[1]);
    assert_eq!(chosen(&worse), name(1), "nobody goes back to what was gone back from");
    worse[1] = days_later(&failed_at(StageId::NormalTransform), 1);
    assert_eq!(chosen(&worse), name(0));
    worse[0].only = vec!["shop.users".into()];
    assert_eq!(chosen(&worse), Err(RollbackRefusal::NoOlder), "a part does not take the place of the whole");
    let normal = Run { layers: vec![Layer::Normal], ..nights[0].clone() };
    assert_eq!(chosen(&[normal]), Err(RollbackRefusal::NoOlder), "nor one layer that of two");
}

#[test]
fn a_named_run_is_taken_or_refused_with_the_reason() {
    let (old, published) = (succeeded(), days_later(&succeeded(), 1));
    let refused = |named: &Run| choose(&published, &[], Some(named)).unwrap_err();
    let run = old.export_task.clone();
    assert_eq!(choose(&published, &[], Some(&old)), Ok(&old));
    assert_eq!(
        refused(&Run { source: "pay".into(), ..old.clone() }),
        RollbackRefusal::OtherSource { run: run.clone() }
    );
    assert_eq!(refused(&marked(&old, &published)), RollbackRefusal::RolledBackFrom { run: run.clone() });
    assert_eq!(refused(&removing(&old)), RollbackRefusal::Removed { run: run.clone() });
    assert_eq!(refused(&failed_at(StageId::Latest)), RollbackRefusal::NotGood { run });
    let own = published.export_task.clone();
    assert_eq!(refused(&published), RollbackRefusal::IsPublished { run: own });
    let newer = days_later(&old, 2);
    assert_eq!(refused(&newer), RollbackRefusal::NotOlder { run: newer.export_task.clone() });
}

#[test]
fn nothing_is_rolled_back_while_a_run_is_open() {
    let (old, published) = (succeeded(), days_later(&succeeded(), 1));
    let open = days_later(&new_run(&[]), 2);
    let run = open.export_task.clone();
    let runs = [old.clone(), published.clone(), open];
    assert_eq!(choose(&published, &runs, Some(&old)).unwrap_err(), RollbackRefusal::Busy { run });
    let runs = [back(&old, &published), published.clone()];
    let run = old.export_task;
    assert_eq!(choose(&published, &runs, None).unwrap_err(), RollbackRefusal::RollingBack { run });
}

#[test]
fn a_run_is_opened_again_from_latest_and_asks_anew() {
    let (old, newer) = (succeeded(), days_later(&succeeded(), 1));
    let opened = back(&old, &newer);
    assert_eq!((opened.status, opened.stage, opened.has_turn), (RunStatus::Running, StageId::Latest, false));
    assert_eq!(opened.replaces(), Some(&newer.export_task));
    for stage in &opened.stages {
        let expected = if stage.id < StageId::Latest { StageStatus::Succeeded } else { StageStatus::Pending };
        assert_eq!(stage.status, expected, "{}", stage.id);
    }
    assert!(opened.approval.is_none() && opened.past_approvals.last() == old.approval.as_ref());
    assert!(opened.was_shaped_by("UKENJI") && opened.was_shaped_by(REQUESTER));
    assert!(old.after(&Fact::BroughtBack { rollback: rollback(&old) }, start()).is_err(), "not from itself");
    assert!(begun_at(StageId::Latest).after(&Fact::BroughtBack { rollback: rollback(&newer) }, start()).is_err());
    assert!(removing(&old).after(&Fact::BroughtBack { rollback: rollback(&newer) }, start()).is_err());
}

#[test]
fn an_approval_is_bound_to_the_rollback() {
    let newer = days_later(&succeeded(), 1);
    let waits = asked(&run_at(StageId::SensitiveApproval));
    let before = waits.approval.unwrap();
    let opened = back(&succeeded(), &newer);
    let mut run = after(&opened, &[Fact::TurnTaken]);
    for stage in [StageId::Latest, StageId::NormalTransform, StageId::NormalCatalog] {
        run = after(&run, &[Fact::Began { stage }, finished(stage)]);
    }
    let run = asked(&run);
    let now = run.approval.clone().unwrap();
    assert_ne!(before.digest, now.digest);
    assert!(!before.is_for(&run, "3f9a2c51") && now.is_for(&run, "3f9a2c51"));
    assert_eq!(approved(&run).approval.unwrap().state, ApprovalState::Approved);
}

#[test]
fn a_retry_of_what_was_rolled_back_from_takes_the_mark_away() {
    let (old, newer) = (succeeded(), days_later(&succeeded(), 1));
    let gone_back = marked(&newer, &old);
    assert!(!gone_back.is_good() && newer.is_good());
    let again = after(&gone_back, &[Fact::Retried { from: StageId::Latest, by: "UELI".into() }]);
    assert!(again.rolled_back_to.is_none() && again.marks().count() == 1);
    let canceled = canceled(&back(&old, &newer));
    assert!(canceled.is_good(), "the data of a rollback that was canceled is as good as before");
    let undone = after(&canceled, &[Fact::RollbackUndone { by: "UELI".into() }]);
    assert_eq!((undone.replaces(), undone.past_rollbacks.len()), (None, 1));
    assert!(old.after(&Fact::RollbackUndone { by: "UELI".into() }, start()).is_err());
}

/// The older run is opened from `latest` on, and what its layers show may be of two runs; its export is what it was.
#[test]
fn whatever_comes_of_a_rollback_the_older_run_stays_good() {
    let (old, newer) = (succeeded(), days_later(&succeeded(), 1));
    let opened = after(&back(&old, &newer), &[Fact::TurnTaken]);
    let ends = [
        vec![Fact::CancelAsked { by: "UELI".into() }, Fact::Canceled],
        vec![failed(StageId::Latest)],
        vec![Fact::Began { stage: StageId::Latest }, finished(StageId::Latest), failed(StageId::NormalTransform)],
    ];
    let third = days_later(&succeeded(), 2);
    for end in ends {
        let ended = after(&opened, &end);
        assert!(ended.is_good() && ended.good_since() >= old.good_since(), "{:?}", ended.status);
        let runs = [ended.clone(), marked(&newer, &old), third.clone()];
        assert_eq!(choose(&third, &runs, None), Ok(&ended));
    }
    assert!(!after(&old, &[Fact::Retried { from: StageId::Verify, by: "UELI".into() }]).is_good(), "it is judged anew");
}

/// What was published of an export is remembered when it is published again, for comparison.
#[test]
fn the_first_publication_is_remembered() {
    let latest = StageId::Latest;
    let published = |run: &Run, objects| {
        let detail = Detail { objects: Some(objects), bytes: Some(90), ..Detail::default() };
        after(run, &[Fact::Began { stage: latest }, Fact::Finished { stage: latest, detail, warnings: vec![] }])
    };
    let run = after(&published(&run_at(latest), 13), &[failed(StageId::NormalTransform)]);
    assert_eq!(run.first_published, None);
    let retry = Fact::Retried { from: latest, by: "UELI".into() };
    let again = after(&run, &[retry.clone(), Fact::TurnTaken]);
    let thrice = after(&published(&again, 12), &[failed(StageId::NormalTransform), retry]);
    let was = Extent { objects: 13, bytes: 90 };
    assert_eq!((again.first_published, thrice.first_published), (Some(was), Some(was)));
    assert!(Extent { objects: 12, bytes: 90 }.lacks(was) && Extent { objects: 13, bytes: 89 }.lacks(was));
    assert!(!was.lacks(was));
}

/// What may have become of a night's run.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Good,
    /// Somebody went back to it, and then canceled that.
    Canceled,
    Failed,
    Marked,
    Removed,
    Part,
}

proptest! {
    /// Whatever the nights were like, only good older data is gone back to, and none is passed over.
    #[test]
    fn the_choice_is_the_newest_of_those_that_are_allowed(
        fates in prop::collection::vec(
            select(vec![Fate::Good, Fate::Canceled, Fate::Failed, Fate::Marked, Fate::Removed, Fate::Part]), 1..9),
        at in 0_usize..9,
    ) {
        let nights: Vec<Run> = fates.iter().zip(0..).map(|(fate, day)| {
            let good = days_later(&succeeded(), day);
            match fate {
                Fate::Good => good,
                Fate::Canceled => canceled(&back(&good, &days_later(&succeeded(), 9))),
                Fate::Failed => days_later(&failed_at(StageId::NormalCatalog), day),
                Fate::Marked => marked(&good, &succeeded()),
                Fate::Removed => removing(&good),
                Fate::Part => Run { only: vec!["shop.users".into()], ..good },
            }
        }).collect();
        let published = days_later(&succeeded(), i64::try_from(at).unwrap());
        let expected = fates.iter().zip(&nights).take(at).rfind(|(fate, _)| matches!(fate, Fate::Good | Fate::Canceled));
        let chosen = choose(&published, &nights, None);
        match expected {
            Some((_, run)) => {
                prop_assert_eq!(chosen, Ok(run));
                prop_assert!(run.snapshot_time < published.snapshot_time);
                let opened = run.after(&Fact::BroughtBack { rollback: rollback(&published) }, start() + mins(5));
                prop_assert!(opened.is_ok());
            }
            None => prop_assert_eq!(chosen, Err(RollbackRefusal::NoOlder)),
        }
    }
}
