//! The work of stages and the snapshots, asked for and answered as `adapters/aws` does it.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use tokio::time::sleep;

use super::{
    aws::{End, Latest, No, OBJECTS, Snap},
    line::{Broken, Line},
    planted::Planted,
    scenario::Service,
    tables::may_be_kept,
    world::Truth,
};
use crate::{
    domain::{
        export::ActiveExport,
        failure::{Class, Failure, codes},
        forecast::{Holding, Published},
        name::ExportTask,
        run::Run,
        schema::Schema,
        seen::{Seen, Started},
        snapshot::{Origin, Snapshot, SnapshotChoice},
        source::{Layer, Publish, Source},
        stage::{Detail, StageId, StageStatus, WaitOn},
    },
    engine::ports::{Exports, Progress, Schemas, Shelf, Snapshots, Work},
};

/// Returns what an adapter makes of a call that did not come to its end.
pub(super) fn failure(broken: Broken) -> Failure {
    match broken {
        Broken::Refused => Failure::new(Class::Transient, "Throttling", "slow down"),
        Broken::Unclear => Failure::new(Class::Transient, codes::NO_ANSWER, "no answer"),
    }
}

/// Stands for a job run that a rollback did not need.
const KEPT: &str = "kept";

fn started(broken: Broken) -> Started {
    match broken {
        Broken::Refused => Started::Refused(WaitOn::Trouble(failure(broken))),
        Broken::Unclear => Started::Unclear(failure(broken)),
    }
}

fn snapshot(it: &Snap) -> Snapshot {
    Snapshot {
        id: it.id.clone(),
        arn: it.arn.clone(),
        taken_at: it.taken_at,
        available: true,
        origin: Origin::Automated,
        allocated: None,
    }
}

fn running(handle: &str) -> Seen {
    Seen::Running { handle: Some(handle.to_owned()), detail: Detail::default() }
}

/// Returns what is seen of work that has ended so, or goes on.
fn seen(end: Option<End>, handle: &str, code: &str) -> Seen {
    match end {
        None => running(handle),
        Some(End::Done) => Seen::Done { detail: Detail::default(), warnings: Vec::new() },
        Some(End::Failed) => Seen::Failed(Failure::new(Class::NewAttempt, code, "An internal error occurred")),
        Some(End::Broken) => Seen::Failed(Failure::new(Class::Config, code, "not authorized")),
        Some(End::Stopped) => Seen::Stopped,
    }
}

/// By what a layer's job run is found: the arguments that it was started with.
fn mark(run: &Run, stage: StageId) -> (Layer, u32) {
    let it = run.stage(stage);
    let layer = stage.layer().expect("a transform belongs to a layer");
    (layer, it.attempt + u32::from(it.status == StageStatus::Pending))
}

/// Returns the layer of `stage`, if the stage turns tables that the bot keeps.
fn turned(source: &Source, stage: StageId) -> Option<Layer> {
    let is_catalog = matches!(stage, StageId::NormalCatalog | StageId::SensitiveCatalog);
    stage.layer().filter(|_| is_catalog && source.publish == Publish::Pointer)
}

fn crawler_of(source: &Source, stage: StageId) -> &str {
    work_of(source, stage).crawler().expect("the layers of what is copied have crawlers")
}

fn work_of(source: &Source, stage: StageId) -> &crate::domain::source::LayerWork {
    let layer = stage.layer().expect("the stage belongs to a layer");
    source.layer(layer).expect("the sources have both layers")
}

impl Truth {
    fn see(&self, run: &Run, source: &Source, stage: StageId) -> Seen {
        let (now, name) = (self.now, run.export_task.as_str());
        match stage {
            StageId::Snapshot => seen(Some(End::Done), "", ""),
            StageId::Export => match self.aws.exports.get(name) {
                None => Seen::Absent { marker: None },
                Some(export) => seen(export.span.end(now), name, codes::EXPORT_FAILED),
            },
            StageId::Verify => match self.aws.exports.get(name).and_then(|it| it.span.end(now)) {
                Some(End::Done) if self.aws.removed.left(&source.export_of(&run.export_task)) > 0 => {
                    seen(Some(End::Done), "", "")
                }
                _ => Seen::Busy(WaitOn::StatusFiles),
            },
            StageId::Latest => {
                let held = self.aws.latest.get(&run.source);
                let is_mine = |it: &Option<(String, _)>| it.as_ref().is_some_and(|it| it.0 == name);
                let is_whole = |it: &Latest| match source.publish {
                    Publish::Copy => it.objects.iter().all(is_mine),
                    Publish::Pointer => self.aws.removed.is_whole(&source.export_of(&run.export_task)),
                };
                let is_there = held.is_some_and(|it| is_mine(&it.manifest) && is_whole(it));
                let marker = held.and_then(|it| it.manifest.as_ref()).map(|it| it.0.clone());
                if is_there { seen(Some(End::Done), "", "") } else { Seen::Absent { marker } }
            }
            StageId::NormalTransform | StageId::SensitiveTransform => self.see_job(run, source, stage),
            StageId::NormalCatalog | StageId::SensitiveCatalog => self.see_crawl(run, crawler_of(source, stage), stage),
            StageId::SensitiveApproval => Seen::Absent { marker: None },
        }
    }

    fn see_job(&self, run: &Run, source: &Source, stage: StageId) -> Seen {
        let (layer, attempt) = mark(run, stage);
        let handle = run.stage(stage).intent.as_ref().and_then(|it| it.handle.clone()).filter(|it| !it.is_empty());
        if handle.as_deref() == Some(KEPT) {
            return match self.report_of(source, layer, &run.export_task) {
                Some(_) => seen(Some(End::Done), "", ""),
                None => Seen::Failed(Failure::new(Class::Lost, codes::REPORT_MISSING, "it is not there any more")),
            };
        }
        let found = self.aws.jobs.iter().find(|it| match &handle {
            Some(id) => it.id == *id,
            None => it.is(run.export_task.as_str(), layer, attempt) && it.listed_at <= self.now,
        });
        found.map_or(Seen::Absent { marker: None }, |it| seen(it.span.end(self.now), &it.id, codes::JOB_FAILED))
    }

    fn see_crawl(&self, run: &Run, crawler: &str, stage: StageId) -> Seen {
        let crawls = self.aws.crawls.get(crawler).map_or(&[][..], Vec::as_slice);
        let goes_on = crawls.last().is_some_and(|it| it.span.end(self.now).is_none());
        let last = crawls.iter().rev().find(|it| it.span.end(self.now).is_some());
        let marker = last.map_or_else(|| "none".to_owned(), |it| it.span.began.to_string());
        match &run.stage(stage).intent {
            None if goes_on => Seen::Busy(WaitOn::CrawlerFree),
            None => Seen::Absent { marker: Some(marker) },
            Some(_) if goes_on => running(crawler),
            Some(intent) if intent.marker.as_ref() == Some(&marker) => Seen::Absent { marker: Some(marker) },
            Some(_) => seen(last.and_then(|it| it.span.end(self.now)), crawler, codes::CRAWL_FAILED),
        }
    }
}

impl Line {
    async fn start_export(&self, run: &Run) -> Started {
        let acted = Started::Acted { handle: Some(run.export_task.to_string()) };
        match self.call(Service::Rds, |truth, caller| truth.start_export(run, caller)).await {
            Ok(Ok(())) => acted,
            // The name holds what it is of, and so it can only be ours.
            Ok(Err(No::Exists)) => match self.call(Service::Rds, |_, _| ()).await {
                Ok(()) => acted,
                Err(broken) => Started::Unclear(failure(broken)),
            },
            Ok(Err(No::NoSlot)) => {
                Started::Refused(WaitOn::ExportSlot { message: "five at once".to_owned(), before: 0 })
            }
            Err(broken) => started(broken),
        }
    }

    async fn start_job(&self, run: &Run, source: &Source, stage: StageId) -> Started {
        let (layer, attempt) = mark(run, stage);
        if may_be_kept(run, source, stage) {
            let report = self.call(Service::S3, |truth, _| truth.report_of(source, layer, &run.export_task)).await;
            match report {
                Ok(Some(_)) => return Started::Acted { handle: Some(KEPT.to_owned()) },
                Ok(None) => {}
                Err(broken) => return Started::Refused(WaitOn::Trouble(failure(broken))),
            }
        }
        let at = (work_of(source, stage).glue_job.as_str(), layer, attempt);
        match self.call(Service::Glue, |truth, caller| truth.start_job(run, at, caller)).await {
            Ok(Ok(id)) => Started::Acted { handle: Some(id) },
            Ok(Err(_)) => Started::Refused(WaitOn::JobSlot { message: "it runs already".to_owned() }),
            Err(broken) => started(broken),
        }
    }

    async fn start_crawl(&self, run: &Run, source: &Source, stage: StageId) -> Started {
        let crawler = crawler_of(source, stage);
        match self.call(Service::Glue, |truth, caller| truth.start_crawl(run, crawler, stage, caller)).await {
            Ok(_) => Started::Acted { handle: Some(crawler.to_owned()) },
            Err(broken) => started(broken),
        }
    }

    async fn publish(&self, run: &Run, source: &Source, progress: &Progress) -> Result<(), Failure> {
        let read = |truth: &mut Truth| {
            let latest = truth.aws.latest.get(&run.source).cloned().unwrap_or_default();
            let ended = truth.aws.exports.get(run.export_task.as_str()).and_then(|it| it.span.end(truth.now));
            // The status files come last.
            let has_data = truth.aws.removed.left(&source.export_of(&run.export_task)) > 1;
            (latest, ended == Some(End::Done) && has_data, truth.has(Planted::PublishBlindly))
        };
        let (before, complete, blind) = self.call(Service::S3, |truth, _| read(truth)).await.map_err(failure)?;
        if !complete {
            return Err(Failure::new(Class::Data, codes::COPY_INCOMPLETE, "no data files"));
        }
        let may_be_replaced = |name: &str| run.replaces().is_some_and(|it| it.as_str() == name);
        let newer = before.manifest.filter(|it| it.1 > run.snapshot_time && !may_be_replaced(&it.0));
        if let Some((newer, _)) = newer.filter(|_| !blind) {
            return Err(Failure::new(Class::Data, codes::LATEST_IS_NEWER, newer));
        }
        let copied = if source.publish == Publish::Copy { OBJECTS } else { 0 };
        for index in 0..copied {
            self.call(Service::S3, |truth, caller| truth.copy_object(run, index, caller)).await.map_err(failure)?;
            progress.set(Detail { objects: u64::try_from(index).ok(), ..Detail::default() });
            sleep(Duration::from_secs(4)).await;
        }
        let write = self.call(Service::S3, |truth, caller| truth.write_manifest(run, source, before.etag, caller));
        match write.await.map_err(failure)? {
            true => Ok(()),
            false => Err(Failure::new(Class::Transient, "PreconditionFailed", "somebody else has written")),
        }
    }
}

#[async_trait]
impl Work for Line {
    async fn look(&self, run: &Run, source: &Source, stage: StageId) -> Seen {
        if let Some(layer) = turned(source, stage) {
            return self.look_at_tables(run, source, layer).await;
        }
        let service = match stage {
            StageId::Snapshot | StageId::Export => Service::Rds,
            StageId::Verify | StageId::Latest | StageId::SensitiveApproval => Service::S3,
            StageId::NormalTransform
            | StageId::NormalCatalog
            | StageId::SensitiveTransform
            | StageId::SensitiveCatalog => Service::Glue,
        };
        let seen = self.call(service, |truth, _| truth.see(run, source, stage)).await;
        seen.unwrap_or_else(|broken| Seen::Unclear(failure(broken)))
    }

    async fn start(&self, run: &Run, source: &Source, stage: StageId, progress: &Progress) -> Started {
        if let Some(layer) = turned(source, stage) {
            return self.turn_tables(run, source, layer).await;
        }
        match stage {
            StageId::Export => self.start_export(run).await,
            StageId::Latest => match self.publish(run, source, progress).await {
                Ok(()) => Started::Acted { handle: None },
                Err(failure) if failure.class == Class::Transient => Started::Unclear(failure),
                Err(failure) => Started::Failed(failure),
            },
            StageId::NormalTransform | StageId::SensitiveTransform => self.start_job(run, source, stage).await,
            StageId::NormalCatalog | StageId::SensitiveCatalog => self.start_crawl(run, source, stage).await,
            StageId::Snapshot | StageId::Verify | StageId::SensitiveApproval => Started::Acted { handle: None },
        }
    }

    async fn stop(&self, run: &Run, source: &Source, stage: StageId) -> Result<(), Failure> {
        // What the bot does itself ends with the call that does it.
        if turned(source, stage).is_some() {
            return Ok(());
        }
        let stop = |truth: &mut Truth| {
            let (now, name) = (truth.now, run.export_task.as_str());
            match stage {
                StageId::Export => {
                    if let Some(export) = truth.aws.exports.get_mut(name) {
                        export.span.stop(now);
                    }
                }
                StageId::NormalTransform | StageId::SensitiveTransform => {
                    let (layer, attempt) = mark(run, stage);
                    truth.aws.jobs.iter_mut().filter(|it| it.is(name, layer, attempt)).for_each(|it| it.span.stop(now));
                }
                StageId::NormalCatalog | StageId::SensitiveCatalog => {
                    let crawler = crawler_of(source, stage);
                    if let Some(crawl) = truth.aws.crawls.get_mut(crawler).and_then(|it| it.last_mut()) {
                        crawl.span.stop(now);
                    }
                }
                StageId::Snapshot | StageId::Verify | StageId::Latest | StageId::SensitiveApproval => {}
            }
        };
        self.call(Service::Glue, |truth, _| stop(truth)).await.map_err(failure)
    }
}

#[async_trait]
impl Schemas for Line {
    /// Every export holds the same.
    async fn of(&self, _: &Source, _: &ExportTask) -> Result<Option<Schema>, Failure> {
        self.call(Service::S3, |_, _| Some(Schema::default())).await.map_err(failure)
    }
}

#[async_trait]
impl Snapshots for Line {
    async fn find(&self, source: &Source, choice: &SnapshotChoice) -> Result<Option<Snapshot>, Failure> {
        let find = |truth: &mut Truth| {
            let mut of_source = truth.aws.snapshots.iter().filter(|it| it.source == source.name);
            let found = match choice {
                SnapshotChoice::Latest => of_source.max_by_key(|it| it.taken_at),
                SnapshotChoice::Named(name) => of_source.find(|it| it.id == *name || it.arn == *name),
            };
            found.map(snapshot)
        };
        self.call(Service::Rds, |truth, _| find(truth)).await.map_err(failure)
    }

    async fn list(&self, source: &Source) -> Result<Vec<Snapshot>, Failure> {
        let list = |truth: &mut Truth| {
            truth.aws.snapshots.iter().filter(|it| it.source == source.name).map(snapshot).rev().collect()
        };
        self.call(Service::Rds, |truth, _| list(truth)).await.map_err(failure)
    }
}

#[async_trait]
impl Shelf for Line {
    async fn holding(&self, source: &Source) -> Result<Holding, Failure> {
        let held = |truth: &mut Truth| {
            let latest = truth.aws.latest.get(&source.name)?;
            Some((latest.manifest.clone()?, latest.since))
        };
        let held = self.call(Service::S3, |truth, _| held(truth)).await.map_err(failure)?;
        Ok(held.map_or(Holding::Unpublished, |((export_task, taken), published_at)| {
            let tables = BTreeMap::new();
            Holding::Published(Published { export_task, snapshot_time: Some(taken), published_at, tables })
        }))
    }
}

#[async_trait]
impl Exports for Line {
    async fn active(&self) -> Result<Vec<ActiveExport>, Failure> {
        let export = |name: &str, arn: &str| ActiveExport {
            name: name.to_owned(),
            source_arn: arn.to_owned(),
            status: "IN_PROGRESS".to_owned(),
            percent: None,
            started_at: None,
        };
        let active = |truth: &mut Truth| {
            let now = truth.now;
            let ours = truth.aws.exports.iter().filter(|(_, it)| it.span.end(now).is_none());
            let others = truth.aws.strangers.iter().filter(|it| **it > now);
            let ours = ours.map(|(name, it)| export(name, &it.arn));
            ours.chain(others.map(|_| export("by-hand", "arn:of:another"))).collect()
        };
        self.call(Service::Rds, |truth, _| active(truth)).await.map_err(failure)
    }
}
