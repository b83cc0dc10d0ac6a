//! What a look has found that people must decide about, before work that is done counts as done.

use serde::{Deserialize, Serialize};

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
