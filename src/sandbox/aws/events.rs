//! What AWS publishes about RDS and Glue, and how it may arrive: wrapped in several ways, lost, doubled, out of order.

mod wrap;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use jiff::Timestamp;
use serde_json::Value;

/// Receives the body of an SQS message. It is called while a stand-in is being changed, and must not ask one anything.
pub type Deliver = Arc<dyn Fn(String) + Send + Sync>;

/// The ways an event may reach a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wrapping {
    /// RDS event subscription -> SNS -> SQS. Glue has none: its EventBridge events go through SNS.
    #[default]
    Sns,
    /// The same with SNS raw message delivery: no envelope.
    SnsRaw,
    /// EventBridge -> SQS.
    EventBridge,
    /// EventBridge -> SNS -> SQS.
    EventBridgeInSns,
}

/// An event of RDS.
#[derive(Clone, Debug)]
pub(super) struct RdsEvent {
    /// `RDS-EVENT-0042`.
    pub(super) id: &'static str,
    pub(super) category: &'static str,
    pub(super) about: About,
    pub(super) source_id: String,
    pub(super) source_arn: String,
    pub(super) message: String,
    pub(super) at: Timestamp,
}

/// What an event of RDS is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Snapshot,
    ClusterSnapshot,
    Cluster,
}

/// An event of Glue.
#[derive(Clone, Debug)]
pub(super) struct GlueEvent {
    /// `Glue Job State Change` or `Glue Crawler State Change`.
    pub(super) detail_type: &'static str,
    pub(super) detail: Value,
    pub(super) at: Timestamp,
}

/// Publishes events, as well or as badly as it is told to.
pub struct Events {
    deliver: Deliver,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    wrapping: Wrapping,
    serial: u64,
    lose: usize,
    duplicate: usize,
    /// How many are still to be held back, and those that are.
    hold: usize,
    held: VecDeque<String>,
}

impl Events {
    pub(super) fn new(deliver: Deliver) -> Self {
        Self { deliver, state: Mutex::default() }
    }

    /// Sets how events arrive from now on.
    pub fn set_wrapping(&self, wrapping: Wrapping) {
        self.state().wrapping = wrapping;
    }

    /// Loses the next `count` events.
    pub fn lose(&self, count: usize) {
        self.state().lose = count;
    }

    /// Delivers the next `count` events twice.
    pub fn duplicate(&self, count: usize) {
        self.state().duplicate = count;
    }

    /// Holds the next `count` events back, and delivers them in reverse order when the last of them is published.
    pub fn reorder(&self, count: usize) {
        self.state().hold = count;
    }

    /// Delivers what is held back, the latest first, although fewer were published than were to be held.
    pub fn flush(&self) {
        let mut state = self.state();
        state.hold = 0;
        self.drain(&mut state);
    }

    pub(super) fn rds(&self, event: &RdsEvent) {
        self.publish(|wrapping, serial| wrap::rds(event, wrapping, serial));
    }

    pub(super) fn glue(&self, event: &GlueEvent) {
        self.publish(|wrapping, serial| wrap::glue(event, wrapping, serial));
    }

    fn publish(&self, body: impl FnOnce(Wrapping, u64) -> String) {
        let mut state = self.state();
        state.serial += 1;
        let body = body(state.wrapping, state.serial);
        if state.lose > 0 {
            state.lose -= 1;
            return;
        }
        if state.duplicate > 0 {
            state.duplicate -= 1;
            (self.deliver)(body.clone());
        }
        if state.hold == 0 {
            return (self.deliver)(body);
        }
        state.hold -= 1;
        state.held.push_front(body);
        if state.hold == 0 {
            self.drain(&mut state);
        }
    }

    fn drain(&self, state: &mut State) {
        state.held.drain(..).for_each(|body| (self.deliver)(body));
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no panic while the events are held")
    }
}
