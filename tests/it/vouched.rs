//! What was approved and has not begun: it begins only if everything is still as it was approved.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use datalake_bot::{
    clock::Clock as _,
    domain::{
        approval::{ApprovalState, Void},
        run::{Run, RunStatus},
    },
    sandbox::{
        faults::{Fault, Kind, Moment},
        slack::{Kind as Membership, Person, Posted},
        world::World,
    },
};
use jiff::SignedDuration;
use rstest::rstest;

use crate::harness::{ANA, Bot, CHANNEL, GUEST, MINA, STRANGER, has, key, options};

const PAUL: &str = "U0PAUL00001";

/// The condition under which alone an intent to refresh the sensitive layer is written.
const UNDER_APPROVAL: &str = "#approval_good_until > :now";

async fn start(edit: impl FnOnce(String) -> String) -> Bot {
    Bot::start_in(World::start(options()).await.unwrap(), edit).await
}

async fn asked(bot: &Bot) -> Posted {
    bot.slash(ANA, "/datalake run learning").await;
    bot.button(CHANNEL, "approval.approve").await
}

async fn run_where(bot: &Bot, what: &str, is: impl Fn(&Run) -> bool) -> Run {
    bot.until(what, async || bot.runs().await.into_iter().find(|it| is(it))).await
}

/// Lets the bot die with an approval that is given and not used: `approve` is how it is given.
async fn dies_approved(bot: &mut Bot, approve: impl AsyncFnOnce(&Bot)) {
    let kind = Kind::Hook { at: Moment::BeforeEffect, hook: bot.killer() };
    let fault = Fault::once("dynamodb", "TransactWriteItems", kind).containing(UNDER_APPROVAL);
    bot.world.front.faults.plant(fault);
    approve(bot).await;
    bot.ended().await;
    let run = bot.runs().await.remove(0);
    assert_eq!(run.approval.unwrap().state, ApprovalState::Approved);
    assert_eq!(bot.effects("glue", "StartJobRun").len(), 1, "the sensitive job waits");
}

async fn press(bot: &Bot, user: &str, request: &Posted) {
    bot.world.slack.press(user, CHANNEL, &request.ts, "approval.approve").await.unwrap();
}

/// Waits until the request is void and people are asked anew, and sees that nothing has begun and Mina was told.
async fn asked_anew(bot: &Bot, first: &Posted, why: Void) -> Posted {
    let run = run_where(bot, "the request is void", |it| !it.past_approvals.is_empty()).await;
    assert_eq!((run.past_approvals[0].state, run.past_approvals[0].void), (ApprovalState::Void, Some(why)));
    let again = |it: &Posted| it.ts != first.ts && has(it, "approval.approve");
    let again = bot.until("people are asked anew", async || bot.messages(CHANNEL).into_iter().find(again)).await;
    let told = |it: &Posted| key(it).starts_with("void:") && it.blocks.iter().any(|it| it.to_string().contains(MINA));
    bot.until("Mina is told", async || bot.messages(CHANNEL).into_iter().find(told)).await;
    assert_eq!(bot.effects("glue", "StartJobRun").len(), 1, "the sensitive job waits");
    again
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_approved_under_another_classification_is_asked_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("learning.toml");
    std::fs::write(&file, "[learning.users]\nid = \"normal\"\n").unwrap();
    let named = format!("name = \"learning\"\nclassification = \"{}\"", file.display());
    let mut bot = start(|config| config.replacen("name = \"learning\"", &named, 1)).await;
    let request = asked(&bot).await;
    dies_approved(&mut bot, async |bot| press(bot, MINA, &request).await).await;
    std::fs::write(&file, "[learning.users]\nid = \"normal\"\nname = \"normal\"\n").unwrap();
    bot.spawn().await;
    let again = asked_anew(&bot, &request, Void::Plan).await;
    press(&bot, MINA, &again).await;
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_whose_limit_has_passed_starts_nothing() {
    let mut bot = start(|config| config).await;
    let request = asked(&bot).await;
    dies_approved(&mut bot, async |bot| {
        let id = bot.runs().await.remove(0).approval.unwrap().id;
        let until = bot.world.front.clock.now() + SignedDuration::from_secs(8);
        bot.slash(MINA, &format!("/datalake approve {id} --until {until}")).await;
    })
    .await;
    let until = bot.runs().await.remove(0).approval.unwrap().votes[0].until.unwrap();
    let passed = async || (bot.world.front.clock.now() > until).then_some(());
    bot.until("the limit has passed", passed).await;
    bot.spawn().await;
    asked_anew(&bot, &request, Void::Outlived).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_begins_while_slack_does_not_say_who_approved() {
    let mut bot = start(|config| config).await;
    let request = asked(&bot).await;
    dies_approved(&mut bot, async |bot| press(bot, MINA, &request).await).await;
    let failed = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&failed);
    let hook = Arc::new(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let faults = &bot.world.front.faults;
    for kind in [Kind::Hook { at: Moment::BeforeEffect, hook }, Kind::Reset { at: Moment::BeforeEffect }] {
        faults.plant(Fault::once("slack", "users.info", kind).containing(MINA).times(usize::MAX));
    }
    bot.spawn().await;
    bot.until("it has failed", async || (failed.load(Ordering::SeqCst) >= 4).then_some(())).await;
    assert_eq!(bot.effects("glue", "StartJobRun").len(), 1, "the sensitive job waits");
    bot.world.front.faults.clear();
    let run = bot.run_shown().await;
    assert_eq!((run.status, run.past_approvals.len()), (RunStatus::Succeeded, 0));
    bot.assert_nothing_twice(1);
}

#[rstest]
#[case::guest(Membership::Guest { single: false })]
#[case::of_another_team(Membership::Stranger { team: "T0PARTNER01".to_owned() })]
#[case::bot(Membership::Bot)]
#[case::deactivated(Membership::Deactivated)]
#[tokio::test(flavor = "multi_thread")]
async fn who_approved_and_is_no_full_member_any_more_does_not_count(#[case] became: Membership) {
    let mut bot = start(|config| config).await;
    let request = asked(&bot).await;
    dies_approved(&mut bot, async |bot| press(bot, MINA, &request).await).await;
    bot.world.slack.set_person(Person::member(MINA, "mina", "Mina Sato", "Privacy officer").kind(became));
    bot.spawn().await;
    let again = asked_anew(&bot, &request, Void::Rights).await;
    press(&bot, PAUL, &again).await;
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_and_somebody_of_another_team_decide_nothing_though_the_group_has_them() {
    let bot = start(|config| config).await;
    bot.world.slack.set_group_members("S0PRIVACY01", &[MINA, GUEST, STRANGER]);
    let request = asked(&bot).await;
    let before = run_where(&bot, "people are asked", |it| it.status == RunStatus::WaitingApproval).await.approval;
    for user in [GUEST, STRANGER] {
        for action in ["approval.approve", "approval.deny"] {
            let told = bot.world.slack.ephemeral(user).len();
            bot.world.slack.press(user, CHANNEL, &request.ts, action).await.unwrap();
            let refused = async || (bot.world.slack.ephemeral(user).len() > told).then_some(());
            bot.until(&format!("{user} is refused privately"), refused).await;
            assert_eq!(bot.runs().await.remove(0).approval, before, "{user} {action}");
        }
    }
    assert_eq!(bot.effects("glue", "StartJobRun").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_reminded_once_and_the_request_closes_by_itself() {
    let mut bot = start(|config| config.replace("\"8h\"", "\"16s\"")).await;
    let request = asked(&bot).await;
    let reminders = |bot: &Bot| bot.messages(CHANNEL).iter().filter(|it| key(it).starts_with("reminder:")).count();
    bot.until("people are reminded", async || (reminders(&bot) > 0).then_some(())).await;
    // A process that has not reminded anybody takes over.
    bot.signal("-KILL");
    bot.ended().await;
    bot.spawn().await;
    assert_eq!(bot.run_shown().await.status, RunStatus::Expired);
    assert_eq!(reminders(&bot), 1);
    let message = bot.messages(CHANNEL).into_iter().find(|it| it.ts == request.ts).unwrap();
    assert!(!has(&message, "approval.approve") && !has(&message, "approval.deny"), "it is closed");
    assert_eq!(bot.effects("glue", "StartJobRun").len(), 1);
}
