//! What names of things in AWS look like. A mistake here would otherwise show only when a run fails.

use std::time::Duration;

use super::super::reader::Section;
use crate::domain::{source::Location, topic::is_region};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The longest time-spans that make sense, by key: above them somebody has mistaken the unit.
const LONGEST: &[(&str, Duration, &str)] = &[
    ("reconcile_every", DAY, "a day: so long a lost message would cost"),
    ("lease", DAY, "a day: so long a dead replica's work would wait"),
    ("poll_every", DAY, "a day: so long an end would go unnoticed"),
    ("expect_every", DAY.saturating_mul(366), "a year"),
    ("grace", DAY.saturating_mul(366), "a year"),
    ("expires_after", DAY.saturating_mul(30), "30 days: an export is older than its approval by then"),
];

/// Returns the text of `key`, which must be there; what does not look right is a mistake.
fn shaped(section: &Section<'_>, key: &'static str, is_right: impl Fn(&str) -> bool, must: &str) -> String {
    let text = section.text(key);
    if !text.is_empty() && !is_right(&text) {
        section.wrong(key, must);
    }
    text
}

pub(super) fn region(section: &Section<'_>) -> String {
    shaped(section, "region", is_region, "must be the name of a Region, such as \"ap-northeast-1\"")
}

/// Returns the address of the queue. One of AWS's own names its Region.
pub(super) fn queue_url(section: &Section<'_>, region: &str) -> String {
    let url = section.text("queue_url");
    let parsed = url::Url::parse(&url);
    let host = parsed.as_ref().ok().and_then(url::Url::host_str).unwrap_or_default();
    let named = host.strip_prefix("sqs.").and_then(|it| it.split_once(".amazonaws.com")).map(|(named, _)| named);
    if !url.is_empty() && parsed.is_err() {
        section.wrong("queue_url", "must be the address of an SQS queue");
    } else if let Some(named) = named.filter(|it| !region.is_empty() && *it != region) {
        section.wrong("queue_url", format!("is in the Region {named}, not in `region`, {region}"));
    }
    url
}

/// Returns the name of a table
/// ([naming rules](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html)).
pub(super) fn table(section: &Section<'_>, key: &'static str) -> String {
    let is_right = |it: &str| (3..=255).contains(&it.len()) && only(it, "_-.");
    shaped(section, key, is_right, "must be the name of a table: 3 to 255 letters, digits, `_`, `-` or `.`")
}

/// Returns the name of a database of Glue's catalog, as Athena takes it
/// ([naming rules](https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html)).
pub(super) fn database(section: &Section<'_>) -> String {
    let is_right = |it: &str| it.len() <= 255 && only(it, "_-") && !it.bytes().any(|b| b.is_ascii_uppercase());
    let must = "must be the name of a database of Glue: at most 255 small letters, digits, `_` or `-`";
    shaped(section, "database", is_right, must)
}

/// Returns the name of a bucket
/// ([naming rules](https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html)).
pub(super) fn bucket(section: &Section<'_>) -> String {
    let is_right = |it: &str| {
        let ends = |end: Option<char>| end.is_some_and(|c| c.is_ascii_alphanumeric());
        (3..=63).contains(&it.len())
            && only(it, "-.")
            && !it.contains("..")
            && !it.bytes().any(|b| b.is_ascii_uppercase())
            && ends(it.chars().next())
            && ends(it.chars().next_back())
    };
    let must = "must be the name of a bucket, without s3:// and folders: 3 to 63 small letters, digits, `-` or `.`";
    shaped(section, "bucket", is_right, must)
}

/// Returns a place that is the bot's own: a folder of a bucket, never the whole of it.
pub(super) fn folder(section: &Section<'_>) -> Location {
    let prefix = section.text("prefix").trim_matches('/').to_owned();
    if section.is_there() && prefix.is_empty() {
        section.wrong("prefix", "must name a folder of its own: what is not of the source is removed from it");
    }
    let folder = Location { bucket: bucket(section), prefix };
    section.finish();
    folder
}

/// Returns the identifier of an instance or a cluster.
pub(super) fn identifier(section: &Section<'_>) -> String {
    let is_right = |it: &str| it.len() <= 63 && only(it, "-") && it.starts_with(|c: char| c.is_ascii_alphabetic());
    shaped(
        section,
        "identifier",
        is_right,
        "must be the identifier of an instance or a cluster, not its ARN or address",
    )
}

pub(super) fn role_arn(section: &Section<'_>) -> String {
    let is_right = |it: &str| matches!(arn(it), Some(("iam", "", account, role)) if is_account(account) && role.starts_with("role/"));
    let must = "must be the ARN of a role, such as \"arn:aws:iam::123456789012:role/name\"";
    shaped(section, "role_arn", is_right, must)
}

/// Returns the key of exports: its ARN, or an id or alias of this Region.
pub(super) fn kms_key(section: &Section<'_>, region: &str) -> String {
    let key = section.text("kms_key");
    match arn(&key) {
        Some((service, _, account, name)) if service != "kms" || !is_account(account) || !is_key(name) => {
            section.wrong("kms_key", "must be the ARN of a key, such as \"arn:aws:kms:eu-west-1:123456789012:key/…\"");
        }
        Some((_, of, ..)) if !region.is_empty() && of != region => {
            section.wrong("kms_key", format!("is in the Region {of}: RDS takes a key of its own Region, {region}"));
        }
        Some(_) | None => {}
    }
    key
}

/// Returns the time-span of `key`, if it is there; one that nobody can want is a mistake.
pub(super) fn duration(section: &Section<'_>, key: &'static str) -> Option<Duration> {
    let span = section.duration(key)?;
    let longest = LONGEST.iter().find(|(it, ..)| *it == key);
    if let Some((_, _, why)) = longest.filter(|(_, most, _)| span > *most) {
        section.wrong(key, format!("must not be above {why}"));
    }
    Some(span)
}

/// Splits an ARN into service, Region, account and the rest.
fn arn(text: &str) -> Option<(&str, &str, &str, &str)> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts[..] {
        ["arn", partition, service, region, account, rest] if partition.starts_with("aws") => {
            Some((service, region, account, rest))
        }
        ["arn", ..] => Some(("", "", "", "")),
        _ => None,
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|it| it.is_ascii_digit())
}

fn is_key(name: &str) -> bool {
    name.starts_with("key/") || name.starts_with("alias/")
}

fn only(text: &str, more: &str) -> bool {
    text.chars().all(|it| it.is_ascii_alphanumeric() || more.contains(it))
}
