//! The file that classifies a source's columns: from its text to [`Rules`], or to all of its mistakes.
//!
//! Depth alone decides what a name is: a database, a table in it, a column in that. So no name is reserved but `"*"`,
//! which says what holds for whatever is not named beside it.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

mod toml10;

use super::reader::{Mistake, Report};
use crate::domain::{
    classification::{Class, Conflict, Entry, Reason, Rule, Rules, Treatment},
    command::nearest,
};

/// What the names of a file are, by depth.
const LEVELS: [&str; 3] = ["a database", "a table", "a column"];
/// What a table that is a value may say.
const KEYS: [&str; 3] = ["class", "normal", "owner"];
const CLASSES: [(&str, Class); 3] = [("normal", Class::Normal), ("sensitive", Class::Sensitive), ("drop", Class::Drop)];
const TREATMENTS: [(&str, Treatment); 3] =
    [("drop", Treatment::Drop), ("hash", Treatment::Hash), ("mask", Treatment::Mask)];

/// Why a file cannot be followed, and what it is good for all the same.
#[derive(Debug)]
pub struct Mistaken {
    /// Every mistake, with its key and line in the file.
    pub mistakes: Vec<Mistake>,
    /// Rules that judge nothing and hide what the file hides, as far as it can be read: see [`Rules::mistaken`].
    pub rules: Rules,
}

/// Reads the text of a classification file.
///
/// # Errors
/// It has mistakes: all of them are in the error.
pub fn read(text: &str) -> Result<Rules, Mistaken> {
    let report = Report::new(text);
    let mut found = Found { text, report: &report, entries: Vec::new(), sound: 0 };
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        report.add(error.span().map_or(0, |it| it.start), "", error.message());
    }
    for at in toml10::newer(text) {
        report.add(at, "", "must not have the escapes `\\e` and `\\x`: jobs read TOML 1.0");
    }
    found.level(document.get_ref(), &[]);
    let Found { entries, sound, .. } = found;
    let (places, mut entries): (Vec<usize>, Vec<Entry>) = entries.into_iter().unzip();
    let rules = Rules::new(text, entries.clone());
    for Conflict { entry, reason } in rules.as_ref().err().into_iter().flatten() {
        report.add(places[*entry], &key(&entries[*entry].names), said(reason));
        entries[*entry].rule = BROKEN;
    }
    let (mistakes, _) = report.into_parts();
    // A file of which nothing can be read is of another form: it says nothing of names either.
    if sound == 0 {
        entries.clear();
    }
    rules.ok().filter(|_| mistakes.is_empty()).ok_or_else(|| Mistaken { mistakes, rules: Rules::mistaken(entries) })
}

/// What holds for an entry that cannot be followed: never what it would inherit.
const BROKEN: Rule = Rule { class: Some(Class::Sensitive), normal: None, owner: None };

/// The entries that were found so far, each with the byte at which it begins.
struct Found<'a> {
    text: &'a str,
    report: &'a Report<'a>,
    entries: Vec<(usize, Entry)>,
    /// How many of them give a class, and have no mistake.
    sound: usize,
}

impl Found<'_> {
    /// Reads what is below `names`.
    fn level(&mut self, table: &DeTable<'_>, names: &[String]) {
        for (name, value) in table {
            let at = name.span().start;
            let mut path = names.to_vec();
            if name.get_ref() != "*" {
                path.push(name.get_ref().to_string());
            }
            let is_rule = name.get_ref() == "*" || path.len() == LEVELS.len();
            if is_rule {
                let before = self.report.mistakes();
                let rule = self.rule(value, &path);
                let is_sound = self.report.mistakes() == before;
                self.sound += usize::from(is_sound && rule.class.is_some());
                self.entries.push((at, Entry { names: path, rule: if is_sound { rule } else { BROKEN } }));
            } else if let Some(below) = value.get_ref().as_table() {
                self.as_jobs_read(value, &path);
                self.level(below, &path);
                // A table with nothing in it says nothing, but how its name is spelled.
                if below.is_empty() {
                    self.entries.push((at, Entry { names: path, rule: Rule::default() }));
                }
            } else {
                let level = LEVELS[path.len() - 1];
                self.add(
                    at,
                    &path,
                    format!("is {level} and must be a table; what holds for the whole of it is its \"*\""),
                );
            }
        }
    }

    /// Reads what is said of `path`: a class, or a table with more.
    fn rule(&self, value: &Spanned<DeValue<'_>>, path: &[String]) -> Rule {
        match value.get_ref() {
            DeValue::String(_) => Rule { class: self.choice(value, path, "class", &CLASSES), ..Rule::default() },
            DeValue::Table(said) => {
                self.as_jobs_read(value, path);
                let of = |key: &str| said.get(key);
                for name in said.keys().filter(|it| !KEYS.contains(&it.get_ref().as_ref())) {
                    self.add(name.span().start, path, unknown(name.get_ref(), path.len() == LEVELS.len()));
                }
                Rule {
                    class: of("class").and_then(|it| self.choice(it, path, "class", &CLASSES)),
                    normal: of("normal").and_then(|it| self.choice(it, path, "normal", &TREATMENTS)),
                    owner: of("owner").and_then(|it| self.owner(it, path)),
                }
            }
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => {
                self.add(value.span().start, path, "must be a class, or a table with `class`, `normal` and `owner`");
                Rule::default()
            }
        }
    }

    /// The Glue jobs read the same file with Python's `tomllib`, which is TOML 1.0: there a table in braces is one line,
    /// without a comma at its end.
    fn as_jobs_read(&self, value: &Spanned<DeValue<'_>>, path: &[String]) {
        let written = self.text.get(value.span()).unwrap_or_default();
        let Some(inside) = written.strip_prefix('{').and_then(|it| it.strip_suffix('}')) else { return };
        if inside.contains('\n') || inside.trim_end().ends_with(',') {
            self.add(value.span().start, path, "must be on one line, without a comma at the end: jobs read TOML 1.0");
        }
    }

    /// Returns the one of `choices` that `value` names.
    fn choice<T: Copy>(
        &self,
        value: &Spanned<DeValue<'_>>,
        path: &[String],
        what: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let found = value.get_ref().as_str().and_then(|it| choices.iter().find(|(name, _)| *name == it));
        if found.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.add(value.span().start, path, format!("must have as `{what}` one of: {}", names.join(", ")));
        }
        found.map(|(_, it)| *it)
    }

    fn owner(&self, value: &Spanned<DeValue<'_>>, path: &[String]) -> Option<String> {
        let owner = value.get_ref().as_str().filter(|it| !it.trim().is_empty());
        if owner.is_none() {
            self.add(value.span().start, path, "must have as `owner` a text that is not empty");
        }
        owner.map(str::to_owned)
    }

    fn add(&self, at: usize, path: &[String], what: impl Into<String>) {
        self.report.add(at, &key(path), what);
    }
}

fn unknown(name: &str, is_column: bool) -> String {
    let hint = nearest(name, KEYS.into_iter()).map(|it| format!("; did you mean `{it}`?")).unwrap_or_default();
    let depth = if is_column { ": below columns there is nothing to name" } else { "" };
    format!("has the key `{name}`, which says nothing{depth}{hint}")
}

fn said(reason: &Reason) -> String {
    match reason {
        Reason::ClassOfEverything => "names a class for everything: at the top there is an owner only".to_owned(),
        Reason::NotSensitive => {
            "says how it appears in the Normal layer: only what has the class sensitive can say so".to_owned()
        }
        Reason::Spelling { name, other } => {
            format!("writes `{name}` what is `{other}` elsewhere: both are one name to Glue, so write it in one way")
        }
        Reason::BelowDropped { dropped } => format!("is not dropped, and all of {dropped} is"),
    }
}

/// Returns `names` as they would be written in the file; of everything it is `"*"`.
fn key(names: &[String]) -> String {
    let bare = |it: &str| it.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') && !it.is_empty();
    let shown = names.iter().map(|it| if bare(it) { it.clone() } else { format!("\"{it}\"") });
    let key = shown.collect::<Vec<_>>().join(".");
    if key.is_empty() { "\"*\"".to_owned() } else { key }
}

#[cfg(test)]
mod tests;
