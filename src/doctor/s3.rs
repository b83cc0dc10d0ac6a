//! Buckets: there, within reach, and in the Region of the exports. Nothing is written to find out.

use aws_sdk_s3::Client;

use super::{
    Verdict,
    probe::Probe,
    trouble::{Need, Trouble},
};

const REGION_HEADER: &str = "x-amz-bucket-region";

pub(super) fn probe<'a>(s3: &'a Client, bucket: String, region: &'a str) -> Probe<'a> {
    let subject = bucket.clone();
    Probe::new("bucket", subject, Need::Bots, async move { look(s3, &bucket, region).await })
}

async fn look(s3: &Client, bucket: &str, region: &str) -> Verdict {
    // S3 names the Region in every answer, also where it refuses.
    let head = s3.head_bucket().bucket(bucket).send().await;
    let told = match &head {
        Ok(head) => head.bucket_region().map(str::to_owned),
        Err(error) => error.raw_response().and_then(|it| it.headers().get(REGION_HEADER)).map(str::to_owned),
    };
    let lies_in = match told {
        Some(told) => Some(told),
        None => location(s3, bucket).await,
    };
    let is_known = lies_in.is_some();
    if let Some(other) = lies_in.filter(|it| it != region) {
        return Verdict::failed(
            format!("lies in the Region {other}, the configuration says {region}"),
            "RDS exports to a bucket in its own Region only: name a bucket there, or mend aws.region.",
        );
    }
    match head.map_err(Trouble::from) {
        Ok(_) => Verdict::ok(format!("in {region}")),
        Err(trouble) if is_known && !trouble.is_denied() => Verdict::ok(format!("in {region}")),
        Err(trouble) if ["NotFound", "NoSuchBucket", "Http404"].iter().any(|it| trouble.is(it)) => Verdict::failed(
            "there is no such bucket",
            format!("Create it in {region}, or mend the name in `export` and `latest` of the sources."),
        ),
        Err(trouble) => trouble.verdict(Need::Bots, "s3:ListBucket"),
    }
}

/// Returns the bucket's Region where S3 tells it; its oldest one has no name there.
async fn location(s3: &Client, bucket: &str) -> Option<String> {
    let location = s3.get_bucket_location().bucket(bucket).send().await.ok()?;
    Some(location.location_constraint().map_or("us-east-1", |it| it.as_str()).to_owned()).map(|it| match it.as_str() {
        "" => "us-east-1".to_owned(),
        "EU" => "eu-west-1".to_owned(),
        _ => it,
    })
}
