//! `deploy/`, compared with the program that it deploys.

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;

use super::sources::{Source, read, rust};

/// Calls of the AWS SDK, and the actions that a policy must allow for them, from AWS's service authorization reference.
/// A copy within S3 reads and writes; a transaction of DynamoDB is allowed by the actions inside it.
const CALLS: &[(&str, &[&str])] = &[
    ("abort_multipart_upload", &["s3:AbortMultipartUpload"]),
    ("batch_stop_job_run", &["glue:BatchStopJobRun"]),
    ("cancel_export_task", &["rds:CancelExportTask"]),
    ("change_message_visibility", &["sqs:ChangeMessageVisibility"]),
    ("complete_multipart_upload", &["s3:PutObject"]),
    ("confirm_subscription", &["sns:ConfirmSubscription"]),
    ("copy_object", &["s3:GetObject", "s3:PutObject", "kms:Decrypt", "kms:GenerateDataKey"]),
    ("create_multipart_upload", &["s3:PutObject"]),
    ("create_table", &["glue:CreateTable"]),
    ("delete_message", &["sqs:DeleteMessage"]),
    ("delete_objects", &["s3:DeleteObject"]),
    ("delete_table", &["glue:DeleteTable"]),
    ("describe_continuous_backups", &["dynamodb:DescribeContinuousBackups"]),
    ("describe_db_cluster_snapshots", &["rds:DescribeDBClusterSnapshots"]),
    ("describe_db_clusters", &["rds:DescribeDBClusters"]),
    ("describe_db_instances", &["rds:DescribeDBInstances"]),
    ("describe_db_snapshots", &["rds:DescribeDBSnapshots"]),
    ("describe_event_subscriptions", &["rds:DescribeEventSubscriptions"]),
    ("describe_export_tasks", &["rds:DescribeExportTasks"]),
    ("describe_key", &["kms:DescribeKey"]),
    ("describe_table", &["dynamodb:DescribeTable"]),
    ("describe_time_to_live", &["dynamodb:DescribeTimeToLive"]),
    ("get_bucket_location", &["s3:GetBucketLocation"]),
    ("get_crawler", &["glue:GetCrawler"]),
    ("get_item", &["dynamodb:GetItem"]),
    ("get_job", &["glue:GetJob"]),
    ("get_job_run", &["glue:GetJobRun"]),
    ("get_job_runs", &["glue:GetJobRuns"]),
    ("get_object", &["s3:GetObject"]),
    ("get_queue_attributes", &["sqs:GetQueueAttributes"]),
    ("get_role", &["iam:GetRole"]),
    ("get_tables", &["glue:GetTables"]),
    ("head_bucket", &["s3:ListBucket"]),
    ("head_object", &["s3:GetObject"]),
    ("list_multipart_uploads", &["s3:ListBucketMultipartUploads"]),
    ("list_objects_v2", &["s3:ListBucket"]),
    ("list_subscriptions_by_topic", &["sns:ListSubscriptionsByTopic"]),
    ("put_item", &["dynamodb:PutItem"]),
    ("put_object", &["s3:PutObject"]),
    ("query", &["dynamodb:Query"]),
    ("receive_message", &["sqs:ReceiveMessage"]),
    ("scan", &["dynamodb:Scan"]),
    ("send_message", &["sqs:SendMessage"]),
    ("start_crawler", &["glue:StartCrawler"]),
    ("start_export_task", &["rds:StartExportTask", "iam:PassRole", "kms:CreateGrant", "kms:DescribeKey"]),
    ("start_job_run", &["glue:StartJobRun"]),
    ("stop_crawler", &["glue:StopCrawler"]),
    ("transact_write_items", &["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]),
    ("update_item", &["dynamodb:UpdateItem"]),
    ("update_table", &["glue:UpdateTable"]),
    ("upload_part_copy", &["s3:GetObject", "s3:PutObject"]),
];

/// Where the calls of `tables --create` are, and which they are. That is for development: the bot in production may not
/// change its tables of DynamoDB.
const DEVELOPER: &str = "src/adapters/store/tables.rs";
const DEVELOPMENT: &[&str] = &["create_table", "update_time_to_live", "wait_until_table_exists"];

/// Functions of ours whose names look like calls of the SDK.
const OURS: &[&str] = &["create_input"];

/// How the names of the SDK's calls begin.
const VERBS: &[&str] = &[
    "abort_",
    "batch_",
    "cancel_",
    "change_",
    "complete_",
    "confirm_",
    "copy_",
    "create_",
    "delete_",
    "describe_",
    "get_",
    "head_",
    "list_",
    "put_",
    "receive_",
    "send_",
    "start_",
    "stop_",
    "transact_",
    "update_",
    "upload_",
    "wait_until_",
];

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap()
}

/// Where the log is read back: by auditors, not by the bot.
const AUDITOR: &str = "src/adapters/store/log.rs";

/// Calls in a module without what auditors do, or what they do alone: `.get_item()` and its like. Methods of the SDK that begin a call take no arguments.
fn calls(module: &str) -> BTreeSet<String> {
    let files = rust(module.trim_end_matches(".rs"));
    let files = files.iter().filter(|it| module == AUDITOR || it.path != AUDITOR);
    let in_file = |it: &Source| {
        let is_for_development = |call: &String| it.path == DEVELOPER && DEVELOPMENT.contains(&call.as_str());
        called(&it.code_at_work()).into_iter().filter(|call| !is_for_development(call)).collect::<Vec<_>>()
    };
    files.flat_map(in_file).collect()
}

fn called(code: &str) -> BTreeSet<String> {
    let ends = code.match_indices("()").map(|(at, _)| &code[..at]);
    let names = ends.filter_map(|it| {
        let name = it.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()?;
        it.strip_suffix(name)?.ends_with('.').then_some(name)
    });
    let calls = names.filter(|it| !OURS.contains(it));
    let calls = calls.filter(|it| ["query", "scan"].contains(it) || VERBS.iter().any(|verb| it.starts_with(verb)));
    calls.map(str::to_owned).collect()
}

fn statements(policy: &Value) -> &[Value] {
    policy["Statement"].as_array().unwrap()
}

/// Returns a member that is one string or a list of them.
fn texts<'a>(statement: &'a Value, key: &str) -> Vec<&'a str> {
    let member = &statement[key];
    let many = member.as_array().map(|it| it.iter().map(|it| it.as_str().unwrap()).collect());
    many.or_else(|| Some(vec![member.as_str()?])).unwrap_or_else(|| panic!("{key} is {member}"))
}

/// Returns the actions that the calls of a module need.
fn needed(module: &str) -> BTreeSet<&'static str> {
    let mut needed = BTreeSet::new();
    for call in &calls(module) {
        let known = CALLS.iter().find(|(it, _)| it == call);
        needed.extend(known.unwrap_or_else(|| panic!("`{call}` is called; add its actions to the table")).1);
    }
    needed
}

fn allowed(policy: &Value) -> BTreeSet<&str> {
    let allows = statements(policy).iter().filter(|it| it["Effect"] == "Allow");
    allows.flat_map(|it| texts(it, "Action")).collect()
}

#[test]
fn the_policy_allows_exactly_the_calls_that_are_made() {
    let needed = needed("src/adapters");
    assert!(needed.contains("rds:StartExportTask"), "the search finds nothing: {needed:?}");
    assert_eq!(allowed(&json("deploy/iam-policy.json")), needed);
}

#[test]
fn the_doctor_may_read_what_the_bot_does_not() {
    let (bots, doctors) = (needed("src/adapters"), needed("src/doctor"));
    let more: BTreeSet<&str> = doctors.difference(&bots).copied().collect();
    assert_eq!(allowed(&json("deploy/doctor-policy.json")), more);
    let reads =
        |it: &&str| ["Describe", "Get", "List"].iter().any(|verb| it.split(':').nth(1).unwrap().starts_with(verb));
    assert!(doctors.iter().all(reads), "the doctor changes nothing: {doctors:?}");
}

#[test]
fn an_auditor_may_read_the_tables_and_nothing_else() {
    let mut needed = needed(AUDITOR);
    // What one entry is read with is shared with the bot.
    needed.insert("dynamodb:GetItem");
    assert_eq!(allowed(&json("deploy/audit-policy.json")), needed);
    assert!(!allowed(&json("deploy/iam-policy.json")).contains("dynamodb:Scan"), "the bot reads no whole table");
}

/// Entries are written in transactions, with the records that they belong to: alone, none can be put, changed or deleted.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>
#[test]
fn the_bot_may_write_the_log_only_with_its_records() {
    let policy = json("deploy/iam-policy.json");
    let denied: Vec<_> = statements(&policy).iter().filter(|it| it["Effect"] != "Allow").collect();
    let [log] = denied[..] else { panic!("one thing is denied: {denied:?}") };
    assert_eq!(texts(log, "Action"), ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]);
    assert_eq!(log["Condition"]["ForAnyValue:StringLike"]["dynamodb:LeadingKeys"], "AUDIT#*");
    assert_eq!(log["Condition"]["Null"]["dynamodb:EnclosingOperation"], "true");
}

#[test]
fn the_policy_names_its_resources() {
    let (bots, doctors) = (json("deploy/iam-policy.json"), json("deploy/doctor-policy.json"));
    let auditors = json("deploy/audit-policy.json");
    for statement in statements(&bots).iter().chain(statements(&doctors)).chain(statements(&auditors)) {
        // Export tasks have no resource that a policy could name, and of event subscriptions all are looked at.
        let listed = ["ExportTask", "ExportTasks", "EventSubscriptions"];
        let exports = texts(statement, "Action").iter().all(|it| listed.iter().any(|end| it.ends_with(end)));
        assert!(exports || !texts(statement, "Resource").contains(&"*"), "{statement}");
        if texts(statement, "Action").contains(&"iam:PassRole") {
            assert_eq!(texts(statement, "Resource"), ["${export_role_arn}"]);
            assert_eq!(statement["Condition"]["StringEquals"]["iam:PassedToService"], "export.rds.amazonaws.com");
        }
    }
}

/// RDS documents these five actions for the role of an export; confused deputies are kept out by the account.
#[test]
fn the_export_role_is_for_rds_alone() {
    let role = json("deploy/export-role.json");
    let [trust] = statements(&role["trust"]) else { panic!("one statement") };
    assert_eq!(trust["Principal"]["Service"], "export.rds.amazonaws.com");
    assert_eq!(trust["Condition"]["StringEquals"]["aws:SourceAccount"], "${account}");
    let [write] = statements(&role["permissions"]) else { panic!("one statement") };
    let expected = ["s3:PutObject*", "s3:GetObject*", "s3:ListBucket", "s3:DeleteObject*", "s3:GetBucketLocation"];
    assert_eq!(texts(write, "Action"), expected);
}

#[test]
fn the_tables_are_those_that_the_program_prints() {
    let output = Command::new(env!("CARGO_BIN_EXE_datalake-bot")).arg("tables").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json("deploy/tables.json"), printed, "datalake-bot tables > deploy/tables.json");
}

#[test]
fn the_configuration_that_is_shown_has_no_mistake() {
    let check = Command::new(env!("CARGO_BIN_EXE_datalake-bot"))
        .args(["config", "check", "deploy/config.example.toml"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn the_rules_bring_the_events_that_the_bot_reads() {
    let (rules, reader) = (read("deploy/terraform/events.tf"), read("src/inbound/queue/event.rs"));
    for event in ["Glue Job State Change", "Glue Crawler State Change"] {
        assert!(rules.contains(&format!("\"{event}\"")) && reader.contains(&format!("\"{event}\"")), "{event}");
    }
}

#[test]
fn the_image_is_the_release_build_of_our_compiler() {
    let toolchain: toml::Table = read("rust-toolchain.toml").parse().unwrap();
    let channel = toolchain["toolchain"]["channel"].as_str().unwrap();
    let dockerfile = read("deploy/Dockerfile");
    assert!(dockerfile.contains(&format!("FROM rust:{channel}-")), "rust-toolchain.toml says {channel}");
    assert!(dockerfile.contains("--release --locked --no-default-features"));
    assert!(dockerfile.contains(":nonroot"));
}
