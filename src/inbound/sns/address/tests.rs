use rstest::rstest;

use super::*;

fn topic(region: &str) -> TopicArn {
    let partition = if region.starts_with("cn-") { "aws-cn" } else { "aws" };
    let partition = if region.starts_with("us-gov-") { "aws-us-gov" } else { partition };
    format!("arn:{partition}:sns:{region}:123456789012:t").parse().unwrap()
}

#[rstest]
#[case(
    "eu-west-1",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-7506a1e35b36ef5a444dd1a8e7cc3ed8.pem"
)]
#[case("us-gov-east-1", "https://sns.us-gov-east-1.amazonaws.com/SimpleNotificationService-0.pem")]
#[case("cn-north-1", "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0.pem")]
fn the_address_of_a_certificate_is_known(#[case] region: &str, #[case] url: &str) {
    assert_eq!(check(url, &topic(region)).unwrap().to_string(), url);
    let with_port = url.replacen("/Simple", ":443/Simple", 1);
    assert_eq!(check(&with_port, &topic(region)).unwrap().to_string(), url);
}

/// Addresses by which others have been led astray, or might be.
const HOSTILE: &[&str] = &[
    "",
    "/x.pem",
    "//sns.eu-west-1.amazonaws.com/x.pem",
    "sns.eu-west-1.amazonaws.com/x.pem",
    "http://sns.eu-west-1.amazonaws.com/x.pem",
    "HTTPS://sns.eu-west-1.amazonaws.com/x.pem",
    "ftp://sns.eu-west-1.amazonaws.com/x.pem",
    "file:///etc/passwd.pem",
    "https:/sns.eu-west-1.amazonaws.com/x.pem",
    "https:///sns.eu-west-1.amazonaws.com/x.pem",
    "https:\\\\sns.eu-west-1.amazonaws.com\\x.pem",
    "https://sns.eu-west-1.amazonaws.com\\x.pem",
    "https://sns.eu-west-1.amazonaws.com\\@evil.example/x.pem",
    " https://sns.eu-west-1.amazonaws.com/x.pem",
    "https://sns.eu-west-1.amazonaws.com/x.pem ",
    "https://sns.eu-west-1.amazonaws.com/x.pem\n",
    "https://sns.eu-west-1.amazonaws.com/x.pem\0",
    "https://sns.eu-west-1.amazonaws.com\t/x.pem",
    "https://user@sns.eu-west-1.amazonaws.com/x.pem",
    "https://user:word@sns.eu-west-1.amazonaws.com/x.pem",
    "https://@sns.eu-west-1.amazonaws.com/x.pem",
    "https://sns.eu-west-1.amazonaws.com@evil.example/x.pem",
    "https://sns.eu-west-1.amazonaws.com:x@evil.example/x.pem",
    "https://sns.eu-west-1.amazonaws.com:443@evil.example/x.pem",
    "https://sns.eu-west-1.amazonaws.com:80/x.pem",
    "https://sns.eu-west-1.amazonaws.com:8443/x.pem",
    "https://sns.eu-west-1.amazonaws.com:0443/x.pem",
    "https://sns.eu-west-1.amazonaws.com:/x.pem",
    "https://sns.eu-west-1.amazonaws.com:443:443/x.pem",
    "https://sns.eu-west-1.amazonaws.com./x.pem",
    "https://.sns.eu-west-1.amazonaws.com/x.pem",
    "https://sns..eu-west-1.amazonaws.com/x.pem",
    "https://SNS.eu-west-1.amazonaws.com/x.pem",
    "https://sns.EU-WEST-1.amazonaws.com/x.pem",
    "https://sns.eu-west-1.AmazonAWS.com/x.pem",
    "https://sns.us-east-1.amazonaws.com/x.pem",
    "https://sns.eu-west-1.amazonaws.com.cn/x.pem",
    "https://sns.amazonaws.com/x.pem",
    "https://sns-signing.eu-west-1.amazonaws.com/x.pem",
    "https://sns.s3-eu-west-1.amazonaws.com/x.pem",
    "https://sns.s3.amazonaws.com/x.pem",
    "https://s3.amazonaws.com/sns.eu-west-1.amazonaws.com/x.pem",
    "https://sns.eu-west-1.amazonaws.com.s3.amazonaws.com/x.pem",
    "https://sns.execute-api.eu-west-1.amazonaws.com/x.pem",
    "https://evil.sns.eu-west-1.amazonaws.com/x.pem",
    "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem",
    "https://sns.eu-west-1.amazonaws.com-evil.example/x.pem",
    "https://snsXeu-west-1.amazonaws.com/x.pem",
    "https://sns.eu-west-1xamazonaws.com/x.pem",
    "https://sns.eu-west-1.amazonaws.co/x.pem",
    "https://ѕns.eu-west-1.amazonaws.com/x.pem",
    "https://sns。eu-west-1.amazonaws.com/x.pem",
    "https://sns.eu-west-1.amazonaws.com／x.pem",
    "https://sns%2eeu-west-1.amazonaws.com/x.pem",
    "https://xn--ns-tbc.eu-west-1.amazonaws.com/x.pem",
    "https://127.0.0.1/x.pem",
    "https://169.254.169.254/latest/meta-data/x.pem",
    "https://[::1]/x.pem",
    "https://0x7f000001/x.pem",
    "https://localhost/x.pem",
    "https://sns.eu-west-1.amazonaws.com",
    "https://sns.eu-west-1.amazonaws.com/",
    "https://sns.eu-west-1.amazonaws.com/.pem",
    "https://sns.eu-west-1.amazonaws.com/x",
    "https://sns.eu-west-1.amazonaws.com/x.PEM",
    "https://sns.eu-west-1.amazonaws.com/x.pem.exe",
    "https://sns.eu-west-1.amazonaws.com//x.pem",
    "https://sns.eu-west-1.amazonaws.com/a/x.pem",
    "https://sns.eu-west-1.amazonaws.com/../x.pem",
    "https://sns.eu-west-1.amazonaws.com/..%2fx.pem",
    "https://sns.eu-west-1.amazonaws.com/%78.pem",
    "https://sns.eu-west-1.amazonaws.com/x.pem%00",
    "https://sns.eu-west-1.amazonaws.com/x;y.pem",
    "https://sns.eu-west-1.amazonaws.com/x.pem?y",
    "https://sns.eu-west-1.amazonaws.com/x?y=.pem",
    "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&x=.pem",
    "https://sns.eu-west-1.amazonaws.com/x.pem#y",
    "https://sns.eu-west-1.amazonaws.com/x#.pem",
    "https://sns.eu-west-1.amazonaws.com?/x.pem",
    "https://sns.eu-west-1.amazonaws.com#/x.pem",
    "https://evil.example/https://sns.eu-west-1.amazonaws.com/x.pem",
    "https://evil.example#https://sns.eu-west-1.amazonaws.com/x.pem",
    "data:application/x-pem-file,x.pem",
];

#[test]
fn no_other_address_is_asked_for() {
    let topic = topic("eu-west-1");
    for url in HOSTILE {
        assert_eq!(check(url, &topic), Err(Refusal::Address), "{url:?}");
    }
    assert!(HOSTILE.len() >= 80);
}

#[rstest]
#[case("eu-west-1", "sns.amazonaws.com")]
#[case("ap-northeast-1", "sns.amazonaws.com")]
#[case("xx-newland-1", "sns.amazonaws.com")]
#[case("me-south-1", "sns-signing.me-south-1.amazonaws.com")]
#[case("af-south-1", "sns-signing.af-south-1.amazonaws.com")]
#[case("mx-central-1", "sns-signing.mx-central-1.amazonaws.com")]
#[case("us-gov-east-1", "sns-us-gov-west-1.amazonaws.com")]
#[case("cn-north-1", "sns-cn-north-1.amazonaws.com.cn")]
#[case("cn-northwest-1", "sns-cn-northwest-1.amazonaws.com.cn")]
fn each_region_has_its_name(#[case] region: &str, #[case] name: &str) {
    assert_eq!(issued_to(&topic(region)), name);
}
