//! Looks whether the records are in reach, at times when nothing else would.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    engine::ports::{Store, StoreError},
    health::{Health, Service},
};

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(10);

/// Reads a record that is not there, every ten seconds until `stop`.
pub(super) async fn probe(store: Arc<dyn Store>, health: Arc<Health>, stop: CancellationToken) {
    loop {
        let found = tokio::select! {
            () = stop.cancelled() => return,
            found = store.request("probe") => found,
        };
        match found {
            Ok(_) | Err(StoreError::Unreadable(..)) => health.reached(Service::DynamoDb),
            Err(StoreError::Refused(error)) => tracing::error!(error, "The records cannot be read"),
            Err(error @ (StoreError::NoAnswer | StoreError::Conflict(_))) => {
                tracing::warn!(%error, "The records are out of reach");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
