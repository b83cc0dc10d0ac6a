//! `datalake-bot publish` a level too high, of an export that is not whole, or without what it needs: what is refused,
//! and that the command line says what to do.

use std::{
    process::{Output, Stdio},
    time::Duration,
};

use datalake_bot::sandbox::{
    aws::{ACCESS_KEY, Pace, REGION, SECRET_KEY},
    faults::{Fault, Kind, Moment},
};
use rstest::rstest;
use tokio::{process::Command, time::sleep};

use super::{
    World,
    latest::{export, objects},
};
use crate::harness::signal_to;

fn command(world: &World, from: &str, to: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_datalake-bot"));
    command
        .args(["publish", "--from", from, "--to", to])
        .env_clear()
        .env("AWS_ENDPOINT_URL_S3", &world.stand_ins.endpoints.s3)
        .env("AWS_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .kill_on_drop(true);
    command
}

fn told(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

async fn publish(world: &World, from: &str, to: &str) -> (Option<i32>, String) {
    told(&command(world, from, to).output().await.unwrap())
}

/// Returns a world with the exports of two sources, one of them published.
async fn world() -> World {
    let world = World::start(Pace::default()).await;
    for (task, time) in [("shop-a1", "2026-11-20 00:00:00"), ("shop-b1", "2026-11-21T00:00:00Z")] {
        let info = format!(r#"{{"status": "COMPLETE", "snapshotTime": "{time}"}}"#);
        export(&world, task, &[("db/db.t/1/part-0.parquet", task), ("db/db.t/1/_SUCCESS", "")]);
        export(&world, task, &[(&format!("export_info_{task}.json"), &info)]);
    }
    assert_eq!(publish(&world, "s3://lake/raw/shop-b1", "s3://lake/latest/shop").await, (Some(0), String::new()));
    world
}

#[rstest]
#[case::target("raw/shop-a1", "latest", "TargetOfOthers")]
#[case::source("raw", "latest/shop", "NotOneExport")]
#[case::both("raw/shop-a1", "raw", "OverlappingPrefixes")]
#[case::missing("raw/nothing", "latest/shop", "CopyIncomplete")]
#[tokio::test]
async fn a_level_too_high_removes_nothing(#[case] from: &str, #[case] to: &str, #[case] code: &str) {
    let world = world().await;
    let before = objects(&world, "latest/shop/");
    let (exit, error) = publish(&world, &format!("s3://lake/{from}"), &format!("s3://lake/{to}")).await;
    assert_eq!(exit, Some(1), "{error}");
    assert!(error.starts_with(&format!("{code}: ")) && error.contains("\nWhat to do: "), "{error}");
    let there = objects(&world, "latest/shop/");
    assert!(before.iter().all(|(name, content)| there.get(name) == Some(content)), "{error}");
}

#[rstest]
#[case("IN_PROGRESS")]
#[case("FAILED")]
#[case("CANCELED")]
#[tokio::test]
async fn an_export_that_is_not_whole_replaces_nothing(#[case] status: &str) {
    let world = world().await;
    let before = objects(&world, "latest/shop/");
    export(&world, "shop-c1", &[("db/db.t/1/part-0.parquet", "half")]);
    export(&world, "shop-c1", &[("export_info_shop-c1.json", &format!(r#"{{"status": "{status}"}}"#))]);
    let (exit, error) = publish(&world, "s3://lake/raw/shop-c1", "s3://lake/latest/shop").await;
    let said = format!("ExportNotComplete: raw/shop-c1/export_info_shop-c1.json says {status}\nWhat to do: ");
    assert!(exit == Some(1) && error.starts_with(&said), "{error}");
    assert_eq!(objects(&world, "latest/shop/"), before);
}

#[tokio::test]
async fn older_data_is_published_by_who_names_what_it_replaces() {
    let world = world().await;
    let (from, to) = ("s3://lake/raw/shop-a1", "s3://lake/latest/shop");
    let (exit, error) = publish(&world, from, to).await;
    assert!(exit == Some(1) && error.starts_with("LatestIsNewer: ") && error.contains("--replaces"), "{error}");
    let output = command(&world, from, to).args(["--replaces", "shop-b1"]).output().await.unwrap();
    assert_eq!(told(&output), (Some(0), String::new()));
    assert_eq!(objects(&world, "latest/shop/")["db/db.t/1/part-0.parquet"], b"shop-a1");
}

#[tokio::test]
async fn what_s3_refuses_is_told_with_the_place_and_the_way_out() {
    let world = world().await;
    for (from, to, place) in [
        ("s3://nowhere/raw/shop-a1", "s3://lake/latest/shop", "s3:GetObject on the source s3://nowhere/raw/shop-a1/"),
        ("s3://lake/raw/shop-a1", "s3://nowhere/latest", "s3:GetObject on the target s3://nowhere/latest/"),
    ] {
        let (exit, error) = publish(&world, from, to).await;
        assert!(exit == Some(1) && error.starts_with(&format!("NoSuchBucket: {place}: ")), "{error}");
        assert!(error.contains("\nWhat to do: The bucket cannot be used."), "{error}");
    }
    let without = command(&world, "s3://lake/raw/shop-a1", "s3://lake/latest/shop")
        .env_remove("AWS_REGION")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .await;
    let (exit, error) = told(&without.unwrap());
    assert!(exit == Some(2) && error.contains("--region"), "{exit:?} {error}");
}

#[tokio::test]
async fn who_is_asked_to_stop_says_so_and_the_next_goes_on() {
    let world = world().await;
    export(&world, "shop-c1", &[("db/db.t/1/part-c.parquet", "c"), ("db/db.t/1/part-d.parquet", "d")]);
    let kind = Kind::Delay { at: Moment::AfterEffect, by: Duration::from_secs(2) };
    world.front.faults.plant(Fault::once("s3", "CopyObject", kind).times(usize::MAX));
    let (from, to) = ("s3://lake/raw/shop-c1", "s3://lake/latest/shop");
    let child = command(&world, from, to).stderr(Stdio::piped()).spawn().unwrap();
    while world.stand_ins.s3.get("lake", "latest/shop/db/db.t/1/part-c.parquet").is_none() {
        sleep(Duration::from_millis(10)).await;
    }
    signal_to("-TERM", child.id().unwrap());
    let (exit, error) = told(&child.wait_with_output().await.unwrap());
    assert!(exit == Some(1) && error.starts_with("Stopped: ") && error.contains("same command again"), "{error}");
    assert!(objects(&world, "latest/shop/").contains_key("db/db.t/1/part-0.parquet"), "nothing was removed");
    world.front.faults.clear();
    assert_eq!(publish(&world, from, to).await, (Some(0), String::new()));
}
