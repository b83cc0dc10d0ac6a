//! What is looked at, and how: side by side, each look within its time.

use std::{future::Future, time::Duration};

use futures_util::future::{BoxFuture, FutureExt as _, join_all};
use tokio::time::timeout;

use super::{Check, Verdict, trouble::Need};

/// How long one look may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// One thing to look at.
pub(super) struct Probe<'a> {
    check: &'static str,
    subject: String,
    need: Need,
    look: BoxFuture<'a, Verdict>,
}

impl<'a> Probe<'a> {
    /// Returns a probe of `subject`, a thing of the kind `check`; `need` says who makes its calls.
    pub(super) fn new(
        check: &'static str,
        subject: impl Into<String>,
        need: Need,
        look: impl Future<Output = Verdict> + Send + 'a,
    ) -> Self {
        Self { check, subject: subject.into(), need, look: look.boxed() }
    }

    async fn run(self) -> Check {
        let verdict = timeout(PATIENCE, self.look).await.unwrap_or_else(|_| self.need.unanswered("no answer in time"));
        Check { check: self.check.to_owned(), subject: self.subject, verdict }
    }
}

/// Runs all probes at once. Returns what they have found, in their order.
pub(super) async fn run(probes: Vec<Probe<'_>>) -> Vec<Check> {
    join_all(probes.into_iter().map(Probe::run)).await
}
