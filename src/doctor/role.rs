//! The role that RDS takes on to write an export: there, and for RDS to take on.

use aws_sdk_iam::Client;
use serde_json::Value;
use url::form_urlencoded;

use super::{
    Verdict,
    probe::Probe,
    trouble::{Need, Trouble},
};

/// Who takes on the role
/// ([export permissions](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.Setting.html)).
const EXPORTER: &str = "export.rds.amazonaws.com";

const MEND: &str = "In the role's trust policy allow sts:AssumeRole to the service export.rds.amazonaws.com, as \
                    deploy/export-role.json does.";

pub(super) fn probe<'a>(iam: &'a Client, arn: String) -> Probe<'a> {
    let subject = arn.clone();
    Probe::new("export role", subject, Need::Doctors, async move { look(iam, &arn).await })
}

async fn look(iam: &Client, arn: &str) -> Verdict {
    // A role is asked for by its name, which its path is no part of.
    let name = arn.rsplit('/').next().unwrap_or(arn);
    match iam.get_role().role_name(name).send().await.map_err(Trouble::from) {
        Ok(found) => {
            let role = found.role();
            if let Some(other) = role.map(aws_sdk_iam::types::Role::arn).filter(|it| *it != arn) {
                return Verdict::failed(format!("the role of this name is {other}"), "Mend export.role_arn.");
            }
            match role.and_then(|it| it.assume_role_policy_document()) {
                Some(policy) => judge(policy, arn),
                None => Verdict::not_checked("IAM shows no trust policy"),
            }
        }
        Err(trouble) if trouble.is("NoSuchEntity") => {
            Verdict::failed("there is no such role", "Create it from deploy/export-role.json, or mend export.role_arn.")
        }
        Err(trouble) => trouble.verdict(Need::Doctors, "iam:GetRole"),
    }
}

/// Judges a trust policy as IAM gives it, percent-encoded JSON.
fn judge(policy: &str, arn: &str) -> Verdict {
    let decoded: String =
        form_urlencoded::parse(format!("p={policy}").as_bytes()).next().map(|it| it.1.into_owned()).unwrap_or_default();
    let text = if policy.trim_start().starts_with('{') { policy } else { &decoded };
    let Ok(policy) = serde_json::from_str::<Value>(text) else {
        return Verdict::not_checked("the trust policy cannot be read");
    };
    let statements: Vec<&Value> = listed(&policy["Statement"]);
    let Some(trust) = statements.into_iter().find(|it| lets_export(it)) else {
        return Verdict::failed(format!("its trust policy does not let {EXPORTER} assume it"), MEND);
    };
    let account = arn.split(':').nth(4).unwrap_or_default();
    match account_condition(trust) {
        Some(accounts) if !accounts.contains(&account) => Verdict::failed(
            format!("its trust policy asks for the account {}, exports come from {account}", accounts.join(" or ")),
            "Mend the condition aws:SourceAccount of the role's trust policy.",
        ),
        Some(_) | None => Verdict::ok(format!("{EXPORTER} may assume it")),
    }
}

fn lets_export(statement: &Value) -> bool {
    let principal = &statement["Principal"];
    let services = listed(&principal["Service"]);
    let trusted = *principal == "*" || services.iter().any(|it| **it == EXPORTER);
    let action = |it: &&Value| matches!(it.as_str(), Some("sts:AssumeRole" | "sts:*" | "*"));
    statement["Effect"] == "Allow" && trusted && listed(&statement["Action"]).iter().any(action)
}

/// Returns the accounts that a statement is for, if it says so.
fn account_condition(statement: &Value) -> Option<Vec<&str>> {
    let conditions =
        statement["Condition"].as_object()?.iter().filter(|(operator, _)| operator.starts_with("StringEq"));
    let keys = conditions.filter_map(|(_, keys)| keys.as_object()).flatten();
    let (_, accounts) = keys.into_iter().find(|(key, _)| key.eq_ignore_ascii_case("aws:SourceAccount"))?;
    Some(listed(accounts).into_iter().filter_map(Value::as_str).collect())
}

/// Returns the members of a list; what is no list is one by itself.
fn listed(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |it| it.iter().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:iam::123456789012:role/path/export";

    fn trust(service: &Value, action: &str, condition: &Value) -> String {
        let statement = json!({
            "Effect": "Allow", "Principal": { "Service": service }, "Action": action, "Condition": condition,
        });
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    }

    #[test]
    fn only_a_role_that_rds_may_assume_is_right() {
        let ours = json!({ "StringEquals": { "aws:SourceAccount": "123456789012" } });
        let theirs = json!({ "StringEquals": { "aws:SourceAccount": ["1"] } });
        let (rds, both) = (json!(EXPORTER), json!(["glue.amazonaws.com", EXPORTER]));
        for (policy, fine) in [
            (trust(&rds, "sts:AssumeRole", &json!({})), true),
            (trust(&both, "sts:AssumeRole", &ours), true),
            (trust(&json!("rds.amazonaws.com"), "sts:AssumeRole", &json!({})), false),
            (trust(&rds, "sts:TagSession", &json!({})), false),
            (trust(&rds, "sts:AssumeRole", &theirs), false),
            (trust(&rds, "sts:AssumeRole", &json!({})).replace("Allow", "Deny"), false),
        ] {
            assert_eq!(matches!(judge(&policy, ARN), Verdict::Ok { .. }), fine, "{policy}");
            let encoded: String = form_urlencoded::byte_serialize(policy.as_bytes()).collect();
            assert_eq!(judge(&encoded, ARN), judge(&policy, ARN));
        }
    }
}
