//! Endpoints from the environment. It is read by a process of its own: this very test binary.

use std::{process::Stdio, sync::Arc};

use datalake_bot::{
    adapters::aws::{Aws, sdk_config},
    clock,
    domain::{
        run::{Order, Run, Trigger},
        seen::Seen,
        snapshot::Snapshot,
        stage::StageId,
    },
    engine::ports::Work as _,
    sandbox::aws::{ACCESS_KEY, Pace, REGION, SECRET_KEY},
};
use tokio::process::Command;

use super::{World, source};

#[tokio::test]
async fn one_endpoint_for_all_and_one_for_a_service_are_used() {
    let world = World::start(Pace::default()).await;
    let at = &world.stand_ins.endpoints;
    // By name: `lake.localhost` would have no address, so that the bucket must be in the path.
    let s3 = at.s3.replace("127.0.0.1", "localhost");
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "aws::endpoints::looks_where_the_environment_says"])
        .env("AWS_ENDPOINT_URL", &at.rds)
        .env("AWS_ENDPOINT_URL_S3", s3)
        .env("AWS_ENDPOINT_URL_GLUE", &at.glue)
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .output();
    let child = child.await.unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    let operations: Vec<String> = world.front.history.all().into_iter().map(|it| it.operation).collect();
    assert_eq!(operations, ["DescribeExportTasks", "GetObject", "GetJobRuns"]);
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn looks_where_the_environment_says() {
    let aws = Aws::new(&sdk_config(Some(REGION)).await, Arc::new(clock::System));
    let snapshot = Snapshot {
        id: "by-hand".to_owned(),
        arn: "arn:aws:rds:ap-northeast-1:123456789012:snapshot:by-hand".to_owned(),
        taken_at: super::NIGHT.parse().unwrap(),
        available: true,
    };
    let order = Order { trigger: Trigger::Event, requested_by: None, only: Vec::new(), layers: Vec::new() };
    let run = Run::new(&source(), &snapshot, &order, snapshot.taken_at);
    for stage in [StageId::Export, StageId::Latest, StageId::NormalTransform] {
        assert_eq!(aws.look(&run, &source(), stage).await, Seen::Absent { marker: None });
    }
}
