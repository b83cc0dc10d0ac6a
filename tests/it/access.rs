//! Who may do what: by list, by channel, by source; looked up again when it matters; refused privately, and recorded.

use datalake_bot::sandbox::{slack::Person, world::World};
use serde_json::Value;

use crate::harness::{ALERTS, ANA, Bot, CHANNEL, GUEST, KENJI, MINA, OLGA, STRANGER, options};

/// The source `school` is for Olga, and for those who ask in the channel of alerts.
const OWN: &str = "\n[sources.access]\nviewers = [\"C0ALERTS0001\"]\noperators = [\"U0OLGA00001\"]\n";

async fn start() -> Bot {
    // `school` is the last source of the configuration.
    Bot::start_in(World::start(options()).await.unwrap(), |config| config + OWN).await
}

async fn slash(bot: &Bot, user: &str, channel: &str, text: &str) -> String {
    let answer = bot.world.slack.slash(user, channel, text).await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_can_have_lists_of_its_own() {
    let bot = start().await;
    assert!(!slash(&bot, ANA, CHANNEL, "/datalake sources").await.contains("school"));
    assert!(slash(&bot, ANA, ALERTS, "/datalake sources").await.contains("school"));
    assert!(slash(&bot, ANA, CHANNEL, "/datalake status school").await.contains(OLGA));
    assert!(!slash(&bot, ANA, CHANNEL, "/datalake status shcool").await.contains("school`"));
    assert!(slash(&bot, ANA, CHANNEL, "/datalake run school").await.contains(OLGA));
    assert!(slash(&bot, ANA, CHANNEL, "/datalake whoami").await.contains("learning"));
    assert!(slash(&bot, OLGA, CHANNEL, "/datalake run learning").await.contains("S0DATAOPS01"));
    assert!(slash(&bot, OLGA, CHANNEL, "/datalake run school").await.contains("Recorded"));
    let run = bot.run_shown().await;
    let name = run.export_task.as_str();
    assert!(slash(&bot, OLGA, CHANNEL, "/datalake list").await.contains(name));
    assert!(!slash(&bot, ANA, CHANNEL, "/datalake list").await.contains(name));
    assert!(!slash(&bot, ANA, CHANNEL, &format!("/datalake status {}", &name[..20])).await.contains("SUCCEEDED"));
    assert!(slash(&bot, ANA, CHANNEL, &format!("/datalake status {name}")).await.contains(OLGA));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_is_looked_up_again_when_the_run_is_known() {
    let bot = start().await;
    slash(&bot, OLGA, CHANNEL, "/datalake run school").await;
    let run = bot.run_shown().await;
    let retry = format!("/datalake retry {}", run.export_task);
    // Ana operates the other source: only the record tells that this run is not hers.
    assert!(slash(&bot, ANA, CHANNEL, &retry).await.contains("Recorded"));
    bot.told(ANA, "you need the right to start, retry and cancel runs of `school`").await;
    assert_eq!(bot.runs().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_lets_full_members_in_and_nobody_else() {
    let world = World::start(options()).await.unwrap();
    let bot = Bot::start_in(world, |it| it.replace("[\"S0DATAOPS01\"]", "[\"C0ALERTS0001\"]")).await;
    for user in [GUEST, STRANGER] {
        assert!(!slash(&bot, user, ALERTS, "/datalake run school").await.contains("Recorded"), "{user}");
    }
    assert!(slash(&bot, OLGA, CHANNEL, "/datalake run school").await.contains("<#C0ALERTS0001>"));
    assert!(slash(&bot, OLGA, ALERTS, "/datalake run school").await.contains("Recorded"));
    bot.run_shown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_in_slack_counts_as_soon_as_its_event_has_come() {
    let bot = Bot::start().await;
    assert!(slash(&bot, OLGA, CHANNEL, "/datalake run school").await.contains("S0DATAOPS01"));
    bot.world.slack.set_group_members("S0DATAOPS01", &[OLGA]);
    bot.world.slack.tell_group_changed("S0DATAOPS01").await.unwrap();
    assert!(slash(&bot, OLGA, CHANNEL, "/datalake run school").await.contains("Recorded"));
    assert!(!slash(&bot, KENJI, CHANNEL, "/datalake run school").await.contains("Recorded"));
    let guest = Person::member(OLGA, "olga", "Olga Novak", "Product");
    bot.world.slack.set_person(guest.kind(datalake_bot::sandbox::slack::Kind::Guest { single: false }));
    bot.world.slack.tell_user_changed(OLGA).await.unwrap();
    assert!(slash(&bot, OLGA, CHANNEL, "/datalake run learning").await.contains("only full members"));
    bot.run_shown().await;
}

/// Returns what the command line lists of the refusals.
async fn refusals(bot: &Bot) -> Vec<Value> {
    let output =
        bot.command(&["runs", "refusals", "--json"]).stdout(std::process::Stdio::piped()).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_recorded_newest_first() {
    let bot = Bot::start().await;
    slash(&bot, OLGA, CHANNEL, "/datalake run school").await;
    slash(&bot, GUEST, ALERTS, "/datalake status").await;
    slash(&bot, STRANGER, CHANNEL, "/datalake help").await;
    slash(&bot, ANA, CHANNEL, "/datalake run learning").await;
    let ask = bot.button(CHANNEL, "approval.approve").await;
    bot.world.slack.press(KENJI, CHANNEL, &ask.ts, "approval.approve").await.unwrap();
    let listed = bot.until("four refusals", async || Some(refusals(&bot).await).filter(|it| it.len() == 4)).await;
    let told: Vec<_> =
        listed.iter().map(|it| [&it["user"], &it["what"], &it["why"]].map(|it| it.as_str().unwrap())).collect();
    assert_eq!(
        told,
        [
            [KENJI, "approve", "no_right"],
            [STRANGER, "help", "other_workspace"],
            [GUEST, "status", "not_member"],
            [OLGA, "run", "no_right"],
        ]
    );
    assert_eq!((&listed[3]["target"], &listed[3]["channel"]), (&"school".into(), &CHANNEL.into()));
    bot.world.slack.press(MINA, CHANNEL, &ask.ts, "approval.approve").await.unwrap();
    bot.run_shown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_work_in_direct_messages_and_where_the_bot_is_not() {
    let bot = Bot::start().await;
    let (direct, _) = bot.world.slack.direct(ANA, "whoami").await.unwrap();
    assert!(slash(&bot, ANA, &direct, "/datalake sources").await.contains("school"));
    assert!(slash(&bot, OLGA, "C0RANDOM0001", "/datalake sources").await.contains("school"));
    bot.world.slack.invite_bot(ALERTS, false);
    assert!(slash(&bot, ANA, ALERTS, "/datalake run school").await.contains("Recorded"));
    bot.told(ANA, "has begun").await;
    bot.run_shown().await;
}
