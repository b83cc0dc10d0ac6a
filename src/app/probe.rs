//! Looks whether the records are in reach, at times when nothing else would.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    engine::{
        periodic::Rhythm,
        ports::{Store, StoreError},
    },
    health::{Health, Service},
};

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(10);

/// How long a look may take: longer than its call.
const LONGEST: Duration = Duration::from_secs(15);

/// Reads a record that is not there, every ten seconds until `stop`.
pub(super) async fn probe(store: Arc<dyn Store>, health: Arc<Health>, stop: CancellationToken) {
    let rhythm = Rhythm { what: "look at the records", period: EVERY, longest: LONGEST };
    rhythm.keep(stop, || look(&*store, &health)).await;
}

async fn look(store: &dyn Store, health: &Health) {
    match store.request("probe").await {
        Ok(_) | Err(StoreError::Unreadable(..)) => health.reached(Service::DynamoDb),
        Err(StoreError::Refused(error)) => tracing::error!(error, "The records cannot be read"),
        Err(error @ (StoreError::NoAnswer | StoreError::Conflict(_))) => {
            tracing::warn!(%error, "The records are out of reach");
        }
    }
}
