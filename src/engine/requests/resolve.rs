//! From what a person calls a run to the run: the name of its record, or any unambiguous start of it, which means the
//! newest attempt.

use crate::{
    domain::{answer::Outcome, name::ExportTask, run::Run, source::Source},
    engine::{Engine, ports::StoreError},
};

/// Names that an ambiguous start is answered with at the most.
const MATCHES: usize = 5;

impl Engine {
    /// Returns the run that `text` names, or what to answer if there is none, or more than one. A whole name means that
    /// attempt and no other; the start of one is looked for among the runs of `sources`.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn resolve(&self, text: &str, sources: &[&Source]) -> Result<Result<Run, Outcome>, StoreError> {
        let unknown = || Outcome::UnknownRun { text: text.to_owned() };
        if let Ok(name) = text.parse::<ExportTask>()
            && let Some(run) = self.store.run(&name).await?
        {
            return Ok(Ok(run));
        }
        let mut runs: Vec<Run> = Vec::new();
        for name in self.named(text, sources).await? {
            let newest = self.newest_attempt(&name).await?;
            runs.extend(newest.filter(|it| !runs.iter().any(|known| known.run_id == it.run_id)));
        }
        match runs.len() {
            0 => Ok(Err(unknown())),
            1 => Ok(runs.pop().ok_or_else(unknown)),
            _ => {
                let matches = runs.into_iter().take(MATCHES).map(|it| it.export_task).collect();
                Ok(Err(Outcome::AmbiguousRun { text: text.to_owned(), matches }))
            }
        }
    }

    /// Returns the run `name`, or the attempt that has gone on from it.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn newest_attempt(&self, name: &ExportTask) -> Result<Option<Run>, StoreError> {
        let mut run = self.store.run(name).await?;
        while let Some(next) = run.as_ref().and_then(|it| it.next_attempt.clone()) {
            run = self.store.run(&next).await?;
        }
        Ok(run)
    }

    async fn named(&self, start: &str, sources: &[&Source]) -> Result<Vec<ExportTask>, StoreError> {
        let mut names = Vec::new();
        for source in sources {
            let stem = format!("{}-", source.name);
            if stem.starts_with(start) || start.starts_with(&stem) {
                names.extend(self.store.named(&source.name, start).await?);
            }
        }
        Ok(names)
    }
}
