//! Which layer a column may be seen in: the rules of a source's classification file, and what follows from them.
//!
//! A rule is about everything, a database, a table or a column: the fewer names it has, the more it is about. The rule
//! that is nearest to a column decides; where no rule gives a class, the column is sensitive. Glue and Athena fold the
//! case of names, so that here it makes no difference either. A table may be named as RDS names its folder, with the
//! database in front (`MySQL`).

use std::collections::BTreeMap;

use serde::Deserialize;

mod conflict;
#[cfg(test)]
pub(crate) mod testing;

pub use conflict::{Conflict, Reason};

/// What may be seen of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// In both layers, as it is.
    Normal,
    /// In the Sensitive layer as it is; in the Normal layer as its [`Treatment`] says.
    Sensitive,
    /// In no layer.
    Drop,
}

/// How a sensitive column appears in the Normal layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Treatment {
    /// Not at all.
    #[default]
    Drop,
    /// As the keyed hash of its values.
    Hash,
    /// As a mask that is the same for every value.
    Mask,
}

/// What the Normal layer shows of a column, under the column's own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    AsItIs,
    /// Keyed hashes, as text.
    Hashed,
    /// Masks, as text.
    Masked,
}

/// What the file says of one thing. Whatever it leaves open, the rule of what the thing is in says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    pub class: Option<Class>,
    /// Allowed on sensitive columns only.
    pub normal: Option<Treatment>,
    /// Who answers for the data.
    pub owner: Option<String>,
}

/// A rule and what it is about: no name for everything, or a database, a table in it, a column in that, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub names: Vec<String>,
    pub rule: Rule,
}

/// What holds for one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classified<'a> {
    pub class: Class,
    /// How the Normal layer shows the column if it is sensitive.
    pub normal: Treatment,
    /// No rule gives it a class: it is sensitive for that reason alone.
    pub unclassified: bool,
    pub owner: Option<&'a str>,
}

/// The rules of a source. Empty, they make everything sensitive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    file: String,
    /// By the folded names of what they are about.
    rules: BTreeMap<Vec<String>, Rule>,
    /// The file has mistakes: what could be read of it hides names, and nothing is judged by it.
    is_mistaken: bool,
}

impl Rules {
    /// Returns the rules that `entries` of the text `file` make.
    ///
    /// # Errors
    /// Every entry that contradicts another one, or itself.
    pub fn new(file: &str, entries: Vec<Entry>) -> Result<Self, Vec<Conflict>> {
        let conflicts = conflict::conflicts(&entries);
        if !conflicts.is_empty() {
            return Err(conflicts);
        }
        Ok(Self { file: file.to_owned(), rules: by_name(entries), is_mistaken: false })
    }

    /// Returns the rules of a file that has mistakes, of which `entries` could be read: everything is sensitive, no job is
    /// given the file, and names stay hidden by what it says. If nothing could be read, nothing tells names apart, and none
    /// is hidden.
    pub fn mistaken(entries: Vec<Entry>) -> Self {
        Self { file: String::new(), rules: by_name(entries), is_mistaken: true }
    }

    /// Returns the file, as it is: what the Glue jobs read too. Empty without one.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Says whether there is nothing to judge by: there is no file, or it has no rules, or mistakes.
    pub fn is_empty(&self) -> bool {
        self.is_mistaken || self.rules.is_empty()
    }

    /// Says whether any name is not for everybody.
    pub fn hides_names(&self) -> bool {
        !self.rules.is_empty()
    }

    /// Returns what holds for `column` of `table` in `database`. The table of a Postgres database is `schema.table`.
    pub fn of(&self, database: &str, table: &str, column: &str) -> Classified<'_> {
        if self.is_mistaken {
            return Classified { class: Class::Sensitive, normal: Treatment::Drop, unclassified: true, owner: None };
        }
        self.said_of(database, table, column)
    }

    /// Returns what the file says of a column, even if it cannot be followed.
    fn said_of(&self, database: &str, table: &str, column: &str) -> Classified<'_> {
        let names = folded(&[database, table, column]);
        // From the column's own rule to that for everything.
        let rules: Vec<&Rule> = (0..=names.len()).rev().filter_map(|it| self.rules.get(&names[..it])).collect();
        let classed = rules.iter().find_map(|it| Some((it.class?, it.normal)));
        let (class, normal) = classed.unwrap_or((Class::Sensitive, None));
        Classified {
            class,
            normal: normal.unwrap_or_default(),
            unclassified: classed.is_none(),
            owner: rules.iter().find_map(|it| it.owner.as_deref()),
        }
    }

    /// Returns what the Normal layer shows of a column; `None` if it must not be there.
    pub fn shown_in_normal(&self, database: &str, table: &str, column: &str) -> Option<Shape> {
        self.of(database, table, column).in_normal()
    }

    /// Says whether the Normal layer can show any column of a table, whatever columns it has. The name of a table that it
    /// cannot is as sensitive as what is in it.
    pub fn shows_table(&self, database: &str, table: &str) -> bool {
        self.any(database, table, |it| it.in_normal().is_some())
    }

    /// Says whether the name of the table that RDS calls `target` is not for everybody: the Normal layer shows nothing
    /// of it, or it is no table that is known. Without rules nothing is hidden.
    pub fn hides_table(&self, target: &str) -> bool {
        let shows = |(database, table)| self.shows_table(database, table);
        self.hides_names() && !split_target(target).is_some_and(shows)
    }

    /// Says whether the name of a column of `target` is not for everybody: it is not of class normal.
    pub fn hides_column(&self, target: &str, column: &str) -> bool {
        let is_normal = |(database, table)| self.said_of(database, table, column).class == Class::Normal;
        self.hides_names() && !split_target(target).is_some_and(is_normal)
    }

    /// Says whether any layer can show any column of a table.
    pub fn keeps_table(&self, database: &str, table: &str) -> bool {
        self.is_mistaken || self.any(database, table, |it| it.in_sensitive())
    }

    /// Says whether a rule names a table or a column of it.
    pub fn names_table(&self, database: &str, table: &str) -> bool {
        let at = folded(&[database, table]);
        self.rules.range(at.clone()..).next().is_some_and(|(names, _)| names.starts_with(&at))
    }

    /// Says whether what the file says is so for any column that the table may have: one that is named, or any other.
    fn any(&self, database: &str, table: &str, is_so: impl Fn(Classified<'_>) -> bool) -> bool {
        let at = folded(&[database, table]);
        let named = self.rules.range(at.clone()..).map(|(names, _)| names).take_while(|it| it.starts_with(&at));
        let named = named.filter_map(|it| it.get(2));
        // No column is called nothing.
        named.map(String::as_str).chain([""]).any(|column| is_so(self.said_of(database, table, column)))
    }

    /// Returns the names of every database, table and column that the rules name, folded.
    pub fn names(&self) -> impl Iterator<Item = &[String]> {
        self.rules.keys().map(Vec::as_slice).filter(|it| !it.is_empty())
    }
}

impl Classified<'_> {
    /// Returns what the Normal layer shows of the column; `None` if it must not be there.
    pub fn in_normal(self) -> Option<Shape> {
        match (self.class, self.normal) {
            (Class::Normal, _) => Some(Shape::AsItIs),
            (Class::Sensitive, Treatment::Hash) => Some(Shape::Hashed),
            (Class::Sensitive, Treatment::Mask) => Some(Shape::Masked),
            (Class::Sensitive, Treatment::Drop) | (Class::Drop, _) => None,
        }
    }

    /// Says whether the Sensitive layer shows the column.
    pub fn in_sensitive(self) -> bool {
        self.class != Class::Drop
    }
}

/// Splits what RDS calls a table into its database and the name that the rules know it by: `db.table` of `MySQL`,
/// `db.schema.table` of Postgres. `None` if it is the name of a database.
pub fn split_target(target: &str) -> Option<(&str, &str)> {
    target.split_once('.').filter(|(database, table)| !database.is_empty() && !table.is_empty())
}

/// Returns the rules by what they are about. What says nothing is there for its spelling only.
fn by_name(entries: Vec<Entry>) -> BTreeMap<Vec<String>, Rule> {
    let speaking = entries.into_iter().filter(|it| it.rule != Rule::default());
    speaking.map(|it| (folded(&it.names), it.rule)).collect()
}

/// Returns `name` as all names are compared.
pub fn fold(name: &str) -> String {
    name.to_lowercase()
}

/// Returns the names of a database, a table and a column, as far as they are given, as they are compared.
pub(super) fn folded(names: &[impl AsRef<str>]) -> Vec<String> {
    let mut names: Vec<String> = names.iter().map(|it| fold(it.as_ref())).collect();
    if let [database, table, ..] = names.as_mut_slice() {
        let own = table.strip_prefix(database.as_str()).and_then(|it| it.strip_prefix('.'));
        if let Some(own) = own.filter(|it| !it.is_empty()).map(str::to_owned) {
            *table = own;
        }
    }
    names
}

#[cfg(test)]
mod tests;
