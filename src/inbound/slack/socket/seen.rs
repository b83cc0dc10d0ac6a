//! What has come lately, so that it is done once though it comes twice.

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    sync::{Arc, Mutex},
};

use tokio::sync::OnceCell;

use crate::inbound::slack::Ack;

/// How many are remembered. Slack sends again what a connection that is lost has not acknowledged: a handful.
const REMEMBERED: usize = 512;

/// The newest deliveries with their acknowledgements, in the memory of this process. What must not happen twice at all is
/// guarded by the record, under the same id.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    by_id: HashMap<String, Arc<OnceCell<Ack>>>,
    order: VecDeque<String>,
}

impl Seen {
    /// Returns what `work` comes to, or what it came to when `id` came first. Who comes while it is done waits for it.
    pub(super) async fn once(&self, id: &str, work: impl Future<Output = Ack>) -> Ack {
        let cell = self.cell(id);
        cell.get_or_init(|| work).await.clone()
    }

    fn cell(&self, id: &str) -> Arc<OnceCell<Ack>> {
        let mut known = self.0.lock().expect("no panic while the ids are held");
        if let Some(cell) = known.by_id.get(id) {
            return Arc::clone(cell);
        }
        if known.order.len() >= REMEMBERED
            && let Some(oldest) = known.order.pop_front()
        {
            known.by_id.remove(&oldest);
        }
        known.order.push_back(id.to_owned());
        Arc::clone(known.by_id.entry(id.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn the_same_is_done_once_and_answered_alike() {
        let (seen, times) = (Seen::default(), AtomicU32::new(0));
        let work = async || {
            tokio::task::yield_now().await;
            Ack::from(json!(times.fetch_add(1, Ordering::SeqCst)))
        };
        let (one, other) = tokio::join!(seen.once("a", work()), seen.once("a", work()));
        assert_eq!((&one, &other), (&Ack::from(json!(0)), &Ack::from(json!(0))));
        assert_eq!(seen.once("b", work()).await, Ack::from(json!(1)));
    }

    #[tokio::test]
    async fn only_the_newest_are_remembered() {
        let seen = Seen::default();
        for id in 0..3 * REMEMBERED {
            seen.once(&id.to_string(), async { Ack::Empty }).await;
        }
        let known = seen.0.lock().unwrap();
        assert_eq!((known.by_id.len(), known.order.len()), (REMEMBERED, REMEMBERED));
    }
}
