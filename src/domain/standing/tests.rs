use rstest::rstest;

use crate::domain::{
    fact::Fact,
    run::{Run, RunStatus},
    source::Layer,
    stage::{Detail, StageId},
    standing::Shown,
    testing::{after, begun_at, failed_at, mins, start, succeeded},
};

const STAGE: StageId = StageId::NormalTransform;

fn acknowledged(by: &str) -> Fact {
    Fact::Acknowledged { by: by.into() }
}

/// A run that has succeeded with a snapshot taken so many minutes after that of every other run here.
fn newer(minutes: i64) -> Run {
    let run = succeeded();
    let name = run.run_id.with_attempt(7);
    Run { export_task: name.clone(), run_id: name, snapshot_time: run.snapshot_time + mins(minutes), ..run }
}

#[test]
fn a_failure_that_stands_is_acknowledged_once_and_the_next_one_anew() {
    let run = after(&failed_at(STAGE), &[acknowledged("UBEN")]);
    let by = |run: &Run| run.failures.last().and_then(|it| it.acknowledged.as_ref().map(|it| it.by.clone()));
    assert_eq!((run.status, by(&run).as_deref()), (RunStatus::Failed, Some("UBEN")));
    assert!(run.after(&acknowledged("UCAT"), start()).is_err(), "somebody is on it");
    assert!(succeeded().after(&acknowledged("UBEN"), start()).is_err(), "nothing has failed");
    let retried = after(&run, &[Fact::Retried { from: STAGE, by: "UBEN".into() }]);
    assert!(retried.after(&acknowledged("UCAT"), start()).is_err(), "it goes on");
    let begun = [Fact::TurnTaken, Fact::Began { stage: STAGE }];
    let again = after(&after(&retried, &begun), &[crate::domain::testing::failed(STAGE)]);
    assert_eq!(by(&again), None);
    assert!(again.after(&acknowledged("UCAT"), start()).is_ok());
}

#[test]
fn what_has_been_made_up_for_stands_no_more_until_it_is_retried() {
    let overtaken = Fact::Overtaken { by: newer(60).export_task };
    let run = after(&failed_at(STAGE), std::slice::from_ref(&overtaken));
    assert_eq!((run.status, run.standing_failure()), (RunStatus::Failed, None));
    for fact in [overtaken.clone(), acknowledged("UBEN"), Fact::CatalogsSeen { shown: vec![] }] {
        assert!(run.after(&fact, start()).is_err(), "{fact:?}");
    }
    assert!(begun_at(STAGE).after(&overtaken, start()).is_err(), "it has not failed");
    let retried = after(&run, &[Fact::Retried { from: STAGE, by: "UBEN".into() }]);
    assert_eq!(retried.overtaken, None);
}

#[rstest]
#[case::newer(newer(60), true)]
#[case::of_the_same_snapshot(newer(0), true)]
#[case::older(newer(-1), false)]
#[case::failed(Run { snapshot_time: newer(60).snapshot_time, ..failed_at(STAGE) }, false)]
#[case::of_another_source(Run { source: "desk".into(), ..newer(60) }, false)]
#[case::of_the_normal_layer_only(Run { layers: vec![Layer::Normal], ..newer(60) }, false)]
#[case::of_one_table(Run { only: vec!["app.users".into()], ..newer(60) }, false)]
#[case::itself(Run { run_id: failed_at(STAGE).run_id, ..newer(60) }, false)]
fn a_run_makes_up_for_a_failure_if_nothing_stays_stale(#[case] other: Run, #[case] makes_up: bool) {
    assert_eq!(other.makes_up_for(&failed_at(STAGE)), makes_up);
}

#[test]
fn what_is_not_stale_need_not_be_made_up_for() {
    let normal = Run { layers: vec![Layer::Sensitive], ..newer(60) };
    assert!(normal.makes_up_for(&failed_at(StageId::SensitiveTransform)));
    let users = Run { only: vec!["app.users".into()], ..failed_at(STAGE) };
    let both = Run { only: vec!["app.users".into(), "app.orders".into()], ..newer(60) };
    assert!(both.makes_up_for(&users) && newer(60).makes_up_for(&users));
    assert!(!users.makes_up_for(&failed_at(STAGE)));
}

#[test]
fn the_catalogs_show_what_the_last_run_of_each_layer_has_put_there() {
    let run = failed_at(STAGE);
    let mut counted = newer(-60);
    counted.stages[2].detail = Detail { tables: Some(52), ..Detail::default() };
    let stopped = Run { snapshot_time: run.snapshot_time - mins(30), ..failed_at(StageId::SensitiveTransform) };
    let shown = run.shown_instead(STAGE, &[&counted, &run]);
    let taken = counted.snapshot_time;
    let of = |layer| Shown { layer, taken, tables: Some(52) };
    assert_eq!(shown, [of(Layer::Normal), of(Layer::Sensitive)]);
    let one = Run { only: vec!["app.users".into()], ..counted.clone() };
    assert_eq!(run.shown_instead(STAGE, &[&one]), [], "one table is not all of them");
    let late = run.shown_instead(StageId::SensitiveCatalog, &[&stopped, &counted]);
    assert_eq!(late, [of(Layer::Sensitive)]);
}

#[test]
fn a_record_of_before_reads_and_has_nothing_of_this() {
    let mut record = serde_json::to_value(failed_at(STAGE)).unwrap();
    record.as_object_mut().unwrap().retain(|key, _| !["overtaken", "usual", "reason"].contains(&key.as_str()));
    let note = record["failures"][0].as_object_mut().unwrap();
    assert!(!note.contains_key("acknowledged") && !note.contains_key("shown"));
    let run: Run = serde_json::from_value(record).unwrap();
    assert!(run.standing_failure().is_some() && run.failures[0].shown.is_empty());
}
