use jiff::SignedDuration;

use super::*;
use crate::domain::{
    run::RunStatus,
    snapshot::Origin,
    stage::Detail,
    testing::{new_run, source, start, succeeded},
};

fn snapshot() -> Snapshot {
    let run = new_run(&[]);
    Snapshot {
        id: run.snapshot_id,
        arn: run.source_arn,
        taken_at: run.snapshot_time,
        available: true,
        origin: Origin::Automated,
        allocated: Some(200),
    }
}

fn prices() -> Prices {
    Prices { currency: "USD".to_owned(), export_per_gb: 0.01, glue_dpu_hour: 0.44 }
}

/// A run that has succeeded, each of its stages within so many minutes.
fn past(minutes: i64, gigabytes: Option<f64>, dpu_seconds: Option<f64>) -> Run {
    let mut run = succeeded();
    for stage in &mut run.stages {
        stage.started_at = Some(start());
        stage.finished_at = Some(start() + SignedDuration::from_mins(minutes));
        stage.detail = match stage.id {
            StageId::Export => Detail { gigabytes, ..Detail::default() },
            StageId::NormalTransform | StageId::SensitiveTransform => Detail { dpu_seconds, ..Detail::default() },
            _ => Detail::default(),
        };
    }
    run
}

/// Returns the plan of `run`, with what is known beside it.
fn plan(run: &Run, recent: &[Run], holding: Option<&Holding>) -> Forecast {
    Forecast::of(&Known {
        source: &source(),
        snapshot: &snapshot(),
        run,
        existing: None,
        recent,
        exports: Some(2),
        holding,
        prices: Some(&prices()),
        now: start(),
    })
}

fn published(export_task: &str, taken: &str) -> Holding {
    let tables = [("db/db.users", 3), ("db/db.lessons", 2)].map(|(name, objects)| (name.to_owned(), objects)).into();
    let snapshot_time = Some(taken.parse().unwrap());
    Holding::Published(Published { export_task: export_task.to_owned(), snapshot_time, published_at: start(), tables })
}

#[test]
fn without_a_past_nothing_is_promised() {
    let forecast = plan(&new_run(&[]), &[], None);
    assert_eq!((forecast.latest, forecast.expected, forecast.holder), (Latest::Unknown, None, None));
    let cost = forecast.cost.unwrap();
    let export = cost.export.clone().unwrap();
    assert_eq!((export.quantity, export.amount, export.basis), (200.0, 2.0, Basis::Allocated));
    assert_eq!((cost.glue.clone(), cost.total()), (None, None));
    assert_eq!(forecast.stages.len(), StageId::ALL.len());
    assert_eq!(forecast.approval, Some(Needed { approvers: vec!["SPRIVACY".to_owned()], quorum: 2 }));
}

#[test]
fn the_past_tells_time_and_cost() {
    let recent = [past(2, Some(0.0), None), past(3, Some(98.0), Some(1800.0)), past(1, Some(90.0), Some(3600.0))];
    let forecast = plan(&new_run(&[]), &recent, None);
    assert_eq!(forecast.expected, Some(Expected { span: Span { low: 480, usual: 960, high: 1440 }, runs: 3 }));
    let cost = forecast.cost.unwrap();
    assert_eq!(cost.export.as_ref().map(|it| it.quantity), Some(98.0));
    assert_eq!(cost.glue.as_ref().map(|it| it.quantity), Some(1.0), "both layers, of the newest that says so");
    assert_eq!(cost.total(), Some(0.98 + 0.44));
}

#[test]
fn what_is_not_asked_for_takes_no_time_no_approval_and_costs_nothing() {
    let forecast = plan(&new_run(&[Layer::Normal]), &[past(2, Some(50.0), Some(3600.0))], None);
    assert_eq!(forecast.expected.unwrap().span, Span { low: 720, usual: 720, high: 720 });
    assert_eq!(forecast.cost.unwrap().glue.unwrap().quantity, 1.0);
    assert_eq!((forecast.approval, forecast.stages.len()), (None, 6));
}

#[test]
fn a_part_of_the_database_costs_the_whole_and_says_nothing_of_its_size() {
    let part = Run { only: vec!["db.users".to_owned()], ..past(1, Some(3.0), None) };
    let forecast = plan(&part, &[part.clone(), past(1, Some(98.0), None)], None);
    assert_eq!(forecast.cost.unwrap().export.unwrap().quantity, 98.0);
}

#[test]
fn who_has_the_turn_is_waited_for_unless_it_is_the_run_itself() {
    let run = new_run(&[]);
    let other: ExportTask = "shop-202611210300-0a09292e-a1".parse().unwrap();
    let holder = Run { has_turn: true, run_id: other.clone(), export_task: other.clone(), ..run.clone() };
    assert_eq!(plan(&run, &[holder], None).holder, Some(other));
    assert_eq!(plan(&run, &[Run { has_turn: true, ..run.clone() }], None).holder, None);
}

#[test]
fn a_run_that_is_there_is_told_with_its_state() {
    let run = new_run(&[]);
    let existing = Run { status: RunStatus::Failed, layers: vec![Layer::Normal], ..run.clone() };
    let known = Known {
        source: &source(),
        snapshot: &snapshot(),
        run: &run,
        existing: Some(&existing),
        recent: &[],
        exports: None,
        holding: None,
        prices: None,
        now: start(),
    };
    let forecast = Forecast::of(&known);
    let told = Existing { run: run.export_task, status: "FAILED".to_owned(), same_layers: false };
    assert_eq!((forecast.exists, forecast.existing, forecast.cost), (true, Some(told), None));
}

#[test]
fn what_latest_holds_is_compared_with_the_run() {
    let run = Run { only: vec!["db.users".to_owned()], ..new_run(&[]) };
    assert_eq!(plan(&run, &[], Some(&Holding::Unpublished)).latest, Latest::Unpublished);
    let second = run.export_task.with_attempt(2);
    assert_eq!(plan(&run, &[], Some(&published(second.as_str(), "2026-11-22T03:00:00Z"))).latest, Latest::Same);
    let loss = |run: &Run, taken| match plan(run, &[], Some(&published("by-hand", taken))).latest {
        Latest::Replaced { newer, loss, .. } => (newer, loss),
        other => panic!("{other:?}"),
    };
    let lost = Loss { tables: vec!["db/db.lessons".to_owned()], more: 0, objects: 2 };
    assert_eq!(loss(&run, "2026-11-21T03:00:00Z"), (false, Some(lost)));
    assert_eq!(loss(&new_run(&[]), "2026-11-23T03:00:00Z"), (true, None));
}

#[test]
fn a_plan_reads_back_from_a_record() {
    let recent = [past(2, Some(98.5), Some(3600.0))];
    let forecast = plan(&new_run(&[]), &recent, Some(&published("by-hand", "2026-11-21T03:00:00Z")));
    let json = serde_json::to_string(&forecast).unwrap();
    assert_eq!(serde_json::from_str::<Forecast>(&json).unwrap(), forecast);
}
