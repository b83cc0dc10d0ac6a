//! Three replicas, and one of them is killed or stopped in the middle of a call: each effect, each moment.

use std::time::Duration;

use datalake_bot::{
    domain::run::{Run, RunStatus},
    sandbox::faults::{Fault, Kind, Moment},
};
use rstest::rstest;
use tokio::time::timeout;

use crate::{
    fleet::Fleet,
    harness::{ANA, CHANNEL, Judge, MINA, has, options},
};

/// How long people wait before they press once more.
pub(crate) const PRESS_AGAIN: Duration = Duration::from_secs(2);

/// Every call that changes something, in the order of a run: service, operation, what tells it from others, and how
/// many of the kind pass before.
const EFFECTS: [(&str, &str, &str, usize); 21] = [
    ("dynamodb", "PutItem", "REQUEST#", 0),
    ("sqs", "SendMessage", "", 0),
    ("dynamodb", "TransactWriteItems", "", 0),
    ("dynamodb", "TransactWriteItems", "", 3),
    ("dynamodb", "TransactWriteItems", "", 6),
    ("dynamodb", "TransactWriteItems", "", 10),
    ("dynamodb", "PutItem", "THREAD#", 0),
    ("dynamodb", "PutItem", "THREAD#", 5),
    ("dynamodb", "PutItem", "BLOCKS#", 0),
    ("sqs", "DeleteMessage", "", 0),
    ("rds", "StartExportTask", "", 0),
    ("s3", "CopyObject", "", 1),
    ("s3", "PutObject", "_manifest.json", 0),
    ("glue", "StartJobRun", "normal", 0),
    ("glue", "StartCrawler", "normal", 0),
    ("glue", "StartJobRun", "sensitive", 0),
    ("glue", "StartCrawler", "sensitive", 0),
    ("slack", "chat.postMessage", "root", 0),
    ("slack", "chat.postMessage", "stage:", 1),
    ("slack", "chat.postMessage", "approval:", 0),
    ("slack", "chat.update", "", 2),
];

/// A run of two layers is asked for, and approved when people are asked; returns its record when it is over and shown.
pub(crate) async fn carried_through(fleet: &mut Fleet) -> Run {
    fleet.slash(ANA, "/datalake run learning").await;
    let asked = async |judge: &Judge| judge.messages(CHANNEL).into_iter().find(|it| has(it, "approval.approve"));
    let request = fleet.until("people are asked", asked).await;
    // A press that was not acknowledged is pressed again.
    loop {
        fleet.press(MINA, CHANNEL, &request.ts, "approval.approve").await;
        let shown = fleet.until("the run is over and shown", async |judge: &Judge| judge.shown().await);
        if let Ok(run) = timeout(PRESS_AGAIN, shown).await {
            return run;
        }
    }
}

fn assert_once(judge: &Judge, run: &Run) {
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    judge.assert_nothing_twice(1);
    assert_eq!(judge.effects("glue", "StartJobRun").len(), 2, "job runs");
    assert_eq!(judge.effects("glue", "StartCrawler").len(), 2, "crawls");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_of_one_of_three_costs_nothing(
    #[values(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19)] effect: usize,
    #[values(Moment::BeforeEffect, Moment::AfterEffect, Moment::AfterAnswer)] at: Moment,
) {
    let mut fleet = Fleet::start(3, options()).await;
    let (service, operation, containing, skip) = EFFECTS[effect];
    let kind = Kind::Hook { at, hook: fleet.killer() };
    let fault = Fault { skip, ..Fault::once(service, operation, kind).containing(containing) };
    fleet.judge.world.front.faults.plant(fault);
    let run = carried_through(&mut fleet).await;
    assert_once(&fleet.judge, &run);
    assert!(fleet.judge.world.front.faults.is_clear(), "the kill has not come");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_three_that_is_stopped_for_longer_than_its_lease_does_nothing_twice(
    #[values(2, 3, 5, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)] effect: usize,
) {
    let mut fleet = Fleet::start(3, options()).await;
    let (service, operation, containing, skip) = EFFECTS[effect];
    // The lease is 2 s.
    let hook = fleet.pauser(Duration::from_secs(6));
    let kind = Kind::Hook { at: Moment::AfterEffect, hook };
    let fault = Fault { skip, ..Fault::once(service, operation, kind).containing(containing) };
    fleet.judge.world.front.faults.plant(fault);
    let run = carried_through(&mut fleet).await;
    assert_once(&fleet.judge, &run);
    assert!(fleet.judge.world.front.faults.is_clear(), "the stop has not come");
}
