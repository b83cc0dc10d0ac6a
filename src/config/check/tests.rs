use rstest::rstest;

use super::*;
use crate::domain::{
    access::Who,
    source::{Catalog, Engine, Layer, Policy, Publish, Schedule, Then},
};

/// The example of the configuration: what the README and `deploy/` show.
const EXAMPLE: &str = include_str!("../../../deploy/config.example.toml");

fn example() -> String {
    EXAMPLE.to_owned()
}

fn read(text: &str) -> Result<Config, Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    check(text, &folder).map_err(|it| it.iter().map(ToString::to_string).collect())
}

#[test]
fn the_example_is_right() {
    let config = read(EXAMPLE).unwrap();
    let shop = &config.sources[0];
    assert_eq!((shop.engine, shop.schedule), (Engine::Rds, Schedule::OnSnapshot));
    assert_eq!(shop.sensitive.as_ref().unwrap().approval.quorum, 1);
    assert_eq!(config.engine.reconcile_every, Duration::from_secs(60));
    assert_eq!(shop.classification.len(), 64);
    assert!(!shop.rules.is_empty());
    assert_eq!(shop.normal.output.url(), "s3://example-lake/normal/shop/");
    assert_eq!(shop.layer(Layer::Sensitive).unwrap().output.url(), "s3://example-lake/sensitive/shop/");
    let retention = shop.retention.unwrap();
    assert_eq!((retention.exports, retention.grace), (3, jiff::SignedDuration::from_hours(72)));
    let prices = config.prices.unwrap();
    assert_eq!((prices.currency.as_str(), prices.export_per_gb, prices.glue_dpu_hour), ("USD", 0.01, 0.44));
}

#[test]
fn without_a_policy_missing_tables_warn_and_fallen_rows_ask() {
    let from = EXAMPLE.find("[sources.policy]").unwrap();
    let to = from + EXAMPLE[from..].find("\n\n").unwrap();
    let config = read(&format!("{}{}", &EXAMPLE[..from], &EXAMPLE[to..])).unwrap();
    let Policy { skipped_tables, gone_tables, row_fall } = config.sources[0].policy;
    assert_eq!((skipped_tables, gone_tables), (Then::Warn, Then::Warn));
    assert_eq!((row_fall.then, row_fall.percent), (Then::Ask, 50));
    let said = read(&EXAMPLE.replace("row_fall = \"ask\"", "row_fall = \"warn\"")).unwrap();
    assert_eq!(said.sources[0].policy.row_fall.then, Then::Warn);
}

#[rstest]
#[case::unknown_key(
    "reconcile_every",
    "reconcil_every",
    "engine.reconcil_every is not a key that the bot knows; did you mean `reconcile_every`?"
)]
#[case::missing("team_id = \"T0DATALAKE1\"", "", "slack.team_id is missing")]
#[case::empty("\"T0DATALAKE1\"", "\"\"", "slack.team_id must not be empty")]
#[case::channel_name("\"C0DATALAKE1\"", "\"#data\"", "slack.channel must be the id of a channel (C…)")]
#[case::flag("board = false", "board = \"yes\"", "slack.board must be true or false")]
#[case::retention_of_nothing(
    "exports = 3",
    "exports = 0",
    "sources.shop.retention.exports must be a whole number from 1"
)]
#[case::retention_of_too_many(
    "exports = 3",
    "exports = 5000",
    "sources.shop.retention.exports must not be above 1000: to keep everything, leave `retention` out"
)]
#[case::retention_without_grace(
    "{ exports = 3, grace = \"72h\" }",
    "{ exports = 3 }",
    "sources.shop.retention.grace is missing: how long an export is kept that is not needed any more, such as \"72h\""
)]
#[case::retention_for_ever("\"72h\"", "\"20000h\"", "sources.shop.retention.grace must not be above a year")]
#[case::number("\"T0DATALAKE1\"", "7", "slack.team_id must be a text, not a number")]
#[case::duration(
    "\"60s\"",
    "\"soon\"",
    "engine.reconcile_every must be a time-span above zero, such as \"90s\" or \"26h\""
)]
#[case::no_duration(
    "\"60s\"",
    "\"0s\"",
    "engine.reconcile_every must be a time-span above zero, such as \"90s\" or \"26h\""
)]
#[case::choice("\"rds\"", "\"oracle\"", "sources.shop.engine must be one of: rds, aurora")]
#[case::who(
    "\"S0DATAOPS01\"",
    "\"@ops\"",
    "access.operators has \"@ops\", which is neither a user (U…, W…), nor a user group (S…), nor a channel (C…, G…), nor \"*\""
)]
#[case::name(
    "name = \"shop\"",
    "name = \"shop_db\"",
    "sources.shop_db.name must begin with a letter and hold only ASCII letters, digits and single hyphens"
)]
#[case::topic(
    "arn:aws:sns:ap-northeast-1:123456789012:rds-events",
    "rds-events",
    "aws.sns_topics has \"rds-events\", which is not the ARN of an SNS topic, such as \"arn:aws:sns:eu-west-1:123456789012:name\""
)]
#[case::unguarded(
    "glue_job = \"shop-sensitive\"",
    "glue_job = \"shop-normal\"",
    "sources.shop.layers.sensitive.glue_job is the job of the normal layer, which nobody approves"
)]
#[case::approval("approval = ", "# approval = ", "sources.shop.layers.sensitive.approval is missing")]
#[case::quorum(
    "quorum = 1",
    "quorum = 0",
    "sources.shop.layers.sensitive.approval.quorum must be a whole number from 1"
)]
#[case::region(
    "region = \"ap-northeast-1\"",
    "region = \"Tokyo\"",
    "aws.region must be the name of a Region, such as \"ap-northeast-1\""
)]
#[case::queue_elsewhere(
    "sqs.ap-northeast-1",
    "sqs.eu-west-1",
    "aws.queue_url is in the Region eu-west-1, not in `region`, ap-northeast-1"
)]
#[case::table(
    "\"datalake-runs\"",
    "\"arn:aws:dynamodb:x\"",
    "aws.runs_table must be the name of a table: 3 to 255 letters, digits, `_`, `-` or `.`"
)]
#[case::bucket(
    "{ bucket = \"example-lake\"",
    "{ bucket = \"s3://example-lake\"",
    "sources.shop.latest.bucket must be the name of a bucket, without s3:// and folders: 3 to 63 small letters, digits, `-` or `.`"
)]
#[case::identifier(
    "\"shop-db\"",
    "\"arn:aws:rds:x:1:db:shop-db\"",
    "sources.shop.identifier must be the identifier of an instance or a cluster, not its ARN or address"
)]
#[case::role(
    "arn:aws:iam::123456789012:role/",
    "",
    "sources.shop.export.role_arn must be the ARN of a role, such as \"arn:aws:iam::123456789012:role/name\""
)]
#[case::key_elsewhere(
    "kms:ap-northeast-1",
    "kms:us-east-1",
    "sources.shop.export.kms_key is in the Region us-east-1: RDS takes a key of its own Region, ap-northeast-1"
)]
#[case::no_key(
    ":key/",
    ":grant/",
    "sources.shop.export.kms_key must be the ARN of a key, such as \"arn:aws:kms:eu-west-1:123456789012:key/…\""
)]
#[case::absurd(
    "\"8h\"",
    "\"8000h\"",
    "approval.expires_after must not be above 30 days: an export is older than its approval by then"
)]
#[case::overlap(
    "prefix = \"latest/shop\"",
    "prefix = \"raw/x\"",
    "sources.shop.latest must not overlap `export`: publishing would remove the exports"
)]
#[case::output_in_latest(
    "crawler = \"shop-normal\"",
    "crawler = \"shop-normal\"\noutput = { bucket = \"example-lake\", prefix = \"latest/shop/out\" }",
    "sources.shop.layers must not have an `output` that overlaps `latest`: each would remove the other's"
)]
#[case::output_of_the_other_layer(
    "crawler = \"shop-normal\"",
    "crawler = \"shop-normal\"\noutput = { bucket = \"example-lake\", prefix = \"sensitive\" }",
    "sources.shop.layers must not have an `output` that overlaps the output of the normal layer: each would remove the other's"
)]
#[case::output_everywhere(
    "crawler = \"shop-normal\"",
    "crawler = \"shop-normal\"\noutput = { bucket = \"example-lake\", prefix = \"/\" }",
    "sources.shop.layers.normal.output.prefix must name a folder of its own: what is not of the source is removed from it"
)]
#[case::rules_in_latest(
    "prefix = \"latest/shop\"",
    "prefix = \"classification\"",
    "sources.shop.latest must not hold `classification/`: publishing would remove the rules that jobs read"
)]
#[case::database_of_a_copy(
    "crawler = \"shop-normal\"",
    "crawler = \"shop-normal\"\ndatabase = \"shop_normal\"",
    "sources.shop.layers.normal.database goes with `publish = \"pointer\"` only: a crawler knows its own database"
)]
#[case::crawler_of_a_pointer(
    "publish = \"copy\"",
    "publish = \"pointer\"",
    "sources.shop.layers.normal.crawler does not go with `publish = \"pointer\"`: the bot itself keeps the tables of `database`"
)]
#[case::no_database("publish = \"copy\"", "publish = \"pointer\"", "sources.shop.layers.sensitive.database is missing")]
#[case::publish("publish = \"copy\"", "publish = \"move\"", "sources.shop.publish must be one of: copy, pointer")]
#[case::price(
    "glue_dpu_hour = 0.44",
    "glue_dpu_hour = -1",
    "prices.glue_dpu_hour must be a number from 0, such as 0.44"
)]
#[case::no_price("export_per_gb = 0.010", "", "prices.export_per_gb is missing")]
#[case::currency("\"USD\"", "\"$\"", "prices.currency must be the code of a currency, such as \"USD\"")]
fn a_mistake_is_told_with_its_key(#[case] from: &str, #[case] to: &str, #[case] expected: &str) {
    assert!(EXAMPLE.contains(from), "the example has no {from}");
    let mistakes = read(&example().replacen(from, to, 1)).unwrap_err();
    assert!(mistakes.iter().any(|it| it.ends_with(expected)), "{mistakes:#?}");
}

/// Returns the example, published as a pointer, with these databases.
fn pointer(normal: &str, sensitive: &str) -> Result<Config, Vec<String>> {
    let text = EXAMPLE.replace("publish = \"copy\"", "publish = \"pointer\"");
    let text = text.replace("crawler = \"shop-normal\"", &format!("database = \"{normal}\""));
    read(&text.replace("crawler = \"shop-sensitive\"", &format!("database = \"{sensitive}\"")))
}

#[test]
fn a_source_that_is_a_pointer_has_databases_instead_of_crawlers() {
    let shop = pointer("shop_normal", "shop_sensitive").unwrap().sources.remove(0);
    assert_eq!(shop.publish, Publish::Pointer);
    assert_eq!(shop.normal.catalog, Catalog::Tables { database: "shop_normal".to_owned() });
    let run = "shop-202611220304-0a09292e-a1".parse().unwrap();
    assert_eq!(shop.read_from(&run).url(), format!("s3://example-lake/raw/{run}/"));
    assert_eq!(shop.written_to(Layer::Normal, &run).unwrap().url(), format!("s3://example-lake/normal/shop/{run}/"));
    let same = "sources.shop.layers.sensitive.database is the database of the normal layer, which more people read";
    assert!(pointer("shop", "shop").unwrap_err()[0].ends_with(same));
    let shape = "sources.shop.layers.normal.database must be the name of a database of Glue: \
                 at most 255 small letters, digits, `_` or `-`";
    assert!(pointer("Shop.Normal", "shop").unwrap_err()[0].ends_with(shape));
}

#[test]
fn what_one_source_keeps_secret_is_in_no_database_that_anothers_readers_see() {
    let (head, shop) = EXAMPLE.split_at(EXAMPLE.find("[[sources]]").unwrap());
    let shop = shop.replace("publish = \"copy\"", "publish = \"pointer\"");
    let with = |normal: &str, sensitive: &str| {
        let shop = shop.replace("crawler = \"shop-normal\"", &format!("database = \"{normal}\""));
        shop.replace("crawler = \"shop-sensitive\"", &format!("database = \"{sensitive}\""))
    };
    for (normal, sensitive, expected) in [
        ("b", "a", "has `a` for its sensitive tables, which is the normal database of `shop`"),
        ("s", "b", "has `s` for its normal tables, which is the sensitive database of `shop`"),
    ] {
        let other = with(normal, sensitive).replace("\"shop\"", "\"shop2\"").replace("shop-db", "shop2-db");
        let other = other.replace("latest/shop", "latest/b");
        let mistakes = read(&format!("{head}{}{other}", with("a", "s"))).unwrap_err();
        assert!(mistakes.iter().any(|it| it.ends_with(expected)), "{mistakes:#?}");
    }
}

#[test]
fn a_source_can_have_lists_of_its_own() {
    let general = read(EXAMPLE).unwrap().access;
    let own = |text: &str| read(&format!("{EXAMPLE}\n[sources.access]\n{text}"));
    let access = own("operators = [\"C0PAY\", \"UANA\"]").unwrap().access;
    assert_eq!(access.general, general.general);
    let lists = &access.sources["shop"];
    assert_eq!(lists.viewers, general.general.viewers, "what is not there stays general");
    assert_eq!(lists.operators, [Who::Channel("C0PAY".into()), Who::User("UANA".into())]);
    assert_eq!(own("viewers = []").unwrap().access.sources["shop"].viewers, []);
    for (text, expected) in [
        ("operators = []", "sources.shop.access.operators names nobody: no run could be started from Slack"),
        ("viewers = [\"shop\"]", "sources.shop.access.viewers has \"shop\""),
        ("viewer = []", "sources.shop.access.viewer is not a key"),
    ] {
        let mistakes = own(text).unwrap_err();
        assert!(mistakes.iter().any(|it| it.contains(expected)), "{mistakes:#?}");
    }
}

#[test]
fn channels_do_not_approve() {
    let mistakes = read(&example().replace("S0PRIVACY01", "C0PRIVACY01")).unwrap_err();
    assert!(mistakes[0].contains("approvers names a channel: only people and user groups approve"), "{mistakes:?}");
}

#[test]
fn every_mistake_is_told_at_once_with_its_line() {
    let text = example().replace("T0DATALAKE1", "x").replace("\"rds\"", "\"x\"").replace("quorum", "quorom");
    let mistakes = read(&text).unwrap_err();
    assert_eq!(mistakes.len(), 3, "{mistakes:#?}");
    for (line, mistake) in text.lines().zip(1..).filter_map(|(line, number)| {
        Some((number, mistakes.iter().find(|it| it.starts_with(&format!("line {number}:")))?)).map(|it| (line, it.1))
    }) {
        let key = mistake.split_whitespace().nth(2).unwrap().rsplit('.').next().unwrap();
        assert!(line.contains(key), "{mistake} is not about: {line}");
    }
}

#[test]
fn a_classification_that_is_not_there_leaves_everything_sensitive_and_is_noted() {
    let config = read(&example().replace("shop.classification.toml", "gone.toml")).unwrap();
    assert_eq!(config.notices.len(), 1);
    assert!(config.notices[0].to_string().contains("everything is sensitive"), "{}", config.notices[0]);
    let source = &config.sources[0];
    assert!(source.rules.is_empty() && !source.rules.hides_names());
    let bare = read(&example().replace("classification = \"shop.classification.toml\"", "")).unwrap();
    assert_ne!(source.classification, bare.sources[0].classification, "jobs take the digest of no bytes for no file");
    assert_eq!(bare.sources[0].classification, digest_of(b""));
}

fn digest_of(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(bytes))
}

#[test]
fn a_classification_with_a_mistake_is_told_with_both_lines() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shop.classification.toml"), "[a.b]\nid = \"public\"\n").unwrap();
    let config = check(EXAMPLE, folder.path()).unwrap();
    assert!(config.sources[0].rules.is_empty());
    let line = EXAMPLE.lines().position(|it| it.starts_with("classification")).unwrap() + 1;
    let expected = format!(
        "line {line}: sources.shop.classification names a file with a mistake, so everything is sensitive, the leak guard \
         does not judge, and jobs that read the file refuse it: line 2: a.b.id must have as `class` one of: normal, \
         sensitive, drop"
    );
    assert_eq!(config.notices.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
}

#[test]
fn outputs_of_two_sources_lie_apart() {
    let (head, shop) = EXAMPLE.split_at(EXAMPLE.find("[[sources]]").unwrap());
    let other = shop.replace("\"shop\"", "\"shop2\"").replace("shop-db", "shop2-db").replace("latest/shop", "latest/b");
    let other = other.replacen(
        "crawler = \"shop-normal\"",
        "crawler = \"shop-normal\"\noutput = { bucket = \"example-lake\", prefix = \"sensitive/shop/x\" }",
        1,
    );
    let mistakes = read(&format!("{head}{shop}{other}")).unwrap_err();
    let expected =
        "sources.shop2.layers has an `output` that overlaps the output of the sensitive layer of source `shop`";
    assert!(mistakes.iter().any(|it| it.ends_with(expected)), "{mistakes:#?}");
}

#[test]
fn two_sources_may_not_remove_each_others_objects() {
    let (head, shop) = EXAMPLE.split_at(EXAMPLE.find("[[sources]]").unwrap());
    let other = shop.replace("\"shop\"", "\"shop2\"").replace("shop-db", "shop2-db");
    let mistakes = read(&format!("{head}{shop}{other}")).unwrap_err();
    assert!(mistakes.iter().any(|it| it.contains("overlaps that of source `shop`")), "{mistakes:#?}");
}

#[test]
fn what_is_not_toml_is_told_with_its_line() {
    let mistakes = read("[server]\nlisten = \n").unwrap_err();
    assert!(mistakes[0].starts_with("line 2:"), "{mistakes:?}");
}
