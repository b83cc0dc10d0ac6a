//! Numbers of sensitive tables and columns, so that people can talk of what must not be named.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::place;
use crate::domain::{
    classification::{Rules, fold},
    doubt::Finding,
    schema::{Schema, Table},
};

/// The place of a sensitive table among all those of the export, or of a sensitive column among those of its table, in
/// the order of their names. From 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number {
    pub table: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    pub number: u32,
}

/// Returns the numbers of what `findings` and `only` name. What the export does not have, such as a table that is gone,
/// has none. Without rules nothing is hidden.
pub(super) fn numbers(rules: &Rules, schema: &Schema, findings: &[Finding], only: &[String]) -> Vec<Number> {
    if !rules.hides_names() {
        return Vec::new();
    }
    let mut named: BTreeSet<(String, Option<String>)> = only.iter().map(|it| place(it, None)).collect();
    for Finding { table, column, .. } in findings {
        named.extend([place(table, None), place(table, column.as_deref())]);
    }
    let tables = schema.tables().filter(|it| rules.hides_table(&it.name)).zip(1..).map(|(table, number)| Number {
        table: fold(&table.name),
        column: None,
        number,
    });
    let columns = |table: &Table| -> Vec<Number> {
        let hidden = table.columns().filter(|it| rules.hides_column(&table.name, &it.name));
        let number = |(column, number): (&crate::domain::schema::Column, u32)| Number {
            table: fold(&table.name),
            column: Some(fold(&column.name)),
            number,
        };
        hidden.zip(1..).map(number).collect()
    };
    let all = tables.chain(schema.tables().flat_map(columns));
    all.filter(|it| named.contains(&(it.table.clone(), it.column.clone()))).collect()
}
