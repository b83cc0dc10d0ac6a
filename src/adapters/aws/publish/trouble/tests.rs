//! Keys, other accounts and other Regions: what people are told, and what helps.

use tokio_util::sync::CancellationToken;

use crate::{
    adapters::aws::{
        Stamp, publish,
        publish::canned::{Answer, Canned, fine, refusal},
    },
    clock::System,
    domain::{
        failure::{Failure, Remedy},
        source::Location,
    },
    engine::ports::Progress,
};

const LISTED: &str =
    "<ListBucketResult><Contents><Key>raw/a/db/x</Key><Size>3</Size><ETag>\"e\"</ETag></Contents></ListBucketResult>";

/// Answers a publish of one object up to its copy.
fn s3(call: &str) -> Answer {
    if call.contains("list-type") && call.contains("prefix=raw") {
        fine(LISTED)
    } else if call.contains("list-type") {
        fine("<ListBucketResult/>")
    } else if call.starts_with("HEAD") {
        fine("")
    } else {
        refusal(404, "NoSuchKey")
    }
}

async fn failure(judge: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static) -> Failure {
    let server = Canned::start(move |call, _| judge(call).or_else(|| Some(s3(call)))).await;
    let at = |bucket: &str, prefix: &str| Location { bucket: bucket.to_owned(), prefix: prefix.to_owned() };
    let (from, to) = (at("exports", "raw/a"), at("lake", "latest"));
    let stamp = Stamp { export_task: "a".to_owned(), snapshot_time: None, replaces: None };
    let (progress, stop) = (Progress::default(), CancellationToken::new());
    Box::pin(publish(&server.client, &System, &from, &to, &stamp, &progress, &stop)).await.unwrap_err()
}

/// Refuses copies so.
async fn copy_refused(status: u16, code: &'static str) -> Failure {
    failure(move |call| call.starts_with("PUT").then(|| refusal(status, code))).await
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_told_with_both_sides() {
    for code in ["KMS.DisabledException", "KMS.NotFoundException", "KMS.KMSInvalidStateException"] {
        let failure = copy_refused(400, code).await;
        let expected =
            "s3:PutObject on the target s3://lake/latest/, copying from the source s3://exports/raw/a/: as AWS said";
        assert_eq!((failure.code.as_str(), failure.message.as_str()), (code, expected));
        assert_eq!(failure.remedy(), Remedy::DataKey);
    }
}

#[tokio::test]
async fn who_is_refused_learns_on_which_side() {
    let failure = copy_refused(403, "AccessDenied").await;
    assert_eq!(failure.remedy(), Remedy::BucketAccess);
    assert!(failure.message.starts_with("s3:PutObject on the target s3://lake/latest"), "{}", failure.message);

    let unreadable =
        |call: &str| (call.starts_with("PUT") || call.starts_with("HEAD")).then(|| refusal(403, "AccessDenied"));
    let failure = self::failure(unreadable).await;
    assert_eq!(failure.remedy(), Remedy::BucketAccess);
    assert_eq!(failure.message, "s3:GetObject on the source s3://exports/raw/a/: as AWS said");

    for (prefix, told) in [("prefix=raw", "source s3://exports/raw/a/"), ("prefix=latest", "target s3://lake/latest/")]
    {
        let failure = self::failure(move |call| call.contains(prefix).then(|| refusal(403, "AccessDenied"))).await;
        assert_eq!(failure.message, format!("s3:ListBucket on the {told}: as AWS said"));
        assert_eq!(failure.remedy(), Remedy::BucketAccess);
    }
}

#[tokio::test]
async fn a_key_that_is_refused_is_told_from_a_bucket_that_is() {
    let denied = "<Error><Code>AccessDenied</Code><Message>User: r is not authorized to perform: kms:Decrypt on \
                  resource: k</Message></Error>";
    let failure =
        failure(move |call| call.starts_with("PUT").then(|| Answer(403, Vec::new(), denied.to_owned()))).await;
    assert!(failure.message.starts_with("s3:GetObject on the source s3://exports/raw/a"), "{}", failure.message);
    assert_eq!(failure.remedy(), Remedy::DataKey);
}

#[tokio::test]
async fn another_region_is_told_with_its_name() {
    let elsewhere = |body: &str| Answer(301, vec![("x-amz-bucket-region", "us-east-2")], body.to_owned());
    let body = "<Error><Code>PermanentRedirect</Code><Message>as AWS said</Message></Error>";
    for (body, said) in [(body, "as AWS said"), ("", "")] {
        let failure = failure(move |call| call.contains("prefix=latest").then(|| elsewhere(body))).await;
        assert_eq!((failure.code.as_str(), failure.remedy()), ("PermanentRedirect", Remedy::BucketRegion));
        let begins = format!("s3:ListBucket on the target s3://lake/latest/: {said}");
        let ends = "(the bucket is in us-east-2)";
        assert!(failure.message.starts_with(&begins) && failure.message.ends_with(ends), "{}", failure.message);
    }
    for (status, code) in [(400, "AuthorizationHeaderMalformed"), (400, "IllegalLocationConstraintException")] {
        assert_eq!(copy_refused(status, code).await.remedy(), Remedy::BucketRegion);
    }
}
