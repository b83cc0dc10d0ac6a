//! What turns a catalog from one run to the next: decided from the tables that are wanted and those that are there.

use std::collections::BTreeMap;

use super::CatalogTable;
use crate::domain::failure::{Class, Failure, codes};

/// Tables that a failure names; the rest is a number.
const NAMED: usize = 5;

/// What is to be done so that a catalog shows what is wanted, each list sorted by name. What is deleted comes last: readers
/// lose a table only when everything new is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Switch<'a> {
    /// Not there yet.
    pub create: Vec<&'a CatalogTable>,
    /// There and ours, and not as wanted.
    pub update: Vec<&'a CatalogTable>,
    /// Ours, and not wanted any more.
    pub delete: Vec<&'a CatalogTable>,
    /// How many are there as wanted.
    pub in_place: usize,
}

impl<'a> Switch<'a> {
    /// Returns what makes the tables of `source` among those that are `there` the `wanted` ones.
    ///
    /// # Errors
    /// `ForeignTable`: a table of a wanted name is somebody else's. `EmptyLayer`: nothing is wanted, and there is something
    /// of ours.
    pub fn between(wanted: &'a [CatalogTable], there: &'a [CatalogTable], source: &str) -> Result<Self, Failure> {
        let is_ours = |it: &CatalogTable| it.source.as_deref() == Some(source);
        let mut found: BTreeMap<&str, &CatalogTable> = there.iter().map(|it| (it.name.as_str(), it)).collect();
        let (mut switch, mut foreign) = (Self::default(), Vec::new());
        for table in wanted {
            match found.remove(table.name.as_str()) {
                None => switch.create.push(table),
                Some(it) if !is_ours(it) => foreign.push(it),
                Some(it) if shows(it, table) => switch.in_place += 1,
                Some(_) => switch.update.push(table),
            }
        }
        switch.delete = found.into_values().filter(|it| is_ours(it)).collect();
        if !foreign.is_empty() {
            return Err(Failure::new(Class::Config, codes::FOREIGN_TABLE, listed(&foreign)));
        }
        if wanted.is_empty() && !switch.delete.is_empty() {
            return Err(Failure::new(Class::Data, codes::EMPTY_LAYER, listed(&switch.delete)));
        }
        Ok(switch)
    }

    /// Says whether there is nothing to do.
    pub fn is_done(&self) -> bool {
        self.create.is_empty() && self.update.is_empty() && self.delete.is_empty()
    }

    /// Returns how many tables there will be.
    pub fn tables(&self) -> usize {
        self.create.len() + self.update.len() + self.in_place
    }
}

/// Says whether the table that is `there` shows what is wanted of it. What people add to it (descriptions, parameters of
/// their own) does not matter.
fn shows(there: &CatalogTable, wanted: &CatalogTable) -> bool {
    there.location == wanted.location
        && there.columns == wanted.columns
        && there.partition_keys == wanted.partition_keys
        && there.run == wanted.run
}

fn listed(tables: &[&CatalogTable]) -> String {
    let shown: Vec<&str> = tables.iter().take(NAMED).map(|it| it.name.as_str()).collect();
    let more = tables.len() - shown.len();
    let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{rest}", shown.join(", "))
}

#[cfg(test)]
mod tests;
