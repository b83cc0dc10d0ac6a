//! What the catalog of the Normal layer shows that the classification does not allow there.
//!
//! A job may have been changed, a crawler pointed elsewhere, a table made by hand: what counts is what people can query.
//! A table is told by the folder of its files, else by its name, spelled as a crawler does. What cannot be told is
//! allowed nothing. Tables of others in the same database are left alone: those that another crawler has written, or the bot
//! for another source, and those that nobody has, whose files lie elsewhere and whose names are none of ours.

use std::collections::BTreeSet;

use super::{
    catalog::CatalogTable,
    classification::{Rules, Shape, fold},
    doubt::{Finding, FindingKind},
    name::ExportTask,
    report::target,
    source::Location,
};

/// The folder that tells runs apart within a table, which its catalog shows as a column.
pub(super) const RUN: &str = "datalake_run";

/// Where the tables of the Normal layer come from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The source's name.
    pub source: &'a str,
    /// The layer's crawler, if one keeps its tables.
    pub crawler: Option<&'a str>,
    /// Where data of the source lies, as `{database}/{table}/`, or as that below the name of a run: the layer's output, and
    /// what was never classified.
    pub places: &'a [&'a Location],
}

impl Origin<'_> {
    /// Says whether the one who has written a table has written it for the layer. `None`: nothing says who has.
    fn has_written(&self, table: &CatalogTable) -> Option<bool> {
        match (&table.source, &table.crawler) {
            (Some(source), _) => Some(source == self.source),
            (None, Some(crawler)) => Some(Some(crawler.as_str()) == self.crawler),
            (None, None) => None,
        }
    }
}

/// A table that the rules speak of: its database and its name there.
type Known = (String, String);

/// Judges the tables of the Normal layer's database by a source's rules.
#[derive(Debug)]
pub struct Guard<'a> {
    rules: &'a Rules,
    origin: Origin<'a>,
    databases: BTreeSet<&'a str>,
    tables: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Guard<'a> {
    /// Returns the guard of a layer that comes from `origin`. Without rules it lets everything pass.
    pub fn new(rules: &'a Rules, origin: Origin<'a>) -> Self {
        let databases = rules.names().filter_map(|it| it.first()).map(String::as_str).collect();
        let table = |names: &'a [String]| Some((names.first()?.as_str(), names.get(1)?.as_str()));
        Self { rules, origin, databases, tables: rules.names().filter_map(table).collect() }
    }

    /// Returns every column and table among `tables` that the rules do not allow there, sorted. A table of which nothing
    /// is allowed is named as a whole.
    pub fn leaks(&self, tables: &[CatalogTable]) -> Vec<Finding> {
        if self.rules.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<Finding> = tables.iter().flat_map(|it| self.judge(it)).collect();
        found.sort_by(|a, b| (&a.table, &a.column).cmp(&(&b.table, &b.column)));
        found
    }

    /// Says whether one of `tables` at least is the source's, and not what is left of one.
    pub fn sees_any(&self, tables: &[CatalogTable]) -> bool {
        tables.iter().any(|it| !it.is_deprecated && self.known(it).is_some())
    }

    fn judge(&self, table: &CatalogTable) -> Vec<Finding> {
        // Its files are gone: what is left is a name.
        let Some(known) = self.known(table).filter(|_| !table.is_deprecated) else { return Vec::new() };
        let name = match known.as_slice() {
            [(database, table)] => target(database, table),
            _ => table.name.clone(),
        };
        let finding = |column: Option<&str>, was: Option<&str>, is: Option<&str>| Finding {
            table: name.clone(),
            column: column.map(str::to_owned),
            kind: FindingKind::Leaked,
            was: was.map(str::to_owned),
            is: is.map(str::to_owned),
        };
        let (mut leaked, mut judged) = (Vec::new(), 0);
        for (column, kind) in columns(table) {
            judged += 1;
            match self.shape(&known, column) {
                None => leaked.push(finding(Some(column), None, Some(kind))),
                Some(Shape::Hashed) if !is_text(kind) => leaked.push(finding(Some(column), Some("hash"), Some(kind))),
                Some(Shape::Masked) if !is_text(kind) => leaked.push(finding(Some(column), Some("mask"), Some(kind))),
                Some(Shape::AsItIs | Shape::Hashed | Shape::Masked) => {}
            }
        }
        if judged > 0 && leaked.len() == judged { vec![finding(None, None, None)] } else { leaked }
    }

    /// Returns what may be seen of a column: where a table may be one of several, no more than each of them allows.
    fn shape(&self, known: &[Known], column: &str) -> Option<Shape> {
        let mut shapes = known.iter().map(|(database, table)| self.rules.shown_in_normal(database, table, column));
        let first = shapes.next()??;
        shapes.all(|it| it == Some(first)).then_some(first)
    }

    /// Returns what the table may be a copy of: nothing, if that cannot be told. `None`: it is somebody else's.
    fn known(&self, table: &CatalogTable) -> Option<Vec<Known>> {
        let folders = self.origin.places.iter().find_map(|it| below(&table.location, it));
        if let Some([database, folder, ..]) = folders.as_deref()
            && self.databases.contains(fold(database).as_str())
        {
            return Some(self.in_folder(database, folder));
        }
        let named = self.named(&fold(&table.folder));
        let ours = folders.is_some() || self.origin.has_written(table).unwrap_or(!named.is_empty());
        ours.then_some(named)
    }

    /// Returns what lies in a folder of a database: RDS calls that of `MySQL`'s table `users` `shop.users`, as it would
    /// call that of Postgres's schema `shop`.
    fn in_folder(&self, database: &str, folder: &str) -> Vec<Known> {
        let (database, folder) = (fold(database), fold(folder));
        let bare = folder.strip_prefix(&database).and_then(|it| it.strip_prefix('.'));
        let both = [bare.unwrap_or(&folder), &folder];
        let named: BTreeSet<&str> =
            both.into_iter().filter(|it| self.tables.contains(&(database.as_str(), *it))).collect();
        let tables = if named.is_empty() { BTreeSet::from([both[0]]) } else { named };
        tables.into_iter().map(|it| (database.clone(), it.to_owned())).collect()
    }

    /// Returns the tables of the rules that a crawler may call `name`: by their whole name, or a part of it.
    fn named(&self, name: &str) -> Vec<Known> {
        let is_called = |(database, table): &(&str, &str)| {
            let last = table.rsplit('.').next().unwrap_or(table);
            [crawled(table), crawled(last), crawled(&format!("{database}.{table}"))].iter().any(|it| it == name)
        };
        let found = self.tables.iter().filter(|it| is_called(it));
        found.map(|(database, table)| ((*database).to_owned(), (*table).to_owned())).collect()
    }
}

/// Returns the columns to judge: not the folders of runs, nor those without a name, which a crawler numbers.
fn columns(table: &CatalogTable) -> impl Iterator<Item = (&str, &str)> {
    let is_key = |name: &str| table.partition_keys.iter().any(|(it, _)| it == name);
    let is_plain = move |name: &str| {
        let number = name.strip_prefix("partition_");
        is_key(name) && (fold(name) == RUN || number.is_some_and(|it| it.bytes().all(|it| it.is_ascii_digit())))
    };
    table.all_columns().filter(move |(name, _)| !is_plain(name))
}

/// Returns the folders of `location` below `place`, without that of a run. `None`: it is elsewhere.
fn below<'a>(location: &'a str, place: &Location) -> Option<Vec<&'a str>> {
    let rest = location.strip_prefix("s3a://").or_else(|| location.strip_prefix("s3n://"));
    let rest = rest.or_else(|| location.strip_prefix("s3://"))?.strip_prefix(&place.bucket)?.strip_prefix('/')?;
    let prefix = place.prefix.trim_matches('/');
    let rest = if prefix.is_empty() { rest } else { rest.strip_prefix(prefix)? };
    let is_folder = rest.is_empty() || rest.starts_with('/') || prefix.is_empty();
    let folders = rest.split('/').filter(|it| !it.is_empty());
    let is_run = |(number, folder): &(usize, &str)| *number == 0 && folder.parse::<ExportTask>().is_ok();
    is_folder.then(|| folders.enumerate().filter(|it| !is_run(it)).map(|(_, it)| it).collect())
}

/// Returns how a crawler spells the name of a folder: what is no letter and no digit becomes `_`.
pub(super) fn crawled(folder: &str) -> String {
    folder.chars().map(|it| if it.is_alphanumeric() { it } else { '_' }).collect()
}

/// Says whether a type of Glue is one of texts, as hashes and masks are.
fn is_text(kind: &str) -> bool {
    let kind = fold(kind);
    kind == "string" || kind.starts_with("varchar") || kind.starts_with("char")
}

#[cfg(test)]
mod tests;
