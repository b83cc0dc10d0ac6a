use std::sync::atomic::Ordering;

use rstest::rstest;

use super::*;
use crate::engine::outbox::testing::{Memory, Wall};

fn pace(memory: &Arc<Memory>, skew_mins: i64) -> Pace {
    Pace::new(Wall::ahead_by(SignedDuration::from_mins(skew_mins)), Arc::clone(memory) as _)
}

fn posts() -> Lane {
    Lane::Post("C1".to_owned())
}

/// Takes every place there is now.
async fn all(pace: &Pace, lane: &Lane, urgency: Urgency) -> usize {
    let mut taken = 0;
    while pace.claim(lane, urgency).await == Claim::Now {
        taken += 1;
    }
    taken
}

#[tokio::test(start_paused = true)]
async fn what_people_act_on_finds_room_where_progress_does_not() {
    let pace = pace(&Arc::default(), 0);
    assert_eq!(all(&pace, &Lane::Update, Urgency::State).await, 3);
    assert_eq!(all(&pace, &Lane::Update, Urgency::Act).await, 3);
    assert_eq!(pace.claim(&Lane::Update, Urgency::Act).await, Claim::In(UPDATES.every));
    assert_eq!(pace.claim(&Lane::Update, Urgency::State).await, Claim::In(UPDATES.every * 4));
    tokio::time::advance(UPDATES.every).await;
    assert_eq!(all(&pace, &Lane::Update, Urgency::Act).await, 1);
}

#[tokio::test(start_paused = true)]
async fn channels_have_a_pace_each() {
    let pace = pace(&Arc::default(), 0);
    assert_eq!(all(&pace, &posts(), Urgency::News).await, 1);
    assert_eq!(all(&pace, &Lane::Post("C2".to_owned()), Urgency::News).await, 1);
}

/// Replicas that always have something to send; returns when places were taken, in seconds.
async fn rush(skews: [i64; 3], lane: &Lane, mins: u64) -> Vec<f64> {
    let memory = Arc::default();
    let paces = skews.map(|it| pace(&memory, it));
    let (start, mut taken) = (Instant::now(), Vec::new());
    let mut due = [start; 3];
    while start.elapsed() < Duration::from_mins(mins) {
        for (pace, due) in paces.iter().zip(&mut due).filter(|(_, due)| **due <= Instant::now()) {
            match pace.claim(lane, Urgency::Act).await {
                Claim::Now => taken.push(start.elapsed().as_secs_f64()),
                Claim::In(after) => *due = Instant::now() + after,
            }
        }
        tokio::time::advance(Duration::from_millis(10)).await;
    }
    taken
}

#[rstest]
#[case::right_clocks([0, 0, 0], 1.0)]
#[case::wrong_clocks([0, 10, -10], 1.1)]
#[tokio::test(start_paused = true)]
async fn replicas_share_one_pace(#[case] skews: [i64; 3], #[case] tolerance: f64) {
    for lane in [posts(), Lane::Update, Lane::Board] {
        let rate = Rate::of(&lane);
        let taken = rush(skews, &lane, 20).await;
        let fair = 20.0 * 60.0 / rate.every.as_secs_f64();
        let most = fair * tolerance + f64::from(rate.burst);
        let count = taken.len() as f64;
        println!("{lane:?} {skews:?}: {count} of {fair}");
        assert!(count <= most, "{count} places, {most} at most");
        assert!(count >= fair * 0.5, "{count} places of {fair}");
        let longest = taken.windows(2).map(|it| it[1] - it[0]).fold(0.0, f64::max);
        assert!(longest <= rate.furthest().as_secs_f64() + 1.0, "nothing for {longest} s");
    }
}

#[tokio::test(start_paused = true)]
async fn the_silence_that_slack_asks_of_one_is_kept_by_all() {
    let memory = Arc::default();
    let (one, other) = (pace(&memory, 0), pace(&memory, 10));
    assert_eq!(other.claim(&posts(), Urgency::News).await, Claim::Now);
    one.hush(&posts(), Duration::from_secs(30)).await;
    tokio::time::advance(Duration::from_secs(20)).await;
    assert_eq!(one.claim(&posts(), Urgency::Act).await, Claim::In(Duration::from_secs(10)));
    let Claim::In(left) = other.claim(&posts(), Urgency::Act).await else { panic!("called in the silence") };
    tokio::time::advance(left).await;
    assert_eq!(other.claim(&posts(), Urgency::Act).await, Claim::Now);
}

#[tokio::test(start_paused = true)]
async fn without_the_store_a_replica_keeps_the_pace_for_itself() {
    let memory: Arc<Memory> = Arc::default();
    let pace = pace(&memory, 0);
    assert_eq!(all(&pace, &posts(), Urgency::Act).await, 1);
    memory.down.store(true, Ordering::SeqCst);
    tokio::time::advance(POSTS.every).await;
    assert_eq!(all(&pace, &posts(), Urgency::Act).await, 1);
    memory.down.store(false, Ordering::SeqCst);
    tokio::time::advance(POSTS.every).await;
    assert_eq!(all(&pace, &posts(), Urgency::Act).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_cannot_be_stops_nobody_for_long() {
    let memory: Arc<Memory> = Arc::default();
    let mark = Mark { version: 7, at: "2030-01-01T00:00:00Z".parse().unwrap(), ahead_ms: i64::MAX, quiet_ms: -5 };
    memory.put(posts(), mark);
    let pace = pace(&memory, 0);
    assert_eq!(pace.claim(&posts(), Urgency::Act).await, Claim::In(POSTS.furthest()));
    tokio::time::advance(POSTS.furthest()).await;
    assert_eq!(pace.claim(&posts(), Urgency::Act).await, Claim::Now);
}

/// The most calls that fall into a minute, in all lanes of edits together, when each place is used that there is.
async fn busiest_minute(board: bool) -> usize {
    let pace = Pace::new(Wall::ahead_by(SignedDuration::ZERO), Arc::<Memory>::default() as _);
    let (start, mut taken) = (Instant::now(), Vec::new());
    while start.elapsed() < Duration::from_mins(10) {
        for lane in [Lane::Update, Lane::Board].into_iter().take(if board { 2 } else { 1 }) {
            // After a while without a call there are as many at once as there can be.
            let pause = (120..180).contains(&start.elapsed().as_secs());
            let count = if pause { 0 } else { all(&pace, &lane, Urgency::Act).await };
            taken.extend(std::iter::repeat_n(start.elapsed(), count));
        }
        tokio::time::advance(Duration::from_millis(50)).await;
    }
    let within = |from: Duration, at: Duration| at >= from && at < from + Duration::from_mins(1);
    let minute = |from: &Duration| taken.iter().filter(|it| within(*from, **it)).count();
    taken.iter().map(minute).max().unwrap()
}

#[rstest]
#[case::alone(false)]
#[case::beside_a_board(true)]
#[tokio::test(start_paused = true)]
async fn edits_never_make_fifty_in_a_minute(#[case] board: bool) {
    let most = busiest_minute(board).await;
    assert!((46..50).contains(&most), "{most} edits in a minute");
}

#[tokio::test(start_paused = true)]
async fn the_board_need_not_wait_for_what_people_act_on() {
    let pace = pace(&Arc::default(), 0);
    for _ in 0..20 {
        all(&pace, &Lane::Update, Urgency::Act).await;
        assert_eq!(pace.claim(&Lane::Board, Urgency::Act).await, Claim::Now);
        let begun = Instant::now();
        while begun.elapsed() < BOARD.every {
            all(&pace, &Lane::Update, Urgency::Act).await;
            tokio::time::advance(Duration::from_millis(100)).await;
        }
    }
}
