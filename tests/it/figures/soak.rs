//! R14: under load for long, memory does not grow, and nothing goes wrong.

use std::time::Duration;

use datalake_bot::{domain::run::RunStatus, sandbox::aws::SnapshotType};
use tokio::time::{Instant, interval};

use super::{Load, figure, size};
use crate::harness::{Bot, CHANNEL, MINA, has};

#[tokio::test(flavor = "multi_thread")]
async fn load_for_long_leaves_nothing_behind() {
    let bot = Bot::start().await;
    let load = Load::new(&bot.url());
    let seconds = size(10, 1200);
    let mut ticks = interval(Duration::from_millis(100));
    let begun = Instant::now();
    let (mut memory, mut commands, mut snapshots) = (Vec::new(), 0, 0);
    for tick in 0..seconds * 10 {
        ticks.tick().await;
        noise(&bot, tick);
        if tick % 5 == 0 {
            commands += 1;
            let text = if tick % 50 == 0 { "run learning" } else { "status" };
            assert_eq!(load.command(text, commands).await.status, Some(200));
        }
        if tick % 40 == 0 {
            snapshots += 1;
            let name = format!("by-hand-{snapshots}");
            bot.world.aws.rds.create_snapshot("school-db", &name, SnapshotType::Manual).unwrap();
        }
        if tick % 20 == 0 {
            approve_all(&bot).await;
        }
        if tick % 100 == 0 {
            memory.push((begun.elapsed().as_secs_f64() / 3600.0, bot.memory()));
        }
    }
    let over = async || {
        let runs = bot.runs().await;
        runs.iter().all(|it| it.status.is_over() || it.status == RunStatus::WaitingApproval).then_some(runs)
    };
    let runs = bot.until("every run ends", over).await;
    bot.assert_sound();
    let well = runs.iter().filter(|it| it.status == RunStatus::Succeeded).count();
    let gone = runs.iter().filter(|it| it.status == RunStatus::Superseded).count();
    assert!(well >= 2 && runs.iter().all(|it| it.status != RunStatus::Failed), "{well} of {}", runs.len());
    let late = &memory[memory.len() / 4..];
    figure(
        "R14",
        &format!(
            "{seconds} s, 100 events/s, {commands} commands: {well} runs succeeded, {gone} superseded, 0 failed; memory \
             {} → {} MiB, slope after the first quarter {:.1} MiB/h",
            memory[0].1,
            memory[memory.len() - 1].1,
            slope(late),
        ),
    );
}

/// A hundred events a second, if it is called ten times in one, that concern nobody.
fn noise(bot: &Bot, tick: usize) {
    for _ in 0..10 {
        let event = serde_json::json!({
            "Event Source": "db-instance", "Source ID": "other", "Event ID": "x#RDS-EVENT-0088", "Event Message": "tick",
            "Source ARN": "arn:aws:rds:ap-northeast-1:123456789012:db:other", "Event Time": tick.to_string(),
        });
        bot.world.sqs.send("datalake-bot", &event.to_string()).unwrap();
    }
}

async fn approve_all(bot: &Bot) {
    for request in bot.messages(CHANNEL).into_iter().filter(|it| has(it, "approval.approve")) {
        bot.world.slack.press(MINA, CHANNEL, &request.ts, "approval.approve").await.unwrap();
    }
}

/// Least squares.
fn slope(points: &[(f64, u64)]) -> f64 {
    let count = points.len() as f64;
    let (x, y) =
        (points.iter().map(|it| it.0).sum::<f64>() / count, points.iter().map(|it| it.1 as f64).sum::<f64>() / count);
    let up: f64 = points.iter().map(|it| (it.0 - x) * (it.1 as f64 - y)).sum();
    let across: f64 = points.iter().map(|it| (it.0 - x).powi(2)).sum();
    if across == 0.0 { 0.0 } else { up / across }
}
