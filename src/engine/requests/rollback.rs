//! `rollback`: first what it would do, with a button; the press is judged anew, by what is published then.

use std::collections::BTreeMap;

use super::{Changed, Effect, Engine, Outcome, Request, Run, Trouble, later};
use crate::domain::{
    command::RollbackCommand,
    fact::Fact,
    failure::{Class, codes},
    forecast::{Holding, Loss},
    name::ExportTask,
    rollback::{Point, Preview, Rollback, RollbackRefusal, RolledBack, choose},
    seen::Seen,
    source::Source,
    stage::StageId,
};

/// Runs of a source that are searched for one to go back to.
const SEARCHED: usize = 100;

/// From what is gone back, and to what.
struct Way {
    /// The export task that is published.
    holder: ExportTask,
    /// The newest attempt of its run.
    published: Run,
    target: Run,
    /// Objects of each table that is published.
    tables: BTreeMap<String, u64>,
}

impl Engine {
    /// Tells what a rollback would do; nothing is changed.
    pub(super) async fn preview_rollback(
        &self,
        request: &Request,
        command: &RollbackCommand,
    ) -> Result<Effect, Trouble> {
        let RollbackCommand { source, to, reason } = command;
        if let Some(refused) = self.barred_from(request, source).await? {
            return Ok(refused);
        }
        let Some(configured) = self.sources.get(source) else {
            return Ok(Outcome::UnknownSource { name: source.clone() }.into());
        };
        let named = match to {
            Some(text) => match self.resolve(text, &[configured]).await? {
                Ok(run) => Some(run),
                Err(outcome) => return Ok(outcome.into()),
            },
            None => None,
        };
        let way = match self.way_back(configured, named).await? {
            Ok(way) => way,
            Err(outcome) => return Ok(outcome.into()),
        };
        let preview = Preview {
            id: request.id.clone(),
            source: source.clone(),
            from: Point { run: way.holder, snapshot_time: way.published.snapshot_time },
            to: Point::of(&way.target),
            loss: Loss::by(&way.tables, &way.target),
            layers: way.target.layers.clone(),
            reason: reason.clone(),
        };
        Ok(Outcome::RollbackPreviewed(Box::new(preview)).into())
    }

    /// Goes back as the preview `id` said, if it would still say the same.
    pub(super) async fn roll_back(&self, request: &Request, id: &str) -> Result<Effect, Trouble> {
        let previewed = self.store.request(id).await?.and_then(|it| it.outcome);
        let Some(Outcome::RollbackPreviewed(preview)) = previewed else { return Ok(Outcome::UnknownPreview.into()) };
        if let Some(refused) = self.barred_from(request, &preview.source).await? {
            return Ok(refused);
        }
        let Some(source) = self.sources.get(&preview.source) else {
            return Ok(Outcome::UnknownSource { name: preview.source }.into());
        };
        let Some(named) = self.store.run(&preview.to.run).await? else {
            return Ok(Outcome::UnknownRun { text: preview.to.run.to_string() }.into());
        };
        let way = match self.way_back(source, Some(named)).await? {
            Ok(way) if way.holder == preview.from.run => way,
            Ok(_) => return Ok(refused(source, RollbackRefusal::Changed)),
            Err(outcome) => return Ok(outcome.into()),
        };
        Ok(self.rolled_back(request, &preview, &way).unwrap_or_else(|| refused(source, RollbackRefusal::Changed)))
    }

    /// Opens the older run with its source's turn and marks the newer one, all in one write: nobody finds the one without
    /// the other, and no newer run that waits comes between.
    fn rolled_back(&self, request: &Request, preview: &Preview, way: &Way) -> Option<Effect> {
        let (by, at, reason) = (request.by.clone(), self.clock.now(), preview.reason.clone());
        let (from, to) = (way.holder.clone(), way.target.export_task.clone());
        let rollback = Rollback { from: from.clone(), by: by.clone(), at, reason: reason.clone() };
        let opened = self.after(&way.target, &[Fact::BroughtBack { rollback }, Fact::TurnTaken])?;
        let mark = RolledBack { to: to.clone(), by, at, reason };
        let marked = self.after(&way.published, &[Fact::RolledBack { mark }])?;
        let changed = |before: &Run, after| Changed { before: before.clone(), after };
        let update = vec![changed(&way.published, marked), changed(&way.target, opened)];
        let outcome = Outcome::RollingBack { source: preview.source.clone(), from, to, layers: preview.layers.clone() };
        Some(Effect { outcome, create: Vec::new(), update })
    }

    /// Returns from what `source` goes back and to what, as everything stands now, or why it does not.
    async fn way_back(&self, source: &Source, named: Option<Run>) -> Result<Result<Way, Outcome>, Trouble> {
        let refused = |why| Ok(Err(not_rolled_back(source, why)));
        let held = match self.shelf.holding(source).await {
            Ok(Holding::Published(held)) => held,
            Ok(Holding::Unpublished) => return refused(RollbackRefusal::NothingPublished),
            Err(failure) if failure.code == codes::MANIFEST_UNREADABLE => {
                return refused(RollbackRefusal::ManifestUnreadable);
            }
            Err(failure) if failure.class == Class::Transient => return Err(later(failure)),
            Err(failure) => return Ok(Err(Outcome::GaveUp { code: failure.code, why: failure.message })),
        };
        let known = match held.export_task.parse::<ExportTask>() {
            Ok(holder) => self.newest_attempt(&holder).await?.map(|run| (holder, run)),
            Err(_) => None,
        };
        let Some((holder, published)) = known.filter(|(_, run)| run.source == source.name) else {
            return refused(RollbackRefusal::NotOurs { export_task: held.export_task });
        };
        let runs = self.store.recent(&source.name, SEARCHED).await?;
        let chosen = match choose(&published, &runs, named.as_ref()) {
            Ok(chosen) => chosen.export_task.clone(),
            Err(why) => return refused(why),
        };
        // What an index says may be old.
        let Some(target) = self.store.run(&chosen).await? else {
            return refused(RollbackRefusal::NoOlder);
        };
        if let Err(why) = choose(&published, &runs, Some(&target)) {
            return refused(why);
        }
        match self.work.look(&target, source, StageId::Verify).await {
            Seen::Absent { .. } | Seen::Risky { .. } | Seen::Busy(_) => {
                refused(RollbackRefusal::Removed { run: target.export_task })
            }
            Seen::Unclear(failure) => Err(later(failure)),
            Seen::Running { .. } | Seen::Done { .. } | Seen::Doubtful { .. } | Seen::Failed(_) | Seen::Stopped => {
                Ok(Ok(Way { holder, published, target, tables: held.tables }))
            }
        }
    }
}

fn refused(source: &Source, why: RollbackRefusal) -> Effect {
    not_rolled_back(source, why).into()
}

fn not_rolled_back(source: &Source, why: RollbackRefusal) -> Outcome {
    Outcome::NotRolledBack { source: source.name.clone(), why }
}
