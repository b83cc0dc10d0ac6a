//! Why somebody has decided so: said in a modal, after the press.

use std::collections::BTreeMap;

use datalake_bot::{domain::run::RunStatus, sandbox::slack::Posted};
use serde_json::json;

use crate::harness::{ANA, Bot, CHANNEL, KENJI, MINA, has};

/// Waits for the private answer to `user` that offers a reason. Mina reads Japanese.
async fn offer(bot: &Bot, user: &str) -> Posted {
    let own = |it: &Posted| it.only_for.as_deref() == Some(user) && has(it, "approval.reason");
    bot.until("a reason can be added", async || bot.world.slack.messages(CHANNEL).into_iter().find(&own)).await
}

/// Presses the button below the private answer. Returns the modal's id.
async fn open(bot: &Bot, user: &str, offer: &Posted) -> String {
    let answer = bot.world.slack.press(user, CHANNEL, &offer.ts, "approval.reason").await.unwrap();
    assert_eq!((answer.status, answer.failure), (200, None), "{answer:?}");
    let shown = async || bot.world.slack.modal(user).filter(|(_, text)| text.contains("判断の理由"));
    bot.until("the modal is open", shown).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_counts_at_once_and_its_reason_is_added_once() {
    let bot = Bot::start().await;
    bot.slash(ANA, "/datalake run learning").await;
    let request = bot.button(CHANNEL, "approval.deny").await;
    bot.world.slack.press(MINA, CHANNEL, &request.ts, "approval.deny").await.unwrap();
    assert_eq!(bot.run_shown().await.status, RunStatus::Canceled, "a press is enough");
    let offer = offer(&bot, MINA).await;

    let reason = |text: &str| BTreeMap::from([("reason".to_owned(), json!(text))]);
    let id = open(&bot, MINA, &offer).await;
    let answer = bot.world.slack.submit(MINA, &id, &reason("No <!channel> ticket")).await.unwrap();
    assert!(answer.failure.is_none() && answer.body.contains("記録しました"), "{answer:?}");
    let told = async || bot.world.slack.modal(MINA).filter(|(_, text)| text.contains("理由を記録しました。"));
    bot.until("the modal says so", told).await;
    let run = bot.runs().await.remove(0);
    let vote = &run.approval.as_ref().unwrap().votes[0];
    assert_eq!((run.status, vote.user.as_str()), (RunStatus::Canceled, MINA));
    assert_eq!(vote.reason.as_deref(), Some("No <!channel> ticket"));
    let shown = async || {
        let message = bot.messages(CHANNEL).into_iter().find(|it| it.ts == request.ts)?;
        json!(message.blocks).to_string().contains("No &lt;!channel&gt; ticket").then_some(())
    };
    bot.until("the thread shows it, escaped", shown).await;

    let id = open(&bot, MINA, &offer).await;
    bot.world.slack.submit(MINA, &id, &reason("another one")).await.unwrap();
    let refused = async || bot.world.slack.modal(MINA).filter(|(_, text)| text.contains("理由は記録していません。"));
    bot.until("a second one is refused", refused).await;
    let vote = bot.runs().await.remove(0).approval.unwrap().votes.remove(0);
    assert_eq!(vote.reason.as_deref(), Some("No <!channel> ticket"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_types_a_denial_says_why() {
    let bot = Bot::start().await;
    let told = bot.slash(KENJI, "/datalake deny learning-x-a1.0123456789abcdef").await;
    assert!(told.contains("--reason"), "{told}");
}
