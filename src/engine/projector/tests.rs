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

mod world;

use world::{CHANNEL, World};

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

/// The root of every run is shown already, as it was at the run's beginning.
fn show_roots(world: &World) {
    for number in 0..RUNS {
        let run = begun(number).run;
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

/// Returns the seconds after which Slack first showed the end of each run, by its root or in its thread; and those after
/// which everything was shown.
async fn rush(world: &World) -> (Vec<u64>, u64) {
    show_roots(world);
    let runs: Vec<Vec<Run>> = (0..RUNS).map(states).collect();
    let start = Instant::now();
    for step in 0..runs[0].len() {
        for (number, states) in runs.iter().enumerate() {
            world.put(states[step].clone(), number);
        }
        sleep(Duration::from_millis(500)).await;
    }
    let ends: Vec<&Run> = runs.iter().filter_map(|it| it.last()).collect();
    let roots: Vec<String> = ends.iter().map(|it| world.wanted(it).remove(0).message.digest()).collect();
    let mut shown = vec![None; RUNS];
    loop {
        sleep(Duration::from_secs(1)).await;
        let messages = world.slack.messages.lock().unwrap();
        for message in messages.values() {
            let number = ends.iter().position(|it| it.run_id.as_str() == message.marks["run"]).unwrap();
            let key = &message.marks["key"];
            if message.digest == roots[number] || key.starts_with("end:") {
                shown[number].get_or_insert(start.elapsed().as_secs());
            }
        }
        let all = messages.values().filter(|it| it.marks["key"].starts_with("end:")).count() == RUNS
            && roots.iter().all(|root| messages.values().any(|it| it.digest == *root));
        if all || start.elapsed() > Duration::from_mins(10) {
            let seconds = start.elapsed().as_secs();
            return (shown.into_iter().map(|it| it.unwrap_or(u64::MAX)).collect(), seconds);
        }
    }
}

#[rstest]
#[case::one_replica(1)]
#[case::three_replicas(3)]
#[tokio::test(start_paused = true)]
async fn a_hundred_runs_at_once_are_shown_within_slacks_limits(#[case] replicas: usize) {
    let world = World::of(replicas);
    let (shown, all) = rush(&world).await;
    let (made, refused) = (*world.slack.made.lock().unwrap(), *world.slack.refused.lock().unwrap());
    let last = *shown.iter().max().unwrap();
    println!("{replicas} replicas: ends shown within {last} s, all within {all} s; {made} calls, {refused} refused");
    assert!(last <= 66, "the last end was shown after {last} s");
    assert!(refused * 100 <= made, "{refused} of {made} calls were refused");
    let messages = world.slack.messages.lock().unwrap();
    let mut keys: Vec<String> = Vec::new();
    for message in messages.values() {
        let folded = message.marks.get("folded").map(String::as_str).unwrap_or_default();
        let told = folded.split_whitespace().chain([message.marks["key"].as_str()]);
        keys.extend(told.map(|key| format!("{} {key}", message.marks["run"])));
    }
    let count = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!((keys.len(), count), (count, RUNS * 8), "each message once: a root, six stages, an end");
}

#[tokio::test(start_paused = true)]
async fn an_alert_does_not_wait_for_the_progress_of_others() {
    let world = World::of(1);
    show_roots(&world);
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
    for key in ["root", "alert:normal.transform:1", "end:0"] {
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
    show_roots(&world);
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
