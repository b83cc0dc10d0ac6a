//! The certificate whose key has signed a message: one PEM block, X.509, RSA.
//!
//! Trust in it rests on TLS to the exact host that serves it, as in AWS's own validators; its name, its dates and its
//! key are checked here.

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, parse_x509_certificate, public_key::PublicKey,
};

use super::{envelope::Version, refusal::Refusal};

/// Smallest key that is accepted, in bits; older certificates of SNS had 1024.
const KEY_BITS: usize = 2048;

/// A certificate that can be used to check signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The key, in DER.
    key: Vec<u8>,
    names: Vec<String>,
    /// First and last second at which it is valid, since 1970.
    valid: (i64, i64),
}

impl Certificate {
    /// Reads a certificate as SNS serves it.
    ///
    /// # Errors
    /// It is not one, or its key is of another kind.
    pub fn read(pem: &[u8]) -> Result<Self, Refusal> {
        let der = der(pem).ok_or(Refusal::Certificate)?;
        let (rest, certificate) = parse_x509_certificate(&der).map_err(|_| Refusal::Certificate)?;
        if !rest.is_empty() {
            return Err(Refusal::Certificate);
        }
        let key = certificate.public_key();
        let strong = matches!(key.parsed(), Ok(PublicKey::RSA(rsa)) if rsa.key_size() >= KEY_BITS);
        if !strong {
            return Err(Refusal::Key);
        }
        let validity = certificate.validity();
        Ok(Self {
            key: key.subject_public_key.data.to_vec(),
            names: names(&certificate).ok_or(Refusal::Certificate)?,
            valid: (validity.not_before.timestamp(), validity.not_after.timestamp()),
        })
    }

    /// Checks that the certificate is `name`'s, and valid at `now`.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn check(&self, name: &str, now: Timestamp) -> Result<(), Refusal> {
        let (first, last) = self.valid;
        if !self.names.iter().any(|it| it.eq_ignore_ascii_case(name)) {
            return Err(Refusal::Name(name.to_owned()));
        }
        if now.as_second() < first {
            return Err(Refusal::NotYetValid);
        }
        if now.as_second() > last {
            return Err(Refusal::Expired);
        }
        Ok(())
    }

    /// Checks that the certificate's key has signed `text`.
    ///
    /// # Errors
    /// It has not.
    pub(super) fn verify(&self, version: Version, text: &str, signature: &[u8]) -> Result<(), Refusal> {
        let algorithm = match version {
            Version::Sha1 => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Version::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        };
        let key = UnparsedPublicKey::new(algorithm, &self.key);
        key.verify(text.as_bytes(), signature).map_err(|_| Refusal::Signature)
    }
}

/// Returns what is inside the only PEM block of `pem`, around which there may be blanks and nothing else.
fn der(pem: &[u8]) -> Option<Vec<u8>> {
    let block = std::str::from_utf8(pem).ok()?.trim_ascii();
    let inner = block.strip_prefix("-----BEGIN CERTIFICATE-----\n")?.strip_suffix("\n-----END CERTIFICATE-----")?;
    STANDARD.decode(inner.replace('\n', "")).ok()
}

/// Returns to whom the certificate is issued, as those read it who check names of hosts: the alternative names where it
/// has any of a host, the one common name otherwise.
fn names(certificate: &X509Certificate<'_>) -> Option<Vec<String>> {
    let alternative = certificate.subject_alternative_name().ok()?;
    let alternative = alternative.map(|it| it.value.general_names.as_slice()).unwrap_or_default();
    let of_a_host = |it: &&GeneralName<'_>| matches!(it, GeneralName::DNSName(_) | GeneralName::IPAddress(_));
    if alternative.iter().any(|it| of_a_host(&it)) {
        let dns =
            |it: &GeneralName<'_>| if let GeneralName::DNSName(name) = it { Some((*name).to_owned()) } else { None };
        return Some(alternative.iter().filter_map(dns).collect());
    }
    let mut common = certificate.subject().iter_common_name();
    let name = common.next().and_then(|it| it.as_str().ok()).map(str::to_owned);
    Some(name.filter(|_| common.next().is_none()).into_iter().collect())
}
