//! How AWS is reached: Region, endpoints, time-outs and retries of every client.

use std::{collections::BTreeMap, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider, StalledStreamProtectionConfig};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(3);
/// How long one attempt at a short call may take.
const ATTEMPT: Duration = Duration::from_secs(10);
/// How long a short call may take with all its attempts.
const OPERATION: Duration = Duration::from_secs(30);
/// As [`ATTEMPT`], for a record.
const RECORD_ATTEMPT: Duration = Duration::from_secs(4);
/// As [`OPERATION`], for a record.
const RECORD_OPERATION: Duration = Duration::from_secs(10);
/// How long SQS holds an empty receive; its own limit.
pub const LONG_POLL: Duration = Duration::from_secs(20);
/// Attempts at one call. What is still in the way after these is for the reconciler, which waits longer.
const ATTEMPTS: u32 = 3;

/// The defaults of the SDK that this bot is written for; another version may have other ones.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// Returns the configuration of all clients in `region`, or in the Region that the SDK finds.
///
/// Credentials and endpoints are what the AWS SDK finds, including `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>`.
/// Every call has time-outs and a few attempts. The time-outs are those of short calls; a copy, and the long poll of
/// [`sqs_client`], have their own.
pub async fn sdk_config(region: Option<&str>) -> SdkConfig {
    let loader = aws_config::defaults(behavior()).timeout_config(timeouts(ATTEMPT, OPERATION)).retry_config(retries());
    let loader = match region {
        Some(region) => loader.region(Region::new(region.to_owned())),
        None => loader,
    };
    loader.load().await
}

/// Returns a client for SQS, whose calls may take as long as a long poll.
pub fn sqs_client(sdk: &SdkConfig) -> aws_sdk_sqs::Client {
    let patient = timeouts(LONG_POLL + ATTEMPT, LONG_POLL + OPERATION);
    aws_sdk_sqs::Client::from_conf(aws_sdk_sqs::config::Builder::from(sdk).timeout_config(patient).build())
}

/// Returns a client for DynamoDB, whose calls are short or something is wrong: people wait for them.
pub fn dynamodb_client(sdk: &SdkConfig) -> aws_sdk_dynamodb::Client {
    let short = timeouts(RECORD_ATTEMPT, RECORD_OPERATION);
    aws_sdk_dynamodb::Client::from_conf(aws_sdk_dynamodb::config::Builder::from(sdk).timeout_config(short).build())
}

/// Returns a client for SNS, for whose answer SNS itself waits.
pub(super) fn sns_client(sdk: &SdkConfig) -> aws_sdk_sns::Client {
    let short = timeouts(RECORD_ATTEMPT, RECORD_OPERATION);
    aws_sdk_sns::Client::from_conf(aws_sdk_sns::config::Builder::from(sdk).timeout_config(short).build())
}

/// Where services answer instead of AWS, by the service's id (`S3`, `RDS`, `Glue`, `DynamoDB`, `SQS`): what
/// `AWS_ENDPOINT_URL_<SERVICE>` is for a process, for one configuration.
#[derive(Clone, Debug, Default)]
pub struct Endpoints(pub BTreeMap<&'static str, String>);

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        if key.env() == "AWS_ENDPOINT_URL" { self.0.get(key.service_id()).cloned() } else { None }
    }
}

/// Returns a configuration that reads nothing of the machine: for stand-ins at `endpoints`, with the given keys.
pub fn local_config(region: &str, key: &str, secret: &str, endpoints: Endpoints) -> SdkConfig {
    let credentials = Credentials::new(key, secret, None, None, "local");
    SdkConfig::builder()
        .behavior_version(behavior())
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .timeout_config(timeouts(ATTEMPT, OPERATION))
        .retry_config(retries())
        .service_config(endpoints)
        .build()
}

/// Returns a client for S3. With an endpoint of its own it asks for `endpoint/bucket`, since `bucket.endpoint` seldom
/// has an address there.
pub fn s3_client(sdk: &SdkConfig) -> aws_sdk_s3::Client {
    aws_sdk_s3::Client::from_conf(s3_builder(sdk).build())
}

fn s3_builder(sdk: &SdkConfig) -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::config::Builder::from(sdk).force_path_style(endpoint(sdk, "S3").is_some())
}

/// Returns a client for publishing, which neither sends calls again nor ends those that take long.
///
/// Publishing does both by itself: at a pace of its own, and knowing which of its calls copy a whole object and say nothing
/// meanwhile.
pub fn publish_client(sdk: &SdkConfig) -> aws_sdk_s3::Client {
    let unattended = s3_builder(sdk)
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).build())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    aws_sdk_s3::Client::from_conf(unattended.build())
}

fn timeouts(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS)
}

/// Returns the endpoint that is asked instead of AWS's own, if the configuration has one for this service, or one for
/// all. The first is read by the clients when they are made, so it is not in [`SdkConfig::endpoint_url`].
pub(super) fn endpoint(sdk: &SdkConfig, service: &'static str) -> Option<String> {
    let key = ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url");
    let key = key.build().expect("all three fields are set");
    let own = sdk.service_config().and_then(|it| it.load_config(key));
    own.or_else(|| sdk.endpoint_url().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_of_one_service_is_found_and_of_another_is_not() {
        let endpoints = Endpoints([("S3", "http://localhost:1".to_owned())].into());
        let sdk = local_config("eu-west-1", "k", "s", endpoints);
        assert_eq!(endpoint(&sdk, "S3").as_deref(), Some("http://localhost:1"));
        assert_eq!(endpoint(&sdk, "RDS"), None);
        let for_all = sdk.into_builder().endpoint_url("http://localhost:2").build();
        assert_eq!(endpoint(&for_all, "S3").as_deref(), Some("http://localhost:1"));
        assert_eq!(endpoint(&for_all, "RDS").as_deref(), Some("http://localhost:2"));
    }
}
