//! The App Home: what each person sees of everything, published when they open it and when it changes.

use datalake_bot::{
    domain::run::RunStatus,
    sandbox::{
        aws::ExportStatus,
        faults::{Fault, Kind, Moment},
        slack::{Act, Limits, Person, Place},
    },
};
use rstest::rstest;
use serde_json::json;

use crate::harness::{ANA, Bot, CHANNEL, GUEST, KENJI, MINA, OLGA, STRANGER};

const PAUL: &str = "U0PAUL00001";

/// Opens the Home of `user`, and waits until it is published.
async fn open(bot: &Bot, user: &str) -> String {
    let before = publications(bot, user).len();
    let answer = bot.world.slack.open_home(user).await.unwrap();
    assert_eq!((answer.status, answer.failure), (200, None), "{answer:?}");
    let published = async || (publications(bot, user).len() > before).then(|| bot.world.slack.home(user)).flatten();
    bot.until(&format!("the Home of {user} is published"), published).await
}

/// Waits until the Home of `user` is so.
async fn becomes(bot: &Bot, user: &str, what: &str, so: impl Fn(&str) -> bool) -> String {
    let seen = async || bot.world.slack.home(user).filter(|it| so(it));
    bot.until(&format!("the Home of {user}: {what}"), seen).await
}

/// Returns the names of the view that was published for `user`, once for each time.
fn publications(bot: &Bot, user: &str) -> Vec<String> {
    let calls = bot.effects("slack", "views.publish").into_iter().filter(|it| it.note["user_id"] == user);
    calls.map(|it| it.note["view_id"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Presses a button of the Home.
async fn press(bot: &Bot, user: &str, action: &str) {
    let id = publications(bot, user).remove(0);
    let answer = bot.world.slack.act(user, &Act::press(Place::View { id }, action)).await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// Returns how often replicas have looked what somebody was shown.
fn looks(bot: &Bot) -> usize {
    bot.effects("dynamodb", "GetItem").iter().filter(|it| it.note.to_string().contains("HOME#")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_published_at_every_opening_in_the_readers_language() {
    let bot = Bot::start().await;
    let ana = open(&bot, ANA).await;
    assert!(ana.contains("First steps") && ana.contains("Updated"), "{ana}");
    let kenji = open(&bot, KENJI).await;
    assert!(kenji.contains("はじめに"), "{kenji}");
    open(&bot, ANA).await;
    assert_eq!(publications(&bot, ANA).len(), 2);
    let tab = json!({"type": "app_home_opened", "user": OLGA, "tab": "messages", "channel": "D1"});
    assert_eq!(bot.world.slack.event(&tab).await.unwrap().status, 200);
    assert_eq!(bot.world.slack.home(OLGA), None, "another tab");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_shown_to_all_and_mended_by_who_may() {
    let bot = Bot::start().await;
    open(&bot, ANA).await;
    open(&bot, OLGA).await;
    bot.world.aws.glue.fail_next_run("school-normal", "AnalysisException: no such column");
    bot.slash(KENJI, "/datalake run school").await;
    let failed = |it: &str| it.contains("AnalysisException: no such column");
    let ana = becomes(&bot, ANA, "the failure", failed).await;
    assert!(ana.contains("[ Retry Run ]"), "{ana}");
    let olga = becomes(&bot, OLGA, "the failure", failed).await;
    assert!(!olga.contains("Retry Run") && !olga.contains("Cancel Run"), "she may only look: {olga}");
    press(&bot, ANA, "run.retry").await;
    assert_eq!(bot.run_that_is(RunStatus::Succeeded).await.retries[0].by, ANA);
    for user in [ANA, OLGA] {
        becomes(&bot, user, "all is well", |it| !failed(it) && it.contains("school · data as of")).await;
    }
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_approval_is_shown_to_who_may_decide_until_somebody_has() {
    let bot = Bot::start().await;
    for user in [MINA, PAUL, ANA] {
        open(&bot, user).await;
    }
    bot.slash(ANA, "/datalake run learning").await;
    let asks = |it: &str| it.contains("Approve Refresh") || it.contains("更新を承認");
    becomes(&bot, MINA, "the request", asks).await;
    becomes(&bot, PAUL, "the request", asks).await;
    let ana = becomes(&bot, ANA, "her run waits", |it| it.contains("Waiting for approval")).await;
    assert!(!asks(&ana), "nobody decides about their own run: {ana}");
    let request = bot.button(CHANNEL, "approval.approve").await;
    bot.world.slack.press(MINA, CHANNEL, &request.ts, "approval.approve").await.unwrap();
    for user in [MINA, PAUL] {
        becomes(&bot, user, "nothing to decide", |it| !asks(it)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_can_be_decided_in_the_home() {
    let bot = Bot::start().await;
    bot.slash(ANA, "/datalake run learning").await;
    bot.button(CHANNEL, "approval.approve").await;
    let paul = open(&bot, PAUL).await;
    assert!(paul.contains("Waiting for your decision"), "{paul}");
    press(&bot, PAUL, "approval.approve").await;
    let run = bot.run_that_is(RunStatus::Succeeded).await;
    assert_eq!(run.approval.unwrap().votes[0].user, PAUL);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_publish_a_change_once() {
    let bot = Bot::start().await;
    let replicas = [bot.replica().await, bot.replica().await];
    open(&bot, ANA).await;
    bot.world.aws.rds.hold_exports("school", ExportStatus::InProgress);
    bot.slash(ANA, "/datalake run school").await;
    becomes(&bot, ANA, "the export", |it| it.contains("Exporting the snapshot")).await;
    let (seen, looked) = (publications(&bot, ANA).len(), looks(&bot));
    assert!((2..=3).contains(&seen), "at the opening, and when it has changed: {seen}");
    // Each replica looks again, and finds that nothing has changed.
    bot.until("they look again", async || (looks(&bot) > looked + 6).then_some(())).await;
    assert_eq!(publications(&bot, ANA).len(), seen);
    drop(replicas);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_opens_theirs_beside_many_others_gets_it_at_slacks_pace() {
    let bot = Bot::start().await;
    bot.world.slack.set_limits(Limits::default());
    let users: Vec<String> = (0..25).map(|it| format!("U0READER{it:03}")).collect();
    for user in &users {
        bot.world.slack.set_person(Person::member(user, &user.to_lowercase(), user, "Reader"));
        assert_eq!(bot.world.slack.open_home(user).await.unwrap().status, 200);
    }
    for user in &users {
        becomes(&bot, user, "it is there", |it| it.contains("Updated")).await;
    }
    let calls = bot.world.front.history.calls("slack", "views.publish");
    assert!(calls.iter().all(|it| it.error.is_none()), "Slack has refused none");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_rights_is_told_so_and_sees_nothing() {
    let bot = Bot::start().await;
    bot.slash(ANA, "/datalake run school").await;
    bot.run_shown().await;
    for user in [GUEST, STRANGER] {
        let home = open(&bot, user).await;
        assert!(home.contains("Only full members") && !home.contains("school"), "{home}");
    }
}

#[rstest]
#[case::no_home_tab(200, "not_enabled")]
#[case::limits(429, "ratelimited")]
#[case::down(503, "service_unavailable")]
#[tokio::test(flavor = "multi_thread")]
async fn runs_go_on_when_slack_takes_no_home(#[case] status: u16, #[case] code: &str) {
    let bot = Bot::start().await;
    let kind = Kind::Refuse { status, code: code.to_owned(), message: String::new(), retry_after: Some(1) };
    bot.world.front.faults.plant(Fault::once("slack", "views.publish", kind).times(usize::MAX));
    assert_eq!(bot.world.slack.open_home(ANA).await.unwrap().status, 200);
    bot.slash(ANA, "/datalake run school").await;
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
    assert_eq!(bot.world.slack.home(ANA), None);
    bot.world.front.faults.clear();
    let home = open(&bot, ANA).await;
    assert!(home.contains("school · data as of"), "{home}");
}

#[rstest]
#[case::before_it_arrives(Moment::BeforeEffect)]
#[case::after_it_has_arrived(Moment::AfterEffect)]
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_costs_no_home(#[case] at: Moment) {
    let mut bot = Bot::start().await;
    let kill = Kind::Hook { at, hook: bot.killer() };
    bot.world.front.faults.plant(Fault::once("slack", "views.publish", kill));
    assert_eq!(bot.world.slack.open_home(ANA).await.unwrap().status, 200);
    bot.ended().await;
    let before = publications(&bot, ANA).len();
    bot.spawn().await;
    let published = async || (publications(&bot, ANA).len() > before).then_some(());
    bot.until("the next process publishes it", published).await;
}
