use proptest::{prelude::*, sample::select};

use super::*;
use crate::domain::{
    fact::Fact,
    rollback::{Rollback, RolledBack},
    stage::{StageId, StageStatus},
    testing::{after, days_later, failed_at, new_run, run_at, start, succeeded},
};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn keeps(exports: u32, grace: i64) -> Retention {
    Retention { exports, grace: SignedDuration::from_hours(grace) }
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

fn in_use(run: &Run) -> InUse {
    let since = run.stage(StageId::Latest).finished_at;
    InUse { published: Some(run.export_task.to_string()), since, read: Vec::new(), turned: Vec::new() }
}

fn names(runs: &[&Run]) -> Vec<String> {
    runs.iter().map(|it| it.export_task.to_string()).collect()
}

fn nights(count: i64) -> Vec<Run> {
    (0..count).map(|it| days_later(&succeeded(), it)).collect()
}

#[test]
fn the_newest_good_are_kept_and_the_rest_for_the_grace() {
    let runs = nights(6);
    let removable = |retention: Retention, hours: i64| {
        names(&retention.removable(&runs, &in_use(&runs[5]), start() + days(5) + HOUR * i32::try_from(hours).unwrap()))
    };
    let all: Vec<String> = runs.iter().map(|it| it.export_task.to_string()).collect();
    assert_eq!(removable(keeps(3, 0), 1), all[..3]);
    // The second night's data was replaced by the third's, a day later.
    assert_eq!(removable(keeps(3, 72), 1), all[..2]);
    assert_eq!(removable(keeps(3, 72), 25), all[..3]);
    assert_eq!(removable(keeps(9, 0), 1000), Vec::<String>::new());
    assert_eq!(removable(keeps(1, 0), 1), all[..5]);
}

#[test]
fn what_is_published_open_or_read_stays() {
    let mut runs = nights(3);
    let late = start() + days(99);
    runs.push(days_later(&run_at(StageId::Verify), 3));
    let published = in_use(&runs[0]);
    assert_eq!(names(&keeps(1, 0).removable(&runs, &published, late)), [runs[1].export_task.to_string()]);
    let read = InUse { read: vec![runs[1].export_task.clone()], ..published };
    assert_eq!(names(&keeps(1, 0).removable(&runs, &read, late)), Vec::<String>::new());
}

#[test]
fn what_failed_goes_after_the_grace_and_what_was_never_exported_not_at_all() {
    let failed = failed_at(StageId::NormalTransform);
    let unborn = days_later(&after(&new_run(&[]), &[Fact::Superseded]), 1);
    let newest = days_later(&succeeded(), 2);
    let runs = [failed.clone(), unborn, newest.clone()];
    let removable = |hours: i64| {
        let now = start() + HOUR * i32::try_from(hours).unwrap();
        names(&keeps(1, 72).removable(&runs, &in_use(&newest), now))
    };
    // It was published, until the newest was.
    assert_eq!(removable(72 + 47), Vec::<String>::new());
    assert_eq!(removable(72 + 49), [failed.export_task.to_string()]);
}

#[test]
fn what_could_not_be_published_has_replaced_nothing() {
    let runs = [succeeded(), days_later(&failed_at(StageId::Latest), 1), days_later(&succeeded(), 2)];
    let removable = |hours: i64| {
        let now = start() + HOUR * i32::try_from(hours).unwrap();
        names(&keeps(1, 72).removable(&runs, &in_use(&runs[2]), now)).contains(&runs[0].export_task.to_string())
    };
    // The first night's data was published until the third night's was.
    assert!(!removable(72 + 47));
    assert!(removable(72 + 49));
}

#[test]
fn what_was_retried_and_given_up_was_published_all_the_same() {
    let retried = Fact::Retried { from: StageId::Verify, by: "UANA".into() };
    let first = after(
        &failed_at(StageId::NormalTransform),
        &[retried, Fact::CancelAsked { by: "UANA".into() }, Fact::Canceled],
    );
    assert_eq!(first.stage(StageId::Latest).finished_at, None);
    let runs = [first, days_later(&succeeded(), 2)];
    let removable = |hours: i64| {
        let now = start() + HOUR * i32::try_from(hours).unwrap();
        !keeps(1, 72).removable(&runs, &in_use(&runs[1]), now).is_empty()
    };
    assert!(!removable(72 + 47));
    assert!(removable(72 + 49));
}

#[test]
fn what_tables_show_is_kept_for_the_grace_after_they_were_turned() {
    let approved_late = |days: i64| {
        let mut run = days_later(&succeeded(), 1);
        let catalog = run.stages.iter_mut().find(|it| it.id == StageId::SensitiveCatalog).unwrap();
        catalog.finished_at = Some(start() + SignedDuration::from_hours(24 * days));
        run
    };
    let removable = |second: Run, hours: i64| {
        let in_use = InUse { turned: vec![Layer::Normal, Layer::Sensitive], ..in_use(&second) };
        let runs = [succeeded(), second];
        !keeps(1, 72).removable(&runs, &in_use, start() + HOUR * i32::try_from(hours).unwrap()).is_empty()
    };
    // The second night's data was published on the second day, its sensitive layer refreshed on the tenth.
    assert!(!removable(approved_late(10), 24 * 13 - 1));
    assert!(removable(approved_late(10), 24 * 13 + 1));
    // Which may have happened, and not be in the record yet.
    assert!(!removable(days_later(&run_at(StageId::SensitiveCatalog), 1), 24 * 99));
}

#[test]
fn what_was_begun_is_finished_first_unless_it_is_needed_after_all() {
    let runs = nights(4);
    let begun = after(&runs[2], &[Fact::RemovalBegan]);
    let runs = [runs[0].clone(), runs[1].clone(), begun.clone(), runs[3].clone()];
    let found = keeps(2, 0).removable(&runs, &in_use(&runs[3]), start() + days(30));
    assert_eq!(names(&found)[0], begun.export_task.to_string());
    let found = keeps(2, 0).removable(&runs, &in_use(&begun), start() + days(30));
    assert!(!names(&found).contains(&begun.export_task.to_string()));
    let ended = after(&begun, &[Fact::RemovalEnded { objects: 3, bytes: 5 }]);
    assert!(keeps(1, 0).removable(&[ended], &in_use(&runs[3]), start() + days(30)).is_empty());
}

/// Two replicas may have written the two records, by clocks that are minutes apart.
#[test]
fn what_need_not_have_come_after_it_has_not_replaced_it() {
    let other = |minutes| {
        let mut run = days_later(&succeeded(), 1);
        let ended = run.stages.iter_mut().map(|it| &mut it.finished_at);
        ended.for_each(|it| *it = Some(start() + SignedDuration::from_mins(minutes)));
        run.finished_at = Some(start() + SignedDuration::from_mins(minutes));
        run
    };
    let removable = |other: Run, turned: &[Layer], hours: i64| {
        let runs = [succeeded(), other, days_later(&succeeded(), 2)];
        let in_use = InUse { turned: turned.to_vec(), ..in_use(&runs[2]) };
        let now = start() + SignedDuration::from_hours(hours);
        names(&keeps(1, 72).removable(&runs, &in_use, now)).contains(&runs[0].export_task.to_string())
    };
    for turned in [&[][..], &[Layer::Normal, Layer::Sensitive]] {
        assert!(removable(other(30), turned, 72 + 1));
        assert!(!removable(other(10), turned, 72 + 47), "it is the third night's that is certain");
        assert!(removable(other(10), turned, 72 + 49));
    }
}

/// The night's run, whose sensitive tables were turned `hours` after everything else.
fn late(day: i64, hours: i32) -> Run {
    let mut run = days_later(&succeeded(), day);
    let turned = run.stages.iter_mut().find(|it| it.id == StageId::SensitiveCatalog).unwrap();
    turned.finished_at = turned.finished_at.map(|it| it + HOUR * hours);
    run.finished_at = turned.finished_at;
    run
}

#[test]
fn what_tables_have_shown_stays_for_the_grace_from_when_they_were_turned() {
    let removable = |newer: Run, hours: i32| {
        let runs = [days_later(&succeeded(), 0), newer];
        let in_use = InUse { turned: vec![Layer::Normal, Layer::Sensitive], ..in_use(&runs[1]) };
        keeps(1, 4).removable(&runs, &in_use, start() + days(1) + HOUR * hours).len()
    };
    assert_eq!((removable(late(1, 0), 3), removable(late(1, 0), 6)), (0, 1));
    // People took nine hours to approve the sensitive layer: until then its tables showed the older run.
    assert_eq!((removable(late(1, 9), 6), removable(late(1, 9), 12), removable(late(1, 9), 15)), (0, 0, 1));
    // What a catalog that was not turned to its end still shows is read, and stays for that. What was turned once and has
    // failed on a retry looks the same in the record.
    let mut failed = late(1, 9);
    failed.stages.iter_mut().find(|it| it.id == StageId::SensitiveCatalog).unwrap().status = StageStatus::Failed;
    assert_eq!((removable(failed.clone(), 12), removable(failed, 15)), (0, 1));
}

fn gone_back_to(run: &Run) -> Run {
    let from = days_later(&succeeded(), 99).export_task;
    let rollback = Rollback { from, by: "UKENJI".into(), at: run.updated_at, reason: None };
    after(run, &[Fact::BroughtBack { rollback }, Fact::CancelAsked { by: "UELI".into() }, Fact::Canceled])
}

#[test]
fn a_run_whose_rollback_was_canceled_is_one_of_the_newest_good_ones() {
    let mut runs = nights(3);
    runs[0] = gone_back_to(&runs[0]);
    runs[1] = marked(&runs[1], &runs[0]);
    let found = keeps(2, 0).removable(&runs, &in_use(&runs[2]), start() + days(30));
    assert_eq!(names(&found), [runs[1].export_task.to_string()]);
}

fn marked(run: &Run, to: &Run) -> Run {
    let mark = RolledBack { to: to.export_task.clone(), by: "UKENJI".into(), at: run.updated_at, reason: None };
    after(run, &[Fact::RolledBack { mark }])
}

/// What may have become of a night's run.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Good,
    /// Somebody went back to it, and then canceled that.
    Canceled,
    Failed,
    Open,
    Removing,
    Removed,
}

fn night(fate: Fate, day: i64) -> Run {
    let good = || days_later(&succeeded(), day);
    match fate {
        Fate::Good => good(),
        Fate::Canceled => gone_back_to(&good()),
        Fate::Failed => days_later(&failed_at(StageId::NormalTransform), day),
        Fate::Open => days_later(&run_at(StageId::Latest), day),
        Fate::Removing => after(&good(), &[Fact::RemovalBegan]),
        Fate::Removed => after(&good(), &[Fact::RemovalBegan, Fact::RemovalEnded { objects: 1, bytes: 1 }]),
    }
}

proptest! {
    #[test]
    fn nothing_that_is_needed_is_removed_and_what_may_go_may_go_later_too(
        fates in prop::collection::vec(
            select(vec![Fate::Good, Fate::Canceled, Fate::Failed, Fate::Open, Fate::Removing, Fate::Removed]), 1..10),
        published in 0_usize..10,
        exports in 1_u32..5,
        grace in 0_i64..100,
        hours in 0_i32..400,
    ) {
        let runs: Vec<Run> = fates.iter().zip(0..).map(|(fate, day)| night(*fate, day)).collect();
        let published = &runs[published % runs.len()];
        let (retention, in_use, now) = (keeps(exports, grace), in_use(published), start() + HOUR * hours);
        let removable = retention.removable(&runs, &in_use, now);
        for run in &removable {
            prop_assert!(run.status.is_over() && run.export_task != published.export_task);
            prop_assert!(run.removal.is_none_or(|it| it.ended_at.is_none()));
        }
        let is_kept = |it: &&Run| it.is_good() && it.removal.is_none() && !names(&removable).contains(&it.export_task.to_string());
        let good = runs.iter().filter(|it| it.is_good() && it.removal.is_none()).count();
        prop_assert!(runs.iter().filter(is_kept).count() >= good.min(usize::try_from(exports).unwrap()));
        let later = names(&retention.removable(&runs, &in_use, now + HOUR * 7));
        prop_assert!(names(&removable).iter().all(|it| later.contains(it)));
    }
}
