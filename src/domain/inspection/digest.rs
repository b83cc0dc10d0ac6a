//! What tells the differences of the Sensitive layer from others: an approval is bound to it.

use sha2::{Digest, Sha256};

use crate::domain::{
    classification::{Rules, split_target},
    doubt::Finding,
};

/// Says whether a finding is of something that the Sensitive layer shows.
pub(super) fn is_sensitive(rules: &Rules, finding: &Finding) -> bool {
    let Some((database, table)) = split_target(&finding.table) else { return true };
    match &finding.column {
        Some(column) => rules.of(database, table, column).in_sensitive(),
        None => rules.keeps_table(database, table),
    }
}

/// Returns the digest of those of `findings` that are of the Sensitive layer, in whatever order they were found. Each
/// part is written with its length before it, so that no two lists share a text.
pub(super) fn of(rules: &Rules, findings: &[Finding]) -> String {
    let mut found: Vec<&Finding> = findings.iter().filter(|it| is_sensitive(rules, it)).collect();
    found.sort();
    let mut hash = Sha256::new();
    for Finding { table, column, kind, was, is } in found {
        for part in [Some(table.as_str()), Some(kind.as_str()), column.as_deref(), was.as_deref(), is.as_deref()] {
            // What is not said is told from what says nothing.
            hash.update(part.map_or(u64::MAX, |it| it.len() as u64).to_be_bytes());
            hash.update(part.unwrap_or_default().as_bytes());
        }
    }
    hex::encode(hash.finalize())
}
