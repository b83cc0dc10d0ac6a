//! The board: there once, and current, however much happens.

use super::*;
use crate::projection::board::{Board, wanted};

/// Returns the board as it is shown, if it is.
fn shown(world: &World) -> Vec<Shown> {
    let messages = world.slack.messages.lock().unwrap();
    messages.values().filter(|it| it.marks.contains_key("board")).cloned().collect()
}

/// Returns the digest of the board as the records are now.
fn due(world: &World) -> String {
    let active = world.records.runs.lock().unwrap().values().filter(|it| !it.status.is_over()).cloned().collect();
    wanted(&Board { active, last: Vec::new() }, &world.replicas[0].view()).message.digest()
}

/// How long the board was ever behind, looked at ten times a second for a minute and a half.
async fn worst_lag(world: &World) -> Duration {
    let mut states: Vec<(Instant, String)> = Vec::new();
    let (start, mut worst) = (Instant::now(), Duration::ZERO);
    while start.elapsed() < Duration::from_secs(90) {
        let due = due(world);
        if states.last().is_none_or(|(_, it)| *it != due) {
            states.push((Instant::now(), due));
        }
        let known = shown(world).first().and_then(|it| states.iter().rposition(|(_, digest)| *digest == it.digest));
        let next = known.map_or(0, |it| it + 1);
        worst = worst.max(states.get(next).map_or(Duration::ZERO, |(since, _)| since.elapsed()));
        sleep(Duration::from_millis(100)).await;
    }
    worst
}

#[rstest]
#[case::one_replica(1)]
#[case::three_replicas(3)]
#[tokio::test(start_paused = true)]
async fn while_a_hundred_runs_rush_the_board_is_current_and_the_runs_are_shown(#[case] replicas: usize) {
    let world = World::with_board(replicas);
    let runs: Vec<Vec<Run>> = (0..RUNS).map(states).collect();
    let (rush, lag) = futures_util::join!(rush(&world, &runs), worst_lag(&world));
    let last = rush.ends.iter().copied().fold(0.0, f64::max);
    let (made, refused) = (*world.slack.made.lock().unwrap(), *world.slack.refused.lock().unwrap());
    println!(
        "{replicas} replicas: ends shown within {last:.1} s, the board at most {lag:.1?} behind, {refused} refused"
    );
    assert!(lag <= Duration::from_secs(5), "the board was {lag:?} behind");
    assert!(last <= 66.0, "the last end was shown after {last} s");
    assert!(refused * 100 <= made, "{refused} of {made} calls were refused");
    assert_eq!((shown(&world).len(), world.slack.pinned.lock().unwrap().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_board_that_was_deleted_comes_back_once() {
    let world = World::with_board(1);
    let change = async |version: usize| {
        world.put(states(0).remove(version), 0);
        sleep(Duration::from_secs(10)).await;
        shown(&world).len()
    };
    let delete = || world.slack.messages.lock().unwrap().retain(|_, it| !it.marks.contains_key("board"));
    assert_eq!(change(0).await, 1);
    delete();
    assert_eq!((change(1).await, change(2).await), (1, 1), "it comes back");
    delete();
    assert_eq!((change(3).await, change(4).await), (0, 0), "somebody does not want it");
}

#[tokio::test(start_paused = true)]
async fn without_the_configuration_there_is_no_board() {
    let world = World::of(1);
    world.put(states(0).remove(0), 0);
    sleep(Duration::from_secs(30)).await;
    assert!(shown(&world).is_empty());
}
