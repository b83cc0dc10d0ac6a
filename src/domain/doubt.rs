//! What a look has found that people must decide about, before work that is done counts as done.

use serde::{Deserialize, Serialize};

use super::approval::{Subject, hash};

/// Findings of one look at one stage's work, about one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    pub subject: Subject,
    pub findings: Vec<Finding>,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    pub table: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    pub kind: FindingKind,
    /// What it was in the last good run: a type, a number of rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// What it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<String>,
}

/// What is the matter with a table, or a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// RDS did not export the table.
    SkippedTable,
    /// The last good run had the table.
    GoneTable,
    NewTable,
    GoneColumn,
    NewColumn,
    /// The column has another type than in the last good run.
    Retyped,
    /// The classification does not name the column.
    Unclassified,
    /// It is in the Normal catalog, and must not be.
    Leaked,
    FewerRows,
}

impl FindingKind {
    /// Every kind, so that a test can see that each has its text.
    pub const ALL: [Self; 9] = [
        Self::SkippedTable,
        Self::GoneTable,
        Self::NewTable,
        Self::GoneColumn,
        Self::NewColumn,
        Self::Retyped,
        Self::Unclassified,
        Self::Leaked,
        Self::FewerRows,
    ];

    /// Returns the kind's name in records, and that of its text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SkippedTable => "skipped_table",
            Self::GoneTable => "gone_table",
            Self::NewTable => "new_table",
            Self::GoneColumn => "gone_column",
            Self::NewColumn => "new_column",
            Self::Retyped => "retyped",
            Self::Unclassified => "unclassified",
            Self::Leaked => "leaked",
            Self::FewerRows => "fewer_rows",
        }
    }
}

impl Doubt {
    /// Returns what tells the doubt from every other one, in whatever order its findings were found (hex).
    pub fn digest(&self) -> String {
        digest(self.subject, &self.findings)
    }
}

/// Returns the digest of `findings` about `subject`.
pub(super) fn digest(subject: Subject, findings: &[Finding]) -> String {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort();
    let mut parts = vec![subject.as_str()];
    for Finding { table, column, kind, was, is } in sorted {
        parts.extend([table.as_str(), kind.as_str()]);
        // That nothing is said is told from that nothing is there.
        for part in [column, was, is] {
            parts.extend(part.as_deref().map_or(["-", ""], |it| ["+", it]));
        }
    }
    hash(&parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(table: &str, column: Option<&str>) -> Finding {
        let (table, column) = (table.to_owned(), column.map(str::to_owned));
        Finding { table, column, kind: FindingKind::NewColumn, was: None, is: Some("bigint".to_owned()) }
    }

    fn doubt(findings: &[Finding]) -> Doubt {
        Doubt { subject: Subject::Schema, findings: findings.to_vec() }
    }

    #[test]
    fn the_order_of_findings_does_not_matter_and_everything_else_does() {
        let (one, two) = (finding("shop.users", Some("email")), finding("shop.users", Some("phone")));
        let both = doubt(&[one.clone(), two.clone()]).digest();
        assert_eq!(doubt(&[two.clone(), one.clone()]).digest(), both);
        let others = [
            doubt(std::slice::from_ref(&one)),
            doubt(&[one.clone(), one.clone()]),
            doubt(&[one.clone(), finding("shop.users", None)]),
            doubt(&[one.clone(), finding("shop.users", Some(""))]),
            doubt(&[one.clone(), Finding { is: None, ..two.clone() }]),
            doubt(&[one.clone(), Finding { was: two.is.clone(), is: None, ..two.clone() }]),
            doubt(&[one.clone(), Finding { kind: FindingKind::Retyped, ..two.clone() }]),
            Doubt { subject: Subject::Leak, ..doubt(&[one, two]) },
        ];
        let mut digests: Vec<String> = others.iter().map(Doubt::digest).chain([both]).collect();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), others.len() + 1);
    }

    #[test]
    fn kinds_are_written_by_their_names() {
        for kind in FindingKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
