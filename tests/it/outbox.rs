//! The way out to Slack: nothing is lost while Slack does not take it, and what stands in the way is told.

use datalake_bot::{
    domain::run::{Run, RunStatus},
    sandbox::{
        faults::{Fault, Kind, Moment},
        slack::Limits,
        world::World,
    },
};
use rstest::rstest;

use crate::harness::{ANA, Bot, CHANNEL, key, name, options};

/// A Slack that is down: every call meets `kind` until the faults are cleared.
fn down(bot: &Bot, kind: Kind) {
    bot.world.front.faults.plant(Fault::once("slack", "*", kind).times(usize::MAX));
}

fn refuse(status: u16, code: &str, retry_after: Option<u64>) -> Kind {
    Kind::Refuse { status, code: code.to_owned(), message: String::new(), retry_after }
}

async fn over(bot: &Bot) -> Run {
    let ended = async || bot.runs().await.into_iter().find(|it| it.status.is_over());
    bot.until("the run is over", ended).await
}

/// Returns what `runs show` prints of a run.
async fn show(bot: &Bot, run: &Run) -> String {
    let mut command = bot.command(&["runs", "show", name(run)]);
    let output = command.stdout(std::process::Stdio::piped()).output().await.unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Waits until `runs show` says `words`.
async fn told(bot: &Bot, run: &Run, words: &str) {
    let shown = async || show(bot, run).await.contains(words).then_some(());
    bot.until(&format!("`runs show` says: {words}"), shown).await;
}

#[rstest]
#[case::errors(refuse(503, "service_unavailable", None))]
#[case::lost_connections(Kind::Reset { at: Moment::BeforeEffect })]
#[case::lost_answers(Kind::Reset { at: Moment::AfterEffect })]
#[case::limits(refuse(429, "ratelimited", Some(1)))]
#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_without_slack_and_is_shown_afterwards(#[case] kind: Kind) {
    let bot = Bot::start().await;
    // Who may run things is asked of Slack: the run is begun from the command line.
    down(&bot, kind);
    let status = bot.command(&["runs", "start", "school"]).status().await.unwrap();
    assert!(status.success());
    assert_eq!(over(&bot).await.status, RunStatus::Succeeded);
    bot.world.front.faults.clear();
    bot.run_shown().await;
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_and_an_archived_channel_are_told_and_mended() {
    let bot = Bot::start().await;
    bot.world.slack.revoke_token(true);
    assert!(bot.command(&["runs", "start", "school"]).status().await.unwrap().success());
    let run = over(&bot).await;
    told(&bot, &run, "does not accept the bot's token").await;
    bot.world.slack.archive(CHANNEL, true);
    bot.world.slack.revoke_token(false);
    told(&bot, &run, "The channel is archived: unarchive it").await;
    bot.world.slack.archive(CHANNEL, false);
    bot.run_shown().await;
    bot.assert_nothing_twice(1);
    assert!(!show(&bot, &run).await.contains("unsent"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_that_was_deleted_comes_back_once() {
    let bot = Bot::start().await;
    bot.world.aws.rds.hold_exports("school", datalake_bot::sandbox::aws::ExportStatus::InProgress);
    bot.slash(ANA, "/datalake run school").await;
    let root = bot.button(CHANNEL, "run.cancel").await;
    bot.until("the snapshot's reply", async || {
        bot.messages(CHANNEL).into_iter().find(|it| key(it) == "stage:snapshot:1")
    })
    .await;
    bot.world.slack.delete_message(CHANNEL, &root.ts);
    bot.world.aws.rds.release_exports();
    let again = bot
        .until("the root is there again", async || {
            bot.messages(CHANNEL).into_iter().find(|it| key(it) == "root" && it.ts != root.ts)
        })
        .await;
    bot.world.slack.delete_message(CHANNEL, &again.ts);
    let run = bot.run_shown().await;
    assert_eq!(run.status, RunStatus::Succeeded);
    let keys: Vec<String> = bot.messages(CHANNEL).iter().map(key).collect();
    assert_eq!(keys.iter().filter(|it| *it == "root").count(), 0, "{keys:?}");
    assert_eq!(keys.iter().filter(|it| *it == "stage:snapshot:1").count(), 1, "it is not told again: {keys:?}");
    told(&bot, &run, "deleted twice").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_post_each_message_once_at_one_pace() {
    let world = World::start(options()).await.unwrap();
    world.slack.set_limits(Limits::default());
    let bot = Bot::start_in(world, |config| config).await;
    let replicas = [bot.replica().await, bot.replica().await];
    for source in ["school", "learning"] {
        bot.slash(ANA, &format!("/datalake run {source}")).await;
    }
    bot.run_shown().await;
    drop(replicas);
    let refused = |method: &str| {
        let calls = bot.world.front.history.calls("slack", method);
        (calls.iter().filter(|it| it.error.is_some()).count(), calls.len())
    };
    for method in ["chat.postMessage", "chat.update"] {
        let (refused, all) = refused(method);
        // On a busy machine calls may arrive nearer to each other than they were let go.
        assert!(refused * 10 <= all, "{refused} of {all} calls of {method}");
    }
    let mut keys: Vec<String> = bot.messages(CHANNEL).iter().map(|it| format!("{:?}", it.metadata)).collect();
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all, "a message was posted twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_could_not_be_told_is_told_again() {
    let bot = Bot::start().await;
    bot.world.front.faults.plant(Fault::once("slack", "response_url", refuse(503, "service_unavailable", None)));
    bot.slash(ANA, "/datalake run school").await;
    bot.told(ANA, "The run begins now").await;
}

#[rstest]
#[case::while_the_intent_is_written("PutItem", "\"posting\"")]
#[case::while_it_looks_which_blocks_the_workspace_takes("GetItem", "\"BLOCKS#")]
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_slept_between_intent_and_post_does_not_post(#[case] call: &str, #[case] containing: &str) {
    let bot = Bot::start().await;
    let stop = Kind::Hook { at: Moment::AfterEffect, hook: bot.signaler("-STOP") };
    bot.world.front.faults.plant(Fault::once("dynamodb", call, stop).containing(containing));
    bot.slash(ANA, "/datalake run school").await;
    let replica = bot.replica().await;
    let shown = async || bot.messages(CHANNEL).into_iter().find(|it| key(it) == "root");
    bot.until("the other one takes over", shown).await;
    bot.signal("-CONT");
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
    drop(replica);
    // When the sleeper has posted of another run, it has done what it would have done of the first.
    bot.slash(ANA, "/datalake run learning").await;
    let roots = async || (bot.messages(CHANNEL).iter().filter(|it| key(it) == "root").count() > 1).then_some(());
    bot.until("the other run is shown", roots).await;
    let exported = async || (bot.effects("rds", "StartExportTask").len() == 2).then_some(());
    bot.until("the other run is exported", exported).await;
    bot.assert_nothing_twice(2);
}
