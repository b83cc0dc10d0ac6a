//! The configuration of a bot that lives in a world of stand-ins.

use super::{BUCKET, CLUSTER_SOURCE, KEY, Options, QUEUE, ROLE, RUNS_TABLE, SOURCE, STATE_TABLE, World};
use crate::sandbox::aws;

/// What may be seen in which layer of the sandbox's lake.
pub(super) const CLASSIFICATION: &str = include_str!("classification.toml");

impl World {
    /// Returns the same as [`config`](Self::config), with the sources' columns classified by `file`.
    pub(super) fn classified(&self, listen: &str, file: &str) -> String {
        let schedule = "schedule = \"on-snapshot\"\n";
        self.config(listen).replace(schedule, &format!("{schedule}classification = \"{file}\"\n"))
    }

    /// Returns the text of the bot's configuration, with its doors at `listen`.
    pub fn config(&self, listen: &str) -> String {
        format!("{}{}{}", self.head(listen), source(SOURCE, "rds", SENSITIVE), source(CLUSTER_SOURCE, "aurora", ""))
    }

    fn head(&self, listen: &str) -> String {
        let Options { slack, reconcile_every, lease, poll_every, .. } = &self.options;
        format!(
            r#"
[server]
listen = "{listen}"
admin_listen = "127.0.0.1:0"

[slack]
team_id = "{team}"
channel = "C0DATALAKE1"
alerts_channel = "C0ALERTS0001"
locale = "en"

[aws]
region = "{region}"
runs_table = "{RUNS_TABLE}"
state_table = "{STATE_TABLE}"
queue_url = "{queue}"
sns_topics = ["{topic}"]

[engine]
reconcile_every = "{reconcile_every}"
lease = "{lease}"
poll_every = "{poll_every}"

[access]
viewers = ["*"]
operators = ["S0DATAOPS01"]
"#,
            team = slack.team_id,
            region = aws::REGION,
            queue = self.sqs.queue_url(QUEUE),
            topic = aws::TOPIC_ARN,
        )
    }
}

/// The sensitive layer of a source, whose name stands for `NAME`.
const SENSITIVE: &str = r#"
[sources.layers.sensitive]
glue_job = "NAME-sensitive"
crawler = "NAME-sensitive"
approval = { approvers = ["S0PRIVACY01"], quorum = 1, expires_after = "8h" }
"#;

fn source(name: &str, engine: &str, sensitive: &str) -> String {
    let (region, account) = (aws::REGION, aws::ACCOUNT);
    format!(
        r#"
[[sources]]
name = "{name}"
engine = "{engine}"
identifier = "{name}-db"
schedule = "on-snapshot"
latest = {{ bucket = "{BUCKET}", prefix = "latest/{name}" }}

[sources.export]
bucket = "{BUCKET}"
prefix = "raw"
role_arn = "arn:aws:iam::{account}:role/{ROLE}"
kms_key = "arn:aws:kms:{region}:{account}:key/{KEY}"

[sources.layers.normal]
glue_job = "{name}-normal"
crawler = "{name}-normal"
{}"#,
        sensitive.replace("NAME", name)
    )
}
