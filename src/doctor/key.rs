//! The KMS key that an export is encrypted with.

use aws_sdk_kms::{
    Client,
    types::{KeyManagerType, KeyMetadata, KeySpec, KeyState, KeyUsageType},
};

use super::{
    Verdict,
    probe::Probe,
    trouble::{Need, Trouble},
};

pub(super) fn probe<'a>(kms: &'a Client, id: String, region: &'a str) -> Probe<'a> {
    let subject = id.clone();
    Probe::new("KMS key", subject, Need::Doctors, async move { look(kms, &id, region).await })
}

async fn look(kms: &Client, id: &str, region: &str) -> Verdict {
    if let Some(other) = region_of(id).filter(|it| *it != region) {
        return elsewhere(other, region);
    }
    match kms.describe_key().key_id(id).send().await.map_err(Trouble::from) {
        Ok(found) => match found.key_metadata() {
            Some(key) => judge(key, region),
            None => Verdict::not_checked("KMS shows nothing of it"),
        },
        Err(trouble) if trouble.is("NotFound") => {
            Verdict::failed("there is no such key", "Mend export.kms_key, or create a symmetric key in this Region.")
        }
        // RDS asks for it with the rights of whoever starts an export.
        Err(trouble) if trouble.is_denied() => trouble.verdict(Need::Bots, "kms:DescribeKey"),
        Err(trouble) => trouble.verdict(Need::Doctors, "kms:DescribeKey"),
    }
}

fn judge(key: &KeyMetadata, region: &str) -> Verdict {
    if let Some(other) = key.arn().and_then(region_of).filter(|it| *it != region) {
        return elsewhere(other, region);
    }
    match key.key_state() {
        None | Some(KeyState::Enabled) => {}
        Some(KeyState::Disabled) => {
            return Verdict::failed("the key is disabled", "Enable it, or name another one in export.kms_key.");
        }
        Some(state) => {
            let what = format!("the key is in the state {}", state.as_str());
            return Verdict::failed(what, "Cancel its deletion, or name another key in export.kms_key.");
        }
    }
    let symmetric = key.key_spec().is_none_or(|it| *it == KeySpec::SymmetricDefault);
    let encrypts = key.key_usage().is_none_or(|it| *it == KeyUsageType::EncryptDecrypt);
    if !symmetric || !encrypts {
        return Verdict::failed(
            "the key is not one for symmetric encryption, which RDS asks for",
            "Name a key of the type SYMMETRIC_DEFAULT in export.kms_key.",
        );
    }
    if key.key_manager() == Some(&KeyManagerType::Aws) {
        return Verdict::failed(
            "the key is managed by AWS: its policy cannot let RDS use it for an export",
            "Name a key that you manage yourself in export.kms_key.",
        );
    }
    Verdict::ok("enabled, symmetric")
}

fn elsewhere(other: &str, region: &str) -> Verdict {
    Verdict::failed(
        format!("the key is in the Region {other}, the configuration says {region}"),
        "RDS takes a key of its own Region only: name one there in export.kms_key.",
    )
}

/// Returns the Region of an ARN; an id or an alias has none.
fn region_of(id: &str) -> Option<&str> {
    id.strip_prefix("arn:")?.split(':').nth(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(state: KeyState, spec: KeySpec) -> Verdict {
        let key = KeyMetadata::builder().key_id("k").key_state(state).key_spec(spec);
        judge(&key.build().unwrap(), "eu-west-1")
    }

    #[test]
    fn only_an_enabled_symmetric_key_is_right() {
        assert_eq!(key(KeyState::Enabled, KeySpec::SymmetricDefault), Verdict::ok("enabled, symmetric"));
        assert!(matches!(key(KeyState::Disabled, KeySpec::SymmetricDefault), Verdict::Failed { .. }));
        assert!(matches!(key(KeyState::PendingDeletion, KeySpec::SymmetricDefault), Verdict::Failed { .. }));
        assert!(matches!(key(KeyState::Enabled, KeySpec::Rsa2048), Verdict::Failed { .. }));
    }

    #[test]
    fn the_region_of_a_key_is_in_its_arn() {
        assert_eq!(region_of("arn:aws:kms:eu-west-1:1:key/x"), Some("eu-west-1"));
        assert_eq!(region_of("alias/lake"), None);
    }
}
