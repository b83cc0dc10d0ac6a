//! The queue: poison delays nobody and is told once, slow messages are not received twice, outages cost no message.

use std::{collections::HashMap, time::Duration};

use datalake_bot::sandbox::{
    faults::{Fault, Kind, Moment},
    world::World,
};
use jiff::Timestamp;

use crate::harness::{Bot, options};

const QUEUE: &str = "datalake-bot";
const DEAD: &str = "datalake-bot-dead";

/// When messages were deleted, by id.
fn deleted(bot: &Bot) -> HashMap<String, Timestamp> {
    let calls = bot.effects("sqs", "DeleteMessage");
    calls.iter().filter_map(|it| Some((it.note["message_id"].as_str()?.to_owned(), it.at))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_delays_nobody_is_told_once_each_and_ends_in_the_dead_letter_queue() {
    let bot = Bot::start().await;
    let (mut good, mut poison) = (Vec::new(), Vec::new());
    for n in 0..110 {
        let body =
            if n % 11 == 0 { format!("poison {n}, password=hunter2") } else { format!(r#"{{"request":"no-{n}"}}"#) };
        let id = bot.world.sqs.send(QUEUE, &body).unwrap();
        if n % 11 == 0 {
            poison.push(id);
        } else {
            good.push(id);
        }
    }
    let handled = async || good.iter().all(|it| deleted(&bot).contains_key(it)).then_some(());
    bot.until("every good message is handled", handled).await;
    assert!(bot.world.sqs.messages(DEAD).len() < poison.len(), "before all poison has been received five times");
    let buried = async || (bot.world.sqs.messages(DEAD).len() == poison.len()).then_some(());
    bot.until("the poison is in the dead-letter queue", buried).await;
    let dead: Vec<String> = bot.world.sqs.messages(DEAD).into_iter().map(|it| it.id).collect();
    assert!(poison.iter().all(|it| dead.contains(it)), "{dead:?}");
    assert!(bot.world.sqs.messages(DEAD).iter().all(|it| it.received == 5), "received as often as the queue says");
    let told = async || (bot.notices().len() == poison.len()).then_some(());
    bot.until("each is told", told).await;
    for id in &poison {
        let alerts = bot.notices().iter().filter(|it| it.blocks.iter().any(|it| it.to_string().contains(id))).count();
        assert_eq!(alerts, 1, "{id}");
    }
    assert!(!bot.notices().iter().any(|it| it.blocks.iter().any(|it| it.to_string().contains("hunter2"))));
    bot.assert_nothing_twice(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_dead_letter_queue_the_notice_keeps_what_is_deleted() {
    let world = World::start(options()).await.unwrap();
    let url = world.sqs.create_queue("plain", &[]).unwrap();
    let bot = Bot::start_in(world, |config| config.replace(&config_queue(&config), &url)).await;
    let id = bot.world.sqs.send("plain", "no event at all").unwrap();
    let gone = async || bot.world.sqs.messages("plain").is_empty().then_some(());
    bot.until("the poison is deleted", gone).await;
    assert!(deleted(&bot).contains_key(&id));
    assert!(bot.state_keys().await.contains(&format!("NOTICE#poison:{id}")));
    bot.noticed("no dead-letter queue").await;
    assert_eq!(bot.notices().len(), 1);
}

fn config_queue(config: &str) -> String {
    let line = config.lines().find(|it| it.starts_with("queue_url")).unwrap();
    line.split('"').nth(1).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_message_delays_no_other_and_comes_once() {
    let bot = Bot::start().await;
    let slow = Kind::Delay { at: Moment::BeforeEffect, by: Duration::from_secs(12) };
    let name = "rds:school-db-slow";
    bot.world.front.faults.plant(Fault::once("rds", "DescribeDBClusterSnapshots", slow).containing("slow").times(2));
    let event = serde_json::json!({
        "source": "aws.rds", "detail-type": "RDS DB Cluster Snapshot Event",
        "detail": { "EventID": "RDS-EVENT-0169", "SourceIdentifier": name,
            "SourceArn": format!("arn:aws:rds:ap-northeast-1:123456789012:cluster-snapshot:{name}") },
    });
    let id = bot.world.sqs.send(QUEUE, &event.to_string()).unwrap();
    let taken = async || bot.world.sqs.messages(QUEUE).iter().any(|it| it.id == id && it.received == 1).then_some(());
    bot.until("the slow one is under work", taken).await;
    let quick = bot.world.sqs.send(QUEUE, r#"{"request":"no-such"}"#).unwrap();
    bot.until("the quick one is handled", async || deleted(&bot).get(&quick).copied()).await;
    assert!(!deleted(&bot).contains_key(&id), "it has not waited for the slow one");
    bot.until("the slow one is handled", async || deleted(&bot).get(&id).copied()).await;
    let hidden = bot.effects("sqs", "ChangeMessageVisibility");
    assert!(hidden.iter().any(|it| it.note["message_id"] == id.as_str() && it.note["seconds"] == 30), "{hidden:?}");
    let receives = bot.effects("sqs", "ReceiveMessage");
    let times = receives.iter().filter(|it| it.note["message_ids"].to_string().contains(&id)).count();
    assert_eq!(times, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_followed_now_comes_again_soon() {
    let bot = Bot::start().await;
    let kind =
        || Kind::Refuse { status: 400, code: "AccessDeniedException".into(), message: "no".into(), retry_after: None };
    bot.world.front.faults.plant(Fault::once("dynamodb", "Query", kind()).times(usize::MAX));
    let id = bot.world.sqs.send(QUEUE, &job_ended()).unwrap();
    let later = async || {
        let hidden = bot.effects("sqs", "ChangeMessageVisibility");
        hidden.into_iter().find(|it| it.note["message_id"] == id.as_str())
    };
    assert_eq!(bot.until("it is put off", later).await.note["seconds"], 5);
    bot.world.front.faults.clear();
    bot.until("it is followed", async || deleted(&bot).get(&id).copied()).await;
}

fn job_ended() -> String {
    let detail = serde_json::json!({ "jobName": "school-normal", "state": "SUCCEEDED" });
    serde_json::json!({ "source": "aws.glue", "detail-type": "Glue Job State Change", "detail": detail }).to_string()
}
