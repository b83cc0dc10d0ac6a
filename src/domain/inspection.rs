//! What an export holds, judged: by the classification, beside the last good run, and by the source's policy.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    approval::Subject,
    classification::{Rules, fold, split_target},
    doubt::{Finding, FindingKind, digest},
    failure::{Class as Trouble, Failure, codes},
    name::ExportTask,
    schema::{Schema, Table, finding},
    source::{Policy, Then},
    warning::Warning,
};

mod number;

pub use number::Number;

/// Findings that a record holds; the rest is a number.
pub const MOST_FINDINGS: usize = 50;

/// What was found of a run's export, in the record of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// The run that it was compared with, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<ExportTask>,
    /// The first [`MOST_FINDINGS`], those in front that are differences of the Sensitive layer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// How many of these are differences of the Sensitive layer, and how many more of them there are.
    #[serde(default)]
    pub sensitive: u32,
    #[serde(default)]
    pub more_sensitive: u32,
    /// The digest of all of them; empty if there are none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sensitive_digest: String,
    /// How many there are of each kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<Count>,
    /// How the sensitive tables and columns among them are called where their names must not be shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<Number>,
}

/// How many findings there are of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub kind: FindingKind,
    pub count: u32,
}

/// What follows from an inspection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The run goes on. What is warned of beyond what RDS itself warned of.
    GoesOn {
        warnings: Vec<Warning>,
    },
    /// People must decide about these.
    Doubtful(Vec<Finding>),
    Fails(Failure),
}

/// What an export is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Inspector<'a> {
    pub rules: &'a Rules,
    pub policy: Policy,
    /// The last good run that exported the same, and what its export held.
    pub last: Option<(&'a ExportTask, &'a Schema)>,
    /// What the run was limited to.
    pub only: &'a [String],
}

impl Inspector<'_> {
    /// Returns what is to be recorded of `schema`, and what follows.
    pub fn inspect(self, schema: &Schema) -> (Inspection, Verdict) {
        let mut findings = schema.skipped();
        findings.extend(self.last.map(|(_, last)| schema.diff(last)).unwrap_or_default());
        findings.extend(unclassified(self.rules, schema));
        findings.sort_by_key(|it| it.kind);
        let (verdict, counts) = (self.judge(&findings), counts(&findings));
        let new = new(&findings);
        let is_difference =
            |it: &Finding| is_sensitive(self.rules, it) && (!is_unclassified(it) || new.contains(&place_of(it)));
        let (mut kept, others): (Vec<Finding>, Vec<Finding>) = findings.into_iter().partition(is_difference);
        let sensitive_digest = if kept.is_empty() { String::new() } else { digest(Subject::Refresh, &kept) };
        let all = kept.len();
        let recorded = all.min(MOST_FINDINGS);
        kept.extend(others);
        kept.truncate(MOST_FINDINGS);
        let inspection = Inspection {
            against: self.last.map(|(name, _)| name.clone()),
            numbers: number::numbers(self.rules, schema, &kept, self.only),
            findings: kept,
            sensitive: number(recorded),
            more_sensitive: number(all - recorded),
            sensitive_digest,
            counts,
        };
        (inspection, verdict)
    }

    fn judge(self, findings: &[Finding]) -> Verdict {
        let Policy { skipped_tables, gone_tables, .. } = self.policy;
        let then = |kind| match kind {
            FindingKind::SkippedTable => Some(skipped_tables),
            FindingKind::GoneTable => Some(gone_tables),
            FindingKind::NewTable
            | FindingKind::GoneColumn
            | FindingKind::NewColumn
            | FindingKind::Retyped
            | FindingKind::Unclassified
            | FindingKind::Leaked
            | FindingKind::FewerRows => None,
        };
        let that = |what| findings.iter().filter(move |it| then(it.kind) == Some(what));
        if let Some(worst) = that(Then::Fail).next() {
            let tables: Vec<&str> = that(Then::Fail).filter(|it| it.kind == worst.kind).map(|it| &*it.table).collect();
            let code = if worst.kind == FindingKind::GoneTable { codes::TABLES_GONE } else { codes::TABLES_FAILED };
            return Verdict::Fails(Failure::new(Trouble::Data, code, listed(&tables)));
        }
        let asked: Vec<Finding> = that(Then::Ask).cloned().collect();
        if !asked.is_empty() {
            return Verdict::Doubtful(asked);
        }
        // Of skipped tables RDS has warned itself.
        let gone = that(Then::Warn).filter(|it| it.kind == FindingKind::GoneTable);
        Verdict::GoesOn { warnings: Warning::of(gone.cloned().collect(), None, MOST_NAMED) }
    }
}

impl Inspection {
    /// Returns how many findings there are of `kind`.
    pub fn count(&self, kind: FindingKind) -> u32 {
        self.counts.iter().find(|it| it.kind == kind).map_or(0, |it| it.count)
    }

    /// Returns how the Sensitive layer differs from that of the last good run: what is recorded of it. Whoever approves
    /// a refresh of that layer approves these, and those that are not recorded, by their digest.
    pub fn for_sensitive(&self) -> &[Finding] {
        let recorded = usize::try_from(self.sensitive).unwrap_or(usize::MAX).min(self.findings.len());
        &self.findings[..recorded]
    }
}

/// Says whether a finding is of something that the Sensitive layer shows: all but what the rules drop.
fn is_sensitive(rules: &Rules, finding: &Finding) -> bool {
    let Some((database, table)) = split_target(&finding.table) else { return true };
    match &finding.column {
        Some(column) => rules.of(database, table, column).in_sensitive(),
        None => rules.keeps_table(database, table),
    }
}

fn is_unclassified(finding: &Finding) -> bool {
    finding.kind == FindingKind::Unclassified
}

fn place_of(finding: &Finding) -> (String, Option<String>) {
    (finding.table.clone(), finding.column.clone())
}

/// Returns what was not there in the last good run. That something is unclassified is a difference if it is new.
fn new(findings: &[Finding]) -> BTreeSet<(String, Option<String>)> {
    let is_new = |it: &&Finding| matches!(it.kind, FindingKind::NewTable | FindingKind::NewColumn);
    findings.iter().filter(is_new).map(place_of).collect()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Returns what the rules name and the export does not have, folded: of what is missing as a whole only that.
pub fn missing(rules: &Rules, schema: &Schema) -> BTreeSet<Vec<String>> {
    let first = |names: &[String]| {
        let depths = 1..=names.len();
        depths.map(|it| &names[..it]).find(|it| schema.has(it) == Some(false)).map(<[String]>::to_vec)
    };
    rules.names().filter_map(first).collect()
}

/// Returns the columns that only the last rule of all covers; a table of which that is true as a whole once. Without
/// rules nothing is said: it would be everything.
pub fn unclassified(rules: &Rules, schema: &Schema) -> Vec<Finding> {
    if rules.is_empty() {
        return Vec::new();
    }
    schema.tables().flat_map(|table| unclassified_in(rules, table)).collect()
}

fn unclassified_in(rules: &Rules, table: &Table) -> Vec<Finding> {
    let Some((database, name)) = split_target(&table.name) else { return Vec::new() };
    let found = |column| finding(FindingKind::Unclassified, &table.name, column);
    if !rules.names_table(database, name) {
        return if rules.of(database, name, "").unclassified { vec![found(None)] } else { Vec::new() };
    }
    let columns = table.columns().filter(|it| rules.of(database, name, &it.name).unclassified);
    columns.map(|it| Finding { is: Some(it.original.clone()), ..found(Some(&it.name)) }).collect()
}

fn counts(findings: &[Finding]) -> Vec<Count> {
    let mut counts: BTreeMap<FindingKind, u32> = BTreeMap::new();
    for found in findings {
        *counts.entry(found.kind).or_default() += 1;
    }
    counts.into_iter().map(|(kind, count)| Count { kind, count }).collect()
}

/// How many tables a failure or the warnings name.
const MOST_NAMED: usize = 20;

fn listed(tables: &[&str]) -> String {
    let named = tables.iter().take(MOST_NAMED).copied().map(str::to_owned);
    let more = tables.len().checked_sub(MOST_NAMED).filter(|it| *it > 0).map(|it| format!("… +{it}"));
    named.chain(more).collect::<Vec<_>>().join(", ")
}

/// Returns what a table, or a column of it, is found by: the case of names makes no difference.
pub(super) fn place(table: &str, column: Option<&str>) -> (String, Option<String>) {
    (fold(table), column.map(fold))
}

#[cfg(test)]
mod tests;
