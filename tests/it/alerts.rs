//! Alerts: who takes care of one is shown, the same failure is told once, and what solves it solves it everywhere.

use datalake_bot::{
    domain::run::{Run, RunStatus},
    sandbox::{
        faults::{Fault, Kind, Moment},
        slack::Posted,
    },
};
use rstest::rstest;

use crate::harness::{ALERTS, ANA, Bot, CHANNEL, KENJI, OLGA, has, key, name};

const JOB: &str = "school-normal";

/// A run of `school` fails at its job; returns its alert.
async fn failed(bot: &Bot) -> Posted {
    bot.world.aws.glue.fail_next_run(JOB, "AnalysisException: no such column");
    bot.slash(ANA, "/datalake run school").await;
    bot.button(ALERTS, "run.acknowledge").await
}

fn shows(message: &Posted, words: &str) -> bool {
    message.blocks.iter().any(|it| it.to_string().contains(words))
}

fn alerts(bot: &Bot) -> Vec<Posted> {
    bot.messages(ALERTS).into_iter().filter(|it| key(it).starts_with("alert:")).collect()
}

async fn shown(bot: &Bot, words: &str) -> Posted {
    bot.until(words, async || alerts(bot).into_iter().find(|it| shows(it, words))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_takes_it_on_and_the_other_is_told_who_did() {
    let bot = Bot::start().await;
    let alert = failed(&bot).await;
    let slack = &bot.world.slack;
    slack.press(OLGA, ALERTS, &alert.ts, "run.acknowledge").await.unwrap();
    bot.told(OLGA, "right").await;
    assert_eq!(bot.runs().await[0].failures[0].acknowledged, None, "who may only look takes nothing on");
    let (one, two) = tokio::join!(
        slack.press(ANA, ALERTS, &alert.ts, "run.acknowledge"),
        slack.press(KENJI, ALERTS, &alert.ts, "run.acknowledge"),
    );
    assert_eq!((one.unwrap().status, two.unwrap().status), (200, 200));
    // Kenji reads Japanese.
    let told = |user: &str, words: [&str; 2]| {
        slack.ephemeral(user).iter().any(|it| words.iter().any(|words| it.contains(words)))
    };
    let has_it = |user| told(user, ["You are on it", "対応中として記録しました"]);
    let knows = |user| told(user, ["is on it already", "すでに対応中です"]);
    let decided =
        async || [(ANA, KENJI), (KENJI, ANA)].into_iter().find(|(first, second)| has_it(first) && knows(second));
    let (first, _) = bot.until("one has it, and the other knows who", decided).await;
    let run = bot.runs().await.remove(0);
    assert_eq!(run.failures[0].acknowledged.as_ref().map(|it| it.by.as_str()), Some(first));
    let alert = shown(&bot, &format!("<@{first}> is on it")).await;
    assert!(has(&alert, "run.retry") && !has(&alert, "run.acknowledge"));
    let root = async || bot.messages(CHANNEL).into_iter().find(|it| key(it) == "root" && shows(it, "is on it"));
    bot.until("the run's message shows it too", root).await;
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_failure_again_is_told_in_the_first_alert() {
    let bot = Bot::start().await;
    bot.world.aws.glue.fail_next_run(JOB, "AnalysisException: no such column");
    let alert = failed(&bot).await;
    bot.world.slack.press(KENJI, ALERTS, &alert.ts, "run.retry").await.unwrap();
    let again = shown(&bot, "failed 2 times").await;
    assert!(again.ts == alert.ts && has(&again, "run.retry") && has(&again, "run.acknowledge"));
    bot.world.slack.press(ANA, ALERTS, &alert.ts, "run.retry").await.unwrap();
    bot.run_that_is(RunStatus::Succeeded).await;
    let solved = shown(&bot, "Solved").await;
    assert_eq!((alerts(&bot).len(), has(&solved, "run.retry")), (1, false));
    bot.assert_nothing_twice(1);
}

#[rstest]
#[case::undisturbed(None)]
#[case::killed_before_it_is_written(Some(Moment::BeforeEffect))]
#[case::killed_after_it_is_written(Some(Moment::AfterEffect))]
#[tokio::test(flavor = "multi_thread")]
async fn a_newer_run_that_succeeds_solves_the_alert(#[case] killed: Option<Moment>) {
    let mut bot = Bot::start().await;
    let alert = failed(&bot).await;
    if let Some(at) = killed {
        let kill = Kind::Hook { at, hook: bot.killer() };
        bot.world.front.faults.plant(Fault::once("dynamodb", "TransactWriteItems", kill).containing("overtaken"));
    }
    bot.world.aws.rds.create_automated_snapshot("school-db").unwrap();
    if killed.is_some() {
        bot.ended().await;
        bot.spawn().await;
    }
    let newer = bot.run_that_is(RunStatus::Succeeded).await;
    let solved = shown(&bot, name(&newer)).await;
    assert!(solved.ts == alert.ts && shows(&solved, "Solved") && !has(&solved, "run.retry"));
    let old = bot.run_that_is(RunStatus::Failed).await;
    assert_eq!(old.overtaken.map(|it| it.by), Some(newer.export_task.clone()));
    let settled = async || {
        let open = bot.items().await.iter().filter(|it| it.contains_key("open")).count();
        (open == 0).then_some(())
    };
    bot.until("both runs are shown and left alone", settled).await;
    bot.assert_nothing_twice(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_says_what_the_catalogs_show_meanwhile() {
    let bot = Bot::start().await;
    bot.slash(ANA, "/datalake run school").await;
    let first: Run = bot.run_shown().await;
    bot.world.aws.glue.fail_next_run(JOB, "AnalysisException: no such column");
    bot.world.aws.rds.create_automated_snapshot("school-db").unwrap();
    let alert = bot.button(ALERTS, "run.acknowledge").await;
    let failed = bot.run_that_is(RunStatus::Failed).await;
    let shown = &failed.failures[0].shown;
    assert_eq!(shown.iter().map(|it| it.taken).collect::<Vec<_>>(), [first.snapshot_time]);
    assert!(shown[0].tables.is_some_and(|it| it > 0), "{shown:?}");
    assert!(shows(&alert, "normal catalog,") && shows(&alert, &format!("{}", first.snapshot_time.as_second())));
}
