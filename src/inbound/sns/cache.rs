//! The certificates that were good: a few, by their address, so that SNS's host is asked once and not for each message.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared, WeakShared},
};

use super::{address::CertificateUrl, certificate::Certificate, refusal::Unverified};
use crate::engine::ports::{Certificates, Unavailable};

/// Certificates that are kept; a Region has one at a time.
const KEPT: usize = 10;

/// Addresses that are asked at a time. Who knows a topic's name can make up addresses on the right host.
const FLIGHTS: usize = 20;

type Flight = BoxFuture<'static, Result<Arc<Certificate>, Unverified>>;

/// Fetches certificates, and keeps those that were good.
pub struct Cache {
    source: Arc<dyn Certificates>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The one that was used last is the first.
    kept: VecDeque<(CertificateUrl, Arc<Certificate>)>,
    /// What is being fetched, by whoever waits for it.
    flights: HashMap<CertificateUrl, WeakShared<Flight>>,
}

impl Cache {
    /// Returns an empty cache of what `source` serves.
    pub fn new(source: Arc<dyn Certificates>) -> Self {
        Self { source, state: Mutex::default() }
    }

    /// Returns the certificate at `url`. Those who ask at the same time share one request, and its outcome.
    pub(super) async fn get(&self, url: &CertificateUrl) -> Result<Arc<Certificate>, Unverified> {
        let flight = {
            let mut state = self.state();
            if let Some(found) = state.used(url) {
                return Ok(found);
            }
            state.join(url, || fetch(Arc::clone(&self.source), url.clone()))?
        };
        flight.await
    }

    /// Keeps a certificate with which a message was verified: no other one pushes a good one out.
    pub(super) fn keep(&self, url: &CertificateUrl, certificate: &Arc<Certificate>) {
        let mut state = self.state();
        if state.used(url).is_none() {
            state.kept.push_front((url.clone(), Arc::clone(certificate)));
            state.kept.truncate(KEPT);
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no panic while the certificates are held")
    }
}

impl State {
    fn used(&mut self, url: &CertificateUrl) -> Option<Arc<Certificate>> {
        let at = self.kept.iter().position(|(it, _)| it == url)?;
        let entry = self.kept.remove(at)?;
        let certificate = Arc::clone(&entry.1);
        self.kept.push_front(entry);
        Some(certificate)
    }

    /// Returns the request for `url` that is under way, or begins one.
    fn join(&mut self, url: &CertificateUrl, begin: impl FnOnce() -> Flight) -> Result<Shared<Flight>, Unverified> {
        if let Some(flight) = self.flights.get(url).and_then(WeakShared::upgrade) {
            return Ok(flight);
        }
        self.flights.retain(|_, it| it.upgrade().is_some());
        if self.flights.len() >= FLIGHTS {
            let why = "too many certificates are being asked for".to_owned();
            return Err(Unverified::NotNow(Unavailable(why)));
        }
        let flight = begin().shared();
        self.flights.extend(flight.downgrade().map(|it| (url.clone(), it)));
        Ok(flight)
    }
}

fn fetch(source: Arc<dyn Certificates>, url: CertificateUrl) -> Flight {
    async move {
        let pem = source.fetch(&url.to_string()).await?;
        Ok(Arc::new(Certificate::read(&pem)?))
    }
    .boxed()
}

#[cfg(test)]
mod tests;
