//! Playing a seed from its beginning to the verdict.

use std::{sync::Arc, time::Duration};

use tokio::{
    runtime::Builder,
    time::{Instant, sleep, sleep_until},
};

use super::{
    aws::Snap,
    crowd::crowd,
    history::{History, Invariant},
    planted::Planted,
    queue::Body,
    replica::{ALERTS, PROGRESS, keep},
    scenario::Scenario,
    world::{Truth, World},
};
use crate::{
    domain::{
        answer::Outcome,
        run::{Run, RunStatus},
        source::Engine,
    },
    engine::hints::Hint,
    projection::{
        run::{View, wanted},
        text::{Locale, Words},
    },
};

/// After so long without faults everything has come to its end.
const SETTLED_WITHIN: Duration = Duration::from_secs(15 * 60);

/// What a seed has come to.
pub(super) struct Verdict {
    pub(super) seed: u64,
    pub(super) history: History,
    /// How much time has passed in the simulation.
    pub(super) lasted: Duration,
}

/// Plays `seed` and judges it.
pub(super) fn play(seed: u64, words: &Arc<Words>, planted: Option<Planted>, traced: bool) -> Verdict {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let began = Instant::now();
        let world = World::new(Scenario::of(seed), Arc::clone(words), planted, traced);
        live(&world).await;
        let history = std::mem::take(&mut world.truth().history);
        Verdict { seed, history, lasted: began.elapsed() }
    })
}

async fn live(world: &Arc<World>) {
    for _ in 0..world.scenario.replicas {
        world.tasks.spawn(keep(Arc::clone(world)));
    }
    world.tasks.spawn(crowd(Arc::clone(world)));
    world.tasks.spawn(nature(Arc::clone(world)));
    sleep(world.scenario.quiet_after).await;
    world.truth().calm();
    settle(world).await;
    // The bot still works: a last snapshot of each source becomes a run that succeeds.
    for name in &world.scenario.names {
        world.truth().take_snapshot(name);
    }
    sleep(Duration::from_secs(90)).await;
    settle(world).await;
    world.judge_the_end();
    if let Some(cleaned_within) = world.cleaned_within() {
        sleep(cleaned_within).await;
        world.truth().judge_leftovers();
    }
}

/// Snapshots are taken, and others export, when the seed says so.
async fn nature(world: Arc<World>) {
    let start = Instant::now();
    let snapshots = world.scenario.snapshots.iter().map(|(at, source)| (*at, Some(*source)));
    let mut events: Vec<_> = snapshots.chain(world.scenario.strangers.iter().map(|at| (*at, None))).collect();
    events.sort_unstable();
    for (at, source) in events {
        sleep_until(start + at).await;
        let mut truth = world.truth();
        match source {
            Some(source) => truth.take_snapshot(source),
            None => truth.stranger_exports(),
        }
    }
}

/// Waits until everything has come to its end, or should have.
async fn settle(world: &World) {
    let until = Instant::now() + SETTLED_WITHIN;
    loop {
        let open = world.unsettled();
        if open.is_empty() {
            return;
        }
        if Instant::now() >= until {
            for (invariant, how) in open {
                world.truth().broken(invariant, how);
            }
            return;
        }
        sleep(Duration::from_secs(5)).await;
    }
}

impl Truth {
    /// The faults end.
    fn calm(&mut self) {
        self.quiet = true;
        self.note(|| "QUIET".to_owned());
        for process in &mut self.processes {
            process.paused_until = Instant::now();
        }
    }

    fn take_snapshot(&mut self, source: &str) {
        let id = format!("rds:{source}-db-{}", self.now.as_second());
        let arn = format!("arn:aws:rds:ap-northeast-1:123456789012:snapshot:{id}");
        self.note(|| format!("SNAPSHOT {id}"));
        let hint = Hint::SnapshotAvailable { snapshot: arn.clone(), engine: Engine::Rds };
        self.aws.snapshots.push(Snap { source: source.to_owned(), id, arn, taken_at: self.now });
        self.event(self.now, Body::Event(hint));
    }

    fn heads(&self) -> Vec<Run> {
        let runs = self.records.runs.values().map(|it| &it.run);
        runs.filter(|it| it.next_attempt.is_none()).cloned().collect()
    }
}

impl World {
    /// Returns what has not come to its end.
    fn unsettled(&self) -> Vec<(Invariant, String)> {
        let truth = self.truth();
        let open = truth.records.runs.values().filter(|it| !it.run.status.is_over());
        let mut open: Vec<_> = open
            .map(|it| {
                (
                    Invariant::EveryRunEnds,
                    format!("{} is {} at {}", it.run.export_task, it.run.status.as_str(), it.run.stage),
                )
            })
            .collect();
        let requests = truth.records.requests.values().filter(|it| it.request.outcome.is_none());
        open.extend(requests.map(|it| (Invariant::NoRequestLost, format!("{} is open", it.request.id))));
        open.extend(truth.owed.iter().map(|it| (Invariant::MadeUpFor, format!("{it} does not say so"))));
        // Drawing what is wanted takes its time: only when the rest is done.
        if open.is_empty() {
            open.extend(truth.heads().iter().filter_map(|it| self.undrawn(&truth, it)));
        }
        open
    }

    fn undrawn(&self, truth: &Truth, run: &Run) -> Option<(Invariant, String)> {
        let view =
            View { words: &self.words, locale: Locale::En, channel: PROGRESS, alerts_channel: ALERTS, names_in: &[] };
        let missing = wanted(run, self.sources.get(&run.source), &view).into_iter().find(|wanted| {
            let digest = wanted.message.digest();
            let mut ours = truth.slack.messages.iter().filter(|it| it.mark("run") == run.run_id.as_str());
            !ours.any(|it| it.channel == wanted.channel && it.tells(&wanted.key.0, &digest))
        });
        missing
            .map(|it| (Invariant::ThreadShowsEnd, format!("{}: {} is not as it should be", run.export_task, it.key.0)))
    }

    fn judge_the_end(&self) {
        let mut truth = self.truth();
        truth.judge_order();
        truth.judge_log();
        for name in &self.scenario.names {
            let newest =
                truth.aws.snapshots.iter().filter(|it| it.source == *name).max_by_key(|it| it.taken_at).cloned();
            truth.judge_rest(name);
            let Some(newest) = newest else { continue };
            let run = truth.heads().into_iter().find(|it| it.source_arn == newest.arn);
            match run {
                None => truth.broken(Invariant::NoRunLost, format!("no run of {}", newest.id)),
                Some(run) if run.status == RunStatus::Succeeded => {}
                Some(run) => {
                    let how = format!("{} is {} though nothing was wrong", run.export_task, run.status.as_str());
                    truth.broken(Invariant::EveryRunEnds, how);
                }
            }
        }
        for id in truth.slack.accepted.clone() {
            let outcome = truth.records.requests.get(&id).map(|it| it.request.outcome.clone());
            match outcome {
                None => truth.broken(Invariant::NoRequestLost, format!("{id} was accepted and is gone")),
                Some(Some(Outcome::Started { run } | Outcome::Queued { run, .. } | Outcome::Retrying { run, .. }))
                    if !truth.records.runs.contains_key(&run) =>
                {
                    truth.broken(Invariant::NoRunLost, format!("{id} has begun {run}, which is not there"));
                }
                Some(_) => {}
            }
        }
    }
}
