//! `/datalake run` without arguments: the form, the plan, and a run that begins once.

use std::{collections::BTreeMap, time::Duration};

use datalake_bot::{
    domain::{
        run::{Run, RunStatus},
        source::Layer,
    },
    sandbox::{
        faults::{Fault, Kind, Moment},
        slack::{Act, Posted},
    },
};
use serde_json::{Value, json};

use crate::{
    doors::interact,
    harness::{ANA, Bot, CHANNEL, KENJI, OLGA, key},
};

/// Where the bot writes to Ana alone.
const DIRECT: &str = "D0ANA000001";

/// Waits until the modal of `user` says `words`. Returns its id and text.
async fn modal(bot: &Bot, user: &str, words: &str) -> (String, String) {
    let shown = async || bot.world.slack.modal(user).filter(|(_, text)| text.contains(words));
    bot.until(&format!("the modal says: {words}"), shown).await
}

/// Types `/datalake run` and waits for the form.
async fn open(bot: &Bot, user: &str) -> String {
    let answer = bot.world.slack.slash(user, CHANNEL, "/datalake run").await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{answer:?}");
    modal(bot, user, "UTC · automated").await.0
}

fn entries(of: &[(&str, Value)]) -> BTreeMap<String, Value> {
    of.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// Submits the form as it stands, with `of`, and waits for the plan.
async fn review(bot: &Bot, user: &str, of: &[(&str, Value)]) -> (String, String) {
    let id = open(bot, user).await;
    let answer = bot.world.slack.submit(user, &id, &entries(of)).await.unwrap();
    assert_eq!((answer.failure, &answer.json()["response_action"]), (None, &json!("update")), "{answer:?}");
    modal(bot, user, "Start Run").await
}

async fn submit(bot: &Bot, user: &str, id: &str) {
    let answer = bot.world.slack.submit(user, id, &BTreeMap::new()).await.unwrap();
    assert_eq!((answer.status, answer.failure), (200, None), "{answer:?}");
    let text = answer.json()["view"]["blocks"].to_string();
    assert!(text.contains("Recorded"), "no more is said than is true: {text}");
}

fn delay(service: &'static str, by: u64) -> Fault {
    let kind = Kind::Delay { at: Moment::BeforeEffect, by: Duration::from_secs(by) };
    Fault::once(service, "*", kind).times(1000)
}

fn refuse(status: u16, code: &str) -> Kind {
    Kind::Refuse { status, code: code.to_owned(), message: "no".to_owned(), retry_after: None }
}

/// Waits for a direct message to Ana that says `words`.
async fn direct(bot: &Bot, words: &str) -> Posted {
    let told = async || bot.messages(DIRECT).into_iter().find(|it| it.text.contains(words));
    bot.until(&format!("Ana gets a direct message: {words}"), told).await
}

async fn only_run(bot: &Bot) -> Run {
    let mut runs = bot.runs().await;
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_filled_in_and_reviewed_becomes_one_run() {
    let bot = Bot::start().await;
    let of = [
        ("tables", json!("learning.users\nlearning.lessons")),
        ("layers", json!(["normal"])),
        ("reason", json!("Month <!channel> end")),
    ];
    let (id, plan) = review(&bot, ANA, &of).await;
    for words in ["learning.users", "Nothing has been started", "Month <!channel> end", "no run of this source"] {
        assert!(plan.contains(words), "{words}: {plan}");
    }
    assert!(!plan.contains("sensitive catalog"), "{plan}");
    assert_eq!(bot.runs().await, [], "a plan starts nothing");
    submit(&bot, ANA, &id).await;
    let (_, told) = modal(&bot, ANA, "The run begins now").await;
    let run = only_run(&bot).await;
    assert!(told.contains(run.export_task.as_str()) && plan.contains(run.export_task.as_str()), "{told}");
    assert_eq!((run.only, run.layers), (vec!["learning.users".into(), "learning.lessons".into()], vec![Layer::Normal]));
    assert_eq!((run.reason.as_deref(), run.requested_by.as_deref()), (Some("Month <!channel> end"), Some(ANA)));
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_of_the_next_run_knows_the_last_one() {
    let bot =
        Bot::start_in(datalake_bot::sandbox::world::World::start(crate::harness::options()).await.unwrap(), |config| {
            let prices = "[prices]\ncurrency = \"USD\"\nexport_per_gb = 0.01\nglue_dpu_hour = 0.44\n\n[[sources]]";
            config.replacen("[[sources]]", prices, 1)
        })
        .await;
    bot.slash(ANA, "/datalake run learning --layers normal --reason the first one").await;
    let first = bot.run_shown().await;
    let output =
        bot.command(&["runs", "start", "learning", "--only", "learning.users", "--layers", "normal", "--plan"]);
    let output = { output }.stdout(std::process::Stdio::piped()).output().await.unwrap();
    let typed = String::from_utf8(output.stdout).unwrap();
    let (_, formed) = review(&bot, ANA, &[("tables", json!("learning.users")), ("layers", json!(["normal"]))]).await;
    for plan in [typed, formed] {
        let holds = first.export_task.as_str();
        for words in
            [holds, "It loses 5 tables", "learning/learning.lessons", "It takes", "It costs", "USD", "DPU-hours"]
        {
            assert!(plan.contains(words), "{words}: {plan}");
        }
    }
    assert_eq!(bot.runs().await.len(), 1, "plans start nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_modal_opens_at_once_though_aws_is_slow() {
    let bot = Bot::start().await;
    for service in ["rds", "dynamodb", "sqs"] {
        bot.world.front.faults.plant(delay(service, 5));
    }
    let answer = bot.world.slack.slash(ANA, CHANNEL, "/datalake run").await.unwrap();
    assert!(answer.ms < 1000 && answer.failure.is_none(), "{answer:?}");
    // Before RDS has listed anything, the newest snapshot can be chosen.
    let (id, _) = modal(&bot, ANA, "RDS has not listed the others yet").await;
    let answer = bot.world.slack.submit(ANA, &id, &BTreeMap::new()).await.unwrap();
    assert!(answer.ms < 1000 && answer.failure.is_none(), "{answer:?}");
    modal(&bot, ANA, "The plan is being made").await;
    bot.world.front.faults.clear();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_the_list_of_snapshots_can_be_used() {
    let bot = Bot::start().await;
    let fault = Fault::once("rds", "DescribeDBSnapshots", refuse(403, "AccessDenied")).times(2);
    bot.world.front.faults.plant(fault);
    bot.world.slack.slash(ANA, CHANNEL, "/datalake run").await.unwrap();
    let (id, text) = modal(&bot, ANA, "RDS does not list the others").await;
    assert!(text.contains("AccessDenied"), "{text}");
    bot.world.front.faults.clear();
    bot.world
        .slack
        .submit(ANA, &id, &entries(&[("source", json!("school")), ("layers", json!(["normal"]))]))
        .await
        .ok();
    let (id, _) = modal(&bot, ANA, "Run a source").await;
    bot.world.slack.close(ANA, &id).await.unwrap();
    assert_eq!(bot.runs().await, [], "what is dismissed changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_told_whom_to_ask_and_cannot_forge_a_submission() {
    let bot = Bot::start().await;
    bot.world.slack.slash(OLGA, CHANNEL, "/datalake run").await.unwrap();
    let (id, text) = modal(&bot, OLGA, "you need the right").await;
    assert!(!text.contains("learning"), "{text}");
    let forged = submission(&id, OLGA, "run.review", "run learning");
    let (status, answer) = interact(&bot.url(), &forged).await;
    assert_eq!(status, 200);
    assert!(answer["view"]["blocks"].to_string().contains("you need the right"), "{answer}");
    for metadata in ["cancel x", "run", "run nosuch", "<!channel>", ""] {
        let (status, answer) = interact(&bot.url(), &submission(&id, ANA, "run.review", metadata)).await;
        assert_eq!((status, &answer["response_action"]), (200, &json!("update")), "{metadata}: {answer}");
        assert!(!answer.to_string().contains("Recorded"), "{metadata}: {answer}");
    }
    bot.world.slack.revoke_token(true);
    let (_, answer) = interact(&bot.url(), &submission(&id, KENJI, "run.review", "run learning")).await;
    assert!(!answer.to_string().contains("Recorded"), "who cannot be looked up is not let in: {answer}");
    assert_eq!(bot.runs().await, []);
}

/// What Slack sends when `user` submits a view.
fn submission(view: &str, user: &str, callback: &str, metadata: &str) -> Value {
    json!({
        "type": "view_submission", "team": {"id": "T0DATALAKE1"}, "user": {"id": user, "team_id": "T0DATALAKE1"},
        "trigger_id": "1.2", "view": {
            "id": view, "hash": "1.hash", "type": "modal", "callback_id": callback, "private_metadata": metadata,
            "state": {"values": {}},
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_that_is_submitted_twice_to_two_replicas_is_one_request() {
    let bot = Bot::start().await;
    let (_replica, other) = bot.replica_at().await;
    let (id, _) = review(&bot, ANA, &[]).await;
    let twice = submission(&id, ANA, "run.review", "run learning --layers normal --reason once");
    let url = bot.url();
    let (one, two) = tokio::join!(interact(&url, &twice), interact(&other, &twice));
    for (status, answer) in [one, two] {
        assert!(status == 200 && answer.to_string().contains("Recorded"), "{answer}");
    }
    modal(&bot, ANA, "The run begins now").await;
    assert_eq!(bot.run_shown().await.reason.as_deref(), Some("once"));
    let requests = bot.state_keys().await.into_iter().filter(|it| it.starts_with("REQUEST#")).count();
    assert_eq!((bot.runs().await.len(), requests), (1, 1));
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_closed_the_modal_gets_a_direct_message() {
    let bot = Bot::start().await;
    let (id, _) = review(&bot, ANA, &[]).await;
    submit(&bot, ANA, &id).await;
    bot.world.slack.close(ANA, &id).await.unwrap();
    let told = direct(&bot, "The run begins now").await;
    assert_eq!(key(&told), "answer");
    assert_eq!(bot.messages(DIRECT).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_without_an_address_is_answered_by_a_direct_message() {
    let bot = Bot::start().await;
    let press = json!({
        "type": "block_actions", "user": {"id": ANA, "team_id": "T0DATALAKE1"}, "trigger_id": "1.2",
        "view": {"id": "V1", "type": "home"}, "actions": [{"action_id": "run.cancel", "value": "nosuch"}],
    });
    interact(&bot.url(), &press).await;
    direct(&bot, "no run `nosuch`").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told_beside_their_fields() {
    let bot = Bot::start().await;
    let id = open(&bot, ANA).await;
    let of = entries(&[("tables", json!("learning.users, drop table;")), ("reason", json!("why not"))]);
    let answer = bot.world.slack.submit(ANA, &id, &of).await.unwrap();
    let said = answer.json();
    assert_eq!(said["response_action"], "errors", "{answer:?}");
    let errors = said["errors"].as_object().unwrap();
    assert_eq!(errors.keys().collect::<Vec<_>>(), ["tables"]);
    assert!(errors["tables"].as_str().unwrap().contains("“table;”"), "{errors:?}");
    let right = entries(&[("tables", json!("learning.users")), ("reason", json!("why not"))]);
    bot.world.slack.submit(ANA, &id, &right).await.unwrap();
    modal(&bot, ANA, "Start Run").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_source_has_other_snapshots_and_what_was_entered_stays() {
    let bot = Bot::start().await;
    let id = open(&bot, ANA).await;
    let place = datalake_bot::sandbox::slack::Place::View { id: id.clone() };
    let act = Act { entries: entries(&[("reason", json!("quarter end"))]), ..Act::press(place, "source") };
    bot.world.slack.act(ANA, &act.choosing("school")).await.unwrap();
    let (_, form) = modal(&bot, ANA, "quarter end").await;
    assert!(form.contains("quarter end"), "{form}");
    let answer = bot.world.slack.submit(ANA, &id, &BTreeMap::new()).await.unwrap();
    assert_eq!(answer.json()["response_action"], "update", "{answer:?}");
    let (_, plan) = modal(&bot, ANA, "Start Run").await;
    assert!(plan.contains("The plan for school") && plan.contains("quarter end"), "{plan}");
    assert!(!plan.contains("sensitive"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_shown_the_form_is_told_what_to_type() {
    let bot = Bot::start().await;
    bot.world.front.faults.plant(Fault::once("slack", "views.open", refuse(200, "expired_trigger_id")));
    let answer = bot.world.slack.slash(ANA, CHANNEL, "/datalake run").await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    bot.told(ANA, "the form could not be shown").await;
    bot.told(ANA, "run [SOURCE]").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_has_no_form() {
    let bot = Bot::start().await;
    let output = bot.command(&["runs", "start"]).stderr(std::process::Stdio::piped()).output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("`run` needs SOURCE"), "{said}");
    let started = bot.command(&["runs", "start", "school", "--reason", "by", "hand"]).status().await.unwrap();
    assert!(started.success());
    assert_eq!(only_run(&bot).await.reason.as_deref(), Some("by hand"));
}
