//! What becomes of the two runs of a rollback that did not end well, or that somebody takes back.

use datalake_bot::{
    domain::{
        run::{Run, RunStatus},
        stage::StageId,
    },
    sandbox::{slack::Posted, world::BUCKET},
};

use crate::{
    harness::{ANA, Bot, CHANNEL, KENJI, MINA, has, name},
    rollback::{CONFIRM, back_to, night, previewed, published, record, succeeded, two_nights},
};

/// Approves the open request of a sensitive layer, as Mina.
async fn approve(bot: &Bot) {
    let open = |it: &Posted| has(it, "approval.approve");
    let asked = bot.until("people are asked", async || bot.messages(CHANNEL).into_iter().find(open)).await;
    bot.world.slack.press(MINA, CHANNEL, &asked.ts, "approval.approve").await.unwrap();
    let decided = |it: &Posted| it.ts == asked.ts && !has(it, "approval.approve");
    bot.until("it is decided", async || bot.messages(CHANNEL).into_iter().find(decided)).await;
}

async fn stands(bot: &Bot, run: &Run, status: RunStatus) -> Run {
    bot.until("the run stands so", async || Some(record(bot, run).await).filter(|it| it.status == status)).await
}

/// The run of the newest snapshot of `learning` waits for approval, and is canceled.
async fn canceled_night(bot: &Bot, known: &[&Run]) -> Run {
    night(&bot.world, "learning", "canceled");
    let waits = |it: &Run| it.status == RunStatus::WaitingApproval && known.iter().all(|k| k.run_id != it.run_id);
    let run = bot.until("a run waits", async || bot.runs().await.into_iter().find(waits)).await;
    bot.slash(ANA, &format!("/datalake cancel {}", name(&run))).await;
    stands(bot, &run, RunStatus::Canceled).await
}

/// Somebody rolls `learning` back.
async fn roll_back(bot: &Bot) {
    let preview = previewed(bot, ANA, "learning --reason half the rows are missing").await;
    bot.world.slack.press(ANA, CHANNEL, &preview.ts, CONFIRM).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rolled_back_from_is_retried_from_latest_only_and_asks_anew() {
    let bot = Bot::start().await;
    bot.world.slack.set_group_members("S0PRIVACY01", &[KENJI, MINA]);
    bot.slash(ANA, "/datalake run learning").await;
    approve(&bot).await;
    let older = succeeded(&bot, "learning", &[]).await;
    let newer = canceled_night(&bot, &[&older]).await;
    roll_back(&bot).await;
    approve(&bot).await;
    stands(&bot, &older, RunStatus::Succeeded).await;
    assert_eq!(published(&bot, "learning"), name(&older));

    bot.slash(ANA, &format!("/datalake retry {} --from sensitive.approval", name(&newer))).await;
    bot.told(ANA, "somebody has rolled back from run").await;
    assert_eq!(record(&bot, &newer).await.status, RunStatus::Canceled);
    bot.slash(ANA, &format!("/datalake retry {}", name(&newer))).await;
    bot.told(ANA, "This undoes the rollback").await;
    let again = stands(&bot, &newer, RunStatus::WaitingApproval).await;
    assert_eq!(again.stage(StageId::Latest).attempt, 2, "it is published again");
    assert_eq!((published(&bot, "learning").as_str(), again.rolled_back_to), (name(&newer), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_was_canceled_leaves_the_older_run_good() {
    let bot = Bot::start().await;
    bot.slash(ANA, "/datalake run learning").await;
    approve(&bot).await;
    let older = succeeded(&bot, "learning", &[]).await;
    night(&bot.world, "learning", "second");
    approve(&bot).await;
    let newer = succeeded(&bot, "learning", &[&older]).await;
    roll_back(&bot).await;
    stands(&bot, &older, RunStatus::WaitingApproval).await;
    bot.slash(ANA, &format!("/datalake cancel {}", name(&older))).await;
    stands(&bot, &older, RunStatus::Canceled).await;

    let told = bot.slash(ANA, "/datalake status learning").await;
    assert!(told.contains("rolled back in part: normal as of"), "{told}");
    night(&bot.world, "learning", "third");
    approve(&bot).await;
    let third = succeeded(&bot, "learning", &[&older, &newer]).await;
    let compared = third.inspection().and_then(|it| it.against.clone());
    assert_eq!(compared, Some(older.export_task.clone()), "what the next is compared with");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_which_a_part_is_gone_replaces_nothing() {
    let bot = Bot::start().await;
    let (older, newer) = two_nights(&bot).await;
    let in_latest = || bot.world.aws.s3.keys(BUCKET, "latest/school/");
    let (before, prefix) = (in_latest(), format!("raw/{}/", name(&older)));
    let part = bot.world.aws.s3.keys(BUCKET, &prefix).into_iter().find(|it| it.ends_with(".parquet")).unwrap();
    bot.world.aws.s3.delete(BUCKET, &part);
    let preview = previewed(&bot, ANA, "school").await;
    bot.world.slack.press(ANA, CHANNEL, &preview.ts, CONFIRM).await.unwrap();
    let failed = stands(&bot, &older, RunStatus::Failed).await;
    let error = failed.error.unwrap();
    assert_eq!((error.stage, error.failure.code.as_str()), (StageId::Latest, "ExportInPart"));
    assert_eq!((in_latest(), published(&bot, "school").as_str()), (before, name(&newer)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_will_be_gone_is_told_before() {
    let bot = Bot::start().await;
    bot.slash(ANA, "/datalake run learning --only learning.users --layers normal").await;
    let part = succeeded(&bot, "learning", &[]).await;
    night(&bot.world, "learning", "second");
    approve(&bot).await;
    succeeded(&bot, "learning", &[&part]).await;
    bot.slash(ANA, &format!("/datalake rollback learning --to {}", name(&part))).await;
    bot.told(ANA, "which the older export does not have").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_whole_any_more_is_not_published_again_by_a_retry_either() {
    let bot = Bot::start().await;
    bot.slash(ANA, "/datalake run school").await;
    let run = succeeded(&bot, "school", &[]).await;
    let in_latest = || bot.world.aws.s3.keys(BUCKET, "latest/school/");
    let prefix = format!("raw/{}/", name(&run));
    // Of either side another object: what is not in `latest/` is why it is published again.
    let parts = |keys: Vec<String>| keys.into_iter().filter(|it| it.ends_with(".parquet"));
    bot.world.aws.s3.delete(BUCKET, &parts(bot.world.aws.s3.keys(BUCKET, &prefix)).next().unwrap());
    bot.world.aws.s3.delete(BUCKET, &parts(in_latest()).next_back().unwrap());
    let before = in_latest();
    bot.slash(ANA, &format!("/datalake retry {} --from latest", name(&run))).await;
    let error = stands(&bot, &run, RunStatus::Failed).await.error.unwrap();
    assert_eq!((error.stage, error.failure.code.as_str()), (StageId::Latest, "ExportInPart"));
    assert_eq!((in_latest(), published(&bot, "school").as_str()), (before, name(&run)));
}

/// Somebody has gone back to a run, which came to nothing, and then to another one, and has taken that back. The first one
/// may not replace the newer data any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_leave_to_replace_newer_data_ends_when_that_is_gone_back_from_to_another_run() {
    let bot = Bot::start().await;
    let (first, second) = two_nights(&bot).await;
    night(&bot.world, "school", "third");
    let third = succeeded(&bot, "school", &[&first, &second]).await;
    let prefix = format!("raw/{}/", name(&first));
    let part = bot.world.aws.s3.keys(BUCKET, &prefix).into_iter().find(|it| it.ends_with(".parquet")).unwrap();
    bot.world.aws.s3.delete(BUCKET, &part);
    let preview = previewed(&bot, ANA, &format!("school --to {}", name(&first))).await;
    bot.world.slack.press(ANA, CHANNEL, &preview.ts, CONFIRM).await.unwrap();
    stands(&bot, &first, RunStatus::Failed).await;

    let is_other = |it: &Posted| it.ts != preview.ts && has(it, CONFIRM);
    bot.slash(ANA, "/datalake rollback school").await;
    let other = async || bot.world.slack.messages(CHANNEL).into_iter().find(is_other);
    let other = bot.until("the other one is told", other).await;
    bot.world.slack.press(ANA, CHANNEL, &other.ts, CONFIRM).await.unwrap();
    back_to(&bot, &second).await;
    bot.slash(ANA, &format!("/datalake retry {} --from latest", name(&third))).await;
    let back = async || Some(()).filter(|()| published(&bot, "school") == name(&third));
    bot.until("the newer data is back", back).await;
    stands(&bot, &third, RunStatus::Succeeded).await;

    bot.slash(ANA, &format!("/datalake retry {}", name(&first))).await;
    bot.told(ANA, "holds the data of a newer snapshot than run").await;
    assert_eq!(record(&bot, &first).await.status, RunStatus::Failed);
}
