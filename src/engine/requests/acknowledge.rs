//! "I am on it": somebody takes care of a failure that stands, and everybody sees who.

use super::{Changed, Effect, Engine, Outcome, Request, Trouble};
use crate::domain::{fact::Fact, name::ExportTask};

impl Engine {
    pub(super) async fn acknowledge(&self, request: &Request, run: &ExportTask) -> Result<Effect, Trouble> {
        // The failure is told of the attempt that the run goes on in.
        let Some(before) = self.newest_attempt(run).await? else {
            return Ok(Outcome::UnknownRun { text: run.to_string() }.into());
        };
        let run = before.export_task.clone();
        let Some(failure) = before.standing_failure() else {
            return Ok(Outcome::NotAcknowledged { run, status: before.status.as_str().to_owned() }.into());
        };
        match &failure.acknowledged {
            Some(it) if it.by != request.by => {
                return Ok(Outcome::AcknowledgedBefore { run, by: it.by.clone(), at: it.at }.into());
            }
            Some(_) => return Ok(Outcome::Acknowledged { run }.into()),
            None => {}
        }
        let fact = Fact::Acknowledged { by: request.by.clone() };
        let after = self.after(&before, &[fact]).expect("a failure that stands can be acknowledged");
        let outcome = Outcome::Acknowledged { run };
        Ok(Effect { outcome, create: Vec::new(), update: vec![Changed { before, after }] })
    }
}
