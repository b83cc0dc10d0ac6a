use jiff::SignedDuration;
use tokio::time::{advance, timeout};

use super::{
    testing::{Memory, Wall},
    *,
};
use crate::projection::thread::Urgency;

fn outbox() -> Outbox {
    Outbox::new(Wall::ahead_by(SignedDuration::ZERO), Arc::new(Memory::default()))
}

fn post() -> Lane {
    Lane::Post("C1".to_owned())
}

async fn placed(outbox: &Outbox, key: &str, urgency: Urgency) -> Place {
    match outbox.place(key, vec![(post(), urgency)]).await {
        Turn::Place(place) => place,
        turn @ (Turn::Nudged | Turn::Closed) => panic!("{turn:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_most_urgent_of_all_who_wait_is_served_next() {
    let outbox = outbox();
    placed(&outbox, "begin", Urgency::State).await.spend().await;
    let served = Mutex::new(Vec::new());
    let draw = async |key: &'static str, urgency| {
        placed(&outbox, key, urgency).await.spend().await;
        served.lock().unwrap().push(key);
    };
    let late = async {
        advance(Duration::from_millis(500)).await;
        draw("alert", Urgency::Act).await;
    };
    futures_util::join!(draw("edit", Urgency::State), draw("a", Urgency::News), draw("b", Urgency::News), late);
    assert_eq!(*served.lock().unwrap(), ["alert", "a", "b", "edit"]);
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_not_used_goes_to_the_next() {
    let outbox = outbox();
    let first = placed(&outbox, "a", Urgency::Act).await;
    assert!(!first.is_scarce());
    let start = Instant::now();
    drop(first);
    placed(&outbox, "b", Urgency::State).await.spend().await;
    assert!(start.elapsed() < Duration::from_millis(10));
    placed(&outbox, "c", Urgency::State).await.spend().await;
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn who_waits_can_be_nudged_and_keeps_nobody_waiting_when_gone() {
    let outbox = outbox();
    placed(&outbox, "a", Urgency::Act).await.spend().await;
    let nudge = async {
        advance(Duration::from_millis(10)).await;
        outbox.nudge("b");
        outbox.nudge("nobody");
    };
    let (turn, ()) = futures_util::join!(outbox.place("b", vec![(post(), Urgency::Act)]), nudge);
    assert!(matches!(turn, Turn::Nudged));
    let gone = timeout(Duration::from_millis(10), outbox.place("c", vec![(post(), Urgency::Act)])).await;
    assert!(gone.is_err());
    placed(&outbox, "d", Urgency::State).await.spend().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_lets_everybody_go() {
    let outbox = outbox();
    placed(&outbox, "a", Urgency::Act).await.spend().await;
    let stop = async {
        advance(Duration::from_millis(10)).await;
        outbox.close().await;
    };
    let (turn, ()) = futures_util::join!(outbox.place("b", vec![(post(), Urgency::Act)]), stop);
    assert!(matches!(turn, Turn::Closed));
    assert!(matches!(outbox.place("c", vec![(post(), Urgency::Act)]).await, Turn::Closed));
    assert!(!outbox.pause(Duration::from_secs(60)).await);
}

#[tokio::test(start_paused = true)]
async fn a_thread_is_left_alone_for_its_time() {
    let outbox = outbox();
    outbox.leave_alone("a", Duration::from_secs(60));
    advance(Duration::from_secs(59)).await;
    assert_eq!((outbox.left_alone("a"), outbox.left_alone("b")), (Some(Duration::from_secs(1)), None));
    advance(Duration::from_secs(1)).await;
    assert_eq!(outbox.left_alone("a"), None);
}

#[tokio::test(start_paused = true)]
async fn calls_do_not_come_nearer_to_each_other_than_their_places() {
    let outbox = outbox();
    let called = Mutex::new(Vec::new());
    let start = Instant::now();
    // What lies between the place and the call takes longer the first time.
    let draw = async |key: &str, takes: u64| {
        let place = placed(&outbox, key, Urgency::News).await;
        tokio::time::sleep(Duration::from_millis(takes)).await;
        place.spend().await;
        called.lock().unwrap().push(start.elapsed().as_millis());
    };
    futures_util::join!(draw("a", 900), draw("b", 100), draw("c", 100), draw("d", 900));
    assert_eq!(*called.lock().unwrap(), [900, 1950, 3000, 4050]);
}
