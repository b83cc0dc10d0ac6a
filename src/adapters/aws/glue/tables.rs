//! The stages `normal.catalog` and `sensitive.catalog` where the bot itself keeps the tables: each is turned to what the
//! job of the run has written.
//!
//! Glue changes one table at a time. While they are turned, a reader may see tables of two runs, but each table whole, and
//! a query that has begun goes on with the files that it has found. What is done is told from the tables themselves, so
//! that the work can be cut off anywhere and begun again.

mod input;

use std::collections::BTreeMap;

use aws_sdk_glue::{Client, types::Table};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    super::{error::Trouble, reports},
    Services, catalog,
};
use crate::{
    domain::{
        catalog::{CatalogTable, Switch, wanted},
        failure::{Class, Failure, codes},
        run::Run,
        seen::{Seen, Started},
        source::{Layer, Location, Source},
        stage::{Detail, WaitOn},
    },
    engine::ports::Progress,
};

/// Tables that are changed at the same time: the more, the shorter readers see two runs.
const AT_ONCE: usize = 8;

/// Who keeps the tables of a layer, and for which run.
pub(super) struct Keeper<'a> {
    pub(super) run: &'a Run,
    pub(super) source: &'a Source,
    pub(super) layer: Layer,
    /// Where the run's job has written.
    pub(super) output: Location,
    pub(super) database: &'a str,
}

impl Keeper<'_> {
    /// Returns whether every table shows the run.
    pub(super) async fn look(&self, on: Services<'_>) -> Seen {
        match self.is_done(on).await {
            Ok(Some(tables)) => Seen::Done { detail: detail(tables, tables), warnings: Vec::new() },
            Ok(None) => Seen::Absent { marker: None },
            Err(failure) if failure.class == Class::Transient => Seen::Unclear(failure),
            Err(failure) => Seen::Failed(failure),
        }
    }

    /// Turns the tables. All of it is done when this returns; when it fails, the next attempt does what is left.
    pub(super) async fn start(&self, on: Services<'_>, progress: &Progress) -> Started {
        match self.turn(on, progress).await {
            Ok(()) => Started::Acted { handle: None },
            Err(failure) if failure.class == Class::Transient => Started::Refused(WaitOn::Trouble(failure)),
            Err(failure) => Started::Failed(failure),
        }
    }

    /// Returns how many tables there are, if all of them show the run.
    async fn is_done(&self, on: Services<'_>) -> Result<Option<usize>, Failure> {
        let wanted = self.wanted(on).await?;
        let there = self.there(on.glue).await?;
        let there: Vec<CatalogTable> = there.iter().map(|it| catalog::table(it, "")).collect();
        let switch = Switch::between(&wanted, &there, &self.source.name)?;
        Ok(switch.is_done().then_some(switch.in_place))
    }

    async fn turn(&self, on: Services<'_>, progress: &Progress) -> Result<(), Failure> {
        let wanted = self.wanted(on).await?;
        let found = self.there(on.glue).await?;
        let there: Vec<CatalogTable> = found.iter().map(|it| catalog::table(it, "")).collect();
        let switch = Switch::between(&wanted, &there, &self.source.name)?;
        let by_name: BTreeMap<&str, &Table> = found.iter().map(|it| (it.name(), it)).collect();
        let (mut done, all) = (switch.in_place, switch.tables());
        let so_far = |failure: Failure, done: usize| {
            let message = format!("{} ({done} of {all} tables of {} show the run)", failure.message, self.database);
            Failure { message, ..failure }
        };
        let writes = switch.create.iter().chain(&switch.update).copied();
        let writes: Vec<_> = writes.map(|it| self.write(on.glue, it, by_name.get(it.name.as_str()).copied())).collect();
        let mut writes = stream::iter(writes).buffer_unordered(AT_ONCE);
        loop {
            progress.set(detail(done, all));
            let Some(()) = writes.try_next().await.map_err(|it| so_far(it, done))? else { break };
            done += 1;
        }
        for gone in &switch.delete {
            self.delete(on.glue, &gone.name).await.map_err(|it| so_far(it, done))?;
        }
        Ok(())
    }

    /// Returns the tables as the run's report has them.
    async fn wanted(&self, on: Services<'_>) -> Result<Vec<CatalogTable>, Failure> {
        let name = &self.run.export_task;
        let Some(report) = reports::read_at(on.s3, &self.output, name).await? else {
            let message = format!("there is no {}{}", self.output.url(), reports::name(name));
            return Err(Failure::new(Class::Config, codes::REPORT_MISSING, message));
        };
        // Which classification it has applied was compared when the job had ended.
        if let Some(how) = report.differs_from(name, self.layer, &report.classification) {
            return Err(Failure::new(Class::Data, codes::REPORT_DIFFERS, how));
        }
        wanted(&report, &self.source.name, &self.output)
    }

    async fn there(&self, glue: &Client) -> Result<Vec<Table>, Failure> {
        catalog::list(glue, self.database).await
    }

    /// Makes a table what is wanted of it, if it still is as it was `found`.
    async fn write(&self, glue: &Client, wanted: &CatalogTable, found: Option<&Table>) -> Result<(), Failure> {
        let input = input::of(wanted, found)?;
        let sent = match found {
            None => {
                let call = glue.create_table().database_name(self.database).table_input(input);
                call.send().await.map(|_| ()).map_err(Trouble::from)
            }
            Some(found) => {
                // What a table was like is told by the records of the runs: a version for each night would only add up
                // to Glue's quota of them.
                let call = glue.update_table().database_name(self.database).table_input(input).skip_archive(true);
                let call = call.set_version_id(found.version_id().map(str::to_owned));
                call.send().await.map(|_| ()).map_err(Trouble::from)
            }
        };
        sent.map_err(changed_meanwhile)
    }

    async fn delete(&self, glue: &Client, name: &str) -> Result<(), Failure> {
        match glue.delete_table().database_name(self.database).name(name).send().await.map_err(Trouble::from) {
            Ok(_) => Ok(()),
            Err(trouble) if trouble.is("EntityNotFound") => Ok(()),
            Err(trouble) => Err(changed_meanwhile(trouble)),
        }
    }
}

/// A table that somebody has created, changed or deleted since it was looked at is looked at again. It may also have been
/// this very call, whose first answer was lost.
fn changed_meanwhile(trouble: Trouble) -> Failure {
    let is_race = ["ConcurrentModification", "AlreadyExists", "EntityNotFound"].iter().any(|it| trouble.is(it));
    let failure = Failure::from(trouble);
    if is_race { Failure { class: Class::Transient, ..failure } } else { failure }
}

fn detail(done: usize, all: usize) -> Detail {
    let number = |it: usize| u64::try_from(it).ok();
    Detail { tables: number(all), switched_tables: number(done), ..Detail::default() }
}
