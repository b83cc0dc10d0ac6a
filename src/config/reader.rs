//! Reading TOML so that every mistake is found, each with its key and line, instead of stopping at the first.

use std::{cell::RefCell, collections::BTreeSet, fmt, str::FromStr, time::Duration};

use jiff::SignedDuration;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::domain::command::nearest;

/// Something wrong in the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// From 1.
    pub line: usize,
    /// `sources.shop.export.bucket`.
    pub key: String,
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, key, what } = self;
        if key.is_empty() { write!(f, "line {line}: {what}") } else { write!(f, "line {line}: {key} {what}") }
    }
}

/// Collects the mistakes of one file.
#[derive(Debug)]
pub(super) struct Report<'a> {
    text: &'a str,
    mistakes: RefCell<Vec<Mistake>>,
    notices: RefCell<Vec<Mistake>>,
}

impl<'a> Report<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, mistakes: RefCell::default(), notices: RefCell::default() }
    }

    /// Adds a mistake at byte `at` of the file.
    pub(super) fn add(&self, at: usize, key: &str, what: impl Into<String>) {
        self.mistakes.borrow_mut().push(self.mistake(at, key, what.into()));
    }

    /// Returns how many mistakes were added so far.
    pub(super) fn mistakes(&self) -> usize {
        self.mistakes.borrow().len()
    }

    /// Returns the mistakes, and the notices: what is wrong, but does not keep the bot from being safe.
    pub(super) fn into_parts(self) -> (Vec<Mistake>, Vec<Mistake>) {
        let (mut mistakes, mut notices) = (self.mistakes.into_inner(), self.notices.into_inner());
        mistakes.sort();
        notices.sort();
        (mistakes, notices)
    }

    fn mistake(&self, at: usize, key: &str, what: String) -> Mistake {
        let line = self.text.as_bytes().iter().take(at).filter(|it| **it == b'\n').count() + 1;
        Mistake { line, key: key.to_owned(), what }
    }
}

/// A table of the file, being read. What was not asked for by its end is a mistake.
pub(super) struct Section<'a> {
    report: &'a Report<'a>,
    /// `None`: the table is not there, which was reported, or is no mistake.
    table: Option<&'a DeTable<'a>>,
    at: usize,
    path: String,
    known: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Section<'a> {
    pub(super) fn root(report: &'a Report<'a>, table: &'a DeTable<'a>) -> Self {
        Self { report, table: Some(table), at: 0, path: String::new(), known: RefCell::default() }
    }

    /// Returns a mistake's key for `key` in this table.
    pub(super) fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Gives the table another name in mistakes: that of the source, not its number.
    pub(super) fn renamed(self, path: String) -> Self {
        Self { path, ..self }
    }

    /// Says whether the table is in the file.
    pub(super) fn is_there(&self) -> bool {
        self.table.is_some()
    }

    /// Reports that `key` is wrong.
    pub(super) fn wrong(&self, key: &str, what: impl Into<String>) {
        self.report.add(self.position(key), &self.key(key), what);
    }

    /// Notes that `key` is wrong, though the bot can be started safely all the same.
    pub(super) fn note(&self, key: &str, what: impl Into<String>) {
        let notice = self.report.mistake(self.position(key), &self.key(key), what.into());
        self.report.notices.borrow_mut().push(notice);
    }

    /// Returns the table `key`; if it is not there it reads as empty, and that is a mistake if it is `required`.
    pub(super) fn section(&self, key: &'static str, required: bool) -> Self {
        let value = self.get(key);
        let table = value.and_then(|it| it.get_ref().as_table());
        if value.is_some() && table.is_none() {
            self.wrong(key, "must be a table");
        }
        if value.is_none() && required && self.table.is_some() {
            self.wrong(key, "is missing");
        }
        Self { report: self.report, table, at: self.position(key), path: self.key(key), known: RefCell::default() }
    }

    /// Returns the tables of the array `key`, in order.
    pub(super) fn sections(&self, key: &'static str) -> Vec<Self> {
        let array = self.get(key).and_then(|it| it.get_ref().as_array());
        let tables = array.into_iter().flat_map(|it| it.iter()).enumerate().map(|(number, it)| Self {
            report: self.report,
            table: it.get_ref().as_table(),
            at: it.span().start,
            path: format!("{}[{number}]", self.key(key)),
            known: RefCell::default(),
        });
        tables.collect()
    }

    /// Returns a text; it must be there, and not empty.
    pub(super) fn text(&self, key: &'static str) -> String {
        self.optional(key).unwrap_or_else(|| {
            if self.table.is_some() && self.get(key).is_none() {
                self.wrong(key, "is missing");
            }
            String::new()
        })
    }

    /// Returns a text, if it is there; it must not be empty then.
    pub(super) fn optional(&self, key: &'static str) -> Option<String> {
        let value = self.get(key)?;
        match value.get_ref().as_str() {
            Some("") => self.wrong(key, "must not be empty"),
            Some(text) => return Some(text.to_owned()),
            None => self.wrong(key, format!("must be a text, not {}", kind(value.get_ref()))),
        }
        None
    }

    /// Returns what the text of `key` reads as, or `default` if it is not there.
    pub(super) fn parsed<T: FromStr>(&self, key: &'static str, default: T, must: &str) -> T {
        match self.optional(key).map(|it| it.parse()) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(_)) => {
                self.wrong(key, must);
                default
            }
        }
    }

    /// Returns the one of `choices` that the text of `key` names, or the first if it is not there.
    pub(super) fn choice<T: Copy>(&self, key: &'static str, choices: &[(&str, T)], required: bool) -> T {
        let (_, first) = choices[0];
        let text = if required { Some(self.text(key)).filter(|it| !it.is_empty()) } else { self.optional(key) };
        let Some(text) = text else { return first };
        choices.iter().find(|(name, _)| *name == text).map_or_else(
            || {
                let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
                self.wrong(key, format!("must be one of: {}", names.join(", ")));
                first
            },
            |(_, value)| *value,
        )
    }

    /// Returns a time-span such as `"90s"` or `"26h"`, above zero.
    pub(super) fn duration(&self, key: &'static str) -> Option<Duration> {
        let text = self.optional(key)?;
        let span = text.parse::<SignedDuration>().ok().and_then(|it| Duration::try_from(it).ok());
        let span = span.filter(|it| !it.is_zero());
        if span.is_none() {
            self.wrong(key, "must be a time-span above zero, such as \"90s\" or \"26h\"");
        }
        span
    }

    /// Returns a whole number from 1, or `default`.
    pub(super) fn number(&self, key: &'static str, default: u32) -> u32 {
        let Some(value) = self.get(key) else { return default };
        let number = value.get_ref().as_integer().and_then(|it| it.as_str().parse().ok()).filter(|it| *it > 0);
        number.unwrap_or_else(|| {
            self.wrong(key, "must be a whole number from 1");
            default
        })
    }

    /// Says whether `key` is in the table.
    pub(super) fn has(&self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    /// Returns a yes or a no; `false` if it is not there.
    pub(super) fn flag(&self, key: &'static str) -> bool {
        let Some(value) = self.get(key) else { return false };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.wrong(key, "must be true or false");
            false
        })
    }

    /// Returns a number from 0, with a point or without. It must be there.
    pub(super) fn amount(&self, key: &'static str) -> f64 {
        let Some(value) = self.get(key) else {
            self.wrong(key, "is missing");
            return 0.0;
        };
        let text = value.get_ref().as_float().map(|it| it.as_str().to_owned());
        let text = text.or_else(|| value.get_ref().as_integer().map(|it| it.as_str().to_owned()));
        let amount = text.and_then(|it| it.parse::<f64>().ok()).filter(|it| it.is_finite() && *it >= 0.0);
        amount.unwrap_or_else(|| {
            self.wrong(key, "must be a number from 0, such as 0.44");
            0.0
        })
    }

    /// Returns a list of texts that read as `T`; empty if it is not there.
    pub(super) fn list<T: FromStr<Err: fmt::Display>>(&self, key: &'static str) -> Vec<T> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong(key, "must be a list");
            return Vec::new();
        };
        let mut list = Vec::new();
        for item in array.iter() {
            match item.get_ref().as_str().map(str::parse::<T>) {
                Some(Ok(value)) => list.push(value),
                Some(Err(error)) => {
                    let text = item.get_ref().as_str().unwrap_or_default();
                    self.report.add(item.span().start, &self.key(key), format!("has \"{text}\", which {error}"));
                }
                None => self.report.add(item.span().start, &self.key(key), "must hold texts only"),
            }
        }
        list
    }

    /// Reports the keys that nobody has asked for.
    pub(super) fn finish(&self) {
        let known = self.known.borrow();
        for name in self.table.into_iter().flat_map(DeTable::keys) {
            let text: &str = name.get_ref();
            if !known.contains(text) {
                let hint = nearest(text, known.iter().copied()).map(|it| format!("; did you mean `{it}`?"));
                let what = format!("is not a key that the bot knows{}", hint.unwrap_or_default());
                self.report.add(name.span().start, &self.key(text), what);
            }
        }
    }

    fn get(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.borrow_mut().insert(key);
        self.table?.get(key)
    }

    fn position(&self, key: &str) -> usize {
        self.table.and_then(|it| it.get(key)).map_or(self.at, |it| it.span().start)
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a truth value",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
