//! The stand-ins, asked by the real SDK clients over the wire.

mod dynamo;
mod events;
mod exports;
mod faults;
mod glue;
mod s3;
mod snapshots;
mod split;

use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_sdk_rds::config::{Credentials, SharedCredentialsProvider};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{ACCESS_KEY, Aws, Pace, REGION, S3Path, SECRET_KEY};
use crate::sandbox::{clock::SimClock, wire::Front};

pub(super) const ROLE: &str = "arn:aws:iam::123456789012:role/export";
pub(super) const KEY: &str = "arn:aws:kms:ap-northeast-1:123456789012:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
pub(super) const SNAPSHOT: &str = "arn:aws:rds:ap-northeast-1:123456789012:snapshot:before";
pub(super) const NIGHT: &str = "2026-11-01T18:05:00Z";

/// The stand-ins at a frozen time, with clients for them, an instance `shop-db`, a cluster `shop-aurora`, and buckets
/// `raw` and `lake`.
pub(super) struct World {
    pub(super) front: Front,
    pub(super) aws: Aws,
    pub(super) rds: aws_sdk_rds::Client,
    pub(super) glue: aws_sdk_glue::Client,
    pub(super) s3: aws_sdk_s3::Client,
    pub(super) dynamodb: aws_sdk_dynamodb::Client,
    delivered: Arc<Mutex<Vec<String>>>,
}

impl World {
    pub(super) async fn start(pace: Pace) -> Self {
        let front = Front::new(SimClock::frozen(NIGHT.parse().unwrap()));
        let delivered = Arc::<Mutex<Vec<String>>>::default();
        let inbox = Arc::clone(&delivered);
        let aws = Aws::start(&front, pace, Arc::new(move |body| inbox.lock().unwrap().push(body))).await.unwrap();
        aws.rds.add_instance("shop-db");
        aws.rds.add_cluster("shop-aurora");
        aws.s3.create_bucket("raw");
        aws.s3.create_bucket("lake");
        let s3 = aws_sdk_s3::config::Builder::from(&sdk(&aws.endpoints.s3)).force_path_style(true).build();
        Self {
            rds: aws_sdk_rds::Client::new(&sdk(&aws.endpoints.rds)),
            glue: aws_sdk_glue::Client::new(&sdk(&aws.endpoints.glue)),
            s3: aws_sdk_s3::Client::from_conf(s3),
            dynamodb: aws_sdk_dynamodb::Client::new(&sdk(&aws.endpoints.dynamodb)),
            front,
            aws,
            delivered,
        }
    }

    /// Lets `seconds` pass.
    pub(super) fn pass(&self, seconds: i64) {
        self.front.clock.advance(SignedDuration::from_secs(seconds));
        self.aws.rds.tick();
        self.aws.glue.tick();
    }

    /// Takes the manual snapshot `before` of `shop-db` and waits until it is available.
    pub(super) fn snapshot(&self) {
        self.aws.rds.create_snapshot("shop-db", "before", super::SnapshotType::Manual).unwrap();
        self.pass(3600);
    }

    /// Returns what has been delivered since the last time, as JSON.
    pub(super) fn delivered(&self) -> Vec<Value> {
        self.delivered.lock().unwrap().drain(..).map(|body| serde_json::from_str(&body).unwrap()).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.front.stop.cancel();
    }
}

fn sdk(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "sandbox");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .endpoint_url(endpoint)
        .build()
}

pub(super) fn path(text: &str) -> S3Path {
    text.parse().unwrap()
}

pub(super) fn instant(text: &str) -> aws_sdk_rds::primitives::DateTime {
    let at: Timestamp = text.parse().unwrap();
    aws_sdk_rds::primitives::DateTime::from_nanos(at.as_nanosecond()).unwrap()
}
