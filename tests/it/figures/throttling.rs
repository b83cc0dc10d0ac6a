//! R12: being told to wait is delay, not loss.

use std::time::Duration;

use datalake_bot::{
    domain::run::RunStatus,
    sandbox::faults::{Fault, Kind},
};
use tokio::time::{Instant, sleep};

use super::{figure, size};
use crate::harness::{ANA, Bot};

#[tokio::test(flavor = "multi_thread")]
async fn throttling_of_every_call_is_waited_out() {
    let bot = Bot::start().await;
    bot.slash(ANA, "/datalake run school").await;
    let refuse = |code: &str, status, retry_after| {
        let (code, message) = (code.to_owned(), "Rate exceeded".to_owned());
        Kind::Refuse { status, code, message, retry_after }
    };
    for service in ["rds", "s3", "glue", "sqs", "dynamodb"] {
        let kind = refuse("ThrottlingException", 400, None);
        bot.world.front.faults.plant(Fault::once(service, "*", kind).times(usize::MAX));
    }
    bot.world.front.faults.plant(Fault::once("slack", "*", refuse("ratelimited", 429, Some(3))).times(usize::MAX));
    let seconds = size(8, 600);
    sleep(Duration::from_secs(seconds as u64)).await;
    let history = &bot.world.front.history;
    let aws = history.all().iter().filter(|it| it.service != "slack" && it.error.is_some()).count();
    let slack = ["chat.postMessage", "chat.update", "users.info"].map(|it| history.calls("slack", it));
    let early = slack.iter().flat_map(|it| it.windows(2)).filter(|pair| {
        pair[0].error.is_some() && pair[1].at.duration_since(pair[0].at) < jiff::SignedDuration::from_millis(2950)
    });
    let early = early.count();
    bot.world.front.faults.clear();
    let begun = Instant::now();
    let run = bot.run_shown().await;
    let drained = begun.elapsed();
    assert_eq!(run.status, RunStatus::Succeeded);
    bot.assert_nothing_twice(1);
    assert_eq!(early, 0, "calls to Slack within its Retry-After");
    figure(
        "R12",
        &format!(
            "every call throttled for {seconds} s: run lost 0, {:.1} calls to AWS a second meanwhile, 0 calls to Slack \
             within Retry-After, run and thread finished {drained:.0?} after",
            aws as f64 / seconds as f64,
        ),
    );
}
