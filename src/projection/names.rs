//! Names of sensitive tables and columns: a run as it may be read by those who must not read them.
//!
//! What is drawn is drawn from such a run, so that no message can forget to hide a name. Without rules nothing is hidden.

use std::collections::BTreeMap;

use super::text::{Voice, values};
use crate::domain::{
    approval::Approval,
    classification::{Rules, fold},
    doubt::Finding,
    failure::{Failure, Found, codes},
    inspection::Inspection,
    lake::{Lake, Standing},
    rights::Rights,
    run::Run,
    schema::skipped_in,
    source::Source,
    stage::WaitOn,
    warning::Warning,
};

/// Returns `run` without the names that the rules of its `source` hide.
pub fn hidden(voice: Voice<'_>, run: &Run, source: Option<&Source>) -> Run {
    let Some(rules) = source.map(|it| &*it.rules).filter(|it| it.hides_names()) else { return run.clone() };
    let names = Names { voice, rules, found: run.inspection() };
    let texts = Texts::of(run, names);
    let mut run = run.clone();
    for warning in &mut run.warnings {
        match warning {
            Warning::Said(text) => *text = texts.hide(text),
            Warning::Found { finding, .. } => names.hide(std::slice::from_mut(finding)),
            Warning::More { .. } => {}
        }
    }
    run.only = run.only.iter().map(|it| if it.contains('.') { names.table(it) } else { it.clone() }).collect();
    run.reason = run.reason.map(|it| texts.hide(&it));
    for failure in failures(&mut run) {
        failure.message = texts.hide(&failure.message);
        match &mut failure.found {
            Some(Found::RowsLost { findings, .. }) => names.hide(findings),
            Some(Found::Unseen { .. } | Found::UnseenIn { .. } | Found::InPart { .. }) | None => {}
        }
    }
    for stage in &mut run.stages {
        if let Some(inspection) = &mut stage.detail.inspection {
            names.hide(&mut inspection.findings);
        }
        for counted in stage.detail.row_counts.iter_mut().flat_map(|it| &mut it.tables) {
            counted.table = names.table(&counted.table);
        }
    }
    let requests = run.past_approvals.iter_mut().chain(&mut run.approval).chain(&mut run.question);
    for Approval { findings, votes, .. } in requests {
        names.hide(findings);
        for vote in votes {
            vote.reason = vote.reason.take().map(|it| texts.hide(&it));
        }
    }
    let reasons = run.past_rollbacks.iter_mut().chain(&mut run.rollback).map(|it| &mut it.reason);
    for reason in reasons.chain(run.past_marks.iter_mut().chain(&mut run.rolled_back_to).map(|it| &mut it.reason)) {
        *reason = reason.take().map(|it| texts.hide(&it));
    }
    if let Some(glass) = &mut run.break_glass {
        glass.reason = texts.hide(&glass.reason);
    }
    run
}

/// Returns `lake` as somebody with `rights` may read it: names stay in what they may approve.
pub fn lake(voice: Voice<'_>, mut lake: Lake, rights: &Rights) -> Lake {
    let may_read = |source: &Source| rights.approve.iter().any(|(name, _)| *name == source.name);
    for Standing { source, runs, .. } in lake.0.iter_mut().filter(|it| !may_read(&it.source)) {
        for run in runs {
            *run = hidden(voice, run, Some(source));
        }
    }
    lake
}

/// Returns every failure that the record holds.
fn failures(run: &mut Run) -> Vec<&mut Failure> {
    let mut failures: Vec<&mut Failure> = run.failures.iter_mut().map(|it| &mut it.failure).collect();
    failures.extend(run.error.as_mut().map(|it| &mut it.failure));
    for stage in &mut run.stages {
        failures.extend(stage.error.as_mut());
        if let Some(WaitOn::Trouble(failure)) = stage.waiting.as_mut().map(|it| &mut it.on) {
            failures.push(failure);
        }
    }
    failures
}

/// What tables and columns are called.
#[derive(Clone, Copy)]
struct Names<'a> {
    voice: Voice<'a>,
    rules: &'a Rules,
    found: Option<&'a Inspection>,
}

impl Names<'_> {
    fn table(self, target: &str) -> String {
        if !self.rules.hides_table(target) {
            return target.to_owned();
        }
        self.voice.say("names.table", values! { number => self.number(target, None) }).literal()
    }

    fn column(self, target: &str, column: &str) -> String {
        if !self.rules.hides_column(target, column) {
            return column.to_owned();
        }
        let number = self.number(target, Some(column));
        match number {
            // The table says already that it is sensitive.
            Some(number) if self.rules.hides_table(target) => number.to_string(),
            _ => self.voice.say("names.column", values! { number }).literal(),
        }
    }

    fn hide(self, findings: &mut [Finding]) {
        for found in findings {
            found.column = found.column.as_ref().map(|it| self.column(&found.table, it));
            found.table = self.table(&found.table);
        }
    }

    fn number(self, table: &str, column: Option<&str>) -> Option<u32> {
        let (table, column) = (fold(table), column.map(fold));
        let numbers = &self.found?.numbers;
        numbers.iter().find(|it| it.table == table && it.column == column).map(|it| it.number)
    }
}

/// What stands for hidden names in texts of others: AWS's warnings, a job's error.
struct Texts {
    /// By folded name.
    words: BTreeMap<String, String>,
}

impl Texts {
    /// Returns what hides the names that the rules or the run's record name. A table's own name, without that of its
    /// database, and a column's are looked for only if they cannot be words of a sentence.
    fn of(run: &Run, names: Names<'_>) -> Self {
        let mut texts = Self { words: BTreeMap::new() };
        let ruled = names.rules.names().filter(|it| it.len() > 1);
        let (tables, columns): (Vec<_>, Vec<_>) = ruled.partition(|it| it.len() == 2);
        for target in targets(run).into_iter().chain(tables.iter().map(|it| it.join("."))) {
            texts.table(&target, names);
        }
        for names_of in columns {
            texts.column(&names_of[..2].join("."), &names_of[2], names);
        }
        let requests = run.requests().chain(&run.past_approvals);
        let found = names.found.into_iter().flat_map(|it| &it.findings).chain(requests.flat_map(|it| &it.findings));
        let lost = run.failures.iter().filter_map(|it| it.failure.found.as_ref()).flat_map(Found::findings);
        let warned = run.warnings.iter().filter_map(Warning::finding);
        let found = found.chain(lost).chain(warned);
        for Finding { table, column, .. } in found {
            texts.table(table, names);
            if let Some(column) = column {
                texts.column(table, column, names);
            }
        }
        texts
    }

    fn table(&mut self, target: &str, names: Names<'_>) {
        if !names.rules.hides_table(target) {
            return;
        }
        let label = names.table(target);
        if let Some(own) = target.rsplit('.').next().filter(|it| is_no_word(it)) {
            self.words.insert(fold(own), label.clone());
        }
        // PostgreSQL's `schema.table`, as folders and jobs name it.
        if let Some((_, own)) = target.split_once('.').filter(|(_, own)| own.contains('.')) {
            self.words.insert(fold(own), label.clone());
        }
        // What is written with other characters is looked for as it is written.
        if !target.chars().all(is_of_name) {
            self.words.insert(target.to_owned(), label.clone());
        }
        self.words.insert(fold(target), label);
    }

    fn column(&mut self, target: &str, column: &str, names: Names<'_>) {
        self.table(target, names);
        if !names.rules.hides_column(target, column) {
            return;
        }
        let label = names.column(target, column);
        let own = target.split_once('.').map_or(target, |(_, own)| own);
        for table in [target, own] {
            self.words.insert(fold(&format!("{table}.{column}")), label.clone());
        }
        if is_no_word(column) {
            self.words.insert(fold(column), label);
        }
    }

    fn hide(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for (name, label) in self.words.iter().filter(|(name, _)| !name.chars().all(is_of_name)) {
            shown = shown.replace(name.as_str(), label);
        }
        let pieces = shown.split_inclusive(|it| !is_of_name(it));
        pieces.map(|it| self.piece(it)).collect()
    }

    fn piece(&self, piece: &str) -> String {
        let word = piece.trim_end_matches(|it| !is_of_name(it)).trim_end_matches('.');
        let table = || word.rsplit_once('.').and_then(|(table, _)| self.words.get(&fold(table)));
        // What hangs on a table that must not be read is not read either.
        match self.words.get(&fold(word)).or_else(table) {
            Some(label) => format!("{label}{}", &piece[word.len()..]),
            None => piece.to_owned(),
        }
    }
}

/// Returns what the record calls tables, beside its findings.
fn targets(run: &Run) -> Vec<String> {
    let mut targets: Vec<String> = run.only.iter().filter(|it| it.contains('.')).cloned().collect();
    for warning in run.warnings.iter().filter_map(Warning::said) {
        targets.extend(skipped_in(warning));
        targets.extend(warning.split_once(": ").map(|(target, _)| target.to_owned()).filter(|it| it.contains('.')));
    }
    let of_tables = |it: &&Failure| matches!(it.code.as_str(), codes::TABLES_GONE | codes::TABLES_FAILED);
    for failure in run.failures.iter().map(|it| &it.failure).filter(of_tables) {
        targets.extend(failure.message.split(", ").filter(|it| it.contains('.')).map(str::to_owned));
    }
    targets
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || "_$.-".contains(c)
}

fn is_no_word(name: &str) -> bool {
    name.contains(|c: char| c == '_' || c.is_ascii_digit())
}

#[cfg(test)]
mod tests;
