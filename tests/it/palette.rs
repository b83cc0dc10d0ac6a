//! A run's stages as a plan, where the workspace takes one; plainly where it does not.

use datalake_bot::{domain::run::RunStatus, sandbox::world::World};
use serde_json::Value;

use crate::harness::{ANA, Bot, CHANNEL, key, options};

fn root(bot: &Bot) -> Vec<Value> {
    let mut roots = bot.messages(CHANNEL).into_iter().filter(|it| key(it) == "root");
    let root = roots.next().expect("a run has its message");
    assert_eq!(roots.next(), None, "one message for a run");
    root.blocks
}

fn plan(blocks: &[Value]) -> Option<&Value> {
    blocks.iter().find(|it| it["type"] == "plan")
}

/// Returns how many calls Slack has refused for their blocks.
fn refusals(bot: &Bot) -> usize {
    let calls = bot.world.front.history.all();
    calls.iter().filter(|it| it.service == "slack" && it.error.as_deref() == Some("invalid_blocks")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_a_plan_of_its_stages() {
    let bot = Bot::start().await;
    bot.slash(ANA, "/datalake run school").await;
    let run = bot.run_shown().await;
    assert_eq!(run.status, RunStatus::Succeeded);
    let blocks = root(&bot);
    let plan = plan(&blocks).expect("a plan");
    assert!(plan["title"].as_str().unwrap().starts_with("Refreshed school in "), "{plan}");
    let tasks = plan["tasks"].as_array().unwrap();
    let ids: Vec<&str> = tasks.iter().map(|it| it["task_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["snapshot", "export", "verify", "latest", "normal.transform", "normal.catalog"]);
    assert!(tasks.iter().all(|it| it["status"] == "complete"), "{plan}");
    assert_eq!(refusals(&bot), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_plans_are_refused_the_run_is_shown_plainly_and_no_plan_is_tried_again() {
    let world = World::start(options()).await.unwrap();
    world.slack.refuse_block("plan", true);
    let mut bot = Bot::start_in(world, |config| config).await;
    bot.slash(ANA, "/datalake run school").await;
    let run = bot.run_shown().await;
    assert_eq!((run.status, refusals(&bot)), (RunStatus::Succeeded, 1));
    let blocks = root(&bot);
    assert!(plan(&blocks).is_none() && blocks.iter().any(|it| it.to_string().contains("Updated the normal catalog")));
    assert!(bot.state_keys().await.contains(&"BLOCKS#T0DATALAKE1".to_owned()));

    // The next process knows it from the records.
    bot.terminate();
    bot.ended().await;
    bot.spawn().await;
    bot.world.aws.rds.create_automated_snapshot("school-db").unwrap();
    let both =
        async || (bot.runs().await.iter().filter(|it| it.status == RunStatus::Succeeded).count() == 2).then_some(());
    bot.until("another run succeeds", both).await;
    let shown = async || (bot.messages(CHANNEL).iter().filter(|it| key(it) == "end:0").count() == 2).then_some(());
    bot.until("and is shown", shown).await;
    assert_eq!(refusals(&bot), 1);
    bot.assert_nothing_twice(2);
}
