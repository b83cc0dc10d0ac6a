//! Going back to older data: told first, done once, told to everybody, and left again by the next newer snapshot.

use std::process::Stdio;

use datalake_bot::{
    domain::{
        run::{Run, RunStatus},
        stage::StageId,
    },
    sandbox::{
        aws::SnapshotType,
        faults::{Fault, Kind, Moment},
        slack::Posted,
        world::{BUCKET, World},
    },
};
use rstest::rstest;

use crate::{
    fleet::Fleet,
    harness::{ANA, Bot, CHANNEL, Judge, KENJI, MINA, OLGA, has, key, name, options},
};

pub(crate) const CONFIRM: &str = "rollback.confirm";

/// What the manifest says whose data is published.
pub(crate) fn published(judge: &Judge, source: &str) -> String {
    let bytes = judge.world.aws.s3.get(BUCKET, &format!("latest/{source}/_manifest.json")).unwrap_or_default();
    let manifest: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    manifest["export_task"].as_str().unwrap_or_default().to_owned()
}

pub(crate) async fn record(judge: &Judge, run: &Run) -> Run {
    judge.runs().await.into_iter().find(|it| it.export_task == run.export_task).unwrap()
}

/// Waits for a run of `source` that has succeeded, and is none of `known`.
pub(crate) async fn succeeded(bot: &Bot, source: &str, known: &[&Run]) -> Run {
    let is_new = |it: &Run| it.source == source && known.iter().all(|known| known.export_task != it.export_task);
    let found = async || bot.runs().await.into_iter().find(|it| is_new(it) && it.status == RunStatus::Succeeded);
    bot.until("another run succeeds", found).await
}

/// RDS makes a snapshot, as each night; what tells it from others is its name, for a minute is long here.
pub(crate) fn night(world: &World, source: &str, name: &str) {
    let server = format!("{source}-db");
    world.aws.rds.create_snapshot(&server, &format!("rds:{server}-{name}"), SnapshotType::Automated).unwrap();
}

/// Two nights of `school`, the older first.
pub(crate) async fn two_nights(bot: &Bot) -> (Run, Run) {
    bot.slash(ANA, "/datalake run school").await;
    let older = succeeded(bot, "school", &[]).await;
    night(&bot.world, "school", "second");
    let newer = succeeded(bot, "school", &[&older]).await;
    assert_eq!(published(bot, "school"), name(&newer));
    (older, newer)
}

/// The newest message that only `user` sees and that has the button.
fn preview(judge: &Judge, user: &str) -> Option<Posted> {
    let mut messages = judge.world.slack.messages(CHANNEL).into_iter();
    messages.rfind(|it| it.only_for.as_deref() == Some(user) && has(it, CONFIRM))
}

pub(crate) async fn previewed(bot: &Bot, user: &str, words: &str) -> Posted {
    bot.slash(user, &format!("/datalake rollback {words}")).await;
    bot.until("what it would do is told", async || preview(bot, user)).await
}

pub(crate) async fn back_to(bot: &Bot, run: &Run) -> Run {
    let done = async || Some(record(bot, run).await).filter(|it| it.rollback.is_some() && it.has_succeeded());
    bot.until("it is rolled back", done).await
}

/// Waits for a message that everybody sees, with a key that begins so, and words.
async fn told(bot: &Bot, start: &str, words: &str) -> Posted {
    // One post may tell several replies, under the key of another.
    let shows = |it: &Posted| {
        (start != "root" || key(it).starts_with(start)) && it.blocks.iter().any(|it| it.to_string().contains(words))
    };
    bot.until(words, async || bot.messages(CHANNEL).into_iter().find(shows)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_rolled_back_and_goes_on_with_the_next_snapshot() {
    let bot = Bot::start().await;
    let (older, newer) = two_nights(&bot).await;
    let preview = previewed(&bot, ANA, "school --reason half the rows are missing").await;
    let shown = serde_json::to_string(&preview.blocks).unwrap();
    assert!(shown.contains(name(&older)) && shown.contains(name(&newer)) && shown.contains("\"danger\""), "{shown}");
    assert_eq!(published(&bot, "school"), name(&newer), "nothing is done yet");
    bot.world.slack.press(ANA, CHANNEL, &preview.ts, CONFIRM).await.unwrap();

    let back = back_to(&bot, &older).await;
    assert_eq!(published(&bot, "school"), name(&older));
    let rollback = back.rollback.clone().unwrap();
    assert_eq!((rollback.from.as_str(), rollback.by.as_str()), (name(&newer), ANA));
    assert_eq!(back.stage(StageId::NormalTransform).attempt, 2, "its layers are done again");
    let mark = record(&bot, &newer).await.rolled_back_to.unwrap();
    assert_eq!(mark.to, older.export_task);
    told(&bot, "rollback:", "rolled school back to this run").await;
    told(&bot, "rolled_back:", "rolled school back from this run").await;
    told(&bot, "root", "half the rows are missing").await;

    night(&bot.world, "school", "third");
    let third = succeeded(&bot, "school", &[&older, &newer]).await;
    assert_eq!(published(&bot, "school"), name(&third));
    bot.assert_nothing_twice(3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rolled_back_from_can_be_brought_back() {
    let bot = Bot::start().await;
    let (older, newer) = two_nights(&bot).await;
    let preview = previewed(&bot, ANA, "school").await;
    bot.world.slack.press(ANA, CHANNEL, &preview.ts, CONFIRM).await.unwrap();
    back_to(&bot, &older).await;
    bot.slash(ANA, &format!("/datalake rollback school --to {}", name(&newer))).await;
    bot.told(ANA, "has rolled back from run").await;
    bot.slash(ANA, &format!("/datalake retry {} --from latest", name(&newer))).await;
    let again = async || (published(&bot, "school") == name(&newer)).then_some(());
    bot.until("the newer data is published again", again).await;
    assert!(record(&bot, &newer).await.rolled_back_to.is_none());
    let older = record(&bot, &older).await;
    assert!(older.rollback.is_none() && older.past_rollbacks.len() == 1, "it may not replace newer data again");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sensitive_layer_is_approved_again_by_somebody_else() {
    let bot = Bot::start().await;
    // Kenji may approve, but not what he has rolled back himself.
    bot.world.slack.set_group_members("S0PRIVACY01", &[KENJI, MINA]);
    let approve = async |by: &str, known: &[String]| {
        let open = |it: &Posted| has(it, "approval.approve") && !known.contains(&it.ts);
        let asked = bot.until("people are asked", async || bot.messages(CHANNEL).into_iter().find(open)).await;
        bot.world.slack.press(by, CHANNEL, &asked.ts, "approval.approve").await.unwrap();
        asked.ts
    };
    bot.slash(ANA, "/datalake run learning").await;
    approve(MINA, &[]).await;
    let older = succeeded(&bot, "learning", &[]).await;
    night(&bot.world, "learning", "second");
    approve(MINA, &[]).await;
    let newer = succeeded(&bot, "learning", &[&older]).await;

    let preview = previewed(&bot, KENJI, "learning").await;
    bot.world.slack.press(KENJI, CHANNEL, &preview.ts, CONFIRM).await.unwrap();
    let asked = approve(KENJI, &[]).await;
    bot.until("his own press does not count", async || {
        (!bot.world.slack.ephemeral(KENJI).iter().all(|it| !it.contains("操作は無効です"))).then_some(())
    })
    .await;
    let waits = record(&bot, &older).await;
    assert_eq!((waits.status, published(&bot, "learning").as_str()), (RunStatus::WaitingApproval, name(&older)));
    let request = bot.messages(CHANNEL).into_iter().find(|it| it.ts == asked).unwrap();
    assert!(serde_json::to_string(&request.blocks).unwrap().contains(name(&newer)), "it says that it is a rollback");
    approve(MINA, &[]).await;
    back_to(&bot, &older).await;
    assert_eq!(bot.effects("glue", "StartJobRun").len(), 6);
    bot.assert_nothing_twice(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_with_the_reason() {
    let bot = Bot::start().await;
    let refused = async |user: &str, words: &str, why: &str| {
        bot.slash(user, &format!("/datalake rollback {words}")).await;
        bot.told(user, why).await;
    };
    refused(ANA, "school", "that says what is published").await;
    bot.slash(ANA, "/datalake run school").await;
    let older = succeeded(&bot, "school", &[]).await;
    refused(ANA, "school", "no older run to go back to").await;
    refused(ANA, &format!("school --to {}", name(&older)), "is what is published").await;
    assert!(bot.slash(OLGA, "/datalake rollback school").await.contains("you need the right"));
    night(&bot.world, "school", "second");
    let newer = succeeded(&bot, "school", &[&older]).await;
    let preview = previewed(&bot, ANA, "school").await;
    night(&bot.world, "school", "third");
    let third = succeeded(&bot, "school", &[&older, &newer]).await;
    bot.world.slack.press(ANA, CHANNEL, &preview.ts, CONFIRM).await.unwrap();
    bot.told(ANA, "something else has been published").await;
    assert_eq!(published(&bot, "school"), name(&third));
    bot.world.aws.s3.put(BUCKET, "latest/school/_manifest.json", "{cut off").unwrap();
    refused(ANA, "school", "cannot be read").await;
    assert_eq!(bot.effects("glue", "StartJobRun").len(), 3, "one for each night, and none for what was refused");
}

#[rstest]
#[case::before_it_is_written("dynamodb", "TransactWriteItems", "rolled_back_to", Moment::BeforeEffect)]
#[case::after_it_is_written("dynamodb", "TransactWriteItems", "rolled_back_to", Moment::AfterEffect)]
#[case::in_the_copy("s3", "CopyObject", "", Moment::AfterEffect)]
#[case::before_the_manifest("s3", "PutObject", "_manifest.json", Moment::BeforeEffect)]
#[case::after_the_manifest("s3", "PutObject", "_manifest.json", Moment::AfterEffect)]
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_costs_nothing(
    #[case] service: &'static str,
    #[case] operation: &'static str,
    #[case] containing: &'static str,
    #[case] at: Moment,
) {
    let mut bot = Bot::start().await;
    let (older, _) = two_nights(&bot).await;
    let preview = previewed(&bot, ANA, "school").await;
    let kill = Kind::Hook { at, hook: bot.killer() };
    bot.world.front.faults.plant(Fault::once(service, operation, kill).containing(containing));
    let _ = bot.world.slack.press(ANA, CHANNEL, &preview.ts, CONFIRM).await;
    bot.ended().await;
    bot.spawn().await;
    let back = back_to(&bot, &older).await;
    assert_eq!((back.past_rollbacks.len(), published(&bot, "school").as_str()), (0, name(&older)));
    bot.assert_nothing_twice(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_presses_at_two_replicas_are_one_rollback() {
    let mut fleet = Fleet::start(2, options()).await;
    fleet.slash(ANA, "/datalake run school").await;
    let count = async |judge: &Judge, wanted: usize| {
        let done = judge.runs().await.into_iter().filter(Run::has_succeeded).count();
        (done == wanted).then_some(())
    };
    fleet.until("the first", async |judge: &Judge| count(judge, 1).await).await;
    night(&fleet.judge.world, "school", "second");
    fleet.until("the second", async |judge: &Judge| count(judge, 2).await).await;
    fleet.slash(ANA, "/datalake rollback school").await;
    let told = fleet.until("the preview", async |judge: &Judge| preview(judge, ANA)).await;
    for at in 0..2 {
        fleet.judge.world.slack.set_bot_url(&fleet.url(at));
        fleet.judge.world.slack.press(ANA, CHANNEL, &told.ts, CONFIRM).await.unwrap();
    }
    let back =
        async |judge: &Judge| judge.runs().await.into_iter().find(|it| it.rollback.is_some() && it.has_succeeded());
    let run = fleet.until("it is rolled back", back).await;
    assert!(run.past_rollbacks.is_empty() && run.stage(StageId::NormalTransform).attempt == 2);
    fleet.judge.assert_nothing_twice(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_tells_first_and_does_it_when_it_is_sure() {
    let bot = Bot::start().await;
    let (older, newer) = two_nights(&bot).await;
    let types = async |words: &[&str]| {
        let mut command = bot.command(words);
        let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let told = types(&["runs", "rollback", "school", "--json"]).await;
    assert_eq!((told["kind"].as_str(), told["to"]["run"].as_str()), (Some("rollback_previewed"), Some(name(&older))));
    assert!(record(&bot, &newer).await.rolled_back_to.is_none());
    let done = types(&["runs", "rollback", "school", "--yes", "--json", "--reason", "bad load"]).await;
    assert_eq!(done["kind"], "rolling_back", "{done}");
    back_to(&bot, &older).await;
}
