//! What people are told beside the runs: once per cause, whatever is killed, and changed when it is solved.

use aws_sdk_dynamodb::types::AttributeValue;
use datalake_bot::{
    domain::run::RunStatus,
    sandbox::{
        faults::{Fault, Kind, Moment},
        history::Entry,
        world::World,
    },
};
use rstest::rstest;

use crate::harness::{ANA, Bot, name, options};

/// Waits until the bot has asked the records so many times more for what has `key`.
async fn looked_at(bot: &Bot, key: &str, times: usize) {
    let is_look =
        |it: &Entry| it.service == "dynamodb" && it.operation == "GetItem" && it.note.to_string().contains(key);
    let looks = || bot.world.front.history.all().iter().filter(|it| is_look(it)).count();
    let wanted = looks() + times;
    bot.until(&format!("{key} is looked at"), async || (looks() >= wanted).then_some(())).await;
}

/// Adds a line to the source `school` of the configuration.
fn school(config: &str, line: &str) -> String {
    let name = "name = \"school\"\n";
    config.replace(name, &format!("{name}{line}\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_overdue_is_told_once_until_the_next_success_and_anew_after_it() {
    let world = World::start(options()).await.unwrap();
    let bot = Bot::start_in(world, |config| school(&config, "expect_every = \"3s\"")).await;
    let first = bot.noticed("has succeeded yet").await;
    // Each sweep looks for a miss.
    looked_at(&bot, "WATCH#school", 4).await;
    assert_eq!(bot.notices().len(), 1, "the same miss is told once");
    bot.slash(ANA, "/datalake run school").await;
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
    let solved = bot.noticed("Solved: school").await;
    assert_eq!(solved.ts, first.ts, "edited in place");
    let again = bot.noticed("for more than").await;
    assert_ne!(again.ts, first.ts);
    assert_eq!(bot.notices().len(), 2);
    bot.assert_nothing_twice(1);
}

#[rstest]
#[case::before_it_is_posted("dynamodb", "PutItem", "NOTICE#", Moment::AfterEffect)]
#[case::while_it_is_posted("slack", "chat.postMessage", "poison:", Moment::AfterEffect)]
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_costs_no_notice(
    #[case] service: &'static str,
    #[case] operation: &str,
    #[case] containing: &str,
    #[case] at: Moment,
) {
    let mut bot = Bot::start().await;
    let hook = bot.killer();
    bot.world.front.faults.plant(Fault::once(service, operation, Kind::Hook { at, hook }).containing(containing));
    bot.world.sqs.send("datalake-bot", "poison").unwrap();
    bot.ended().await;
    bot.spawn().await;
    bot.noticed("poison").await;
    let buried = async || bot.world.sqs.messages("datalake-bot-dead").pop();
    bot.until("the poison is in the dead-letter queue", buried).await;
    assert_eq!(bot.notices().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_another_version_is_told_of_and_left_alone() {
    let bot = Bot::start().await;
    bot.world.aws.glue.hold_runs("school-normal", datalake_bot::sandbox::aws::RunState::Running);
    bot.slash(ANA, "/datalake run school").await;
    bot.until("the job has begun", async || bot.effects("glue", "StartJobRun").pop()).await;
    let run = bot.runs().await.remove(0);
    let client = aws_sdk_dynamodb::Client::new(&bot.world.sdk_config());
    let state = AttributeValue::S("RESTING".to_owned());
    let edit = client.update_item().table_name("datalake-runs");
    let edit = edit.key("export_task", AttributeValue::S(name(&run).to_owned()));
    let edit = edit.update_expression("SET #s = :s ADD version :one").expression_attribute_names("#s", "status");
    let edit = edit.expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
    edit.expression_attribute_values(":s", state.clone()).send().await.unwrap();
    bot.noticed("RESTING").await;
    let before = bot.items().await.remove(0);
    bot.world.aws.glue.release_runs("school-normal");
    // The end of the job is told by an event, which leads to the record.
    looked_at(&bot, name(&run), 2).await;
    let after = bot.items().await.remove(0);
    assert_eq!((after.get("status"), after.get("version")), (Some(&state), before.get("version")), "no change");
    assert_eq!(bot.notices().len(), 1, "told once");
    let answer = bot.slash(ANA, "/datalake list school").await;
    assert!(!answer.contains("went wrong"), "other runs are still shown: {answer}");
}
