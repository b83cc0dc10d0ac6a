//! X.509 certificates like those of SNS, written in DER: just what a reader of them looks at.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{Timestamp, tz::TimeZone};

use super::signer::Signer;

const SEQUENCE: u8 = 0x30;
const OID: u8 = 0x06;
/// `sha256WithRSAEncryption`, `rsaEncryption`, `commonName`, `subjectAltName`.
const SHA256_WITH_RSA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const RSA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
const ALTERNATIVE_NAME: [u8; 3] = [0x55, 0x1d, 0x11];

/// To whom a certificate is issued, and for how long.
#[derive(Clone, Debug)]
pub struct Subject {
    pub common_name: String,
    /// Alternative names, of hosts. Where there are any, the common name does not count.
    pub names: Vec<String>,
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Subject {
    /// Returns the PEM of a certificate for the key of `signer`, which signs it itself.
    pub fn certificate(&self, signer: &Signer) -> String {
        let algorithm = tlv(SEQUENCE, &[tlv(OID, &RSA), tlv(0x05, &[])].concat());
        self.certificate_for(&tlv(SEQUENCE, &[algorithm, bits(&signer.public_key())].concat()), signer)
    }

    /// Returns the PEM of a certificate for a key of any kind, given in DER with its algorithm.
    pub fn certificate_for(&self, key: &[u8], signer: &Signer) -> String {
        let algorithm = tlv(SEQUENCE, &[tlv(OID, &SHA256_WITH_RSA), tlv(0x05, &[])].concat());
        let validity = tlv(SEQUENCE, &[time(self.from), time(self.until)].concat());
        let (name, version) = (self.name(), tlv(0xa0, &tlv(0x02, &[2])));
        let parts =
            [&version, &tlv(0x02, &[1]), &algorithm, &name, &validity, &name, &key.to_vec(), &self.extensions()];
        let signed = tlv(SEQUENCE, &parts.map(Vec::as_slice).concat());
        let signature = bits(&signer.sha256(&signed));
        pem(&tlv(SEQUENCE, &[signed, algorithm, signature].concat()))
    }

    fn name(&self) -> Vec<u8> {
        let value = tlv(0x0c, self.common_name.as_bytes());
        tlv(SEQUENCE, &tlv(0x31, &tlv(SEQUENCE, &[tlv(OID, &COMMON_NAME), value].concat())))
    }

    fn extensions(&self) -> Vec<u8> {
        if self.names.is_empty() {
            return Vec::new();
        }
        let names: Vec<u8> = self.names.iter().flat_map(|it| tlv(0x82, it.as_bytes())).collect();
        let value = tlv(0x04, &tlv(SEQUENCE, &names));
        tlv(0xa3, &tlv(SEQUENCE, &tlv(SEQUENCE, &[tlv(OID, &ALTERNATIVE_NAME), value].concat())))
    }
}

/// Returns `der` as one PEM block, in lines of 64 letters.
pub fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

/// Returns a value with its tag and its length before it.
fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len().to_be_bytes();
    let length = &length[length.iter().take_while(|it| **it == 0).count()..];
    let head = match (value.len(), u8::try_from(length.len())) {
        (0..=127, _) => vec![tag, length.first().copied().unwrap_or(0)],
        (_, Ok(count)) => [&[tag, 0x80 | count], length].concat(),
        (_, Err(_)) => unreachable!("a length has at most eight bytes"),
    };
    [head.as_slice(), value].concat()
}

fn bits(value: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], value].concat())
}

fn time(at: Timestamp) -> Vec<u8> {
    tlv(0x18, at.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%SZ").to_string().as_bytes())
}
