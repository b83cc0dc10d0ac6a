//! `publish`: the publish step alone, for backfills and benches.

use std::str::FromStr;

use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Exit, say, say_wrong, serve::Stop};
use crate::{
    adapters::aws::{self, Published, SdkConfig, Stamp},
    clock::System,
    domain::{
        failure::{Failure, codes},
        source::Location,
    },
    engine::ports::Progress,
    projection::text::{Locale, Words},
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

    /// The export that may be replaced there though its snapshot is newer: the way back to older data.
    #[arg(long, value_name = "EXPORT")]
    replaces: Option<String>,

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
    let (signals, stop) = (Stop::listen()?, CancellationToken::new());
    let sdk = aws::sdk_config(options.region.as_deref()).await;
    if sdk.region().is_none() {
        say_wrong("no Region is known: give --region, or set AWS_REGION");
        return Ok(Exit::Usage);
    }
    let begun = Instant::now();
    let mut work = Box::pin(published(options, &sdk, &stop));
    let published = tokio::select! {
        published = &mut work => published,
        () = signals.asked() => {
            stop.cancel();
            work.await
        }
    };
    match published {
        Ok(published) => {
            let mut printed = serde_json::to_value(published)?;
            printed["seconds"] = json!(begun.elapsed().as_secs_f64());
            say(&printed.to_string());
            Ok(Exit::Done)
        }
        Err(failure) => {
            say_wrong(&told(&failure));
            Ok(Exit::Failed)
        }
    }
}

async fn published(options: &Options, sdk: &SdkConfig, stop: &CancellationToken) -> Result<Published, Failure> {
    let s3 = &aws::publish_client(sdk);
    let (Address(from), Address(to)) = (&options.from, &options.to);
    let stamp = Stamp { replaces: options.replaces.clone(), ..aws::stamp(s3, from).await? };
    aws::publish(s3, &System, from, to, &stamp, &Progress::default(), stop).await
}

/// Returns cause and remedy, in the words of the alerts. Here is no button.
fn told(failure: &Failure) -> String {
    let mut told = format!("{}: {}", failure.code, failure.message);
    if failure.code == codes::STOPPED {
        told.push_str("\nGive the same command again: what is copied already is kept.");
        return told;
    }
    let words = Words::new();
    told = format!("{told}\nWhat to do: {}", words.remedy(Locale::En, failure.remedy()));
    let button = words.voice(Locale::En).label("button.retry.label");
    if told.contains(&button) {
        told = format!("{told}\nHere, give the same command again where this says {button}.");
    }
    if failure.code == codes::LATEST_IS_NEWER {
        told.push_str("\nOr name the newer export that may be replaced: --replaces EXPORT.");
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::failure::Class;

    fn of(code: &str) -> String {
        told(&Failure::new(Class::Config, code, "the cause"))
    }

    #[test]
    fn an_error_is_told_with_what_to_do() {
        let text = of("NoSuchBucket");
        assert!(text.starts_with("NoSuchBucket: the cause\nWhat to do: The bucket cannot be used."), "{text}");
        assert!(text.ends_with("\nHere, give the same command again where this says Retry Run."), "{text}");
        assert!(of(codes::LATEST_IS_NEWER).ends_with("--replaces EXPORT."));
        assert!(of(codes::STOPPED).contains("Give the same command again") && !of(codes::STOPPED).contains("Retry"));
    }
}
