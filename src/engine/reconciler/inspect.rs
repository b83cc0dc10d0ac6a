//! Before an export counts as checked, what it holds is judged: by the classification, beside the last good run, and by
//! the source's policy.

use crate::{
    domain::{
        approval::Subject,
        doubt::Doubt,
        failure::{Class, Failure, codes},
        inspection::{Inspector, Verdict},
        run::Run,
        schema::{Schema, skipped_in},
        seen::Seen,
        source::Source,
        stage::{Detail, WaitOn},
        warning::Warning,
    },
    engine::{Engine, ports::StoreError},
};

/// How many of the newest runs are searched for one that exported the same.
const SEARCHED: usize = 20;

impl Engine {
    /// Returns what was `seen` of an export, with what was found of it; whatever hinders that is seen instead.
    pub(super) async fn inspected(&self, run: &Run, source: &Source, seen: Seen) -> Result<Seen, StoreError> {
        let Seen::Done { detail, warnings } = seen else { return Ok(seen) };
        let mut schema = match self.schemas.of(source, &run.export_task).await {
            Ok(Some(schema)) => schema,
            Ok(None) => return Ok(Seen::Busy(WaitOn::StatusFiles)),
            Err(failure) => return Ok(unclear(failure)),
        };
        // RDS does not write of a table that it has skipped in the files of the tables alone.
        schema.skip(run.warnings.iter().filter_map(Warning::said).flat_map(skipped_in));
        let last = match self.last_like(run).await? {
            Some(last) => match self.schema_of(source, &last).await {
                Ok(schema) => schema.map(|it| (last.export_task, it)),
                Err(failure) => return Ok(Seen::Unclear(failure)),
            },
            None => None,
        };
        let last = last.as_ref().map(|(name, schema)| (name, schema));
        let inspector = Inspector { rules: &source.rules, policy: source.policy, last, only: &run.only };
        let (inspection, verdict) = inspector.inspect(&schema);
        let detail = Detail { inspection: Some(Box::new(inspection)), ..detail };
        Ok(match verdict {
            Verdict::GoesOn { warnings: more } => {
                Seen::Done { detail, warnings: warnings.into_iter().chain(more).collect() }
            }
            Verdict::Doubtful(findings) => {
                Seen::Doubtful { doubt: Doubt { subject: Subject::Schema, findings }, detail, warnings }
            }
            Verdict::Fails(failure) => Seen::Failed(failure),
        })
    }

    /// Returns the run of the same source that has good data since last, of those that exported the same tables.
    pub(super) async fn last_like(&self, run: &Run) -> Result<Option<Run>, StoreError> {
        let is_like = |it: &Run| it.is_good() && it.only == run.only && it.run_id != run.run_id;
        if let Some(last) = self.store.last_success(&run.source).await?.filter(is_like) {
            return Ok(Some(last));
        }
        let recent = self.store.recent(&run.source, SEARCHED).await?;
        Ok(recent.into_iter().filter(is_like).max_by_key(Run::good_since))
    }

    /// Returns what the export of a past run held; `None` if nothing tells it any more.
    async fn schema_of(&self, source: &Source, past: &Run) -> Result<Option<Schema>, Failure> {
        match self.schemas.of(source, &past.export_task).await {
            Err(failure) if failure.code == codes::STATUS_FILES_UNREADABLE => Ok(None),
            known => known,
        }
    }
}

fn unclear(failure: Failure) -> Seen {
    if failure.class == Class::Data { Seen::Failed(failure) } else { Seen::Unclear(failure) }
}
