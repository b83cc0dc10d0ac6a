//! A queue's attributes: which there are, their limits and defaults.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::Value;

use super::refusal::Refusal;

/// Numbers: name, least, most, default (SQS API reference, `SetQueueAttributes`).
const NUMBERS: &[(&str, i64, i64, &str)] = &[
    ("DelaySeconds", 0, 900, "0"),
    ("MaximumMessageSize", 1_024, 1_048_576, "1048576"),
    ("MessageRetentionPeriod", 60, 1_209_600, "345600"),
    ("ReceiveMessageWaitTimeSeconds", 0, 20, "0"),
    ("VisibilityTimeout", 0, 43_200, "30"),
];

/// Kept and returned, without an effect here.
const TEXTS: &[&str] =
    &["KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "Policy", "RedriveAllowPolicy", "SqsManagedSseEnabled"];

/// Where messages go that were received too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Redrive {
    /// Name of the dead-letter queue.
    pub(super) target: String,
    /// How often a message is received before it goes there.
    pub(super) max_receive_count: u32,
}

/// A queue's attributes, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attributes {
    values: BTreeMap<String, String>,
    pub(super) redrive: Option<Redrive>,
}

impl Default for Attributes {
    fn default() -> Self {
        let values = NUMBERS.iter().map(|(name, _, _, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { values, redrive: None }
    }
}

impl Attributes {
    /// Sets what `wanted` holds and keeps the rest.
    ///
    /// # Errors
    /// An unknown name (`InvalidAttributeName`) or a value outside its limits (`InvalidAttributeValue`).
    pub(super) fn set(&mut self, wanted: &BTreeMap<String, String>) -> Result<(), Refusal> {
        for (name, value) in wanted {
            if let Some((_, least, most, _)) = NUMBERS.iter().find(|it| it.0 == name) {
                if !value.parse::<i64>().is_ok_and(|it| (*least..=*most).contains(&it)) {
                    return Err(invalid(name));
                }
            } else if name == "RedrivePolicy" {
                self.redrive = if value.is_empty() { None } else { Some(redrive(value)?) };
            } else if !TEXTS.contains(&name.as_str()) {
                return Err(Refusal::new("InvalidAttributeName", format!("Unknown Attribute {name}.")));
            }
            self.values.insert(name.clone(), value.clone());
        }
        Ok(())
    }

    /// Returns the first name in `wanted` whose value here is another one.
    pub(super) fn differs<'a>(&self, wanted: &'a BTreeMap<String, String>) -> Option<&'a str> {
        wanted.iter().find(|(name, value)| self.values.get(*name) != Some(*value)).map(|(name, _)| name.as_str())
    }

    /// Returns all that are set, by name.
    pub(super) fn all(&self) -> BTreeMap<String, String> {
        self.values.clone()
    }

    /// Returns a number of seconds.
    pub(super) fn seconds(&self, name: &str) -> SignedDuration {
        SignedDuration::from_secs(self.number(name))
    }

    /// Returns one of the numbers.
    pub(super) fn number(&self, name: &str) -> i64 {
        self.values.get(name).and_then(|it| it.parse().ok()).expect("every number has a default and was checked")
    }
}

fn redrive(policy: &str) -> Result<Redrive, Refusal> {
    let policy: Value = serde_json::from_str(policy).map_err(|_| invalid("RedrivePolicy"))?;
    let target = policy["deadLetterTargetArn"].as_str().and_then(|arn| arn.strip_prefix("arn:aws:sqs:"));
    let name = target.and_then(|it| it.rsplit(':').next());
    // AWS takes the number as a number and as a text.
    let count = policy["maxReceiveCount"].as_u64().or_else(|| policy["maxReceiveCount"].as_str()?.parse().ok());
    match (name, count.and_then(|it| u32::try_from(it).ok())) {
        (Some(name), Some(count)) if (1..=1_000).contains(&count) => {
            Ok(Redrive { target: name.to_owned(), max_receive_count: count })
        }
        (_, _) => Err(invalid("RedrivePolicy")),
    }
}

fn invalid(name: &str) -> Refusal {
    Refusal::new("InvalidAttributeValue", format!("Invalid value for the parameter {name}."))
}
