//! What the doctor has found, and how it is printed.

use std::fmt::Write as _;

use serde::Serialize;

/// What came of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Verdict {
    Ok {
        what: String,
    },
    /// The bot works, and would work better.
    Hint {
        what: String,
        mend: String,
    },
    Failed {
        what: String,
        mend: String,
    },
    /// It could not be looked at, which is no failure.
    #[serde(rename = "skipped")]
    NotChecked {
        why: String,
    },
}

impl Verdict {
    pub(super) fn ok(what: impl Into<String>) -> Self {
        Self::Ok { what: what.into() }
    }

    pub(super) fn hint(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Hint { what: what.into(), mend: mend.into() }
    }

    pub(super) fn failed(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Failed { what: what.into(), mend: mend.into() }
    }

    pub(super) fn not_checked(why: impl Into<String>) -> Self {
        Self::NotChecked { why: why.into() }
    }

    /// Returns the word that stands at the beginning of its line.
    fn word(&self) -> &'static str {
        match self {
            Self::Ok { .. } => "ok",
            Self::Hint { .. } => "hint",
            Self::Failed { .. } => "FAILED",
            Self::NotChecked { .. } => "skipped",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What kind of thing it is: `export role`.
    pub check: String,
    /// Which one: an id, a name, an ARN of the configuration.
    pub subject: String,
    #[serde(flatten)]
    pub verdict: Verdict,
}

impl Check {
    /// Returns what was found wrong in the file of the configuration, and does not keep the bot from being safe.
    pub(super) fn noted(key: &str, what: &str) -> Self {
        let verdict = Verdict::hint(what, "Mend it in the file of the configuration; `config check` names the line.");
        Self { check: "configuration".to_owned(), subject: key.to_owned(), verdict }
    }
}

/// All that was looked at, in the order of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub checks: Vec<Check>,
}

impl Report {
    /// Says whether nothing has failed.
    pub fn is_well(&self) -> bool {
        !self.checks.iter().any(|it| matches!(it.verdict, Verdict::Failed { .. }))
    }

    /// Returns the report for a terminal: a line for each check, what to do below those that want something done, and the
    /// counts at the end.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Check { check, subject, verdict } in &self.checks {
            let (what, mend) = match verdict {
                Verdict::Ok { what } | Verdict::NotChecked { why: what } => (what, None),
                Verdict::Hint { what, mend } | Verdict::Failed { what, mend } => (what, Some(mend)),
            };
            writeln!(text, "{:<8}{check} {subject}: {what}", verdict.word()).expect("a String takes all");
            if let Some(mend) = mend {
                writeln!(text, "        -> {mend}").expect("a String takes all");
            }
        }
        text + &self.counts()
    }

    fn counts(&self) -> String {
        let count = |word: &str| self.checks.iter().filter(|it| it.verdict.word() == word).count();
        let [ok, hints, failed, skipped] = ["ok", "hint", "FAILED", "skipped"].map(count);
        format!("\nok: {ok}, failed: {failed}, hints: {hints}, not checked: {skipped}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(verdicts: Vec<Verdict>) -> Report {
        let check = |verdict| Check { check: "thing".into(), subject: "x".into(), verdict };
        Report { checks: verdicts.into_iter().map(check).collect() }
    }

    #[test]
    fn only_a_failure_makes_it_ill() {
        let well = vec![Verdict::ok("a"), Verdict::hint("b", "c"), Verdict::not_checked("d")];
        assert!(report(well.clone()).is_well());
        let ill = report([well, vec![Verdict::failed("e", "f")]].concat());
        assert!(!ill.is_well());
        assert_eq!(
            ill.text(),
            "ok      thing x: a\nhint    thing x: b\n        -> c\nskipped thing x: d\nFAILED  thing x: e\n        -> f\n\n\
             ok: 1, failed: 1, hints: 1, not checked: 1"
        );
    }

    #[test]
    fn a_program_reads_it_as_json() {
        let json = serde_json::to_value(report(vec![Verdict::failed("e", "f")])).unwrap();
        let check =
            serde_json::json!({ "check": "thing", "subject": "x", "state": "failed", "what": "e", "mend": "f" });
        assert_eq!(json["checks"], serde_json::json!([check]));
    }
}
