//! R6: duplicates cost nothing.

use datalake_bot::domain::run::RunStatus;

use super::{figure, size};
use crate::{
    fleet::Fleet,
    harness::{Judge, options},
};

fn writes(judge: &Judge) -> usize {
    ["PutItem", "UpdateItem", "TransactWriteItems"].iter().map(|it| judge.effects("dynamodb", it).len()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_many_times_has_the_effects_of_one() {
    let mut fleet = Fleet::start(3, options()).await;
    let arn = fleet.judge.world.aws.rds.create_automated_snapshot("school-db").unwrap();
    let over = async |judge: &Judge| judge.shown().await;
    let run = fleet.until("the run of the first event is over", over).await;
    assert_eq!((run.status, run.source_arn.as_str()), (RunStatus::Succeeded, arn.as_str()));
    let (before, copies) = (writes(&fleet.judge), size(100, 1000));
    let event = serde_json::json!({
        "Event Source": "db-cluster-snapshot", "Event Time": "2026-11-22 03:00:12.000", "Source ID": run.snapshot_id,
        "Source ARN": arn, "Event ID": "http://docs.amazonwebservices.com/AmazonRDS/latest/UserGuide/USER_Events.html#RDS-EVENT-0169",
        "Event Message": "Automated cluster snapshot created",
    });
    for _ in 0..copies {
        fleet.judge.world.sqs.send("datalake-bot", &event.to_string()).unwrap();
    }
    let drained = async |judge: &Judge| judge.world.sqs.messages("datalake-bot").is_empty().then_some(());
    fleet.until("the queue is empty", drained).await;
    let more = writes(&fleet.judge) - before;
    assert_eq!(fleet.judge.runs().await.len(), 1);
    fleet.judge.assert_nothing_twice(1);
    assert!(more <= copies, "{more} writes for {copies} duplicates");
    figure("R6", &format!("the same event {copies} times more, three replicas: 1 run, 1 export, {more} more writes"));
}
