//! Who waits for a place, and who gets the next one: what people act on first, then whoever was served longest ago.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

use super::Turn;
use crate::{engine::ports::Lane, projection::thread::Urgency};

/// How long a place that nobody used can be used by the next one.
const SPARE: Duration = Duration::from_secs(2);

/// Of how many runs it is remembered when they were served.
const REMEMBERED: usize = 4096;

/// A place that somebody wants, and how urgently.
pub type Want = (Lane, Urgency);

/// Everybody who waits. The order between equals is that of their ranks: a run that is served goes behind all others, in
/// every lane.
#[derive(Default)]
pub(super) struct Queue {
    waiting: HashMap<String, Waiting>,
    ranks: HashMap<String, u64>,
    last_rank: u64,
    spare: HashMap<Lane, Instant>,
    /// Lanes that are looked after.
    pub(super) attended: HashSet<Lane>,
    pub(super) closed: bool,
}

struct Waiting {
    wants: Vec<Want>,
    turn: oneshot::Sender<Turn>,
}

impl Waiting {
    fn urgency(&self, lane: &Lane) -> Option<Urgency> {
        self.wants.iter().filter(|(it, _)| it == lane).map(|(_, urgency)| *urgency).min()
    }
}

impl Queue {
    /// Lets `key` wait for any of `wants`.
    pub(super) fn add(&mut self, key: &str, wants: Vec<Want>) -> oneshot::Receiver<Turn> {
        let (turn, receiver) = oneshot::channel();
        if !self.ranks.contains_key(key) {
            self.rank(key);
        }
        self.waiting.insert(key.to_owned(), Waiting { wants, turn });
        receiver
    }

    /// Returns how urgently a place in `lane` is wanted; `None`: nobody wants one.
    pub(super) fn urgency(&mut self, lane: &Lane) -> Option<Urgency> {
        self.waiting.retain(|_, it| !it.turn.is_closed());
        self.waiting.values().filter_map(|it| it.urgency(lane)).min()
    }

    /// Takes out whoever comes next in `lane`, and says whether others wait there.
    pub(super) fn next(&mut self, lane: &Lane) -> Option<(oneshot::Sender<Turn>, bool)> {
        let order =
            |(key, it): (&String, &Waiting)| Some((it.urgency(lane)?, self.ranks.get(key).copied(), key.clone()));
        let (_, _, key) = self.waiting.iter().filter_map(order).min()?;
        let waiting = self.waiting.remove(&key)?;
        self.rank(&key);
        let behind = self.waiting.values().any(|it| it.urgency(lane).is_some());
        Some((waiting.turn, behind))
    }

    /// Takes out `key`, wherever it waits.
    pub(super) fn take(&mut self, key: &str) -> Option<oneshot::Sender<Turn>> {
        self.waiting.remove(key).map(|it| it.turn)
    }

    /// Takes out everybody, and lets nobody in any more.
    pub(super) fn close(&mut self) -> Vec<oneshot::Sender<Turn>> {
        self.closed = true;
        self.waiting.drain().map(|(_, it)| it.turn).collect()
    }

    /// Keeps a place that was not used.
    pub(super) fn give_back(&mut self, lane: &Lane) {
        self.spare.insert(lane.clone(), Instant::now());
    }

    /// Takes a place that was not used a moment ago.
    pub(super) fn take_spare(&mut self, lane: &Lane) -> bool {
        self.spare.remove(lane).is_some_and(|it| it.elapsed() < SPARE)
    }

    fn rank(&mut self, key: &str) {
        self.last_rank += 1;
        self.ranks.insert(key.to_owned(), self.last_rank);
        if self.ranks.len() > REMEMBERED {
            let waiting = &self.waiting;
            let oldest = self.last_rank - REMEMBERED as u64 / 2;
            self.ranks.retain(|key, rank| *rank > oldest || waiting.contains_key(key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post() -> Lane {
        Lane::Post("C1".to_owned())
    }

    /// Returns who is served in `lane`, in order.
    fn order(
        queue: &mut Queue,
        mut receivers: Vec<(&'static str, oneshot::Receiver<Turn>)>,
        lane: &Lane,
    ) -> Vec<&'static str> {
        let mut order = Vec::new();
        while let Some((turn, _)) = queue.next(lane) {
            drop(turn.send(Turn::Nudged));
            let at = receivers.iter_mut().position(|(_, it)| it.try_recv().is_ok()).unwrap();
            order.push(receivers.remove(at).0);
        }
        order
    }

    #[test]
    fn what_people_act_on_is_first_and_equals_are_served_in_turn() {
        let mut queue = Queue::default();
        let mut wait = |key, urgency| (key, queue.add(key, vec![(post(), urgency)]));
        let receivers = vec![
            wait("edit", Urgency::State),
            wait("first", Urgency::News),
            wait("second", Urgency::News),
            wait("alert", Urgency::Act),
        ];
        assert_eq!(order(&mut queue, receivers, &post()), ["alert", "first", "second", "edit"]);

        let mut wait = |key| (key, queue.add(key, vec![(post(), Urgency::News)]));
        let receivers = vec![wait("alert"), wait("edit"), wait("new"), wait("first")];
        assert_eq!(order(&mut queue, receivers, &post()), ["alert", "first", "edit", "new"]);
    }

    #[test]
    fn who_was_served_in_one_lane_goes_behind_in_the_others() {
        let mut queue = Queue::default();
        let both = || vec![(post(), Urgency::Act), (Lane::Update, Urgency::Act)];
        let _first = queue.add("a", both());
        let b = ("b", queue.add("b", both()));
        assert!(queue.next(&post()).is_some_and(|(_, behind)| behind));
        let a = ("a", queue.add("a", both()));
        assert_eq!(order(&mut queue, vec![a, b], &Lane::Update), ["b", "a"]);
        assert!(queue.next(&post()).is_none(), "who is served waits nowhere any more");
    }

    #[test]
    fn who_does_not_listen_any_more_does_not_wait() {
        let mut queue = Queue::default();
        drop(queue.add("a", vec![(post(), Urgency::Act)]));
        assert_eq!(queue.urgency(&post()), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_was_not_used_is_there_for_a_moment() {
        let mut queue = Queue::default();
        queue.give_back(&post());
        assert!(!queue.take_spare(&Lane::Update));
        assert!(queue.take_spare(&post()) && !queue.take_spare(&post()));
        queue.give_back(&post());
        tokio::time::advance(SPARE).await;
        assert!(!queue.take_spare(&post()));
    }
}
