//! What an export holds, judged: by the classification, beside the last good run, and by the source's policy.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    classification::{Class, Rules, fold, split_target},
    doubt::{Finding, FindingKind},
    failure::{Class as Trouble, Failure, codes},
    name::ExportTask,
    schema::{Schema, Table, finding},
    source::{Policy, Then},
};

mod digest;
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
    /// The first [`MOST_FINDINGS`], by kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// How many there are of each kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<Count>,
    /// What tells the differences of the Sensitive layer, all of them, from any others.
    #[serde(default)]
    pub sensitive_digest: String,
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
        warnings: Vec<String>,
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
        let verdict = self.judge(&findings);
        let (counts, sensitive_digest) = (counts(&findings), digest::of(self.rules, &findings));
        findings.truncate(MOST_FINDINGS);
        let numbers = number::numbers(self.rules, schema, &findings, self.only);
        let against = self.last.map(|(name, _)| name.clone());
        (Inspection { against, findings, counts, sensitive_digest, numbers }, verdict)
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
        Verdict::GoesOn { warnings: cut(gone.map(|it| format!("{}: GONE", it.table)).collect()) }
    }
}

impl Inspection {
    /// Returns how many findings there are of `kind`.
    pub fn count(&self, kind: FindingKind) -> u32 {
        self.counts.iter().find(|it| it.kind == kind).map_or(0, |it| it.count)
    }

    /// Returns what of the findings is of the Sensitive layer: all but what the rules drop. Whoever approves a refresh
    /// of that layer approves these; see [`sensitive_digest`](Self::sensitive_digest) for those that are not recorded.
    pub fn for_sensitive(&self, rules: &Rules) -> Vec<Finding> {
        self.findings.iter().filter(|it| digest::is_sensitive(rules, it)).cloned().collect()
    }
}

/// Returns the columns that only the last rule of all covers; a table of which that is true as a whole once. Without
/// rules nothing is said: it would be everything.
fn unclassified(rules: &Rules, schema: &Schema) -> Vec<Finding> {
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

fn cut(mut warnings: Vec<String>) -> Vec<String> {
    if warnings.len() > MOST_NAMED {
        let more = warnings.len() - MOST_NAMED;
        warnings.truncate(MOST_NAMED);
        warnings.push(format!("… +{more}"));
    }
    warnings
}

/// Says whether the name of a column must be hidden: it is not for everybody.
pub(super) fn is_hidden_column(rules: &Rules, target: &str, column: &str) -> bool {
    split_target(target).is_none_or(|(database, table)| rules.of(database, table, column).class != Class::Normal)
}

/// Says whether the name of a table must be hidden: the Normal layer shows nothing of it.
pub(super) fn is_hidden_table(rules: &Rules, target: &str) -> bool {
    split_target(target).is_some_and(|(database, table)| !rules.shows_table(database, table))
}

/// Returns what a table, or a column of it, is found by: the case of names makes no difference.
pub(super) fn place(table: &str, column: Option<&str>) -> (String, Option<String>) {
    (fold(table), column.map(fold))
}

#[cfg(test)]
mod tests;
