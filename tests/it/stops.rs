//! SIGTERM at bad moments: what was acknowledged is in the records, what was under way is given back, and it is soon over.

use std::time::Duration;

use datalake_bot::{
    domain::{run::RunStatus, stage::StageId},
    sandbox::{
        faults::{Fault, Kind, Moment},
        sqs::{Peek, Place},
        world::World,
    },
};
use futures_util::future::join_all;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use rstest::rstest;
use tokio::time::{Instant, sleep};

use crate::harness::{ANA, Bot, CHANNEL, options};

/// Asks the bot to stop, and asserts that it does so well within what an orchestrator allows.
async fn stop(bot: &mut Bot) {
    bot.terminate();
    let asked = Instant::now();
    let status = bot.ended().await;
    assert!(status.success() && asked.elapsed() < Duration::from_secs(25), "{status} after {:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_cut_off_is_taken_over_at_once() {
    // Nobody would go on for a minute if the copy were not given back.
    let world = World::start(datalake_bot::sandbox::world::Options { lease: "60s", ..options() }).await.unwrap();
    let mut bot = Bot::start_in(world, |config| config).await;
    let slow = Kind::Delay { at: Moment::BeforeEffect, by: Duration::from_secs(60) };
    bot.world.front.faults.plant(Fault::once("s3", "CopyObject", slow).times(10_000));
    bot.slash(ANA, "/datalake run school").await;
    let copying = async || bot.runs().await.pop().filter(|it| it.stage(StageId::Latest).intent.is_some());
    bot.until("the copy has begun", copying).await;
    stop(&mut bot).await;
    let run = bot.runs().await.remove(0);
    assert_eq!((run.status, &run.stage(StageId::Latest).intent), (RunStatus::Running, &None));
    bot.world.front.faults.clear();
    bot.spawn().await;
    let begun = Instant::now();
    bot.until("the copy goes on", async || bot.effects("s3", "CopyObject").pop()).await;
    assert!(begun.elapsed() < Duration::from_secs(30), "taken over after {:?}", begun.elapsed());
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
    bot.assert_nothing_twice(1);
}

/// Each command at 50 a second gets its answer, up to the one at which the doors are closed; each that was called
/// recorded is in the table.
#[rstest]
#[case::early(200)]
#[case::late(900)]
#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledgement_is_dropped(#[case] after: u64) {
    let mut bot = Bot::start().await;
    let slow = Kind::Delay { at: Moment::BeforeEffect, by: Duration::from_millis(300) };
    bot.world.front.faults.plant(Fault::once("dynamodb", "PutItem", slow).containing("REQUEST#").times(10_000));
    let commands = (0..100).map(|n| {
        let slack = std::sync::Arc::clone(&bot.world.slack);
        async move {
            sleep(Duration::from_millis(n * 20)).await;
            slack.slash(ANA, CHANNEL, "/datalake cancel no-such-run").await
        }
    });
    let terminate = async {
        sleep(Duration::from_millis(after)).await;
        bot.terminate();
        Instant::now()
    };
    let (answers, asked) = tokio::join!(join_all(commands), terminate);
    let status = bot.ended().await;
    assert!(status.success() && asked.elapsed() < Duration::from_secs(25), "{status}");
    let answers: Vec<_> = answers.into_iter().filter_map(Result::ok).collect();
    let recorded = answers.iter().filter(|it| it.status == 200 && it.body.contains("Recorded")).count();
    assert!(recorded >= usize::try_from(after / 20).unwrap(), "{recorded} of {answers:?}");
    let requests = bot.state_keys().await.into_iter().filter(|it| it.starts_with("REQUEST#")).count();
    assert!(requests >= recorded, "{recorded} were acknowledged, {requests} are in the table");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_hang_do_not_hold_a_stop_up() {
    let mut bot = Bot::start().await;
    bot.slash(ANA, "/datalake run school").await;
    bot.until("the export has begun", async || bot.effects("rds", "StartExportTask").pop()).await;
    for service in ["rds", "glue", "s3", "dynamodb", "sqs", "slack"] {
        let hang = Kind::Delay { at: Moment::BeforeEffect, by: Duration::from_secs(120) };
        bot.world.front.faults.plant(Fault::once(service, "*", hang).times(10_000));
    }
    sleep(Duration::from_secs(1)).await;
    stop(&mut bot).await;
    bot.world.front.faults.clear();
    bot.spawn().await;
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
    bot.assert_nothing_twice(1);
}

/// Asks for `/readyz`; returns status and body.
async fn ready(address: &str) -> Option<(u16, String)> {
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.get(format!("http://{address}/readyz").parse().unwrap()).await.ok()?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.ok()?.to_bytes();
    Some((status, String::from_utf8_lossy(&body).into_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stops_says_so_before_its_doors_close() {
    let admin = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let line = format!("admin_listen = \"{admin}\"");
    let world = World::start(options()).await.unwrap();
    let edit = |config: String| config.replace("admin_listen = \"127.0.0.1:0\"", &line);
    let mut bot = Bot::start_in(world, edit).await;
    let is_ready = async || ready(&admin).await.filter(|it| *it == (200, "ready".to_owned()));
    bot.until("it has reached the records", is_ready).await;
    bot.terminate();
    let told = async || ready(&admin).await.filter(|(status, _)| *status == 503);
    assert_eq!(bot.until("it says so", told).await.1, "stopping");
    assert!(bot.slash(ANA, "/datalake run school").await.contains("Recorded"), "whoever knocks is still answered");
    assert!(bot.ended().await.success());
    assert!(bot.state_keys().await.iter().any(|it| it.starts_with("REQUEST#")));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_under_work_are_given_back() {
    let mut bot = Bot::start().await;
    let hang = Kind::Delay { at: Moment::BeforeEffect, by: Duration::from_secs(120) };
    bot.world.front.faults.plant(Fault::once("rds", "DescribeDBClusterSnapshots", hang).times(10_000));
    bot.world.aws.rds.create_automated_snapshot("school-db").unwrap();
    // Not the one that says that the snapshot is being made.
    let is_it = |it: &Peek| it.received > 0 && it.body.contains("RDS-EVENT-0169");
    let held = async || bot.world.sqs.messages("datalake-bot").into_iter().find(is_it);
    let message = bot.until("the event is under work", held).await;
    stop(&mut bot).await;
    let visible = async || {
        let messages = bot.world.sqs.messages("datalake-bot");
        messages.into_iter().find(|it| it.id == message.id && it.place == Place::Visible)
    };
    let begun = Instant::now();
    bot.until("the event can be received by others", visible).await;
    assert!(begun.elapsed() < Duration::from_secs(15), "it was given back, not left to its time-out");
    bot.world.front.faults.clear();
    bot.spawn().await;
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
}
