//! Seeded schedules: three replicas, two sources, and a dozen troubles that a seed has chosen, anywhere. Whatever they
//! are, every run ends well, and nothing is there twice. `SEEDS=100` tries more, `SEED=7` repeats one.

use std::time::Duration;

use datalake_bot::{
    domain::run::{Run, RunStatus},
    sandbox::{
        aws::SnapshotType,
        faults::{Fault, Kind, Moment},
        slack::Posted,
    },
};
use fastrand::Rng;
use tokio::time::timeout;

use crate::{
    fleet::Fleet,
    harness::{ANA, CHANNEL, Judge, KENJI, MINA, has, options},
    kills::PRESS_AGAIN,
};

/// Seeds that are tried when nobody says how many.
const FEW: u64 = 4;

/// Where troubles strike: every service that the bot calls, and what of it.
const CALLS: [(&str, &str); 24] = [
    ("dynamodb", "PutItem"),
    ("dynamodb", "GetItem"),
    ("dynamodb", "Query"),
    ("dynamodb", "UpdateItem"),
    ("dynamodb", "TransactWriteItems"),
    ("dynamodb", "TransactWriteItems"),
    ("sqs", "SendMessage"),
    ("sqs", "ReceiveMessage"),
    ("sqs", "DeleteMessage"),
    ("rds", "StartExportTask"),
    ("rds", "DescribeExportTasks"),
    ("rds", "DescribeDBSnapshots"),
    ("s3", "CopyObject"),
    ("s3", "ListObjectsV2"),
    ("s3", "GetObject"),
    ("s3", "PutObject"),
    ("glue", "StartJobRun"),
    ("glue", "GetJobRuns"),
    ("glue", "GetJobRun"),
    ("glue", "StartCrawler"),
    ("glue", "GetCrawler"),
    ("slack", "chat.postMessage"),
    ("slack", "chat.update"),
    ("slack", "users.info"),
];

fn moment(rng: &mut Rng) -> Moment {
    rng.choice([Moment::BeforeEffect, Moment::AfterEffect, Moment::AfterAnswer]).expect("there are three")
}

fn trouble(rng: &mut Rng, fleet: &Fleet, service: &str) -> Kind {
    let at = moment(rng);
    match rng.u8(0..6) {
        0 => Kind::Hook { at, hook: fleet.killer() },
        1 => Kind::Hook { at, hook: fleet.pauser(Duration::from_millis(rng.u64(100..6000))) },
        2 => Kind::Reset { at: Moment::BeforeEffect },
        3 => Kind::Reset { at: Moment::AfterEffect },
        4 => Kind::Delay { at: Moment::AfterEffect, by: Duration::from_millis(rng.u64(100..3000)) },
        _ if service == "slack" => {
            let code = "ratelimited".to_owned();
            Kind::Refuse { status: 429, code, message: String::new(), retry_after: Some(1) }
        }
        _ => Kind::Refuse {
            status: 503,
            code: "ServiceUnavailable".to_owned(),
            message: "planted".to_owned(),
            retry_after: None,
        },
    }
}

fn plant(rng: &mut Rng, fleet: &Fleet) -> Vec<String> {
    let mut told = Vec::new();
    for _ in 0..rng.usize(6..14) {
        let (service, operation) = rng.choice(CALLS).expect("there are calls");
        let fault = Fault {
            skip: rng.usize(0..12),
            times: rng.usize(1..4),
            ..Fault::once(service, operation, trouble(rng, fleet, service))
        };
        // A replica that is killed at each of its starts has no chance.
        let fault = if matches!(fault.kind, Kind::Hook { .. }) { fault.times(1) } else { fault };
        told.push(format!("{service} {operation} after {} × {}: {:?}", fault.skip, fault.times, fault.kind));
        fleet.judge.world.front.faults.plant(fault);
    }
    let events = &fleet.judge.world.aws.events;
    events.lose(rng.usize(0..4));
    events.duplicate(rng.usize(0..4));
    events.reorder(rng.usize(0..3));
    told
}

async fn all_over(judge: &Judge, least: usize) -> Option<Vec<Run>> {
    let runs = judge.runs().await;
    let shown = judge.items().await.iter().all(|it| !it.contains_key("open"));
    (runs.len() >= least && shown && runs.iter().all(|it| it.status.is_over())).then_some(runs)
}

async fn schedule(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let mut fleet = Fleet::start(3, options()).await;
    let told = plant(&mut rng, &fleet);
    eprintln!("seed {seed}:\n  {}", told.join("\n  "));
    for _ in 0..rng.usize(1..4) {
        let user = rng.choice([ANA, KENJI]).expect("there are two");
        fleet.slash(user, "/datalake run learning").await;
    }
    fleet.judge.world.aws.rds.create_automated_snapshot("school-db").unwrap();
    if rng.bool() {
        // Not a wait for something: when the next snapshot comes is a part of the schedule.
        tokio::time::sleep(Duration::from_millis(rng.u64(0..2000))).await;
        fleet.judge.world.aws.rds.create_snapshot("school-db", "by-hand", SnapshotType::Manual).unwrap();
    }
    let mut pressed = 0;
    let runs = loop {
        let next = async |judge: &Judge| {
            let over = all_over(judge, 2).await;
            let asked = judge.messages(CHANNEL).into_iter().find(|it| has(it, "approval.approve"));
            (over.is_some() || asked.is_some()).then_some((over, asked))
        };
        let (over, asked) = fleet.until(&format!("seed {seed}: every run ends, or people are asked"), next).await;
        if let Some(runs) = over {
            break runs;
        }
        if let Some(request) = asked {
            fleet.press(MINA, CHANNEL, &request.ts, "approval.approve").await;
            pressed += 1;
            assert!(pressed < 60, "seed {seed}: the approval is never counted");
            // A press that got lost is pressed again.
            let is_open = |it: &Posted| it.ts == request.ts && has(it, "approval.approve");
            let decided = async |judge: &Judge| (!judge.messages(CHANNEL).iter().any(is_open)).then_some(());
            let _ = timeout(PRESS_AGAIN, fleet.until("the press counts", decided)).await;
        }
    };
    for run in &runs {
        assert!(matches!(run.status, RunStatus::Succeeded | RunStatus::Superseded), "seed {seed}: {run:#?}");
    }
    fleet.judge.assert_sound();
    fleet.judge.assert_crawls(2);
    let begun = runs.iter().filter(|it| it.status == RunStatus::Succeeded).count();
    assert_eq!(fleet.judge.effects("rds", "StartExportTask").len(), begun, "seed {seed}: exports");
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "what to play comes from the command line")]
async fn whatever_strikes_every_run_ends_well_and_nothing_is_there_twice() {
    let number = |name: &str| std::env::var(name).ok().and_then(|it| it.parse::<u64>().ok());
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SEEDS").unwrap_or(FEW),
    };
    for seed in seeds {
        schedule(seed).await;
    }
}
