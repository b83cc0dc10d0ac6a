//! Plans for tests.

use jiff::{SignedDuration, Timestamp};

use super::story::{begun, order, source, told};
use crate::domain::{
    forecast::{Forecast, Holding, Known, Prices, Published},
    run::{Run, Trigger},
    snapshot::{Origin, Snapshot},
    stage::StageId,
};

/// When the plans are made.
pub(crate) fn now() -> Timestamp {
    "2026-11-22T09:05:00Z".parse().unwrap()
}

/// The snapshot number `back` of `shop`, one a night; 0 is the newest.
pub(crate) fn snapshot(back: i64) -> Snapshot {
    let taken_at = "2026-11-22T03:00:00Z".parse::<Timestamp>().unwrap() - SignedDuration::from_hours(24 * back);
    let id = format!("rds:shop-db-{}", taken_at.strftime("%Y-%m-%d-%H-%M"));
    Snapshot {
        arn: format!("arn:aws:rds:ap-northeast-1:123456789012:snapshot:{id}"),
        id,
        taken_at,
        available: true,
        origin: if back % 3 == 2 { Origin::Manual } else { Origin::Automated },
        allocated: Some(500),
    }
}

/// Runs that have succeeded, and used something.
fn past() -> Vec<Run> {
    let mut run = begun().end().run;
    for stage in &mut run.stages {
        stage.detail.dpu_seconds =
            matches!(stage.id, StageId::NormalTransform | StageId::SensitiveTransform).then_some(5400.0);
    }
    let mut slow = run.clone();
    slow.stages[1].finished_at = slow.stages[1].finished_at.map(|it| it + SignedDuration::from_mins(30));
    vec![run, slow]
}

/// What `latest/` holds: the data of the night before, so many tables of it.
fn holding(tables: usize) -> Holding {
    Holding::Published(Published {
        export_task: "shop-202611210300-0a09292e-a1".to_owned(),
        snapshot_time: Some("2026-11-21T03:00:00Z".parse().unwrap()),
        published_at: "2026-11-21T04:40:00Z".parse().unwrap(),
        tables: (0..tables).map(|it| (format!("learning/learning.t{it:03}"), 12)).collect(),
    })
}

/// A plan of which everything is known: of some tables, and with a past.
pub(crate) fn full() -> Forecast {
    plan(&["learning.t000"], 4, &past())
}

/// A plan of some tables, where `latest/` holds so many, after these runs.
pub(crate) fn plan(only: &[&str], tables: usize, recent: &[Run]) -> Forecast {
    let mut order = order(Trigger::Slack, Some("UANA"));
    order.only = only.iter().map(|it| (*it).to_owned()).collect();
    order.reason = Some("Month end <!channel>, password=hunter2".to_owned());
    let holding = holding(tables);
    let prices = Prices { currency: "USD".to_owned(), export_per_gb: 0.01, glue_dpu_hour: 0.44 };
    Forecast::of(&Known {
        source: &source("shop"),
        snapshot: &snapshot(0),
        run: &told(source("shop"), &order).run,
        existing: None,
        recent,
        exports: Some(1),
        holding: Some(&holding),
        prices: Some(&prices),
        now: now(),
    })
}

/// A plan of which nothing is known but what was asked for.
pub(crate) fn bare() -> Forecast {
    Forecast::of(&Known {
        source: &source("shop"),
        snapshot: &snapshot(0),
        run: &begun().run,
        existing: None,
        recent: &[],
        exports: None,
        holding: None,
        prices: None,
        now: now(),
    })
}

/// A plan of a run that is there already.
pub(crate) fn done() -> Forecast {
    let past = past();
    let prices = Prices { currency: "JPY".to_owned(), export_per_gb: 1.5, glue_dpu_hour: 66.0 };
    Forecast::of(&Known {
        source: &source("shop"),
        snapshot: &Snapshot { allocated: None, ..snapshot(0) },
        run: &begun().run,
        existing: Some(&past[0]),
        recent: &[],
        exports: Some(5),
        holding: Some(&holding(4)),
        prices: Some(&prices),
        now: now(),
    })
}
