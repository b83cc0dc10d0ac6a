//! What is judged of a layer's work before it counts as done: the rows that its job has written, and what its catalog
//! shows. The only place that says of such work that it is done.

use crate::{
    domain::{
        approval::Subject,
        doubt::{Doubt, Finding, FindingKind},
        failure::{Class, Failure, Found, codes},
        leak::{Guard, Origin},
        report::Report,
        run::Run,
        seen::Seen,
        source::{Catalog, Layer, Location, Publish, Source, Then},
        stage::{Detail, StageId},
        warning::Warning,
    },
    engine::{Engine, ports::StoreError},
};

/// Tables that a failure or the warnings name; the others are counted.
const NAMED: usize = 10;

/// Work that AWS calls done.
struct Done {
    detail: Detail,
    warnings: Vec<Warning>,
}

impl Done {
    fn passed(self) -> Seen {
        Seen::Done { detail: self.detail, warnings: self.warnings }
    }

    fn doubted(self, subject: Subject, findings: Vec<Finding>) -> Seen {
        Seen::Doubtful { doubt: Doubt { subject, findings }, detail: self.detail, warnings: self.warnings }
    }
}

impl Engine {
    /// Returns what `seen` of `stage`'s work comes to, once what the work has made was looked at too.
    pub(super) async fn judged(
        &self,
        run: &Run,
        source: &Source,
        stage: StageId,
        seen: Seen,
    ) -> Result<Seen, StoreError> {
        // A run that is to be canceled does not go on, whatever was made.
        let Seen::Done { detail, warnings } = seen else { return Ok(seen) };
        let done = Done { detail, warnings };
        if run.canceled_by.is_some() {
            return Ok(done.passed());
        }
        match stage {
            StageId::NormalTransform => self.rows(run, source, Layer::Normal, done).await,
            StageId::SensitiveTransform => self.rows(run, source, Layer::Sensitive, done).await,
            StageId::NormalCatalog => Ok(self.guarded(run, source, done).await),
            StageId::Snapshot
            | StageId::Export
            | StageId::Verify
            | StageId::Latest
            | StageId::SensitiveApproval
            | StageId::SensitiveCatalog => Ok(done.passed()),
        }
    }

    /// Compares what the catalog of the Normal layer shows with what it may show. Without rules there is nothing to
    /// compare it with.
    async fn guarded(&self, run: &Run, source: &Source, done: Done) -> Seen {
        #[cfg(test)]
        if self.looks_away() {
            return done.passed();
        }
        if source.rules.is_empty() {
            return done.passed();
        }
        let tables = match self.catalogs.tables(source, Layer::Normal).await {
            Ok(tables) => tables,
            Err(failure) => return Seen::Unclear(failure),
        };
        let places = places(source);
        let guard = guard(source, &places);
        let findings = guard.leaks(&tables);
        if !findings.is_empty() {
            return done.doubted(Subject::Leak, findings);
        }
        if guard.sees_any(&tables) {
            return done.passed();
        }
        match self.reports.of(source, Layer::Normal, &run.export_task).await {
            Ok(Some(report)) if !report.tables.is_empty() => Seen::Failed(unseen(&report, source)),
            Err(failure) if failure.class == Class::Transient => Seen::Unclear(failure),
            Ok(Some(_) | None) | Err(_) => done.passed(),
        }
    }

    /// Reads what the layer's job has reported, and compares its rows with those of the last good run.
    async fn rows(&self, run: &Run, source: &Source, layer: Layer, done: Done) -> Result<Seen, StoreError> {
        let report = match self.reports.of(source, layer, &run.export_task).await {
            Ok(Some(report)) => report,
            Ok(None) => return Ok(done.passed()),
            Err(failure) => return Ok(Seen::Unclear(failure)),
        };
        if let Some(how) = report.differs_from(&run.export_task, layer, &source.classification) {
            return Ok(Seen::Failed(Failure::new(Class::Data, codes::REPORT_DIFFERS, how)));
        }
        let last = match self.last_report(run, source, layer).await? {
            Ok(last) => last,
            Err(failure) => return Ok(Seen::Unclear(failure)),
        };
        let fallen = last.as_ref().map(|last| report.falls(last, source.policy.row_fall.percent)).unwrap_or_default();
        let fallen: Vec<Finding> = fallen.into_iter().filter(|it| !is_gone(run, it)).collect();
        let tables = u64::try_from(report.tables.len()).ok();
        let row_counts = Some(Box::new(report.counts(last.as_ref())));
        let detail = Detail { tables, rows: Some(report.rows()), row_counts, ..done.detail };
        let done = Done { detail, ..done };
        Ok(match source.policy.row_fall.then {
            _ if fallen.is_empty() => done.passed(),
            Then::Ask => done.doubted(Subject::Rows, fallen),
            Then::Fail => Seen::Failed(lost(fallen, layer)),
            Then::Warn => {
                let fallen = Warning::of(fallen, Some(layer), NAMED);
                Done { warnings: done.warnings.into_iter().chain(fallen).collect(), ..done }.passed()
            }
        })
    }

    /// Returns the report of the last good run of the same tables, if one has left one that can be read.
    async fn last_report(
        &self,
        run: &Run,
        source: &Source,
        layer: Layer,
    ) -> Result<Result<Option<Report>, Failure>, StoreError> {
        let Some(last) = self.last_like(run).await? else { return Ok(Ok(None)) };
        Ok(match self.reports.of(source, layer, &last.export_task).await {
            Err(failure) if failure.class != Class::Transient => Ok(None),
            read => read,
        })
    }
}

/// Says whether the export itself does not have the table of `finding` any more: of that `verify` has told.
fn is_gone(run: &Run, finding: &Finding) -> bool {
    let known = run.inspection().map_or(&[][..], |it| &it.findings);
    known.iter().any(|it| it.kind == FindingKind::GoneTable && it.table == finding.table)
}

/// Returns where data of the Normal layer lies, and what was never classified.
pub(super) fn places(source: &Source) -> Vec<&Location> {
    // A whole bucket holds what is nobody's business here.
    let exports = Some(&source.export.to).filter(|it| source.publish == Publish::Pointer && !it.prefix.is_empty());
    [&source.normal.output, &source.latest].into_iter().chain(exports).collect()
}

/// Returns the guard of the Normal layer, whose data lies at `places`.
pub(super) fn guard<'a>(source: &'a Source, places: &'a [&'a Location]) -> Guard<'a> {
    let crawler = source.normal.crawler();
    Guard::new(&source.rules, Origin { source: &source.name, crawler, places })
}

fn unseen(report: &Report, source: &Source) -> Failure {
    let tables = number(report.tables.len());
    let found = match source.normal.catalog.clone() {
        Catalog::Crawler(crawler) => Found::Unseen { tables, crawler },
        Catalog::Tables { database } => Found::UnseenIn { tables, database },
    };
    Failure::found(Class::Config, codes::CATALOG_UNSEEN, found)
}

fn lost(mut findings: Vec<Finding>, layer: Layer) -> Failure {
    let more = number(findings.split_off(findings.len().min(NAMED)).len());
    Failure::found(Class::Data, codes::ROWS_LOST, Found::RowsLost { layer, findings, more })
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
