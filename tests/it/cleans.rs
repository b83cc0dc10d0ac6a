//! Cleaning: what nothing needs any more is removed, and the record says so.

use datalake_bot::{
    domain::run::Run,
    sandbox::world::{BUCKET, World},
};

use crate::{
    harness::{ANA, Bot, name, options},
    rollback::{night, published, record, succeeded, two_nights},
};

#[tokio::test(flavor = "multi_thread")]
async fn exports_that_nothing_needs_are_removed() {
    let keeps = "schedule = \"on-snapshot\"\nretention = { exports = 2, grace = \"2s\" }\n";
    let edit = |config: String| config.replace("schedule = \"on-snapshot\"\n", keeps);
    let bot = Bot::start_in(World::start(options()).await.unwrap(), edit).await;
    let (older, newer) = two_nights(&bot).await;
    night(&bot.world, "school", "third");
    let third = succeeded(&bot, "school", &[&older, &newer]).await;
    let raw = |run: &Run| bot.world.aws.s3.keys(BUCKET, &format!("raw/{}/", name(run))).len();
    let removed =
        async || Some(record(&bot, &older).await).filter(|it| it.removal.is_some_and(|it| it.ended_at.is_some()));
    bot.until("the oldest export is removed", removed).await;
    assert_eq!(raw(&older), 0);
    assert!(raw(&newer) > 0 && raw(&third) > 0, "two are kept");
    assert_eq!(published(&bot, "school"), name(&third));
    assert!(bot.world.aws.s3.keys(BUCKET, "latest/school/").len() > 1);
    bot.slash(ANA, &format!("/datalake rollback school --to {}", name(&older))).await;
    bot.told(ANA, "is not there any more").await;
    bot.slash(ANA, &format!("/datalake status {}", name(&older))).await;
    bot.told(ANA, "removed").await;
    let settled = async || bot.items().await.iter().all(|it| !it.contains_key("open")).then_some(());
    bot.until("the records are left alone", settled).await;
    bot.assert_nothing_twice(3);
}
