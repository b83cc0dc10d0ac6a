//! The approval of the sensitive layer: by whom, once, in time.

use datalake_bot::{
    domain::{
        run::RunStatus,
        stage::{StageId, StageStatus},
    },
    sandbox::{slack::Posted, world::World},
};
use rstest::rstest;

use crate::harness::{ANA, Bot, CHANNEL, GUEST, KENJI, MINA, OLGA, STRANGER, has, options};

const PAUL: &str = "U0PAUL00001";

/// Starts a run and waits until people are asked.
async fn asked(bot: &Bot, by: &str) -> Posted {
    bot.slash(by, "/datalake run learning").await;
    bot.button(CHANNEL, "approval.approve").await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_approver_who_did_not_ask_for_the_run_can_approve() {
    let bot = Bot::start().await;
    // Ana is an approver now; still it is her own run.
    bot.world.slack.set_group_members("S0PRIVACY01", &[ANA, MINA]);
    let request = asked(&bot, ANA).await;
    for user in [ANA, KENJI, OLGA, GUEST, STRANGER] {
        let told = bot.world.slack.ephemeral(user).len();
        bot.world.slack.press(user, CHANNEL, &request.ts, "approval.approve").await.unwrap();
        let refused = async || (bot.world.slack.ephemeral(user).len() > told).then_some(());
        bot.until(&format!("{user} is refused privately"), refused).await;
        let run = bot.runs().await.remove(0);
        assert_eq!(run.status, RunStatus::WaitingApproval, "{user}");
        assert_eq!(run.approval.unwrap().votes, [], "{user}");
    }
    assert_eq!(bot.effects("glue", "StartJobRun").len(), 1, "the sensitive job waits");
    bot.world.slack.press(MINA, CHANNEL, &request.ts, "approval.approve").await.unwrap();
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_decision_stands_and_the_second_is_told_so() {
    let bot = Bot::start().await;
    let request = asked(&bot, ANA).await;
    let slack = &bot.world.slack;
    let (one, two) = tokio::join!(
        slack.press(MINA, CHANNEL, &request.ts, "approval.approve"),
        slack.press(PAUL, CHANNEL, &request.ts, "approval.deny"),
    );
    assert_eq!((one.unwrap().status, two.unwrap().status), (200, 200));
    let run = bot.run_shown().await;
    let approval = run.approval.unwrap();
    assert_eq!(approval.votes.len(), 1, "{approval:?}");
    let jobs = if run.status == RunStatus::Succeeded { 2 } else { 1 };
    assert_eq!(bot.effects("glue", "StartJobRun").len(), jobs);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_refresh_does_not_happen_and_can_be_asked_for_again() {
    let bot = Bot::start().await;
    let request = asked(&bot, ANA).await;
    bot.world.slack.press(MINA, CHANNEL, &request.ts, "approval.deny").await.unwrap();
    let run = bot.run_shown().await;
    assert_eq!(run.status, RunStatus::Canceled);
    assert_eq!(run.stage(StageId::SensitiveTransform).status, StageStatus::Pending);
    assert_eq!(bot.effects("glue", "StartJobRun").len(), 1);
    bot.slash(KENJI, &format!("/datalake retry {}", run.export_task)).await;
    let again = bot.button(CHANNEL, "approval.approve").await;
    assert_ne!(again.ts, request.ts, "a new request is a new message");
    bot.world.slack.press(PAUL, CHANNEL, &again.ts, "approval.approve").await.unwrap();
    let succeeded = async || (bot.runs().await[0].status == RunStatus::Succeeded).then_some(());
    bot.until("it succeeds", succeeded).await;
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_run_leaves_the_turn_to_the_next_run_of_its_source() {
    let bot = Bot::start().await;
    let request = asked(&bot, ANA).await;
    bot.world.slack.press(MINA, CHANNEL, &request.ts, "approval.deny").await.unwrap();
    assert_eq!(bot.run_shown().await.status, RunStatus::Canceled);
    bot.slash(KENJI, "/datalake run learning --only learning.users --layers normal").await;
    assert_eq!(bot.run_that_is(RunStatus::Succeeded).await.requested_by.as_deref(), Some(KENJI));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_nobody_decides_closes_by_itself() {
    let world = World::start(options()).await.unwrap();
    let bot = Bot::start_in(world, |config| config.replace("\"8h\"", "\"15s\"")).await;
    let request = asked(&bot, ANA).await;
    let run = bot.run_shown().await;
    assert_eq!(run.status, RunStatus::Expired);
    let closed = async || {
        let message = bot.messages(CHANNEL).into_iter().find(|it| it.ts == request.ts)?;
        (!has(&message, "approval.approve")).then_some(())
    };
    bot.until("the message has no buttons", closed).await;
    assert_eq!(bot.effects("glue", "StartJobRun").len(), 1);
}

#[rstest]
#[case::two_people(&[MINA, PAUL], RunStatus::Succeeded)]
#[case::one_person_twice(&[MINA, MINA], RunStatus::WaitingApproval)]
#[tokio::test(flavor = "multi_thread")]
async fn a_quorum_is_of_different_people(#[case] pressers: &[&str], #[case] expected: RunStatus) {
    let world = World::start(options()).await.unwrap();
    let bot = Bot::start_in(world, |config| config.replace("quorum = 1", "quorum = 2")).await;
    let request = asked(&bot, ANA).await;
    for (presser, count) in pressers.iter().zip(1..) {
        let told = bot.world.slack.ephemeral(presser).len();
        bot.world.slack.press(presser, CHANNEL, &request.ts, "approval.approve").await.unwrap();
        let answered = async || (bot.world.slack.ephemeral(presser).len() > told).then_some(());
        bot.until(&format!("press {count} is answered"), answered).await;
    }
    if expected == RunStatus::Succeeded {
        assert_eq!(bot.run_shown().await.status, expected);
    } else {
        assert_eq!(bot.runs().await[0].status, expected);
        assert_eq!(bot.effects("glue", "StartJobRun").len(), 1);
    }
}
