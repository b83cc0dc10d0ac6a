use jiff::SignedDuration;

use super::*;
use crate::domain::{
    fact::Fact,
    rollback::{Rollback, RolledBack},
    source::Layer,
    stage::StageId,
    testing::{
        after_at, asked, days_later, failed_at, finished, member, mins, new_run, run_at, source, start, succeeded,
    },
};

fn standing(runs: Vec<Run>) -> Standing {
    let last_success = runs.iter().find(|it| it.status == RunStatus::Succeeded).cloned();
    Standing { source: source(), runs, last_success }
}

#[test]
fn data_is_as_old_as_its_snapshot() {
    let standing = standing(vec![failed_at(StageId::Export), succeeded()]);
    assert_eq!(standing.age(start() + mins(10)), Some(15 * 60));
    assert_eq!(standing.age(start() - SignedDuration::from_hours(1)), Some(0), "a clock that is behind");
    assert_eq!(self::standing(vec![failed_at(StageId::Export)]).age(start()), None);
}

/// The approval of a rollback was denied: the older run's data is in the Normal layer only.
#[test]
fn a_rollback_in_part_tells_each_layer_by_itself() {
    let (older, newer) = (succeeded(), days_later(&succeeded(), 1));
    let at = newer.updated_at + mins(60);
    let rollback = Rollback { from: newer.export_task.clone(), by: "UKENJI".into(), at, reason: None };
    let mut facts = vec![Fact::BroughtBack { rollback }, Fact::TurnTaken];
    let begun = after_at(&older, &facts, at);
    for stage in [StageId::Latest, StageId::NormalTransform, StageId::NormalCatalog] {
        facts.extend([Fact::Began { stage }, finished(stage)]);
    }
    facts.extend([Fact::CancelAsked { by: "UELI".into() }, Fact::Canceled]);
    let older = after_at(&older, &facts, at);
    let mark = RolledBack { to: older.export_task.clone(), by: "UKENJI".into(), at, reason: None };
    let newer = after_at(&newer, &[Fact::RolledBack { mark }], at);
    let apart = |older: &Run| {
        let standing = Standing {
            source: Source { expect_every: Some(std::time::Duration::from_secs(600)), ..source() },
            runs: vec![newer.clone(), older.clone()],
            last_success: Some(older.clone()),
        };
        assert!(!standing.is_overdue(at + mins(9)) && standing.is_overdue(at + mins(11)));
        assert!(standing.trend().is_none(), "nothing was refreshed");
        standing.apart().into_iter().map(|it| (it.layer, it.taken)).collect::<Vec<_>>()
    };
    let of = |normal: &Run| [(Layer::Normal, normal.snapshot_time), (Layer::Sensitive, newer.snapshot_time)];
    assert_eq!(apart(&begun), of(&newer));
    assert_eq!(apart(&older), of(&older));
    assert_eq!(standing(vec![newer.clone()]).apart(), []);
}

#[test]
fn a_failure_stands_until_a_newer_run_succeeds() {
    let (failed, good) = (failed_at(StageId::Latest), succeeded());
    let canceled = Run { status: RunStatus::Canceled, ..good.clone() };
    assert!(standing(vec![new_run(&[]), canceled.clone(), failed.clone(), good.clone()]).failure().is_some());
    assert!(standing(vec![good, failed]).failure().is_none());
    assert!(standing(vec![canceled]).failure().is_none());
}

#[test]
fn a_source_is_overdue_once_its_last_success_is_too_long_ago() {
    let mut standing = standing(vec![succeeded()]);
    assert!(!standing.is_overdue(start() + mins(10_000)), "nothing is expected");
    standing.source.expect_every = Some(std::time::Duration::from_secs(600));
    assert!(!standing.is_overdue(start() + mins(10)));
    assert!(standing.is_overdue(start() + mins(11)));
    standing.last_success = None;
    assert!(!standing.is_overdue(start() + mins(11)), "what was never there is told otherwise");
}

#[test]
fn a_refresh_is_faster_or_slower_by_what_can_be_felt() {
    let speed = |took, usual| Trend { took, usual }.speed();
    assert_eq!(speed(3060, Some(2520)), Some(Speed::Slower(21)));
    assert_eq!(speed(1260, Some(2520)), Some(Speed::Faster(50)));
    assert_eq!(speed(2600, Some(2520)), Some(Speed::AsUsual));
    assert_eq!(speed(50, Some(20)), Some(Speed::AsUsual), "half a minute is nothing");
    assert_eq!((speed(50, None), speed(50, Some(0))), (None, None));
}

#[test]
fn only_who_may_decide_is_waited_for() {
    let waiting = standing(vec![asked(&run_at(StageId::SensitiveApproval))]);
    let awaits = |user: &str| waiting.awaiting(&member(user), start() + mins(1)).count();
    assert_eq!((awaits("UBEN"), awaits("UANA"), awaits("UZOE")), (1, 0, 0));
    assert_eq!(waiting.awaiting(&member("UBEN"), start() + mins(481)).count(), 0, "its time is over");
    assert_eq!(standing(vec![new_run(&[Layer::Normal])]).awaiting(&member("UBEN"), start()).count(), 0);
}

#[test]
fn a_lake_shows_the_newest_first() {
    let later = |run: Run| Run { created_at: run.created_at + mins(5), ..run };
    let one = standing(vec![new_run(&[]), failed_at(StageId::Export)]);
    let two = standing(vec![later(new_run(&[])), later(failed_at(StageId::Export))]);
    let lake = Lake(vec![one, two]);
    assert!(lake.active()[0].created_at > lake.active()[1].created_at);
    assert_eq!((lake.active().len(), lake.failures().len()), (2, 2));
    assert!(!lake.is_untouched() && Lake(vec![standing(vec![])]).is_untouched());
}
