//! The KMS stand-in: `DescribeKey`, over the AWS JSON protocol. Nothing is encrypted.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use async_trait::async_trait;
use axum::{
    body::Bytes,
    http::{Response, request::Parts},
};
use serde_json::{Value, json};

use super::{ACCOUNT, REGION, json as wire, refusal::Refusal};
use crate::sandbox::wire::{Call, Reply, StandIn};

/// The stand-in for KMS: keys by id, each in a state (`Enabled`, `Disabled`, `PendingDeletion`).
#[derive(Debug, Default)]
pub struct Kms(Mutex<BTreeMap<String, String>>);

impl Kms {
    /// Makes a symmetric key, or brings one into another state.
    pub fn set_key(&self, id: &str, state: &str) {
        self.keys().insert(id.to_owned(), state.to_owned());
    }

    fn describe(&self, params: &Value) -> Result<Value, Refusal> {
        let asked = params["KeyId"].as_str().unwrap_or_default();
        let id = asked.rsplit('/').next().unwrap_or(asked);
        let keys = self.keys();
        let not_found = || Refusal::new("NotFoundException", format!("Key '{asked}' does not exist"));
        let state = keys.get(id).ok_or_else(not_found)?;
        Ok(json!({ "KeyMetadata": {
            "AWSAccountId": ACCOUNT,
            "KeyId": id,
            "Arn": format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{id}"),
            "Enabled": state == "Enabled",
            "KeyState": state,
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "KeyManager": "CUSTOMER",
            "Origin": "AWS_KMS",
        } }))
    }

    fn keys(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().expect("no panic while the keys are held")
    }
}

#[async_trait]
impl StandIn for Kms {
    fn service(&self) -> &'static str {
        "kms"
    }

    fn operation(&self, parts: &Parts, _body: &Bytes) -> String {
        wire::operation(parts)
    }

    fn refusal(&self, status: u16, code: &str, message: &str) -> Response<Bytes> {
        wire::refusal(status, code, message)
    }

    async fn answer(&self, call: Call) -> Reply {
        let params: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let result = match call.operation.as_str() {
            "DescribeKey" => self.describe(&params),
            other => Err(Refusal::new("UnknownOperationException", format!("Unknown operation {other}"))),
        };
        let note = json!({ "key": params["KeyId"] });
        match result {
            Ok(body) => Reply { response: wire::response(200, &body), error: None, note },
            Err(Refusal { status, code, message }) => {
                Reply { response: self.refusal(status, code, &message), error: Some(code.to_owned()), note }
            }
        }
    }
}
