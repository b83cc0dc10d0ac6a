//! Which transforms have written all that is wanted of them: what need not be written again.

use rstest::rstest;

use super::{Fact, Run, STAGE, StageId, acted, after, failed, finished, intended, run_at, start, succeeded};
use crate::domain::{
    retry::{Retry, retry},
    rollback::Rollback,
    stage::KEPT,
};

const LATEST: StageId = StageId::Latest;

fn retried(from: StageId) -> Fact {
    Fact::Retried { from, by: "UELI".into() }
}

fn began(stage: StageId) -> Fact {
    Fact::Began { stage }
}

fn given_up() -> [Fact; 2] {
    [Fact::CancelAsked { by: "UELI".into() }, Fact::Canceled]
}

fn brought_back() -> Fact {
    let from = run_at(LATEST).export_task.with_attempt(9);
    Fact::BroughtBack { rollback: Rollback { from, by: "UKENJI".into(), at: start(), reason: None } }
}

/// The run, which goes on from `latest`, when its Normal transform is about to be started.
fn again(more: &[Fact]) -> Vec<Fact> {
    let head = [retried(LATEST), Fact::TurnTaken, began(LATEST), finished(LATEST), began(STAGE), intended(start())];
    [&head, more].concat()
}

fn whole(run: &Run) -> (bool, bool) {
    (run.stage(StageId::NormalTransform).is_whole, run.stage(StageId::SensitiveTransform).is_whole)
}

#[rstest]
#[case::good(vec![], (true, true))]
#[case::published_again(vec![retried(LATEST)], (true, true))]
#[case::asked_about_again(vec![retried(StageId::SensitiveApproval)], (true, true))]
#[case::shown_again(vec![retried(StageId::NormalCatalog)], (true, true))]
#[case::gone_back_to(vec![brought_back()], (true, true))]
#[case::written_again(vec![retried(STAGE)], (false, false))]
#[case::one_layer_written_again(vec![retried(StageId::SensitiveTransform)], (true, false))]
#[case::kept(again(&[acted(Some(KEPT)), failed(STAGE)]), (true, true))]
#[case::broken_off(again(&[acted(Some("jr_2")), failed(STAGE)]), (false, true))]
#[case::given_up(again(&[&[acted(Some("jr_2"))], &given_up()[..]].concat()), (false, true))]
#[case::perhaps_begun(again(&given_up()), (false, true))]
#[case::written(again(&[acted(Some("jr_2")), finished(STAGE)]), (true, true))]
fn what_was_written_is_whole_until_it_may_have_been_spoiled_or_is_wanted_anew(
    #[case] facts: Vec<Fact>,
    #[case] expected: (bool, bool),
) {
    assert_eq!(whole(&after(&succeeded(), &facts)), expected);
}

#[test]
fn nothing_is_whole_before_it_is_written_and_a_new_attempt_writes_its_own() {
    assert_eq!(whole(&run_at(STAGE)), (false, false));
    assert_eq!(whole(&run_at(StageId::NormalCatalog)), (true, false));
    let broken = after(&run_at(StageId::NormalCatalog), &[failed(StageId::NormalCatalog)]);
    assert_eq!(whole(&after(&broken, &[retried(LATEST)])), (true, false));
    let next = retry(&broken, Some(StageId::Export), "UELI", start()).unwrap();
    let Retry::NewAttempt { next, .. } = next else { panic!("{next:?}") };
    assert_eq!(whole(&next), (false, false));
}
