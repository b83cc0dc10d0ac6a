//! What is judged before the Normal catalog is changed, where the bot itself changes it: what its tables would show.

use super::{Engine, Run, Source, judge};
use crate::domain::{
    approval::Subject,
    catalog::wanted,
    doubt::Doubt,
    seen::Seen,
    source::{Catalog, Layer},
    stage::Detail,
};

impl Engine {
    /// Returns what was `seen` of a Normal catalog that is not as the run wants it. If the bot would put into it what the
    /// rules do not allow there, people must let it, before anybody can see it.
    pub(super) async fn foreseen(&self, run: &Run, source: &Source, seen: Seen) -> Seen {
        let Catalog::Tables { .. } = source.normal.catalog else { return seen };
        let Some(output) = source.written_to(Layer::Normal, &run.export_task) else { return seen };
        // Without a report nothing is changed: the stage fails for that.
        let report = match self.reports.of(source, Layer::Normal, &run.export_task).await {
            Ok(Some(report)) => report,
            Ok(None) => return seen,
            Err(failure) => return Seen::Unclear(failure),
        };
        let tables = match wanted(&report, &source.name, &output) {
            Ok(tables) => tables,
            Err(failure) => return Seen::Failed(failure),
        };
        let findings = judge::guard(source, &judge::places(source)).leaks(&tables);
        if findings.is_empty() {
            return seen;
        }
        let detail = Detail { tables: u64::try_from(tables.len()).ok(), switched_tables: Some(0), ..Detail::default() };
        Seen::Risky { doubt: Doubt { subject: Subject::Leak, findings }, detail }
    }
}
