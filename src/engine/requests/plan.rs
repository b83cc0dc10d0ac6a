//! `run --plan`, and what the form shows before it starts anything: the same plan, by the same way.

use std::time::Duration;

use tokio::time::timeout;

use super::{
    Engine, Outcome, StoreError, Trouble,
    start::{LOOKED_AT, Prepared},
};
use crate::{
    domain::{
        answer::Answer,
        command::RunCommand,
        forecast::{Forecast, Holding, Known},
        source::Source,
    },
    engine::ports::Via,
};

/// How long AWS is waited for where a plan can be told without its answer.
const LOOK: Duration = Duration::from_secs(5);

impl Engine {
    /// Returns the plan of `command` as `by` would start it, or why there is none. Starts nothing.
    pub(in crate::engine) async fn plan(&self, command: &RunCommand, via: Via, by: &str) -> Answer {
        let planned = async {
            match self.prepare(command, via, by).await? {
                Ok(prepared) => self.planned(&prepared).await.map_err(Trouble::from),
                Err(outcome) => Ok(outcome),
            }
        };
        match planned.await {
            Ok(outcome) => Answer::Outcome(outcome),
            Err(Trouble::Later { code, why }) => Answer::Outcome(Outcome::GaveUp { code, why }),
            Err(Trouble::Store(error)) => self.broken(&error.to_string()),
        }
    }

    pub(super) async fn planned(&self, prepared: &Prepared<'_>) -> Result<Outcome, StoreError> {
        let Prepared { source, snapshot, run, existing } = prepared;
        let (recent, holding, exports) = tokio::join!(
            self.store.recent(&source.name, LOOKED_AT),
            self.holding(source),
            self.exports_under_way(LOOK)
        );
        let forecast = Forecast::of(&Known {
            source,
            snapshot,
            run,
            existing: existing.as_ref(),
            recent: &recent?,
            exports,
            holding: holding.as_ref(),
            prices: self.prices.as_ref(),
            now: self.clock.now(),
        });
        Ok(Outcome::Planned(Box::new(forecast)))
    }

    async fn holding(&self, source: &Source) -> Option<Holding> {
        match timeout(LOOK, self.shelf.holding(source)).await {
            Ok(Ok(holding)) => Some(holding),
            Ok(Err(failure)) => {
                let (code, why) = (failure.code, failure.message);
                tracing::warn!(source = source.name, code, why, "What latest/ holds could not be looked up");
                None
            }
            Err(_) => None,
        }
    }
}
