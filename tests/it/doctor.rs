//! `doctor`, as an operator runs it: all is well, then one thing at a time is broken.

use datalake_bot::{
    adapters::{aws::dynamodb_client, store::tables::tables},
    sandbox::{
        aws::{ExportStatus, SnapshotType},
        faults::{Fault, Kind, Moment},
        world::{BUCKET, KEY, ROLE, World},
    },
};
use jiff::SignedDuration;
use serde_json::Value;
use tempfile::TempDir;

use super::harness::{ALERTS, CHANNEL, OLGA, options, spawned};

/// What `doctor` has said, and its exit code.
struct Said {
    code: i32,
    json: Value,
}

/// An operator with a world to look at.
struct Operator {
    world: World,
    folder: TempDir,
}

impl Operator {
    async fn new() -> Self {
        Self::with(|config| config).await
    }

    /// Returns one whose configuration is changed by `edit`.
    async fn with(edit: impl FnOnce(String) -> String) -> Self {
        let world = World::start(options()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("datalake.toml"), edit(world.config("127.0.0.1:0"))).unwrap();
        Self { world, folder }
    }

    async fn doctor(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = spawned(&self.world, &self.folder, &[&["doctor"], arguments].concat());
        let piped = std::process::Stdio::piped;
        let output = command.stdout(piped()).stderr(piped()).output().await.unwrap();
        let text = |it: Vec<u8>| String::from_utf8(it).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    async fn said(&self) -> Said {
        let (code, stdout, stderr) = self.doctor(&["--json"]).await;
        let json = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}{stderr}"));
        Said { code, json }
    }

    /// Refuses an operation of AWS for want of a right.
    fn deny(&self, service: &'static str, operation: &str) {
        let message = "User is not authorized to do this".to_owned();
        let kind = Kind::Refuse { status: 403, code: "AccessDeniedException".to_owned(), message, retry_after: None };
        self.world.front.faults.plant(Fault::once(service, operation, kind).times(usize::MAX));
    }
}

impl Said {
    fn checks(&self, state: &str) -> Vec<&Value> {
        self.json["checks"].as_array().unwrap().iter().filter(|it| it["state"] == state).collect()
    }

    /// There is one failure: of this thing, with these words, and a remedy.
    #[track_caller]
    fn assert_fails(&self, check: &str, words: &str) {
        let failed = self.checks("failed");
        assert!(failed.iter().all(|it| it["mend"].as_str().is_some_and(|it| it.len() > 10)), "{failed:#?}");
        let found = failed.iter().find(|it| it["check"] == check && it["what"].as_str().unwrap().contains(words));
        assert!(found.is_some(), "{check}: {words} is not in {failed:#?}");
        assert_eq!(self.code, 1);
        assert_eq!(failed.iter().filter(|it| it["check"] != check).count(), 0, "{failed:#?}");
    }
}

#[tokio::test]
async fn a_world_in_order_is_well() {
    let operator = Operator::new().await;
    let (code, text, _) = operator.doctor(&[]).await;
    assert_eq!(code, 0, "{text}");
    for line in [
        "ok      Slack token SLACK_BOT_TOKEN: datalake in datalake-sandbox",
        "ok      channel C0DATALAKE1: the bot is a member of #datalake",
        "ok      table datalake-runs: active, with its key and indexes",
        "ok      time to live of table datalake-state",
        "ok      queue http://127.0.0.1",
        "ok      topic arn:aws:sns:ap-northeast-1:123456789012:datalake-events: its messages come through the queue",
        "ok      bucket lake: in ap-northeast-1",
        "ok      KMS key arn:aws:kms:ap-northeast-1:123456789012:key/datalake: enabled, symmetric",
        "ok      Glue job learning-sensitive",
        "ok      crawler school-normal: catalogs s3://lake/normal/school/",
        "ok      export slots of the account: 5 of 5 free",
        "ok      event subscriptions db-snapshot, db-cluster-snapshot",
        "ok      task name school: such as school-",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("FAILED"), "{text}");
    let changed: Vec<_> = operator.world.front.history.all().into_iter().filter(|it| changes(&it.operation)).collect();
    assert!(changed.is_empty(), "the doctor changes nothing: {changed:#?}");
}

#[tokio::test]
async fn the_guard_of_a_classified_source_must_be_able_to_look() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/shop.classification.toml");
    let classified = format!("name = \"school\"\nclassification = \"{file}\"");
    let operator = Operator::with(|config| config.replacen("name = \"school\"", &classified, 1)).await;
    let ok = operator.said().await;
    assert!(ok.checks("ok").iter().any(|it| it["check"] == "Normal catalog"), "{:#?}", ok.json);
    operator.deny("glue", "GetTables");
    operator.said().await.assert_fails("Normal catalog", "glue:GetTables is not allowed");
}

/// Says whether an operation changes something, beside what the world was seeded with before the doctor came.
fn changes(operation: &str) -> bool {
    let reads = ["Get", "Describe", "List", "Head", "auth.", "users.info", "usergroups.users.list", "conversations."];
    let seeds = ["CreateTable", "UpdateTimeToLive"];
    !reads.iter().any(|it| operation.starts_with(it)) && !seeds.contains(&operation)
}

#[tokio::test]
async fn one_source_can_be_looked_at_alone() {
    let operator = Operator::new().await;
    let (code, text, _) = operator.doctor(&["--source", "school"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("database school-db") && !text.contains("learning-db"), "{text}");
    let (code, _, error) = operator.doctor(&["--source", "skool"]).await;
    assert_eq!((code, error.trim()), (2, "there is no source skool: did you mean school?"));
}

#[tokio::test]
async fn trouble_with_slack_is_named() {
    let operator = Operator::new().await;
    let slack = &operator.world.slack;

    slack.invite_bot(CHANNEL, false);
    operator.said().await.assert_fails("channel", "not a member of #datalake");
    slack.invite_bot(CHANNEL, true);

    slack.archive(ALERTS, true);
    operator.said().await.assert_fails("channel", "#datalake-alerts is archived");
    slack.archive(ALERTS, false);

    slack.set_group_members("S0DATAOPS01", &[]);
    operator.said().await.assert_fails("user group", "nobody is in it");
    slack.set_group_members("S0DATAOPS01", &[OLGA]);

    slack.revoke_token(true);
    operator.said().await.assert_fails("Slack token", "token_revoked");
    slack.revoke_token(false);
    assert_eq!(operator.said().await.code, 0);
}

#[tokio::test]
async fn missing_scopes_are_named_with_what_they_are_for() {
    let operator = Operator::new().await;
    let slack = &operator.world.slack;
    slack.set_scopes(&["commands", "chat:write", "channels:history", "groups:history", "usergroups:read"]);
    operator.said().await.assert_fails("Slack scopes", "users:read (without it nobody's rights");

    // Membership shows without the optional scopes too.
    let manifest = include_str!("../../manifest/slack.json");
    let manifest: Value = serde_json::from_str(manifest).unwrap();
    let needed = manifest["oauth_config"]["scopes"]["bot"].as_array().unwrap();
    slack.set_scopes(&needed.iter().map(|it| it.as_str().unwrap()).collect::<Vec<_>>());
    let said = operator.said().await;
    assert_eq!(said.code, 0, "{:#?}", said.checks("failed"));
    assert!(said.checks("ok").iter().any(|it| it["what"].as_str().unwrap().contains("archived or not")));
    slack.invite_bot(CHANNEL, false);
    operator.said().await.assert_fails("channel", "the bot is not a member");
}

#[tokio::test]
async fn people_who_cannot_do_what_they_are_named_for_are_named() {
    let edit = |config: String| {
        let config = config.replace("operators = [\"S0DATAOPS01\"]", "operators = [\"U0LEFT00001\"]");
        config.replace("quorum = 1", "quorum = 3")
    };
    let said = Operator::with(edit).await.said().await;
    let failed: Vec<[&str; 3]> = said
        .checks("failed")
        .iter()
        .map(|it| ["check", "subject", "what"].map(|key| it[key].as_str().unwrap()))
        .collect();
    let wait = "3 must approve, and only 2 may: the sensitive layer would wait for ever";
    assert_eq!(failed, [["user", "U0LEFT00001", "@leo is deactivated"], ["approvers of", "learning", wait]]);
}

#[tokio::test]
async fn trouble_with_aws_is_named() {
    let operator = Operator::new().await;
    let aws = &operator.world.aws;

    aws.iam.trust(ROLE, "glue.amazonaws.com");
    operator.said().await.assert_fails("export role", "does not let export.rds.amazonaws.com assume it");
    aws.iam.remove_role(ROLE);
    operator.said().await.assert_fails("export role", "there is no such role");
    aws.iam.trust(ROLE, "export.rds.amazonaws.com");

    aws.kms.set_key(KEY, "Disabled");
    operator.said().await.assert_fails("KMS key", "disabled");
    aws.kms.set_key(KEY, "Enabled");

    aws.s3.remove_bucket(BUCKET);
    operator.said().await.assert_fails("bucket", "there is no such bucket");
    aws.s3.create_bucket(BUCKET);

    aws.glue.remove_job("school-normal");
    operator.said().await.assert_fails("Glue job", "there is no such job");
    aws.glue.add_job("school-normal", 1, None);

    aws.glue.remove_crawler("school-normal");
    operator.said().await.assert_fails("crawler", "there is no such crawler");
}

#[tokio::test]
async fn what_the_configuration_names_wrongly_is_named() {
    for (from, to, check, words) in [
        ("runs_table = \"datalake-runs\"", "runs_table = \"lake-runs\"", "table", "no such table"),
        ("identifier = \"learning-db\"", "identifier = \"lerning-db\"", "database", "no instance of this name"),
        ("team_id = \"T0DATALAKE1\"", "team_id = \"T0OTHER0001\"", "Slack token", "is of the workspace"),
        ("channel = \"C0DATALAKE1\"", "channel = \"C0NOWHERE01\"", "channel", "no channel of this id"),
        ("/datalake-bot\"", "/datalake-bat\"", "queue", "no such queue"),
    ] {
        let operator = Operator::with(|config| {
            assert!(config.contains(from), "{config}");
            config.replacen(from, to, 1)
        });
        operator.await.said().await.assert_fails(check, words);
    }
}

#[tokio::test]
async fn a_table_of_another_make_is_named_with_what_is_wrong() {
    let operator = Operator::with(|config| config.replace("\"datalake-state\"", "\"other-state\"")).await;
    let dynamo = dynamodb_client(&operator.world.sdk_config());
    let [_, other] = tables("x", "other-state");
    other.create(&dynamo).await.unwrap();
    assert_eq!(operator.said().await.code, 0);

    dynamo.delete_table().table_name("other-state").send().await.unwrap();
    let [runs, _] = tables("other-state", "x");
    runs.create(&dynamo).await.unwrap();
    let said = operator.said().await;
    said.assert_fails("table", "its key is export_task HASH, not pk HASH; the index open_requests is missing");
    let hints: Vec<&str> = said.checks("hint").iter().map(|it| it["what"].as_str().unwrap()).collect();
    assert_eq!(hints, ["is off: old requests and notices stay for good"]);
}

#[tokio::test]
async fn a_wrong_file_or_a_missing_secret_is_no_case_for_the_doctor() {
    let operator = Operator::with(|config| config.replace("team_id", "team")).await;
    let (code, _, error) = operator.doctor(&[]).await;
    assert_eq!(code, 2, "{error}");
    assert!(error.contains("slack.team is not a key"), "{error}");

    let operator = Operator::new().await;
    let mut command = spawned(&operator.world, &operator.folder, &["doctor"]);
    let output = command.env_remove("SLACK_BOT_TOKEN").stderr(std::process::Stdio::piped()).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("SLACK_BOT_TOKEN is not set"));
}

#[tokio::test]
async fn a_bucket_elsewhere_is_named_with_its_region() {
    let elsewhere = |config: String| {
        let config = config.replace("region = \"ap-northeast-1\"", "region = \"eu-west-1\"");
        config.replace("kms:ap-northeast-1", "kms:eu-west-1")
    };
    let operator = Operator::with(elsewhere).await;
    let said = operator.said().await;
    let failed = said.checks("failed");
    for (check, words) in [
        ("bucket", "lies in the Region ap-northeast-1, the configuration says eu-west-1"),
        ("KMS key", "the key is in the Region ap-northeast-1"),
        ("database", "is in the Region ap-northeast-1"),
    ] {
        let found = failed.iter().any(|it| it["check"] == check && it["what"].as_str().unwrap().contains(words));
        assert!(found, "{check}: {words} is not in {failed:#?}");
    }
}

#[tokio::test]
async fn full_slots_are_named_with_who_has_them() {
    let operator = Operator::new().await;
    operator.world.aws.rds.hold_exports("", ExportStatus::InProgress);
    let rds = aws_sdk_rds::Client::new(&operator.world.sdk_config());
    for number in 1..=5 {
        let (database, snapshot) = (format!("other-{number}"), format!("snapshot-{number}"));
        operator.world.aws.rds.add_instance(&database);
        let arn = operator.world.aws.rds.create_snapshot(&database, &snapshot, SnapshotType::Manual).unwrap();
        operator.world.front.clock.advance(SignedDuration::from_secs(1));
        let start = rds.start_export_task().export_task_identifier(format!("backfill-{number}")).source_arn(&arn);
        let start = start.s3_bucket_name(BUCKET).iam_role_arn(format!("arn:aws:iam::123456789012:role/{ROLE}"));
        start.kms_key_id(format!("arn:aws:kms:ap-northeast-1:123456789012:key/{KEY}")).send().await.unwrap();
    }
    operator.said().await.assert_fails("export slots", "backfill-3");
}

#[tokio::test]
async fn what_is_not_allowed_is_a_failure_only_if_the_bot_needs_it() {
    let operator = Operator::new().await;
    for (service, operation) in [("iam", "GetRole"), ("glue", "GetJob"), ("sns", "*")] {
        operator.deny(service, operation);
    }
    let said = operator.said().await;
    assert_eq!(said.code, 0, "{:#?}", said.checks("failed"));
    let skipped: Vec<&str> = said.checks("skipped").iter().map(|it| it["why"].as_str().unwrap()).collect();
    for action in ["iam:GetRole", "glue:GetJob", "sns:ListSubscriptionsByTopic"] {
        assert!(skipped.iter().any(|it| it.starts_with(&format!("{action} is not allowed"))), "{action}: {skipped:#?}");
    }
    operator.deny("glue", "GetCrawler");
    operator.said().await.assert_fails("crawler", "glue:GetCrawler is not allowed");
}

#[tokio::test]
async fn a_service_that_does_not_answer_keeps_nobody_waiting_for_long() {
    let operator = Operator::new().await;
    let hang = Kind::Delay { at: Moment::BeforeEffect, by: std::time::Duration::from_secs(60) };
    operator.world.front.faults.plant(Fault::once("kms", "*", hang).times(usize::MAX));
    let before = tokio::time::Instant::now();
    let said = operator.said().await;
    assert!(before.elapsed() < std::time::Duration::from_secs(25), "{:?}", before.elapsed());
    assert_eq!(said.code, 0, "{:#?}", said.checks("failed"));
    assert!(said.checks("skipped").iter().any(|it| it["check"] == "KMS key" && it["why"] == "no answer in time"));
}

#[tokio::test]
async fn socket_mode_needs_the_apps_own_token() {
    let operator = Operator::new().await;
    let (code, text, error) = operator.doctor(&["--socket"]).await;
    assert_eq!(code, 0, "{text}{error}");
    assert!(text.contains("ok      app token SLACK_APP_TOKEN: Slack offers a connection"), "{text}");

    let mut command = spawned(&operator.world, &operator.folder, &["doctor", "--socket"]);
    let command = command.env("SLACK_APP_TOKEN", "xapp-wrong").stdout(std::process::Stdio::piped());
    let output = command.output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("FAILED  app token SLACK_APP_TOKEN: Slack answers invalid_auth"), "{text}");
}
