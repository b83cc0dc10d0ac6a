use std::time::Duration;

use jiff::Timestamp;
use rstest::rstest;
use tokio::time::sleep;

use super::*;
use crate::{
    domain::{
        run::{Run, Trigger},
        stage::StageId,
    },
    projection::{
        testing::story::{Story, order, source, told},
        thread::Posting,
    },
};

mod board;
mod world;

use world::{CHANNEL, Shown, World};

const RUNS: usize = 100;

/// Run `number`, at its beginning.
fn begun(number: usize) -> Story {
    let mut source = source(&format!("s{number}"));
    source.sensitive = None;
    told(source, &order(Trigger::Event, None))
}

/// A run as it stands after each of its stages, the end last.
fn states(number: usize) -> Vec<Run> {
    let stages = [StageId::Export, StageId::Verify, StageId::Latest, StageId::NormalTransform, StageId::NormalCatalog];
    let mut states: Vec<Run> = stages.into_iter().map(|it| begun(number).until(it).begin().run).collect();
    states.push(begun(number).until(StageId::NormalCatalog).finish(4, Default::default(), &[]).run);
    for (version, run) in states.iter_mut().enumerate() {
        run.version = version as u64 + 1;
    }
    states
}

/// A run whose first eight stages have all ended at once; the ninth is under way.
fn eight_ended(number: usize) -> Vec<Run> {
    let mut run = told(source(&format!("s{number}")), &order(Trigger::Event, None));
    run = run.until(StageId::SensitiveCatalog).begin();
    run.run.version = 2;
    vec![run.run]
}

/// The root of every run is shown already, as it was at the run's beginning.
fn show_roots(world: &World, runs: &[Vec<Run>]) {
    for (number, states) in runs.iter().enumerate() {
        let mut source = source(&states[0].source);
        source.sensitive = source.sensitive.filter(|_| states[0].layers.len() > 1);
        let run = told(source, &order(Trigger::Event, None)).run;
        let mut thread = Thread::empty(run.run_id.as_str());
        let root = world.wanted(&run).remove(0);
        let ts = format!("{:06}", number + 1);
        world.slack.show(ts.clone(), CHANNEL, &root.message, &Subject::Run(&run).marks(Key::ROOT));
        let posted = Posted { channel: CHANNEL.into(), ts, digest: root.message.digest(), folded: false };
        thread.posted.insert(Key::ROOT.to_owned(), posted);
        thread.version = 1;
        world.records.threads.lock().unwrap().insert(run.run_id.to_string(), thread);
    }
}

/// When Slack first showed the newest state of each run, by its root or in its thread, and when everything was shown, in
/// seconds.
struct Rush {
    ends: Vec<f64>,
    all: f64,
}

/// Every run goes through its states, one each half second.
async fn rush(world: &World, runs: &[Vec<Run>]) -> Rush {
    show_roots(world, runs);
    let start = Instant::now();
    for step in 0..runs[0].len() {
        for (number, states) in runs.iter().enumerate() {
            world.put(states[step].clone(), number);
        }
        sleep(Duration::from_millis(500)).await;
    }
    let newest: Vec<Vec<Wanted>> = runs.iter().filter_map(|it| Some(world.wanted(it.last()?))).collect();
    let of: Vec<&str> = runs.iter().map(|it| it[0].run_id.as_str()).collect();
    let roots: Vec<String> = newest.iter().map(|it| it[0].message.digest()).collect();
    let mut ends = vec![f64::INFINITY; runs.len()];
    while start.elapsed() < Duration::from_mins(10) {
        sleep(Duration::from_millis(100)).await;
        let messages = world.slack.messages.lock().unwrap();
        for message in messages.values() {
            let Some(number) = of.iter().position(|it| message.marks.get("run").is_some_and(|run| run == it)) else {
                continue;
            };
            let last = newest[number].last().is_some_and(|it| it.key.0 == message.marks["key"]);
            if message.digest == roots[number] || last {
                ends[number] = ends[number].min(start.elapsed().as_secs_f64());
            }
        }
        let shown = roots.iter().all(|root| messages.values().any(|it| it.digest == *root));
        if shown && told_keys(&messages).len() == newest.iter().map(Vec::len).sum::<usize>() {
            break;
        }
    }
    Rush { ends, all: start.elapsed().as_secs_f64() }
}

/// Returns all that was told, each message by its run and its key.
fn told_keys(messages: &std::collections::BTreeMap<String, Shown>) -> Vec<String> {
    let keys = |it: &Shown| {
        let folded = it.marks.get("folded").map(String::as_str).unwrap_or_default();
        let told = folded.split_whitespace().chain([it.marks["key"].as_str()]);
        told.map(|key| format!("{} {key}", it.marks["run"])).collect::<Vec<_>>()
    };
    messages.values().filter(|it| it.marks.contains_key("run")).flat_map(keys).collect()
}

#[rstest]
#[case::one_replica(1, states, 66.0)]
#[case::three_replicas(3, states, 66.0)]
#[case::one_replica_while_they_go_on(1, eight_ended, 60.0)]
#[case::three_replicas_while_they_go_on(3, eight_ended, 62.0)]
#[tokio::test(start_paused = true)]
async fn a_hundred_runs_at_once_are_shown_within_slacks_limits(
    #[case] replicas: usize,
    #[case] states: fn(usize) -> Vec<Run>,
    #[case] within: f64,
) {
    let world = World::of(replicas);
    let runs: Vec<Vec<Run>> = (0..RUNS).map(states).collect();
    let Rush { ends, all } = rush(&world, &runs).await;
    let (made, refused) = (*world.slack.made.lock().unwrap(), *world.slack.refused.lock().unwrap());
    let last = ends.iter().copied().fold(0.0, f64::max);
    println!(
        "{replicas} replicas: ends shown within {last:.1} s, all within {all:.0} s; {made} calls, {refused} refused"
    );
    assert!(last <= within, "the last end was shown after {last} s");
    assert!(refused * 100 <= made, "{refused} of {made} calls were refused");
    let mut keys = told_keys(&world.slack.messages.lock().unwrap());
    let wanted: usize = runs.iter().map(|it| world.wanted(it.last().unwrap()).len()).sum();
    let count = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!((keys.len(), count), (wanted, wanted), "each message once");
}

/// Ten runs end while ninety others have something to tell.
#[tokio::test(start_paused = true)]
async fn ends_do_not_wait_for_the_progress_of_others() {
    let world = World::of(1);
    let runs: Vec<Vec<Run>> =
        (0..RUNS).map(|it| if it < 90 { states(it)[3..4].to_vec() } else { states(it) }).collect();
    let (busy, ending) = runs.split_at(90);
    show_roots(&world, &runs);
    for (number, states) in busy.iter().enumerate() {
        world.put(states[0].clone(), number);
    }
    sleep(Duration::from_secs(10)).await;
    let start = Instant::now();
    for states in ending {
        world.put(states[5].clone(), 0);
    }
    sleep(Duration::from_secs(5)).await;
    let messages = world.slack.messages.lock().unwrap();
    let seen = |run: &Run| messages.values().any(|it| it.at >= start && it.marks["run"] == run.run_id.as_str());
    let late = ending.iter().filter(|it| !seen(&it[0])).count();
    assert_eq!(late, 0, "of ten");
}

#[tokio::test(start_paused = true)]
async fn an_alert_does_not_wait_for_the_progress_of_others() {
    let world = World::of(1);
    show_roots(&world, &(0..RUNS).map(states).collect::<Vec<_>>());
    for number in 1..RUNS {
        world.put(states(number).remove(3), 0);
    }
    sleep(Duration::from_secs(10)).await;
    let start = Instant::now();
    world.put(begun(0).until(StageId::NormalTransform).fail("JobFailed", "no such column").run, 0);
    sleep(Duration::from_secs(5)).await;
    let messages = world.slack.messages.lock().unwrap();
    let name = begun(0).run.run_id;
    let new = messages.values().filter(|it| it.marks["run"] == name.as_str() && it.at >= start);
    let keys: Vec<&str> = new.map(|it| it.marks["key"].as_str()).collect();
    // Its thread tells no more than these, and may wait.
    for key in ["root", "alert:normal.transform:1"] {
        assert!(keys.contains(&key), "{key} is not among {keys:?}");
    }
}

#[rstest]
#[case::was_posted(true, 4)]
#[case::was_not(false, 17)]
#[tokio::test(start_paused = true)]
async fn the_intent_of_a_replica_that_died_is_taken_over_by_time_seen_not_by_clocks(
    #[case] was_posted: bool,
    #[case] within: u64,
    #[values("2026-11-22T02:50:00Z", "2026-11-22T03:10:00Z")] at: Timestamp,
) {
    let world = World::of(1);
    let run = begun(0).run;
    let mut thread = Thread::empty(run.run_id.as_str());
    let (key, channel, owner) = (Key::ROOT.to_owned(), CHANNEL.to_owned(), "another".to_owned());
    thread.posting = Some(Posting { key, folded: vec![], channel, in_thread: false, at, owner });
    thread.version = 1;
    world.records.threads.lock().unwrap().insert(run.run_id.to_string(), thread);
    if was_posted {
        let root = world.wanted(&run).remove(0);
        world.slack.show("000001".to_owned(), CHANNEL, &root.message, &Subject::Run(&run).marks(Key::ROOT));
    }
    let shown = || world.records.threads.lock().unwrap()[run.run_id.as_str()].posted.contains_key(Key::ROOT);
    world.put(run.clone(), 0);
    sleep(Duration::from_secs(within - 2)).await;
    assert!(!shown(), "too early: the other one may still be at it");
    sleep(Duration::from_secs(2)).await;
    assert!(shown());
    assert_eq!(world.slack.messages.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_wait_for_places() {
    let world = World::of(1);
    show_roots(&world, &(0..RUNS).map(states).collect::<Vec<_>>());
    for number in 0..RUNS {
        world.put(states(number).remove(5), 0);
    }
    sleep(Duration::from_secs(3)).await;
    let start = Instant::now();
    world.stop.cancel();
    world.tasks.close();
    world.tasks.wait().await;
    assert!(start.elapsed() < Duration::from_secs(1), "it took {:?}", start.elapsed());
}
