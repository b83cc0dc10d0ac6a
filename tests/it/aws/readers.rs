//! Readers of `latest/` while it is published 200 times, and while publishers are killed: they never see a mixture of two
//! exports by the manifest, and never too little. `SEED=7` plays another one.

pub(super) mod reader;
pub(super) mod watch;

use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use aws_config::retry::RetryConfig;
use aws_sdk_s3::Client;
use datalake_bot::{
    adapters::aws::{publish, s3_client, stamp},
    domain::source::Location,
    engine::ports::Progress,
    sandbox::{
        aws::{ACCESS_KEY, Pace, REGION, SECRET_KEY},
        faults::{Fault, Kind, Moment},
    },
};
use fastrand::Rng;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use self::{reader::Objects, watch::Watch};
use super::World;
use crate::harness::signal_to;

const BUCKET: &str = "lake";
const LATEST: &str = "latest/shop/";
/// A name that every export has, each with another content. RDS gives no such names; a reader must be safe with them too.
const SHARED: &str = "db/db.fixed/1/same.parquet";

const PUBLISHES: u64 = 200;
const PUBLISHES_OF_THE_PROGRAM: u64 = 8;

pub(super) fn at(prefix: &str) -> Location {
    Location { bucket: BUCKET.to_owned(), prefix: prefix.to_owned() }
}

/// Returns the name of an export, whose snapshots were taken in this order.
fn task(number: u64) -> String {
    format!("shop-{number:03}-a1")
}

fn snapshot_time(task: &str) -> jiff::Timestamp {
    let number = task.split('-').nth(1).and_then(|it| it.parse().ok()).expect("a name of `task`");
    jiff::Timestamp::from_second(number).unwrap()
}

/// Returns what an export holds: a few tables of a few parts, whose names no other export has, and their markers.
pub(super) fn objects(rng: &mut Rng, task: &str) -> Objects {
    let mut objects = Objects::from([(SHARED.to_owned(), format!("{task}: fixed").into_bytes())]);
    for table in 0..rng.u8(1..5) {
        let folder = format!("db/db.table_{table}/1");
        for part in 0..rng.u8(0..5) {
            let name = format!("{folder}/part-{part:05}-{task}.gz.parquet");
            objects.insert(name.clone(), format!("{task}: {name}").into_bytes());
        }
        objects.insert(format!("{folder}/_SUCCESS"), Vec::new());
    }
    objects
}

#[expect(clippy::disallowed_methods, reason = "what to play comes from the command line")]
fn seed() -> u64 {
    let seed = std::env::var("SEED").ok().and_then(|it| it.parse().ok()).unwrap_or(18);
    eprintln!("SEED={seed}");
    seed
}

/// Plants what happens when S3 is called for the time after the next `skip`: `hook`.
fn at_call(world: &World, skip: usize, rng: &mut Rng, hook: datalake_bot::sandbox::faults::Hook) {
    let at = if rng.bool() { Moment::BeforeEffect } else { Moment::AfterEffect };
    world.front.faults.plant(Fault { skip, ..Fault::once("s3", "*", Kind::Hook { at, hook }) });
}

/// Publishes, and returns whether it was done before it was cut off, as a process that is killed at some call of it.
async fn published(world: &World, client: &Client, task: &str, rng: &mut Rng) -> bool {
    let (from, to) = (at(&format!("raw/{task}")), at("latest/shop"));
    let stamp = stamp(client, &from).await.unwrap();
    let killed = CancellationToken::new();
    if rng.u8(0..10) < 7 {
        let token = killed.clone();
        at_call(world, rng.usize(0..25), rng, Arc::new(move |_| token.cancel()));
    }
    let (progress, stop) = (Progress::default(), CancellationToken::new());
    let publishing = Box::pin(publish(client, &world.front.clock, &from, &to, &stamp, &progress, &stop));
    tokio::select! {
        biased;
        () = killed.cancelled() => false,
        done = publishing => { done.unwrap(); true }
    }
}

#[tokio::test]
async fn through_200_publishes_with_kills_nobody_sees_two_exports_mixed_or_too_little() {
    let seed = seed();
    let mut rng = Rng::with_seed(seed);
    let world = World::start(Pace::default()).await;
    let client = s3_client(&super::sdk(&world.stand_ins, RetryConfig::disabled()));
    let watch = Watch::new(&world, seed);
    let (mut done, mut kills, mut given_up) = (0, 0, 0);
    for number in 0.. {
        let task = task(number);
        watch.export(&task, objects(&mut rng, &task));
        loop {
            watch.begin(&world, &task);
            let published = published(&world, &client, &task, &mut rng).await;
            world.front.faults.clear();
            if published {
                watch.settle(&task);
                done += 1;
                break;
            }
            kills += 1;
            // Now and then nobody tries again, and the next export is published over what there is.
            if rng.u8(0..4) == 0 {
                given_up += 1;
                break;
            }
        }
        if done == PUBLISHES {
            break;
        }
    }
    let (whole, torn) = watch.readings();
    eprintln!("{done} publishes, {kills} kills, {given_up} given up; readings: {whole} whole, {torn} torn");
    assert!(kills > 60 && given_up > 10 && whole > 100 && torn > 100, "the test has tried what it is for");
}

#[tokio::test]
async fn the_program_itself_may_be_killed_anywhere() {
    let seed = seed();
    let mut rng = Rng::with_seed(seed);
    let world = World::start(Pace::default()).await;
    let watch = Watch::new(&world, seed);
    let mut kills = 0;
    for number in 0..PUBLISHES_OF_THE_PROGRAM {
        let task = task(number);
        watch.export(&task, objects(&mut rng, &task));
        loop {
            watch.begin(&world, &task);
            let pid = Arc::new(AtomicU32::new(0));
            let victim = Arc::clone(&pid);
            let hook = Arc::new(move |_| signal_to("-KILL", victim.load(Ordering::Relaxed)));
            at_call(&world, rng.usize(0..25), &mut rng, hook);
            let mut child = program(&world, &task).spawn().unwrap();
            pid.store(child.id().unwrap(), Ordering::Relaxed);
            let status = child.wait().await.unwrap();
            world.front.faults.clear();
            if status.success() {
                break;
            }
            assert_eq!(status.code(), None, "it was killed, and did not fail");
            kills += 1;
        }
        watch.settle(&task);
    }
    let (whole, torn) = watch.readings();
    eprintln!("{PUBLISHES_OF_THE_PROGRAM} publishes, {kills} kills; readings: {whole} whole, {torn} torn");
    assert!(kills > 0 && whole > 0, "the test has tried what it is for");
}

/// Returns the command `publish`, of one export.
fn program(world: &World, task: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_datalake-bot"));
    command
        .args(["publish", "--region", REGION, "--from", &format!("s3://{BUCKET}/raw/{task}")])
        .args(["--to", "s3://lake/latest/shop"])
        .env_clear()
        .env("AWS_ENDPOINT_URL_S3", &world.stand_ins.endpoints.s3)
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    command
}
