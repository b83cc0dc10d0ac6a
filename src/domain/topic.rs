//! The SNS topics whose messages are believed.

use std::{fmt, str::FromStr};

/// The ARN of an SNS topic: `arn:aws:sns:eu-west-1:123456789012:name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicArn(String);

/// A text that is no ARN of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not the ARN of an SNS topic, such as \"arn:aws:sns:eu-west-1:123456789012:name\"")]
pub struct NoTopic;

impl TopicArn {
    /// Returns the ARN as AWS writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the Region of the topic: `eu-west-1`.
    pub fn region(&self) -> &str {
        self.0.split(':').nth(3).expect("an ARN of a topic has six parts")
    }
}

impl fmt::Display for TopicArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TopicArn {
    type Err = NoTopic;

    fn from_str(text: &str) -> Result<Self, NoTopic> {
        let parts: Vec<&str> = text.split(':').collect();
        let [arn, partition, service, region, account, name] = parts[..] else { return Err(NoTopic) };
        let valid = arn == "arn"
            && service == "sns"
            && is_region(region)
            && partition == partition_of(region)
            && account.len() == 12
            && account.bytes().all(|it| it.is_ascii_digit())
            && is_name(name);
        if valid { Ok(Self(text.to_owned())) } else { Err(NoTopic) }
    }
}

/// Says whether `text` has the shape of a Region's name: `eu-west-1`, `us-gov-east-1`.
pub(crate) fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [area, places @ .., number] = &parts[..] else { return false };
    let is_word = |it: &&str| !it.is_empty() && it.bytes().all(|b| b.is_ascii_lowercase());
    area.len() == 2
        && is_word(area)
        && !places.is_empty()
        && places.iter().all(is_word)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
}

/// Returns the part of AWS in which a Region is. The isolated ones, which the internet does not reach, are not served.
fn partition_of(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// SNS allows letters, digits, hyphens and underscores; the names of FIFO topics end in `.fifo`.
fn is_name(text: &str) -> bool {
    let name = text.strip_suffix(".fifo").unwrap_or(text);
    (1..=256).contains(&text.len())
        && !name.is_empty()
        && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_topics_are_told_from_others() {
        for (text, region) in [
            ("arn:aws:sns:eu-west-1:123456789012:rds-events", Some("eu-west-1")),
            ("arn:aws:sns:ap-northeast-1:123456789012:a_B-9.fifo", Some("ap-northeast-1")),
            ("arn:aws-cn:sns:cn-northwest-1:123456789012:t", Some("cn-northwest-1")),
            ("arn:aws-us-gov:sns:us-gov-east-1:123456789012:t", Some("us-gov-east-1")),
            ("arn:aws:sns:cn-north-1:123456789012:t", None),
            ("arn:aws-cn:sns:eu-west-1:123456789012:t", None),
            ("arn:aws:sqs:eu-west-1:123456789012:t", None),
            ("arn:aws:sns:eu-west-1:123456789012:t:subscription", None),
            ("arn:aws:sns:evil.example/:123456789012:t", None),
            ("arn:aws:sns:s3-eu-west-1-:123456789012:t", None),
            ("arn:aws:sns:s3-eu-west-1:123456789012:t", None),
            ("arn:aws:sns:eu-1:123456789012:t", None),
            ("arn:aws:sns:eu-west-1:12345678901:t", None),
            ("arn:aws:sns:eu-west-1:123456789012:", None),
            ("arn:aws:sns:eu-west-1:123456789012:.fifo", None),
            ("arn:aws:sns:eu-west-1:123456789012:t\n", None),
            ("", None),
        ] {
            let read = text.parse::<TopicArn>();
            assert_eq!(read.as_ref().ok().map(TopicArn::region), region, "{text}");
        }
    }
}
