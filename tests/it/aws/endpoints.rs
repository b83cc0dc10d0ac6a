//! Endpoints from the environment, and the publish step alone: the program as a process of its own.

use datalake_bot::sandbox::aws::{ACCESS_KEY, Pace, REGION, SECRET_KEY};
use serde_json::Value;
use tokio::process::Command;

use super::World;

#[tokio::test]
async fn publish_goes_where_the_environment_says_and_prints_what_it_did() {
    let world = World::start(Pace::default()).await;
    let s3 = &world.stand_ins.s3;
    s3.create_bucket("backfill");
    for (key, body) in
        [("raw/task-a1/db/t/1/part-0.parquet", "abc"), ("raw/task-a1/db/t/1/_SUCCESS", ""), ("latest/old", "x")]
    {
        s3.put("backfill", key, body.as_bytes().to_vec()).unwrap();
    }
    let program = Command::new(env!("CARGO_BIN_EXE_datalake-bot"))
        .args(["publish", "--from", "s3://backfill/raw/task-a1", "--to", "s3://backfill/latest"])
        .env_clear()
        // Another service's address, and S3's own: the second wins. By name: `backfill.localhost` would have no address,
        // so that the bucket must be in the path.
        .env("AWS_ENDPOINT_URL", &world.stand_ins.endpoints.rds)
        .env("AWS_ENDPOINT_URL_S3", world.stand_ins.endpoints.s3.replace("127.0.0.1", "localhost"))
        .env("AWS_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .kill_on_drop(true)
        .output();
    let output = program.await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&printed["objects"], &printed["bytes"], &printed["removed"]), (&2.into(), &3.into(), &1.into()));
    assert!(printed["calls"].as_u64().unwrap() >= 5 && printed["seconds"].as_f64().unwrap() > 0.0, "{printed}");
    let there = s3.keys("backfill", "latest/");
    assert_eq!(there, ["latest/_manifest.json", "latest/db/t/1/_SUCCESS", "latest/db/t/1/part-0.parquet"]);
    assert!(world.front.history.calls("rds", "Unknown").is_empty());
}
