//! Names of export tasks: the one idempotency key that RDS offers, and the key of every run record.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Longest identifier that RDS takes for an export task. Not in the API's model; four public tools cut at it.
pub const MAX_LENGTH: usize = 60;

/// Longest name of a source: leaves room for `-yyyymmddhhmm-xxxxxxxx-a999` within [`MAX_LENGTH`].
pub const MAX_SOURCE_LENGTH: usize = MAX_LENGTH - "-202611220300-0123abcd-a999".len();

/// The name of an export task, `{source}-{yyyymmddhhmm}-{8 hex}-a{attempt}`.
///
/// It is derived from the request alone, never random: the same snapshot and scope give the same name, so that a
/// request that is repeated finds the run that it has already started.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExportTask(String);

/// What an export is of and where it goes: everything that makes two exports different ones.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// ARN of the snapshot.
    pub source_arn: &'a str,
    /// `ExportOnly`: databases or tables; empty is the whole database. Order and repeats do not matter.
    pub only: &'a [String],
    /// Bucket that the export is written to.
    pub bucket: &'a str,
    /// Prefix in that bucket, without the task's name.
    pub prefix: &'a str,
}

impl ExportTask {
    /// Returns the name of attempt `attempt` (from 1) to export `scope` from a snapshot that was taken at `taken_at`.
    ///
    /// `source` is a name that [`check_source_name`] has accepted.
    pub fn derive(source: &str, taken_at: Timestamp, scope: Scope<'_>, attempt: u32) -> Self {
        let minute = taken_at.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M");
        Self(format!("{source}-{minute}-{}-a{attempt}", scope.digest()))
    }

    /// Returns the name of the same export's attempt `attempt`.
    #[must_use]
    pub fn with_attempt(&self, attempt: u32) -> Self {
        let (stem, _) = self.0.rsplit_once("-a").expect("every name ends in -a{attempt}");
        Self(format!("{stem}-a{attempt}"))
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Scope<'_> {
    /// Returns 8 hexadecimal digits that differ between scopes. Each part is written with its length before it, so
    /// that no two scopes share a text.
    fn digest(&self) -> String {
        let mut only: Vec<&str> = self.only.iter().map(String::as_str).collect();
        only.sort_unstable();
        only.dedup();
        let mut hash = Sha256::new();
        for part in [self.source_arn, self.bucket, self.prefix].into_iter().chain(only) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hex::encode(&hash.finalize()[..4])
    }
}

/// Says whether `text` may be an export task's identifier: begins with a letter; letters, digits and single hyphens;
/// does not end with a hyphen; at most [`MAX_LENGTH`]. The rule is the text of RDS's own refusal.
fn is_identifier(text: &str) -> bool {
    text.len() <= MAX_LENGTH
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.split('-').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Checks that a source's name can begin the names of its export tasks.
///
/// # Errors
/// Says what is wrong with the name.
pub fn check_source_name(name: &str) -> Result<(), String> {
    if name.len() > MAX_SOURCE_LENGTH {
        return Err(format!("is longer than {MAX_SOURCE_LENGTH} characters"));
    }
    if !is_identifier(name) {
        return Err("must begin with a letter and hold only ASCII letters, digits and single hyphens".to_owned());
    }
    Ok(())
}

/// A text that is not an export task's name of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a run")]
pub struct NotAName(String);

impl FromStr for ExportTask {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let attempt = text.rsplit_once("-a").map(|(_, digits)| digits);
        let numbered = attempt.is_some_and(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit()));
        if is_identifier(text) && numbered { Ok(Self(text.to_owned())) } else { Err(NotAName(text.to_owned())) }
    }
}

impl TryFrom<String> for ExportTask {
    type Error = NotAName;

    fn try_from(text: String) -> Result<Self, NotAName> {
        text.parse()
    }
}

impl From<ExportTask> for String {
    fn from(name: ExportTask) -> Self {
        name.0
    }
}

impl fmt::Display for ExportTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, prop_assert_ne, proptest};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn scope<'a>(source_arn: &'a str, only: &'a [String]) -> Scope<'a> {
        Scope { source_arn, only, bucket: "lake", prefix: "raw" }
    }

    #[test]
    fn the_name_is_made_as_the_contract_says() {
        let name = ExportTask::derive("shop", at("2026-11-22T03:04:59Z"), scope("arn:snap", &[]), 1);
        assert_eq!(name.as_str(), "shop-202611220304-0a09292e-a1");
        assert_eq!(name.with_attempt(12).as_str(), "shop-202611220304-0a09292e-a12");
    }

    #[test]
    fn parts_of_a_scope_cannot_run_into_each_other() {
        let joined = Scope { source_arn: "a", only: &[], bucket: "bc", prefix: "" };
        let split = Scope { source_arn: "ab", only: &[], bucket: "c", prefix: "" };
        assert_ne!(joined.digest(), split.digest());
    }

    #[test]
    fn names_that_are_not_ours_are_refused() {
        for text in
            ["", "shop", "shop-1-a", "shop--1-a1", "-shop-a1", "1shop-a1", "shop_1-a1", "rds:shop-a1", "shop-a1-"]
        {
            assert!(text.parse::<ExportTask>().is_err(), "{text}");
        }
        assert!(format!("{}-a1", "x".repeat(MAX_LENGTH)).parse::<ExportTask>().is_err());
    }

    proptest! {
        #[test]
        fn every_name_is_an_identifier_that_rds_takes(
            source in "[a-zA-Z][a-zA-Z0-9]{0,9}(-[a-zA-Z0-9]{1,5}){0,3}", arn in any::<String>(), only in any::<Vec<String>>(),
            second in 0_i64..4_102_444_800, attempt in 1_u32..1000,
        ) {
            proptest::prop_assume!(check_source_name(&source).is_ok());
            let taken_at = Timestamp::from_second(second).unwrap();
            let name = ExportTask::derive(&source, taken_at, scope(&arn, &only), attempt);
            prop_assert!(name.as_str().len() <= MAX_LENGTH);
            prop_assert_eq!(name.as_str().parse::<ExportTask>(), Ok(name.clone()));
            prop_assert_eq!(name.with_attempt(attempt + 1).with_attempt(attempt), name);
        }

        #[test]
        fn the_same_request_gives_the_same_name_in_any_order(arn in any::<String>(), mut only in any::<Vec<String>>()) {
            let one = scope(&arn, &only).digest();
            only.reverse();
            only.extend_from_within(..);
            prop_assert_eq!(one, scope(&arn, &only).digest());
        }

        #[test]
        fn another_snapshot_gives_another_name(a in any::<String>(), b in any::<String>()) {
            proptest::prop_assume!(a != b);
            prop_assert_ne!(scope(&a, &[]).digest(), scope(&b, &[]).digest());
        }
    }
}
