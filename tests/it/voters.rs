//! Whose answer counts, and for how long: rights that are taken away, accounts of one person, answers that are taken back,
//! and a refresh that starts without one.

use datalake_bot::{
    domain::{
        approval::{ApprovalState, Void},
        run::{Run, RunStatus},
    },
    sandbox::{slack::Posted, world::World},
};

use crate::harness::{ALERTS, ANA, Bot, CHANNEL, KENJI, MINA, has, options};

const PAUL: &str = "U0PAUL00001";

async fn bot(edit: impl FnOnce(String) -> String) -> Bot {
    Bot::start_in(World::start(options()).await.unwrap(), edit).await
}

fn of_two(config: &str) -> String {
    config.replace("quorum = 1", "quorum = 2")
}

async fn asked(bot: &Bot) -> Posted {
    bot.slash(ANA, "/datalake run learning").await;
    bot.button(CHANNEL, "approval.approve").await
}

async fn approves(bot: &Bot, user: &str, request: &Posted) {
    bot.world.slack.press(user, CHANNEL, &request.ts, "approval.approve").await.unwrap();
}

/// Waits until the run is as `is` says.
async fn run_where(bot: &Bot, what: &str, is: impl Fn(&Run) -> bool) -> Run {
    bot.until(what, async || bot.runs().await.into_iter().find(|it| is(it))).await
}

fn votes(run: &Run) -> usize {
    run.approval.as_ref().map_or(0, |it| it.votes.len())
}

fn id(run: &Run) -> String {
    run.approval.as_ref().unwrap().id.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_approver_any_more_when_the_refresh_would_start_does_not_count() {
    let bot = bot(|it| of_two(&it)).await;
    let request = asked(&bot).await;
    approves(&bot, MINA, &request).await;
    run_where(&bot, "one has approved", |it| votes(it) == 1).await;
    bot.world.slack.set_group_members("S0PRIVACY01", &[PAUL]);
    approves(&bot, PAUL, &request).await;
    let run = run_where(&bot, "people are asked anew", |it| !it.past_approvals.is_empty()).await;
    let past = &run.past_approvals[0];
    assert_eq!(
        (past.state, past.void, past.void_by.as_slice()),
        (ApprovalState::Void, Some(Void::Rights), [MINA.to_owned()].as_slice())
    );
    assert_eq!(bot.effects("glue", "StartJobRun").len(), 1, "the sensitive job waits");
    bot.world.slack.set_group_members("S0PRIVACY01", &[PAUL, MINA]);
    let again = bot
        .until("a new request is there", async || {
            bot.messages(CHANNEL).into_iter().find(|it| it.ts != request.ts && has(it, "approval.approve"))
        })
        .await;
    approves(&bot, MINA, &again).await;
    approves(&bot, PAUL, &again).await;
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_of_one_person_are_one() {
    let people = format!("\n[[people]]\nslack = [\"{MINA}\", \"{PAUL}\"]\n");
    let bot = bot(|config| of_two(&config) + &people).await;
    let request = asked(&bot).await;
    approves(&bot, MINA, &request).await;
    run_where(&bot, "one has approved", |it| votes(it) == 1).await;
    approves(&bot, PAUL, &request).await;
    bot.told(PAUL, "decided on this request already").await;
    let run = bot.runs().await.remove(0);
    assert_eq!((run.status, votes(&run)), (RunStatus::WaitingApproval, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_is_taken_back_does_not_count() {
    let bot = bot(|it| of_two(&it)).await;
    let request = asked(&bot).await;
    approves(&bot, MINA, &request).await;
    let run = run_where(&bot, "one has approved", |it| votes(it) == 1).await;
    bot.slash(MINA, &format!("/datalake withdraw {}", id(&run))).await;
    let back = |it: &Run| it.approval.as_ref().is_some_and(|it| it.votes[0].withdrawn_at.is_some());
    run_where(&bot, "it is taken back", back).await;
    approves(&bot, PAUL, &request).await;
    run_where(&bot, "another has approved", |it| votes(it) == 2).await;
    assert_eq!(bot.effects("glue", "StartJobRun").len(), 1, "one of two is missing");
    bot.slash(MINA, &format!("/datalake approve {} --until 2h --reason checked again", id(&run))).await;
    let run = bot.run_shown().await;
    assert_eq!(run.status, RunStatus::Succeeded);
    assert_eq!(run.approval.unwrap().votes[2].reason.as_deref(), Some("checked again"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_glass_starts_the_refresh_and_is_reviewed_by_an_approver() {
    let bot = bot(|config| config.replace("[access]", "[access]\nbreak_glass = [\"U0KENJI0001\"]")).await;
    asked(&bot).await;
    let run = run_where(&bot, "people are asked", |it| it.status == RunStatus::WaitingApproval).await;
    bot.slash(ANA, &format!("/datalake break-glass {} --reason fraud", run.export_task)).await;
    bot.told(ANA, "may not start a sensitive refresh").await;
    assert_eq!(bot.effects("glue", "StartJobRun").len(), 1);
    bot.slash(KENJI, &format!("/datalake break-glass {} --reason fraud report", run.export_task)).await;
    let run = bot.run_that_is(RunStatus::Succeeded).await;
    let glass = run.break_glass.unwrap();
    assert_eq!((glass.by.as_str(), glass.reason.as_str(), glass.reviewed), (KENJI, "fraud report", None));
    let alert = bot.button(ALERTS, "breakglass.review").await;
    for (user, counts) in [(KENJI, false), (PAUL, true)] {
        let told = bot.world.slack.ephemeral(user).len();
        bot.world.slack.press(user, ALERTS, &alert.ts, "breakglass.review").await.unwrap();
        let answered = async || (bot.world.slack.ephemeral(user).len() > told).then_some(());
        bot.until(&format!("{user} is answered"), answered).await;
        let reviewed = bot.runs().await.remove(0).break_glass.unwrap().reviewed;
        assert_eq!(reviewed.is_some(), counts, "{user}");
    }
}
