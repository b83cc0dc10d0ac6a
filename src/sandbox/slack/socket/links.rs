//! Which connections there are, what went through each, and what was acknowledged.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

/// What a connection shall do.
#[derive(Clone, Debug)]
pub(super) enum Order {
    Say(String),
    /// Announce its end, and end.
    Refresh,
    /// End without a word.
    Drop,
}

/// All connections.
#[derive(Debug, Default)]
pub(in super::super) struct Links(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last_id: u64,
    /// In the order in which they were opened.
    open: BTreeMap<u64, mpsc::UnboundedSender<Order>>,
    /// The connection that had the last envelope.
    turn: u64,
    /// What is not acknowledged, by its envelope's id.
    pending: BTreeMap<String, Pending>,
    resent: usize,
}

/// An envelope on its way.
#[derive(Debug)]
struct Pending {
    text: String,
    /// The connection that has it; none is there.
    on: Option<u64>,
    acknowledge: oneshot::Sender<Value>,
}

impl State {
    /// Gives an envelope to the next connection.
    fn dispatch(&mut self, id: &str) {
        let next = self.open.range(self.turn + 1..).next().or_else(|| self.open.iter().next());
        let (Some((link, orders)), Some(pending)) = (next, self.pending.get_mut(id)) else { return };
        self.turn = *link;
        pending.on = Some(*link);
        // A connection that is gone is reported as lost, and the envelope goes on then.
        let _ = orders.send(Order::Say(pending.text.clone()));
    }

    fn dispatch_all(&mut self, on: Option<u64>) -> usize {
        let waiting = self.pending.iter().filter(|(_, it)| it.on == on).map(|(id, _)| id.clone());
        let waiting: Vec<String> = waiting.collect();
        for id in &waiting {
            if let Some(pending) = self.pending.get_mut(id) {
                pending.on = None;
            }
            self.dispatch(id);
        }
        waiting.len()
    }
}

impl Links {
    /// A connection is there. Returns its number and its orders.
    pub(super) fn open(&self) -> (u64, mpsc::UnboundedReceiver<Order>) {
        let (sender, orders) = mpsc::unbounded_channel();
        let mut state = self.state();
        state.last_id += 1;
        let id = state.last_id;
        state.open.insert(id, sender);
        state.dispatch_all(None);
        (id, orders)
    }

    /// A connection is gone: what it has not acknowledged goes to another one.
    pub(super) fn lost(&self, id: u64) {
        let mut state = self.state();
        state.open.remove(&id);
        let again = state.dispatch_all(Some(id));
        state.resent += again;
    }

    /// Takes an acknowledgement.
    pub(super) fn acknowledged(&self, said: &Value) {
        let id = said["envelope_id"].as_str().unwrap_or_default();
        if let Some(pending) = self.state().pending.remove(id) {
            // Whoever waited may have lost patience.
            let _ = pending.acknowledge.send(said["payload"].clone());
        }
    }

    /// Sends an envelope. Returns where its acknowledgement's payload will be.
    pub(super) fn deliver(&self, envelope: &Value) -> oneshot::Receiver<Value> {
        let (acknowledge, acknowledged) = oneshot::channel();
        let id = envelope["envelope_id"].as_str().unwrap_or_default().to_owned();
        let mut state = self.state();
        state.pending.insert(id.clone(), Pending { text: envelope.to_string(), on: None, acknowledge });
        state.dispatch(&id);
        acknowledged
    }

    pub(super) fn count(&self) -> usize {
        self.state().open.len()
    }

    pub(super) fn resent(&self) -> usize {
        self.state().resent
    }

    pub(super) fn order_all(&self, order: &Order) {
        for orders in self.state().open.values() {
            // One that is gone has nothing to do.
            let _ = orders.send(order.clone());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no panic while the connections are held")
    }
}
