//! Which remedy helps against what.

use super::*;

#[test]
fn causes_of_failed_exports_find_their_remedy() {
    for (cause, remedy) in [
        ("An unknown internal error occurred.", Remedy::ExportAgain),
        ("The RDS export failed to assume the IAM role arn:aws:iam::1:role/x.", Remedy::ExportRoleTrust),
        ("The IAM role isn't authorized to call s3:PutObject.", Remedy::ExportRolePolicy),
        ("The KMS key check on the source DB snapshot failed.", Remedy::KmsKey),
        ("The S3 bucket isn't located in the current AWS Region.", Remedy::Bucket),
        ("The S3 credential check failed.", Remedy::Bucket),
    ] {
        assert_eq!(Failure::new(Class::Config, codes::EXPORT_FAILED, cause).remedy(), remedy, "{cause}");
    }
}

#[test]
fn what_s3_refuses_of_a_publish_finds_its_remedy() {
    let put = "s3:PutObject on the target s3://lake/latest/shop: Access Denied";
    let kms = "s3:GetObject on the source s3://lake/raw/a: not authorized to perform: kms:Decrypt on resource: k";
    for (code, message, remedy) in [
        ("AccessDenied", put, Remedy::BucketAccess),
        ("AllAccessDisabled", put, Remedy::BucketAccess),
        ("AccessDenied", kms, Remedy::DataKey),
        ("AccessDenied", "not authorized to perform: glue:StartJobRun", Remedy::Permissions),
        ("KMS.DisabledException", put, Remedy::DataKey),
        ("KMS.NotFoundException", put, Remedy::DataKey),
        ("PermanentRedirect", put, Remedy::BucketRegion),
        ("AuthorizationHeaderMalformed", put, Remedy::BucketRegion),
        ("IllegalLocationConstraintException", put, Remedy::BucketRegion),
    ] {
        assert_eq!(Failure::new(Class::Config, code, message).remedy(), remedy, "{code} {message}");
    }
}

#[test]
fn what_a_publish_refuses_or_misses_finds_its_remedy() {
    for (code, remedy) in [
        (codes::LATEST_CONTESTED, Remedy::LatestContested),
        (codes::MANIFEST_UNREADABLE, Remedy::Manifest),
        (codes::EXPORT_NOT_COMPLETE, Remedy::UnfinishedExport),
        (codes::OVERLAPPING_PREFIXES, Remedy::Prefixes),
        (codes::NOT_ONE_EXPORT, Remedy::Prefixes),
        (codes::TARGET_OF_OTHERS, Remedy::Prefixes),
        (codes::COPY_INCOMPLETE, Remedy::Copy),
    ] {
        assert_eq!(Failure::new(Class::Data, code, "").remedy(), remedy, "{code}");
    }
}

#[test]
fn an_unknown_code_is_tried_again() {
    assert_eq!(Failure::new(Class::Transient, "Whatever", "").remedy(), Remedy::Again);
}
