//! The App Home: what each person sees of everything, published when they open it and when it changes.

use datalake_bot::sandbox::{
    aws::ExportStatus,
    faults::{Fault, Kind},
    slack::{Act, Place},
    world::World,
};

use crate::harness::{ANA, Bot, CHANNEL, GUEST, KENJI, MINA, OLGA, STRANGER, name, options};

/// Opens the Home of `user`, and waits until it is published.
async fn open(bot: &Bot, user: &str) -> String {
    let before = publications(bot, user);
    let answer = bot.world.slack.open_home(user).await.unwrap();
    assert_eq!((answer.status, answer.failure), (200, None), "{answer:?}");
    let published = async || (publications(bot, user) > before).then(|| bot.world.slack.home(user)).flatten();
    bot.until(&format!("the Home of {user} is published"), published).await
}

/// Waits until the Home of `user` is so.
async fn becomes(bot: &Bot, user: &str, what: &str, mut so: impl FnMut(&str) -> bool) -> String {
    let seen = async || bot.world.slack.home(user).filter(|it| so(it));
    bot.until(&format!("the Home of {user}: {what}"), seen).await
}

/// Returns how often the Home of `user` was published.
fn publications(bot: &Bot, user: &str) -> usize {
    bot.effects("slack", "views.publish").iter().filter(|it| it.note.to_string().contains(user)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_published_at_every_opening_in_the_readers_language() {
    let bot = Bot::start().await;
    let ana = open(&bot, ANA).await;
    assert!(ana.contains("First steps") && ana.contains("Updated"), "{ana}");
    let kenji = open(&bot, KENJI).await;
    assert!(kenji.contains("はじめに"), "{kenji}");
    open(&bot, ANA).await;
    assert_eq!(publications(&bot, ANA), 2);
    let tab = serde_json::json!({"type": "app_home_opened", "user": OLGA, "tab": "messages", "channel": "D1"});
    assert_eq!(bot.world.slack.event(&tab).await.unwrap().status, 200);
    assert_eq!(bot.world.slack.home(OLGA), None, "another tab");
}
