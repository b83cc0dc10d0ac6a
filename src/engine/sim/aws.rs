//! What AWS does, as it really is: exports with their slots and names, `latest/`, jobs, crawlers, each with its rules.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    history::{Count, Invariant},
    line::Caller,
    objects::Removals,
    queue::Body,
    tables::Shown,
    world::Truth,
};
use crate::{
    domain::{
        run::Run,
        source::{Layer, Source},
        stage::StageId,
    },
    engine::hints::Hint,
};

/// How long an effect may be held up before it is excused: the lease.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// Exports at once in an account.
const SLOTS: usize = 5;

/// Objects of an export.
pub(super) const OBJECTS: usize = 4;

/// Everything at AWS.
#[derive(Debug, Default)]
pub(super) struct Aws {
    pub(super) snapshots: Vec<Snap>,
    pub(super) exports: BTreeMap<String, Export>,
    /// Exports that others have started: when they end.
    pub(super) strangers: Vec<Timestamp>,
    pub(super) latest: BTreeMap<String, Latest>,
    /// Exports that were under `latest/` in full, at some time.
    pub(super) published: BTreeSet<String>,
    pub(super) jobs: Vec<JobRun>,
    /// Tables that the bot keeps, by source and layer.
    pub(super) shown: BTreeMap<(String, Layer), Shown>,
    /// What of exports and of what jobs have written is not there any more.
    pub(super) removed: Removals,
    /// By crawler.
    pub(super) crawls: BTreeMap<String, Vec<Crawl>>,
}

/// A snapshot of a source's database.
#[derive(Clone, Debug)]
pub(super) struct Snap {
    pub(super) source: String,
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) taken_at: Timestamp,
}

/// How work ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Done,
    Failed,
    /// Failed in a way that a person must mend.
    Broken,
    Stopped,
}

/// Work that takes its time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) began: Timestamp,
    pub(super) ends: Timestamp,
    result: End,
}

impl Span {
    /// Returns how the work has ended, if it has.
    pub(super) fn end(&self, now: Timestamp) -> Option<End> {
        (self.ends <= now).then_some(self.result)
    }

    /// Stops the work, if it goes on.
    pub(super) fn stop(&mut self, now: Timestamp) {
        if self.end(now).is_none() {
            (self.ends, self.result) = (now, End::Stopped);
        }
    }
}

/// An export task.
#[derive(Clone, Debug)]
pub(super) struct Export {
    pub(super) arn: String,
    pub(super) span: Span,
}

/// A run of a Glue job.
#[derive(Clone, Debug)]
pub(super) struct JobRun {
    pub(super) id: String,
    pub(super) job: String,
    run: String,
    layer: Layer,
    attempt: u32,
    pub(super) span: Span,
    /// It writes what must not be in its layer.
    pub(super) leaks: bool,
    /// From when on it is listed.
    pub(super) listed_at: Timestamp,
}

impl JobRun {
    /// Says whether the job runs for that.
    pub(super) fn is(&self, run: &str, layer: Layer, attempt: u32) -> bool {
        self.is_of(run, layer) && self.attempt == attempt
    }

    /// Says whether the job runs for any attempt of that.
    pub(super) fn is_of(&self, run: &str, layer: Layer) -> bool {
        self.run == run && self.layer == layer
    }
}

/// A crawl, and for what it was started.
#[derive(Clone, Debug)]
pub(super) struct Crawl {
    pub(super) span: Span,
    of: (String, StageId, u32),
}

/// What is under `latest/`: whose each object is, and whose the manifest says it all is.
#[derive(Clone, Debug, Default)]
pub(super) struct Latest {
    pub(super) manifest: Option<(String, Timestamp)>,
    /// When the manifest was written.
    pub(super) since: Timestamp,
    /// Changes with every write of the manifest.
    pub(super) etag: u64,
    pub(super) objects: [Option<(String, Timestamp)>; OBJECTS],
}

/// Why AWS does not start something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum No {
    Exists,
    NoSlot,
}

impl Truth {
    fn span(&mut self, longest: i64) -> Span {
        let takes = if self.quiet { self.seconds(3, 15) } else { self.seconds(10, longest) };
        // Who goes back has to come to an end first.
        let result = match self.chance.u16(0..if self.rolls_back { 300 } else { 100 }) {
            _ if self.quiet => End::Done,
            0..8 => End::Failed,
            8..11 => End::Broken,
            11..13 => End::Stopped,
            _ => End::Done,
        };
        Span { began: self.now, ends: self.now + takes, result }
    }

    /// Starts an export task of `run`'s snapshot, as `StartExportTask` does.
    pub(super) fn start_export(&mut self, run: &Run, caller: Caller) -> Result<(), No> {
        let (name, arn, now) = (run.export_task.as_str(), &run.source_arn, self.now);
        if self.aws.exports.contains_key(name) {
            return Err(No::Exists);
        }
        let goes_on = |it: &&Export| it.span.end(now).is_none();
        let strangers = self.aws.strangers.iter().filter(|it| **it > now).count();
        let busy = self.aws.exports.values().filter(goes_on).any(|it| it.arn == *arn);
        if busy || self.aws.exports.values().filter(goes_on).count() + strangers >= SLOTS {
            return Err(No::NoSlot);
        }
        self.note(|| format!("p{} EXPORT {name} starts", caller.process));
        self.judge_effect(run, caller, "an export");
        self.judge_export(run, caller);
        let span = self.span(240);
        self.history.add(Count::Exports);
        self.aws.exports.insert(name.to_owned(), Export { arn: arn.clone(), span });
        self.event(span.ends, Body::Event(Hint::ExportEnded { source_arn: arn.clone() }));
        Ok(())
    }

    /// A name is taken once, so that exports can only be doubled under other names: the next attempt's, while the one
    /// before has not ended, or has ended well and nobody asked for it to be done again.
    fn judge_export(&mut self, run: &Run, caller: Caller) {
        if run.attempt == 1 {
            return;
        }
        let before = run.run_id.with_attempt(run.attempt - 1);
        let ended = self.aws.exports.get(before.as_str()).map(|it| it.span.end(self.now));
        let asked = run.retries.last().is_some();
        let fine = match ended {
            None | Some(Some(End::Failed | End::Broken | End::Stopped)) => true,
            Some(Some(End::Done)) => asked,
            Some(None) => false,
        };
        if !fine {
            let how = format!("{} though {before} is {ended:?}", run.export_task);
            self.broken_by(caller, LEASE, Invariant::OneExport, how);
        }
    }

    /// Starts a job, as `StartJobRun` does.
    pub(super) fn start_job(&mut self, run: &Run, at: (&str, Layer, u32), caller: Caller) -> Result<String, No> {
        let ((job, layer, attempt), now, name) = (at, self.now, run.export_task.as_str());
        let running = self.aws.jobs.iter().filter(|it| it.job == job && it.span.end(now).is_none()).count();
        if running >= self.max_concurrent_runs {
            return Err(No::NoSlot);
        }
        self.note(|| format!("p{} JOB {job} for {name} attempt {attempt} starts", caller.process));
        self.judge_effect(run, caller, "a job run");
        if self.aws.jobs.iter().any(|it| it.is(name, layer, attempt)) {
            self.broken_by(caller, LEASE, Invariant::OneJobRun, format!("{job} for {name} attempt {attempt}"));
        }
        if layer == Layer::Sensitive {
            self.judge_approval(run, caller, Invariant::Approved);
        }
        let (span, id) = (self.span(120), format!("jr_{}", self.aws.jobs.len()));
        let listed_at = now + self.seconds(0, 5);
        let leaks = layer == Layer::Normal && self.mishap(12);
        self.history.add(Count::JobRuns);
        let (run, job) = (name.to_owned(), job.to_owned());
        self.event(span.ends, Body::Event(Hint::JobEnded { job: job.clone() }));
        self.aws.jobs.push(JobRun { id: id.clone(), job, run, layer, attempt, span, leaks, listed_at });
        Ok(id)
    }

    /// Starts a crawl, as `StartCrawler` does; for what it is only the judge knows.
    pub(super) fn start_crawl(&mut self, run: &Run, crawler: &str, stage: StageId, caller: Caller) -> Result<(), No> {
        let of = (run.export_task.to_string(), stage, run.stage(stage).attempt);
        let now = self.now;
        let crawls = self.aws.crawls.get(crawler).map_or(&[][..], Vec::as_slice);
        if crawls.last().is_some_and(|it| it.span.end(now).is_none()) {
            return Err(No::Exists);
        }
        let doubled = crawls.iter().any(|it| it.of == of);
        self.note(|| format!("p{} CRAWL {crawler} for {of:?} starts", caller.process));
        self.judge_effect(run, caller, "a crawl");
        if doubled {
            self.broken_by(caller, LEASE, Invariant::OneCrawl, format!("{crawler} for {of:?}"));
        }
        let span = self.span(60);
        self.history.add(Count::Crawls);
        self.event(span.ends, Body::Event(Hint::CrawlEnded { crawler: crawler.to_owned() }));
        self.aws.crawls.entry(crawler.to_owned()).or_default().push(Crawl { span, of });
        Ok(())
    }

    /// Puts an object of `run`'s export under `latest/`.
    pub(super) fn copy_object(&mut self, run: &Run, index: usize, caller: Caller) {
        self.judge_effect(run, caller, "a copy");
        let mine = (run.export_task.to_string(), run.snapshot_time);
        let latest = self.aws.latest.entry(run.source.clone()).or_default();
        latest.objects[index] = Some(mine);
        // What a copy has left behind that never came to its manifest may be overwritten by anybody.
        let before = latest.manifest.clone();
        self.judge_latest(run, before, caller);
    }

    /// Writes the manifest if nobody has since `etag` was read. Returns whether it was written.
    pub(super) fn write_manifest(&mut self, run: &Run, source: &Source, etag: u64, caller: Caller) -> bool {
        let export = source.export_of(&run.export_task);
        let mine = (run.export_task.to_string(), run.snapshot_time);
        let latest = self.aws.latest.entry(run.source.clone()).or_default();
        if latest.etag != etag {
            return false;
        }
        latest.etag += 1;
        latest.since = self.now;
        let before = latest.manifest.replace(mine);
        self.note(|| format!("p{} LATEST is {}", caller.process, run.export_task));
        if let Some((name, _)) = &before {
            self.note_left(name);
        }
        if !self.aws.removed.is_whole(&export) {
            self.broken(Invariant::NeededStays, format!("{} is published, and not all there", run.export_task));
        }
        self.judge_effect(run, caller, "a manifest");
        self.aws.published.insert(run.export_task.to_string());
        self.judge_latest(run, before, caller);
        true
    }

    fn judge_latest(&mut self, run: &Run, before: Option<(String, Timestamp)>, caller: Caller) {
        // What the record says counts, not what the caller believes.
        let record = self.records.runs.get(&run.export_task);
        let leave = record.and_then(|it| it.run.replaces()).map(|it| it.as_str().to_owned());
        if let Some((name, _)) = before.filter(|it| it.1 > run.snapshot_time && leave.as_ref() != Some(&it.0)) {
            let how = format!("{} over {name}", run.export_task);
            self.broken_by(caller, LEASE, Invariant::LatestForward, how);
        }
    }

    /// Whatever has an effect must have its source's turn, and be in the log before.
    pub(super) fn judge_effect(&mut self, run: &Run, caller: Caller, what: &str) {
        self.judge_logged(run, what);
        let holder = self.records.turns.get(&run.source).cloned();
        if holder.as_ref() != Some(&run.export_task) {
            let how = format!("{what} of {} while {holder:?} has the turn", run.export_task);
            self.broken_by(caller, LEASE, Invariant::OneTurn, how);
        }
    }

    /// Judges what is about to be done for what is sensitive: people have let it who may, by the request of now.
    pub(super) fn judge_approval(&mut self, run: &Run, caller: Caller, invariant: Invariant) {
        let shaped = |user: &str| run.was_shaped_by(user);
        let id = run.approval.as_ref().map_or("", |it| it.id.as_str());
        let presses = self.slack.presses.iter().filter(|it| it.approves && it.allowed && it.approval == id);
        let mut people: Vec<&str> = presses.map(|it| it.user).filter(|it| !shaped(it)).collect();
        people.sort_unstable();
        people.dedup();
        let quorum = run.approval.as_ref().map_or(1, |it| it.quorum) as usize;
        if people.len() < quorum {
            let how = format!("{}: pressed by {people:?}, {quorum} needed", run.export_task);
            self.broken_by(caller, LEASE, invariant, how);
        }
    }

    /// Somebody else exports from the account for a while.
    pub(super) fn stranger_exports(&mut self) {
        let takes = SignedDuration::from_mins(self.chance.i64(3..12));
        self.aws.strangers.push(self.now + takes);
    }
}
