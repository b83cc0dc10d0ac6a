//! What has succeeded, but not quite: said by AWS, or found by the bot.

use serde::{Deserialize, Serialize};

use super::{
    doubt::{Finding, FindingKind},
    source::Layer,
};

/// A warning in a run's record. What the bot has found is kept as what it is, and is put into words where it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Warning {
    /// As AWS said it, or as records from before findings were kept have it.
    Said(String),
    Found {
        finding: Finding,
        /// The layer that it was found in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        layer: Option<Layer>,
    },
    /// There are more of `kind`, beside those that are kept.
    More { more: u32, kind: FindingKind },
}

impl Warning {
    /// Returns the warnings that `findings` come to: the first `most`, and how many more there are.
    pub fn of(mut findings: Vec<Finding>, layer: Option<Layer>, most: usize) -> Vec<Self> {
        let rest = findings.split_off(findings.len().min(most));
        let more =
            rest.first().map(|it| Self::More { more: u32::try_from(rest.len()).unwrap_or(u32::MAX), kind: it.kind });
        findings.into_iter().map(|finding| Self::Found { finding, layer }).chain(more).collect()
    }

    /// Returns what was said, as it was.
    pub fn said(&self) -> Option<&str> {
        match self {
            Self::Said(text) => Some(text),
            Self::Found { .. } | Self::More { .. } => None,
        }
    }

    /// Returns what was found.
    pub fn finding(&self) -> Option<&Finding> {
        match self {
            Self::Found { finding, .. } => Some(finding),
            Self::Said(_) | Self::More { .. } => None,
        }
    }
}

impl From<String> for Warning {
    fn from(said: String) -> Self {
        Self::Said(said)
    }
}

impl From<&str> for Warning {
    fn from(said: &str) -> Self {
        Self::Said(said.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(table: &str) -> Finding {
        Finding {
            table: table.to_owned(),
            column: None,
            kind: FindingKind::FewerRows,
            was: Some("40".to_owned()),
            is: Some("5".to_owned()),
        }
    }

    #[test]
    fn what_was_recorded_before_is_read_as_said() {
        let record = serde_json::json!([
            "shop.users: GONE",
            {"finding": {"table": "shop.users", "kind": "fewer_rows", "was": "40", "is": "5"}, "layer": "normal"},
            {"more": 3, "kind": "fewer_rows"},
        ]);
        let warnings: Vec<Warning> = serde_json::from_value(record.clone()).unwrap();
        let finding = found("shop.users");
        let expected = [
            "shop.users: GONE".into(),
            Warning::Found { finding, layer: Some(Layer::Normal) },
            Warning::More { more: 3, kind: FindingKind::FewerRows },
        ];
        assert_eq!(warnings, expected);
        assert_eq!(serde_json::to_value(&warnings).unwrap(), record);
    }

    #[test]
    fn many_findings_are_cut_to_a_number() {
        let of = |count: usize| Warning::of(vec![found("t"); count], None, 20);
        assert_eq!((of(0).len(), of(20).len(), of(25).len()), (0, 20, 21));
        assert_eq!(of(25)[20], Warning::More { more: 5, kind: FindingKind::FewerRows });
    }
}
