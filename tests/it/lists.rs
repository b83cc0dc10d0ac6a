//! Long answers: they come in parts, and every part can be had.

use datalake_bot::{domain::run::RunStatus, sandbox::slack::Posted};

use crate::harness::{ANA, Bot, CHANNEL, GUEST, has, name};

/// Runs `learning` twice, of all tables and of one.
async fn ran_twice(bot: &Bot) -> Vec<String> {
    bot.slash(ANA, "/datalake run learning --layers normal").await;
    bot.run_shown().await;
    bot.slash(ANA, "/datalake run learning --only learning.users --layers normal").await;
    let both = async || {
        let runs = bot.runs().await;
        (runs.len() == 2 && runs.iter().all(|it| it.status == RunStatus::Succeeded)).then_some(runs)
    };
    let mut runs = bot.until("both have succeeded", both).await;
    runs.sort_by_key(|it| std::cmp::Reverse(it.created_at));
    runs.iter().map(|it| name(it).to_owned()).collect()
}

/// Returns the last message that only `user` sees and that goes on.
fn part(bot: &Bot, user: &str) -> Option<Posted> {
    let messages = bot.world.slack.messages(CHANNEL).into_iter().rev();
    messages.into_iter().find(|it| it.only_for.as_deref() == Some(user) && has(it, "list.more"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_goes_on_where_it_ended() {
    let bot = Bot::start().await;
    let runs = ran_twice(&bot).await;
    let first = bot.slash(ANA, "/datalake list learning --limit 1").await;
    assert!(first.contains(&runs[0]) && !first.contains(&runs[1]), "{first}");
    let shown = part(&bot, ANA).expect("a button for the rest");
    bot.world.slack.press(ANA, CHANNEL, &shown.ts, "list.more").await.unwrap();
    let rest = async || {
        let later = bot.world.slack.messages(CHANNEL).into_iter().filter(|it| it.only_for.as_deref() == Some(ANA));
        later.filter(|it| it.ts > shown.ts).find(|it| it.blocks.iter().any(|it| it.to_string().contains(&runs[1])))
    };
    bot.until("the rest is told", rest).await;
    let second = bot.slash(ANA, "/datalake list learning --limit 1 --page 2").await;
    assert!(second.contains(&runs[1]) && !second.contains(&runs[0]), "{second}");
    let told = bot.slash(GUEST, "/datalake list learning --limit 1").await;
    assert!(!told.contains("learning-"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sources_status_says_how_fresh_it_is() {
    let bot = Bot::start().await;
    assert!(bot.slash(ANA, "/datalake status learning").await.contains("no refresh has succeeded yet"));
    ran_twice(&bot).await;
    let status = bot.slash(ANA, "/datalake status learning").await;
    assert!(status.contains("data as of") && status.contains("last refresh took"), "{status}");
    let overview = bot.slash(ANA, "/datalake").await;
    assert!(overview.contains("*learning* · data as of") && overview.contains("/datalake run"), "{overview}");
    for typed in ["LEARNING", "ｌｅａｒｎｉｎｇ", "laerning"] {
        assert!(
            bot.slash(ANA, &format!("/datalake status {typed}")).await.contains("Did you mean `learning`?"),
            "{typed}"
        );
        assert!(
            bot.slash(ANA, &format!("/datalake list {typed}")).await.contains("Did you mean `learning`?"),
            "{typed}"
        );
    }
}
