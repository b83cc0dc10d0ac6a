//! Places in S3, as Glue writes them.

use std::{fmt, str::FromStr};

/// A bucket and a prefix without a slash at either end: `s3://bucket/prefix`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Path {
    /// The bucket's name.
    pub bucket: String,
    /// What keys begin with; may be empty.
    pub prefix: String,
}

impl S3Path {
    /// Returns what every key below this place begins with.
    pub fn folder(&self) -> String {
        if self.prefix.is_empty() { String::new() } else { format!("{}/", self.prefix) }
    }
}

impl FromStr for S3Path {
    type Err = anyhow::Error;

    /// Reads `s3://bucket/prefix`, with or without a slash at the end.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("s3://").ok_or_else(|| anyhow::anyhow!("not an S3 location: {text}"))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        anyhow::ensure!(!bucket.is_empty(), "no bucket in {text}");
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() })
    }
}

impl fmt::Display for S3Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}
