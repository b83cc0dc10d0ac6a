//! What was found that people must decide about.

use serde::{Deserialize, Serialize};

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub table: String,
    pub column: Option<String>,
    pub kind: FindingKind,
    pub was: Option<String>,
    pub is: Option<String>,
}

/// What kind of thing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    Leaked,
    FewerRows,
}
