//! What a seed decides before anything begins: how many replicas, which sources, which faults, how often and when.

use std::time::Duration;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

use super::catalog::classification;
use crate::domain::{
    access::{Identities, Who},
    retention::Retention,
    source::{
        ApprovalRule, Catalog, Engine, Export, LayerWork, Location, Policy, Publish, Schedule, SensitiveLayer, Source,
    },
};

/// When every simulation begins: 2026-11-22 03:00:00 UTC.
const EPOCH: i64 = 1_795_316_400;

/// Returns when every simulation begins.
pub(super) fn epoch() -> Timestamp {
    Timestamp::from_second(EPOCH).expect("a second of this century")
}

/// Something that a replica calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Store,
    Queue,
    Rds,
    S3,
    Glue,
    Slack,
    People,
}

impl Service {
    const ALL: [Self; 7] = [Self::Store, Self::Queue, Self::Rds, Self::S3, Self::Glue, Self::Slack, Self::People];

    /// How long a client waits for an answer.
    pub(super) fn time_out(self) -> Duration {
        match self {
            Self::Store => Duration::from_secs(5),
            Self::Queue | Self::Rds | Self::S3 | Self::Glue | Self::Slack | Self::People => Duration::from_secs(10),
        }
    }
}

/// A service refuses every call for a while.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    pub(super) service: Service,
    pub(super) from: Duration,
    pub(super) to: Duration,
}

/// How often a call meets a fault, in ten thousand calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rates {
    pub(super) crash: u32,
    pub(super) pause: u32,
    pub(super) call_lost: u32,
    pub(super) answer_lost: u32,
    pub(super) refused: u32,
}

/// What a seed decides beforehand.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) seed: u64,
    pub(super) replicas: usize,
    pub(super) names: Vec<&'static str>,
    /// Those of them whose exports are published as they are, and whose tables the bot keeps.
    pub(super) pointers: Vec<&'static str>,
    /// People go back to older data: then there is more of it.
    pub(super) rolls_back: bool,
    pub(super) quorum: u32,
    pub(super) expires_after: SignedDuration,
    pub(super) max_concurrent_runs: usize,
    /// What is kept of the exports of every source, if the bot removes any.
    pub(super) retention: Option<Retention>,
    /// How far the replicas' clocks are off at the most.
    pub(super) skew: SignedDuration,
    pub(super) rates: Rates,
    pub(super) outages: Vec<Outage>,
    /// When a snapshot of which source becomes available.
    pub(super) snapshots: Vec<(Duration, &'static str)>,
    /// When others export from the same account.
    pub(super) strangers: Vec<Duration>,
    /// When the faults end.
    pub(super) quiet_after: Duration,
}

/// When the first snapshot may be taken, in seconds. A source is watched from when a replica first says so, by its own
/// clock: before that has passed by every clock, a snapshot may count as older than the bot.
const FIRST_SNAPSHOT: u64 = 12 * 60;

impl Scenario {
    /// Returns what `seed` decides.
    pub(super) fn of(seed: u64) -> Self {
        let rng = &mut Rng::with_seed(seed);
        let rolls_back = rng.bool();
        let names = if rolls_back || rng.u8(0..3) == 0 { vec!["shop"] } else { vec!["shop", "desk"] };
        let pointers = names.iter().copied().filter(|_| rng.bool()).collect();
        let quiet_after = Duration::from_secs(rng.u64(if rolls_back { 50 * 60..70 * 60 } else { 35 * 60..60 * 60 }));
        let last = quiet_after.as_secs() - 300;
        let snapshots = names.iter().flat_map(|name| {
            // Going back takes something to go back to, and a while without anything newer.
            let (count, last) = if rolls_back { (rng.usize(2..=4), last - 20 * 60) } else { (rng.usize(1..=3), last) };
            let times: Vec<_> = (0..count).map(|_| rng.u64(FIRST_SNAPSHOT..last)).collect();
            times.into_iter().map(|at| (Duration::from_secs(at), *name)).collect::<Vec<_>>()
        });
        let snapshots = snapshots.collect();
        let skew = SignedDuration::from_mins(if rng.bool() { 10 } else { 0 });
        // Longer than two clocks can be apart.
        let grace = skew * 2 + SignedDuration::from_mins(rng.i64(6..18));
        let retention =
            (rng.u8(0..3) > 0).then(|| Retention { exports: rng.u32(if rolls_back { 2..=3 } else { 1..=2 }), grace });
        let strangers = (0..rng.usize(0..12)).map(|_| Duration::from_secs(rng.u64(600..last))).collect();
        Self {
            seed,
            replicas: rng.usize(2..=3),
            names,
            pointers,
            rolls_back,
            quorum: rng.u32(1..=2),
            expires_after: SignedDuration::from_mins(if rng.u8(0..6) == 0 { 30 } else { 480 }),
            max_concurrent_runs: rng.usize(1..=2),
            retention,
            skew,
            rates: rates(rng),
            outages: outages(rng, last),
            snapshots,
            strangers,
            quiet_after,
        }
    }

    /// Says whether `service` refuses every call at `now`.
    pub(super) fn is_out(&self, service: Service, now: Timestamp) -> bool {
        let since = Duration::try_from(now.duration_since(epoch())).unwrap_or_default();
        self.outages.iter().any(|it| it.service == service && (it.from..it.to).contains(&since))
    }

    /// Returns the sources as configured.
    pub(super) fn sources(&self) -> Vec<Source> {
        self.names.iter().map(|it| self.source(it)).collect()
    }

    fn source(&self, name: &str) -> Source {
        let place = |prefix: &str| Location { bucket: "lake".into(), prefix: format!("{prefix}/{name}") };
        let is_pointer = self.pointers.contains(&name);
        let catalog = |layer: &str| match is_pointer {
            true => Catalog::Tables { database: format!("{name}_{layer}") },
            false => Catalog::Crawler(format!("{name}-{layer}")),
        };
        let work = |layer: &str| LayerWork {
            glue_job: format!("{name}-{layer}"),
            catalog: catalog(layer),
            output: place(layer),
        };
        let approvers = vec![Who::Group(APPROVERS.into())];
        let approval = ApprovalRule { approvers, quorum: self.quorum, expires_after: self.expires_after };
        Source {
            name: name.into(),
            engine: Engine::Rds,
            identifier: format!("{name}-db"),
            schedule: Schedule::OnSnapshot,
            export: Export { to: place("raw"), role_arn: "arn:role".into(), kms_key: "arn:key".into(), only: vec![] },
            publish: if is_pointer { Publish::Pointer } else { Publish::Copy },
            latest: place("latest"),
            expect_every: None,
            retention: self.retention,
            classification: "3f9a2c51".into(),
            rules: classification(),
            policy: Policy::default(),
            normal: work("normal"),
            sensitive: Some(SensitiveLayer { work: work("sensitive"), approval }),
            operators: Vec::new(),
            break_glass: Vec::new(),
            people: Identities::default(),
        }
    }
}

/// The group of those who may approve.
pub(super) const APPROVERS: &str = "SPRIVACY";

fn rates(rng: &mut Rng) -> Rates {
    // A third of the seeds is rough, a third mild, a third loses answers only.
    match rng.u8(0..3) {
        0 => Rates { crash: 40, pause: 25, call_lost: 150, answer_lost: 200, refused: 300 },
        1 => Rates { crash: 8, pause: 8, call_lost: 30, answer_lost: 50, refused: 60 },
        _ => Rates { crash: 0, pause: 0, call_lost: 200, answer_lost: 500, refused: 0 },
    }
}

fn outages(rng: &mut Rng, last: u64) -> Vec<Outage> {
    let count = rng.usize(0..=3);
    let one = |rng: &mut Rng| {
        let service = Service::ALL[rng.usize(0..Service::ALL.len())];
        let longest = match service {
            Service::Slack => 55 * 60,
            Service::Store | Service::Queue => 5 * 60,
            Service::Rds | Service::S3 | Service::Glue | Service::People => 12 * 60,
        };
        let from = rng.u64(0..last);
        let to = (from + rng.u64(20..longest)).min(last);
        Outage { service, from: Duration::from_secs(from), to: Duration::from_secs(to) }
    };
    (0..count).map(|_| one(rng)).collect()
}
