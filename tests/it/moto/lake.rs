//! A data lake on moto, and the parts of AWS that moto does not play: RDS writes no files, and neither RDS nor Glue
//! tells anybody what has happened.

use aws_sdk_glue::types::{CrawlerState, CrawlerTargets, DatabaseInput, JobCommand, JobRun, S3Target};
use aws_sdk_rds::types::ExportTask;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use datalake_bot::adapters::aws::{s3_client, sqs_client};
use serde_json::{Value, json};

use super::{
    export,
    server::{ACCOUNT, REGION, Server},
};

pub(super) const BUCKET: &str = "shop-lake";
pub(super) const SNAPSHOT: &str = "shop-before-the-sale";
const DATABASE: &str = "shop-db";
const QUEUE: &str = "datalake-bot";
const TOPIC: &str = "rds-events";

/// Clients for the services of one account, beside the bot's own.
pub(super) struct Lake<'a> {
    pub(super) server: &'a Server,
    rds: aws_sdk_rds::Client,
    s3: aws_sdk_s3::Client,
    sqs: aws_sdk_sqs::Client,
    glue: aws_sdk_glue::Client,
    pub(super) queue_url: String,
}

impl<'a> Lake<'a> {
    /// Creates everything but the bot's tables.
    pub(super) async fn create(server: &'a Server) -> Self {
        let sdk = server.sdk();
        let (rds, glue) = (aws_sdk_rds::Client::new(&sdk), aws_sdk_glue::Client::new(&sdk));
        let (s3, sqs) = (s3_client(&sdk), sqs_client(&sdk));
        let queue = sqs.create_queue().queue_name(QUEUE).send().await.unwrap();
        let lake = Self { server, rds, s3, sqs, glue, queue_url: queue.queue_url.unwrap() };
        lake.create_ways_to_the_queue().await;
        lake.create_database().await;
        let region = BucketLocationConstraint::from(REGION);
        let here = CreateBucketConfiguration::builder().location_constraint(region).build();
        lake.s3.create_bucket().bucket(BUCKET).create_bucket_configuration(here).send().await.unwrap();
        for layer in ["normal", "sensitive"] {
            lake.create_layer(layer).await;
        }
        lake
    }

    /// Events of RDS come through SNS, those of Glue through EventBridge.
    async fn create_ways_to_the_queue(&self) {
        let queue = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}");
        let topic = topic();
        self.server.sns(&[("Action", "CreateTopic"), ("Name", TOPIC)]).await;
        let subscription =
            [("Action", "Subscribe"), ("TopicArn", &topic), ("Protocol", "sqs"), ("Endpoint", queue.as_str())];
        self.server.sns(&subscription).await;
        let pattern = json!({ "source": ["aws.glue"] }).to_string();
        self.server.events("PutRule", &json!({ "Name": "glue", "EventPattern": pattern })).await;
        let targets = json!({ "Rule": "glue", "Targets": [{ "Id": "bot", "Arn": queue }] });
        self.server.events("PutTargets", &targets).await;
    }

    /// The instance's first automated snapshot moto makes by itself; the manual one is newer.
    async fn create_database(&self) {
        let instance = self.rds.create_db_instance().db_instance_identifier(DATABASE);
        instance.engine("mysql").db_instance_class("db.t4g.micro").allocated_storage(20).send().await.unwrap();
        let snapshot = self.rds.create_db_snapshot().db_instance_identifier(DATABASE);
        snapshot.db_snapshot_identifier(SNAPSHOT).send().await.unwrap();
    }

    async fn create_layer(&self, layer: &str) {
        let (name, role) = (format!("shop-{layer}"), format!("arn:aws:iam::{ACCOUNT}:role/glue"));
        let catalog = DatabaseInput::builder().name(format!("shop_{layer}")).build().unwrap();
        self.glue.create_database().database_input(catalog).send().await.unwrap();
        let script = JobCommand::builder().name("glueetl").script_location(format!("s3://{BUCKET}/job.py")).build();
        self.glue.create_job().name(&name).role(&role).command(script).send().await.unwrap();
        let target = S3Target::builder().path(format!("s3://{BUCKET}/{layer}/shop/")).build();
        let crawler = self.glue.create_crawler().name(&name).role(role).database_name(format!("shop_{layer}"));
        crawler.targets(CrawlerTargets::builder().s3_targets(target).build()).send().await.unwrap();
    }

    /// Returns all export tasks.
    pub(super) async fn exports(&self) -> Vec<ExportTask> {
        self.rds.describe_export_tasks().send().await.unwrap().export_tasks.unwrap_or_default()
    }

    /// Returns all runs of the layer's job.
    pub(super) async fn job_runs(&self, layer: &str) -> Vec<JobRun> {
        let sent = self.glue.get_job_runs().job_name(format!("shop-{layer}")).send().await;
        sent.unwrap().job_runs.unwrap_or_default()
    }

    /// Says whether the layer's crawler has crawled and is free again.
    pub(super) async fn has_crawled(&self, layer: &str) -> bool {
        let found = self.glue.get_crawler().name(format!("shop-{layer}")).send().await.unwrap().crawler.unwrap();
        found.state() == Some(&CrawlerState::Ready) && found.last_crawl().is_some()
    }

    /// Puts an object into the bucket.
    pub(super) async fn put(&self, key: &str, body: &str) {
        let body = body.as_bytes().to_vec();
        self.s3.put_object().bucket(BUCKET).key(key).body(body.into()).send().await.unwrap();
    }

    /// Returns what is in an object.
    pub(super) async fn get(&self, key: &str) -> Vec<u8> {
        let found = self.s3.get_object().bucket(BUCKET).key(key).send().await.unwrap();
        found.body.collect().await.unwrap().to_vec()
    }

    /// Returns the keys that begin with `prefix`, in S3's order.
    pub(super) async fn keys(&self, prefix: &str) -> Vec<String> {
        let found = self.s3.list_objects_v2().bucket(BUCKET).prefix(prefix).send().await.unwrap();
        found.contents().iter().map(|it| it.key().unwrap().to_owned()).collect()
    }

    /// Returns how many messages are in the queue, on their way to the bot or not.
    pub(super) async fn messages(&self) -> i32 {
        use aws_sdk_sqs::types::QueueAttributeName::{
            ApproximateNumberOfMessages as Waiting, ApproximateNumberOfMessagesNotVisible as Received,
        };
        let call = self.sqs.get_queue_attributes().queue_url(&self.queue_url);
        let answer = call.attribute_names(Waiting).attribute_names(Received).send().await.unwrap();
        answer.attributes.unwrap().values().map(|it| it.parse::<i32>().unwrap()).sum()
    }

    /// Writes the files of the export and tells of its end, as RDS does.
    pub(super) async fn finish_export(&self, task: &ExportTask) {
        for (key, body) in export::files(task.export_task_identifier().unwrap()) {
            self.put(&key, &body).await;
        }
        let event = export::completed(task.source_arn().unwrap()).to_string();
        let topic = topic();
        let message = [("Action", "Publish"), ("TopicArn", &*topic), ("Subject", "RDS Notification Message")];
        self.server.sns(&[&message[..], &[("Message", &event)]].concat()).await;
    }

    /// Tells of the end of a run of the layer's job, as Glue does.
    pub(super) async fn tell_job_ended(&self, layer: &str, run: &JobRun) {
        let detail = json!({ "jobName": format!("shop-{layer}"), "jobRunId": run.id(), "state": "SUCCEEDED" });
        self.tell("Glue Job State Change", &detail).await;
    }

    /// Tells of the end of a crawl, as Glue does.
    pub(super) async fn tell_crawl_ended(&self, layer: &str) {
        let detail = json!({ "crawlerName": format!("shop-{layer}"), "state": "Succeeded" });
        self.tell("Glue Crawler State Change", &detail).await;
    }

    async fn tell(&self, kind: &str, detail: &Value) {
        let entry = json!({ "Source": "aws.glue", "DetailType": kind, "Detail": detail.to_string() });
        self.server.events("PutEvents", &json!({ "Entries": [entry] })).await;
    }
}

/// Returns the ARN of the topic.
pub(super) fn topic() -> String {
    format!("arn:aws:sns:{REGION}:{ACCOUNT}:{TOPIC}")
}
