//! The demo: one run from a signed slash command to its finished thread, played by the people of the sandbox.

use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::time::{Instant, sleep};

use super::{
    slack::Posted,
    world::{SOURCE, World},
};

/// Who asks, and who approves: the requester cannot.
const ANA: &str = "U0ANA000001";
const MINA: &str = "U0MINA00001";

const CHANNEL: &str = "C0DATALAKE1";
const ALERTS: &str = "C0ALERTS0001";

/// How long the demo waits for one step.
const PATIENCE: Duration = Duration::from_secs(50);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What the demo shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Play {
    /// Everything goes well.
    Plain,
    /// A Glue job fails once; somebody presses Retry.
    GlueFailure,
}

/// Plays a run, and tells each step through `tell`. Returns the finished thread as its readers read it.
///
/// # Errors
/// The run did not succeed, or a step did not come in time.
pub async fn play(world: &World, play: Play, tell: &dyn Fn(&str)) -> anyhow::Result<String> {
    if play == Play::GlueFailure {
        world
            .aws
            .glue
            .fail_next_run(&format!("{SOURCE}-normal"), "AnalysisException: column `lesson_id` cannot be resolved");
    }
    let text = format!("/datalake run {SOURCE}");
    tell(&format!("ana types in #datalake:  {text}"));
    let answer = world.slack.slash(ANA, CHANNEL, &text).await?;
    tell(&format!("only ana sees, after {} ms:  {}", answer.ms, answer.json()["text"].as_str().unwrap_or_default()));
    if play == Play::GlueFailure {
        mend(world, tell).await?;
    }
    let request = button(world, CHANNEL, "approval.approve").await.context("no request for approval was posted")?;
    tell("mina presses [Approve Refresh] in the thread");
    world.slack.press(MINA, CHANNEL, &request.ts, "approval.approve").await?;
    let root = ended(world).await?;
    let exports = world.front.history.effects("rds", "StartExportTask").len();
    tell(&format!("exports started: {exports}"));
    if exports != 1 {
        bail!("one run must start one export, not {exports}");
    }
    Ok(world.slack.thread(CHANNEL, &root))
}

async fn mend(world: &World, tell: &dyn Fn(&str)) -> anyhow::Result<()> {
    let alert = button(world, ALERTS, "run.retry").await.context("no alert was posted")?;
    tell("in #datalake-alerts appears:");
    for line in world.slack.thread(ALERTS, &alert.ts).lines() {
        tell(&format!("    {line}"));
    }
    tell("ana presses [Retry Run]");
    world.slack.press(ANA, ALERTS, &alert.ts, "run.retry").await?;
    Ok(())
}

/// Waits for a message in `channel` that has the button.
async fn button(world: &World, channel: &str, action: &str) -> anyhow::Result<Posted> {
    let found = || world.slack.messages(channel).into_iter().find(|it| has(it, action));
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if let Some(message) = found() {
            return Ok(message);
        }
        sleep(LOOK_EVERY).await;
    }
    bail!(
        "no message with {action} within {} s; in the channel:\n{}",
        PATIENCE.as_secs(),
        world.slack.channel_as(ANA, channel)
    )
}

fn has(message: &Posted, action: &str) -> bool {
    message.only_for.is_none() && message.blocks.iter().any(|it| it.to_string().contains(&format!("\"{action}\"")))
}

/// Waits for the last reply of the run's thread. Returns the `ts` of its root.
async fn ended(world: &World) -> anyhow::Result<String> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let messages = world.slack.messages(CHANNEL);
        let last = messages.iter().find(|it| key(it).is_some_and(|key| key.starts_with("end:")));
        if let Some(root) = last.and_then(|it| it.thread_ts.clone()) {
            let ran = |it: &&Posted| it.ts == root && !has(it, "run.cancel");
            // The root is edited last: it then no longer offers to cancel.
            if messages.iter().any(|it| ran(&it)) {
                return if messages.iter().any(|it| it.ts == root && has(it, "run.retry")) {
                    Err(anyhow::anyhow!("the run did not succeed:\n{}", world.slack.thread(CHANNEL, &root)))
                } else {
                    Ok(root)
                };
            }
        }
        sleep(LOOK_EVERY).await;
    }
    bail!(
        "the run did not end within {} s; in the channel:\n{}",
        PATIENCE.as_secs(),
        world.slack.channel_as(ANA, CHANNEL)
    )
}

fn key(message: &Posted) -> Option<String> {
    Some(message.metadata.as_ref()?["event_payload"]["key"].as_str()?.to_owned())
}
