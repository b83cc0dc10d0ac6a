//! The key with which messages are signed; a new one for each world.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::sha1;

/// Signs messages as SNS does.
pub struct Signer(KeyPair);

impl Signer {
    /// Returns a signer with a new key.
    pub fn new() -> Self {
        Self(KeyPair::generate(KeySize::Rsa2048).expect("a key of 2048 bits can always be made"))
    }

    /// Writes version and signature into a message whose other fields are there, by version 2.
    pub fn sign(&self, message: &mut Value) {
        message["SignatureVersion"] = "2".into();
        message["Signature"] = STANDARD.encode(self.sha256(signed(message).as_bytes())).into();
    }

    /// As [`Self::sign`], by version 1.
    pub fn sign_by_sha1(&self, message: &mut Value) {
        message["SignatureVersion"] = "1".into();
        message["Signature"] = STANDARD.encode(sha1::sign(&self.0, signed(message).as_bytes())).into();
    }

    /// Returns the public key, in DER.
    pub(super) fn public_key(&self) -> Vec<u8> {
        self.0.public_key().as_ref().to_vec()
    }

    /// Returns the signature of `text` by PKCS #1 v1.5 over SHA-256.
    pub(super) fn sha256(&self, text: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        let done = self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature);
        done.expect("a key of 2048 bits signs any text");
        signature
    }
}

impl Default for Signer {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns the text that is signed of a message.
fn signed(message: &Value) -> String {
    let fields: &[&str] = match message["Type"].as_str() {
        Some("Notification") => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
        _ => &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
    };
    let there = fields.iter().filter_map(|it| Some((it, message.get(it)?.as_str()?)));
    there.map(|(name, value)| format!("{name}\n{value}\n")).collect()
}
