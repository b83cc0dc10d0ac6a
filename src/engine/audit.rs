//! The log of what belongs to no run: requests that led to none, and attempts that were refused. What happens to a run is
//! in the run's own chain, and is written with its record.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Mutex;

use super::{
    Engine,
    ports::{Change, Conflict, Request, Store, StoreError, Via},
};
use crate::domain::{
    access::Right,
    answer::Outcome,
    audit::{DOOR, Deed, Kind, Trail},
    refused::Refused,
    retry::BOT,
};

/// Attempts at a write that other replicas are in the way of.
const ATTEMPTS: usize = 20;

/// Where the chain ends that belongs to no run, as this process knows it. Clones share it, and write one after the other.
#[derive(Clone, Debug, Default)]
pub struct Door(Arc<Mutex<Trail>>);

impl Door {
    /// Adds `deeds` to the log, together with `changes` or not at all.
    ///
    /// # Errors
    /// It is not certain that they were written; a conflict is one of `changes`.
    pub async fn write(
        &self,
        store: &dyn Store,
        deeds: &[(Timestamp, Deed)],
        changes: &[Change<'_>],
    ) -> Result<(), StoreError> {
        let mut known = self.0.lock().await;
        for _ in 0..ATTEMPTS {
            if known.is_empty() {
                *known = store.door().await?;
            }
            let mut trail = known.clone();
            deeds.iter().for_each(|(at, deed)| trail.log(DOOR, *at, deed.clone()));
            let mut all = changes.to_vec();
            all.push(Change::Door { trail: &trail, was: known.seq });
            match store.write(&all).await {
                Ok(()) => {
                    trail.written();
                    *known = trail;
                    return Ok(());
                }
                Err(StoreError::Conflict(Conflict::Door(is))) => *known = is,
                Err(error) => {
                    // What is there now is read anew.
                    *known = Trail::default();
                    return Err(error);
                }
            }
        }
        Err(StoreError::Refused("others write to the log all the time".to_owned()))
    }
}

impl Engine {
    /// Writes `changes` with an entry of `deed`. When the log itself is broken, people are told, and the changes are
    /// written without: nobody who asks shall be left without an answer.
    pub(super) async fn write_at_door(&self, deed: Deed, changes: &[Change<'_>]) -> Result<(), StoreError> {
        let store = self.store.as_ref();
        match self.door.write(store, &[(self.clock.now(), deed)], changes).await {
            Err(error @ StoreError::Unreadable(..)) => {
                tracing::error!(%error, "The log is broken: what leads to no run is not in it");
                self.unreadable(&error).await;
                store.write(changes).await
            }
            written => written,
        }
    }
}

/// Returns what an entry tells of a request that has come to `outcome`.
pub(super) fn of_request(request: &Request, outcome: &Outcome) -> Deed {
    let json = |value: serde_json::Result<String>| value.unwrap_or_default();
    let kind = serde_json::to_value(outcome).ok().and_then(|it| Some(it.get("kind")?.as_str()?.to_owned()));
    // A plan is long, and starts nothing.
    let told = (!matches!(outcome, Outcome::Planned(_))).then(|| json(serde_json::to_string(outcome)));
    let via = match request.via {
        Via::Slack => "slack",
        Via::Cli => "cli",
    };
    Deed::new(Kind::Request, &request.by)
        .via(via)
        .with("request", &request.id)
        .with("received_at", &request.received_at)
        .with_some("channel", request.channel.as_ref())
        .with("wish", &json(serde_json::to_string(&request.wish)))
        .with_some("outcome", kind)
        .with_some("told", told)
}

/// Returns what an entry tells of an attempt that was refused.
pub(super) fn of_refused(refused: &Refused) -> Deed {
    Deed::new(Kind::Refused, &refused.user)
        .via("slack")
        .with("request", &refused.id)
        .with("wanted", &refused.what)
        .with_some("right", refused.right.map(Right::as_str))
        .with_some("target", refused.target.as_ref())
        .with("why", refused.why.as_str())
        .with_some("channel", refused.channel.as_ref())
}

/// Returns what an entry tells of so many refusals that are not in the log.
pub(super) fn of_dropped(count: u64) -> Deed {
    Deed::new(Kind::RefusalsDropped, BOT).with("count", &count)
}
