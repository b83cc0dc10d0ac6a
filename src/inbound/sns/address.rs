//! Where SNS's certificates are, and to whom they are issued: both follow from the topic's Region alone.

use std::fmt;

use super::refusal::Refusal;
use crate::domain::topic::TopicArn;

/// The address of a certificate on the one host of SNS in a Region. There is no other way to make one than
/// [`check`], so that nothing else is ever asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CertificateUrl {
    host: String,
    file: String,
}

impl CertificateUrl {
    /// Returns the last segment of the path, which is the only one.
    pub fn file(&self) -> &str {
        &self.file
    }
}

impl fmt::Display for CertificateUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}/{}", self.host, self.file)
    }
}

/// Returns the address that `url` is, if it is one of a certificate in `topic`'s Region.
///
/// It is compared letter by letter instead of being parsed: what two parsers could read differently is no such address.
///
/// # Errors
/// It is not.
pub(super) fn check(url: &str, topic: &TopicArn) -> Result<CertificateUrl, Refusal> {
    let host = format!("sns.{}.{}", topic.region(), suffix(topic.region()));
    let file = url.strip_prefix("https://").and_then(|it| it.strip_prefix(&host));
    let file = file.map(|it| it.strip_prefix(":443").unwrap_or(it)).and_then(|it| it.strip_prefix('/'));
    match file.filter(|it| is_file(it)) {
        Some(file) => Ok(CertificateUrl { file: file.to_owned(), host }),
        None => Err(Refusal::Address),
    }
}

/// Says whether `text` is a single segment of a path with a certificate's ending, in letters that need no encoding.
fn is_file(text: &str) -> bool {
    let name = text.strip_suffix(".pem").unwrap_or_default();
    (1..=200).contains(&name.len()) && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_')
}

/// Returns what the names of AWS's hosts in a Region end in.
fn suffix(region: &str) -> &'static str {
    if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}

/// Returns to whom SNS's certificates in a Region are issued: the table of AWS's newest validator (`SnsHostProvider` in
/// `sns-message-manager` of the AWS SDK for Java 2), which takes unknown Regions for ones like the first.
pub(super) fn issued_to(topic: &TopicArn) -> String {
    match topic.region() {
        region @ ("cn-north-1" | "cn-northwest-1") => format!("sns-{region}.amazonaws.com.cn"),
        "us-gov-west-1" | "us-gov-east-1" => "sns-us-gov-west-1.amazonaws.com".to_owned(),
        region @ ("af-south-1" | "ap-east-1" | "ap-east-2" | "ap-south-2" | "ap-southeast-3" | "ap-southeast-4"
        | "ap-southeast-5" | "ap-southeast-6" | "ap-southeast-7" | "ca-west-1" | "eu-central-2"
        | "eu-south-1" | "eu-south-2" | "il-central-1" | "me-central-1" | "me-south-1" | "mx-central-1") => {
            format!("sns-signing.{region}.amazonaws.com")
        }
        region => format!("sns.{}", suffix(region)),
    }
}

#[cfg(test)]
mod tests;
