//! `publish`: the publish step alone, for backfills and benches.

use std::str::FromStr;

use serde_json::json;
use tokio::time::Instant;

use super::{Exit, say};
use crate::{
    adapters::aws::{self, stamp},
    clock::System,
    domain::{failure::Failure, source::Location},
    engine::ports::Progress,
    telemetry::{self, LogFormat},
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The export: its prefix with the export task's name.
    #[arg(long, value_name = "s3://BUCKET/PREFIX")]
    from: Address,

    /// The prefix that shall hold it, and nothing else.
    #[arg(long, value_name = "s3://BUCKET/PREFIX")]
    to: Address,

    /// Region of the buckets; the SDK's own, if it is not given.
    #[arg(long)]
    region: Option<String>,
}

/// `s3://BUCKET/PREFIX`.
#[derive(Clone, Debug)]
struct Address(Location);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("s3://").ok_or("must begin with s3://")?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.trim_matches('/');
        if bucket.is_empty() || prefix.is_empty() {
            return Err("must name a bucket and a prefix in it".to_owned());
        }
        Ok(Self(Location { bucket: bucket.to_owned(), prefix: prefix.to_owned() }))
    }
}

pub(super) async fn run(options: &Options, format: LogFormat) -> anyhow::Result<Exit> {
    telemetry::log(format, Some("warn"));
    let (Address(from), Address(to)) = (&options.from, &options.to);
    let sdk = aws::sdk_config(options.region.as_deref()).await;
    let begun = Instant::now();
    let told = |it: Failure| anyhow::anyhow!("{}: {}", it.code, it.message);
    let stamp = stamp(&aws::s3_client(&sdk), from).await.map_err(told)?;
    let (s3, progress) = (aws::publish_client(&sdk), Progress::default());
    let published = Box::pin(aws::publish(&s3, &System, from, to, &stamp, &progress)).await.map_err(told)?;
    let mut printed = serde_json::to_value(published)?;
    printed["seconds"] = json!(begun.elapsed().as_secs_f64());
    say(&printed.to_string());
    Ok(Exit::Done)
}
