//! One world: all stand-ins, seeded with a small learning platform, and the configuration of a bot that lives in it.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use jiff::SignedDuration;

use super::{
    aws::{self, Aws, Pace},
    clock::SimClock,
    slack::{self, Slack},
    sqs::Sqs,
    wire::Front,
};
use crate::{
    adapters::{
        aws::{Endpoints, SdkConfig, dynamodb_client, local_config},
        store::tables::tables,
    },
    config::environment::Environment,
};

mod config;

/// The bucket with the exports, `latest/` and both layers.
pub const BUCKET: &str = "lake";
/// The source on an RDS instance, with both layers.
pub const SOURCE: &str = "learning";
/// The source on an Aurora cluster, with the Normal layer only.
pub const CLUSTER_SOURCE: &str = "school";
/// The role that RDS takes on to write exports.
pub const ROLE: &str = "datalake-export";
/// The id of the key of exports.
pub const KEY: &str = "datalake";
/// The queue of events and wake-ups, and where its poison goes.
const QUEUE: &str = "datalake-bot";
const DEAD_LETTERS: &str = "datalake-bot-dead";
const RUNS_TABLE: &str = "datalake-runs";
const STATE_TABLE: &str = "datalake-state";

/// What a world starts with.
#[derive(Clone, Debug)]
pub struct Options {
    pub clock: SimClock,
    pub pace: Pace,
    pub slack: slack::Options,
    /// How long a lost message can cost the bot, in its configuration's words.
    pub reconcile_every: &'static str,
    pub lease: &'static str,
    pub poll_every: &'static str,
}

impl Default for Options {
    /// Times that a person can follow.
    fn default() -> Self {
        Self {
            clock: SimClock::running(),
            pace: Pace::default(),
            slack: slack::Options::default(),
            reconcile_every: "5s",
            lease: "10s",
            poll_every: "300ms",
        }
    }
}

/// The stand-ins of one world, served on loopback addresses until it is dropped.
pub struct World {
    pub front: Front,
    pub aws: Aws,
    pub sqs: Arc<Sqs>,
    pub slack: Arc<Slack>,
    options: Options,
}

impl World {
    /// Starts the stand-ins and seeds them: databases with a snapshot each, tables, queue, buckets, jobs and crawlers.
    ///
    /// # Errors
    /// An address cannot be listened on.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let front = Front::new(options.clock.clone());
        let sqs = Sqs::start(&front).await?;
        sqs.create_queue(DEAD_LETTERS, &[])?;
        let redrive = serde_json::json!({
            "deadLetterTargetArn": Sqs::queue_arn(DEAD_LETTERS), "maxReceiveCount": "5",
        });
        let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": "sns.amazonaws.com" },
            "Action": "sqs:SendMessage",
            "Resource": Sqs::queue_arn(QUEUE),
            "Condition": { "ArnEquals": { "aws:SourceArn": aws::TOPIC_ARN } },
        }] });
        let (redrive, policy) = (redrive.to_string(), policy.to_string());
        let attributes = [("VisibilityTimeout", "30"), ("RedrivePolicy", &redrive), ("Policy", &policy)];
        sqs.create_queue(QUEUE, &attributes)?;
        let events = Arc::clone(&sqs);
        let deliver: aws::Deliver = Arc::new(move |body| {
            // The queue is there for as long as the world is.
            let _ = events.send(QUEUE, &body);
        });
        let aws = Aws::start(&front, options.pace.clone(), deliver).await?;
        aws.sns.subscribe_queue(&Sqs::queue_arn(QUEUE));
        let slack = Slack::start(&front, options.slack.clone()).await?;
        let world = Self { front, aws, sqs, slack, options };
        world.seed().await.context("the stand-ins cannot be seeded")?;
        Ok(world)
    }

    async fn seed(&self) -> anyhow::Result<()> {
        let client = dynamodb_client(&self.sdk_config());
        for table in tables(RUNS_TABLE, STATE_TABLE) {
            table.create(&client).await?;
        }
        self.aws.s3.create_bucket(BUCKET);
        self.aws.iam.trust(ROLE, "export.rds.amazonaws.com");
        self.aws.kms.set_key(KEY, "Enabled");
        self.aws.rds.add_instance(&format!("{SOURCE}-db"));
        self.aws.rds.add_cluster(&format!("{CLUSTER_SOURCE}-db"));
        self.seed_snapshots()?;
        for (source, layer) in [(SOURCE, "normal"), (SOURCE, "sensitive"), (CLUSTER_SOURCE, "normal")] {
            let (name, database) = (format!("{source}-{layer}"), format!("{source}_{layer}"));
            let output: aws::S3Path = format!("s3://{BUCKET}/{layer}/{source}/").parse()?;
            self.aws.glue.add_job(&name, 1, Some(output.clone()));
            self.aws.glue.add_database(&database);
            self.aws.glue.add_crawler(&name, &database, output);
        }
        Ok(())
    }

    /// Every database has a snapshot of yesterday, which nobody was told of.
    fn seed_snapshots(&self) -> anyhow::Result<()> {
        let day = SignedDuration::from_hours(24);
        self.front.clock.advance(-day);
        self.aws.events.lose(usize::MAX);
        for source in [SOURCE, CLUSTER_SOURCE] {
            self.aws.rds.create_automated_snapshot(&format!("{source}-db"))?;
        }
        self.front.clock.advance(day);
        self.aws.rds.tick();
        self.aws.events.lose(0);
        Ok(())
    }

    /// Returns the SDK's configuration for a bot in the same process.
    pub fn sdk_config(&self) -> SdkConfig {
        let endpoints = self.endpoints().into_iter().collect();
        local_config(aws::REGION, aws::ACCESS_KEY, aws::SECRET_KEY, Endpoints(endpoints))
    }

    /// Returns the secrets and addresses for a bot in the same process.
    ///
    /// # Errors
    /// Slack's address is none, which cannot be.
    pub fn environment(&self) -> anyhow::Result<Environment> {
        Ok(Environment {
            signing_secrets: vec![self.options.slack.signing_secret.as_str().into()],
            bot_token: self.options.slack.token.as_str().into(),
            app_token: None,
            slack_api: self.slack.base_url().parse()?,
        })
    }

    /// Returns the environment of a bot that runs as a process of its own.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let mut variables = BTreeMap::from([
            ("AWS_ACCESS_KEY_ID".to_owned(), aws::ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY".to_owned(), aws::SECRET_KEY.to_owned()),
            ("AWS_REGION".to_owned(), aws::REGION.to_owned()),
            ("SLACK_SIGNING_SECRET".to_owned(), self.options.slack.signing_secret.clone()),
            ("SLACK_BOT_TOKEN".to_owned(), self.options.slack.token.clone()),
            ("SLACK_APP_TOKEN".to_owned(), self.options.slack.app_token.clone()),
            ("SLACK_API_URL".to_owned(), self.slack.base_url()),
        ]);
        let named = |(service, url): (&str, String)| (format!("AWS_ENDPOINT_URL_{}", service.to_uppercase()), url);
        variables.extend(self.endpoints().into_iter().map(named));
        variables
    }

    fn endpoints(&self) -> [(&'static str, String); 8] {
        let aws::Endpoints { rds, glue, s3, dynamodb, sns, iam, kms } = self.aws.endpoints.clone();
        let sqs = self.sqs.endpoint();
        [
            ("RDS", rds),
            ("Glue", glue),
            ("S3", s3),
            ("DynamoDB", dynamodb),
            ("SNS", sns),
            ("SQS", sqs),
            ("IAM", iam),
            ("KMS", kms),
        ]
    }

    /// Writes the configuration to `folder`, for a bot that runs as a process of its own. Returns the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_config(&self, folder: &std::path::Path, listen: &str) -> anyhow::Result<PathBuf> {
        let file = folder.join("datalake.toml");
        let classification = "sandbox.classification.toml";
        std::fs::write(folder.join(classification), config::CLASSIFICATION)?;
        let config = self.classified(listen, classification);
        std::fs::write(&file, config).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.front.stop.cancel();
    }
}
