//! What RDS demands of the parameters of `StartExportTask`, before it looks at anything that exists.
//!
//! Errors and limits: [`StartExportTask`](https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartExportTask.html)
//! and the considerations of
//! [exporting snapshots](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.html).

use super::{Kind, exports::Source};
use crate::sandbox::aws::refusal::Refusal;

/// The longest identifier of an export task.
const LONGEST_IDENTIFIER: usize = 60;

/// Checks an identifier that is given in the parameter `name`.
///
/// # Errors
/// `InvalidParameterValue` with the text that RDS gives.
pub(super) fn check_identifier(name: &str, identifier: &str) -> Result<(), Refusal> {
    let well_formed = identifier.starts_with(|c: char| c.is_ascii_alphabetic())
        && identifier.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !identifier.ends_with('-')
        && !identifier.contains("--");
    if well_formed {
        return Ok(());
    }
    Err(invalid(format!(
        "The parameter {name} is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII \
         letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
    )))
}

/// Checks the identifier of an export task.
///
/// # Errors
/// `InvalidParameterValue`.
pub(super) fn check_task(identifier: &str) -> Result<(), Refusal> {
    check_identifier("ExportTaskIdentifier", identifier)?;
    if identifier.len() > LONGEST_IDENTIFIER {
        return Err(invalid(format!(
            "The parameter ExportTaskIdentifier must not be longer than {LONGEST_IDENTIFIER} characters."
        )));
    }
    Ok(())
}

/// Checks a prefix: no colon, and no slash at the end.
///
/// # Errors
/// `InvalidParameterValue`.
pub(super) fn check_prefix(prefix: Option<&str>) -> Result<(), Refusal> {
    match prefix {
        Some(prefix) if prefix.contains(':') => Err(invalid("The S3 prefix can't contain a colon (:).")),
        Some(prefix) if prefix.ends_with('/') => Err(invalid("The S3 prefix can't end with a slash (/).")),
        Some(_) | None => Ok(()),
    }
}

/// Checks that `role` is the ARN of a role.
///
/// # Errors
/// `IamRoleNotFound`.
pub(super) fn check_role(role: &str) -> Result<(), Refusal> {
    let account = role.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":role/"));
    match account {
        Some((account, name)) if is_account(account) && !name.is_empty() => Ok(()),
        Some(_) | None => {
            Err(Refusal::not_found("IamRoleNotFound", format!("The IAM role {role} is missing in the account.")))
        }
    }
}

/// Checks that `key` names a KMS key: by ARN, by id, or by alias.
///
/// # Errors
/// `KMSKeyNotAccessibleFault`.
pub(super) fn check_key(key: &str) -> Result<(), Refusal> {
    let is_arn =
        key.strip_prefix("arn:aws:kms:").is_some_and(|rest| rest.contains(":key/") || rest.contains(":alias/"));
    let is_alias = key.strip_prefix("alias/").is_some_and(|name| !name.is_empty() && !name.starts_with("aws/"));
    let is_id = key.len() == 36 && key.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    if is_arn || is_alias || is_id {
        return Ok(());
    }
    Err(Refusal::new(
        "KMSKeyNotAccessibleFault",
        format!("The specified KMS key {key} does not exist or can't be used."),
    ))
}

/// Checks what a partial export names: `database` or `database.table`, of letters, digits, `$` and `_`.
///
/// # Errors
/// `InvalidExportOnly`.
pub(super) fn check_only(only: &[String]) -> Result<(), Refusal> {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "$_".contains(c));
    match only.iter().find(|it| it.split('.').count() > 2 || !it.split('.').all(is_name)) {
        None => Ok(()),
        Some(wrong) => Err(Refusal::new("InvalidExportOnly", format!("The value {wrong} of ExportOnly is not valid."))),
    }
}

/// Returns what an ARN names as the source of an export.
///
/// # Errors
/// `InvalidParameterValue`: it is no ARN, or one of something else.
pub(super) fn source(arn: &str) -> Result<Source, Refusal> {
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    match parts.as_slice() {
        ["arn", "aws", "rds", _, account, kind, id] if is_account(account) && !id.is_empty() => match *kind {
            "snapshot" => Ok(Source::Snapshot(Kind::Instance, (*id).to_owned())),
            "cluster-snapshot" => Ok(Source::Snapshot(Kind::Cluster, (*id).to_owned())),
            "cluster" => Ok(Source::Cluster((*id).to_owned())),
            _ => Err(invalid(format!("The resource {arn} can't be exported."))),
        },
        _ => Err(invalid(format!("Invalid resource ARN: {arn}"))),
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.chars().all(|c| c.is_ascii_digit())
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterValue", message)
}
