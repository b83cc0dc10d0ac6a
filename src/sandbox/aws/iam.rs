//! The IAM stand-in: `GetRole`, over the AWS Query protocol (version 2010-05-08).

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use async_trait::async_trait;
use axum::{
    body::Bytes,
    http::{Response, StatusCode, header::CONTENT_TYPE, request::Parts},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{ACCOUNT, refusal::Refusal, xml::Xml};
use crate::sandbox::wire::{Call, Reply, StandIn};

const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// The stand-in for IAM: roles with their trust policies.
#[derive(Debug, Default)]
pub struct Iam(Mutex<BTreeMap<String, Value>>);

impl Iam {
    /// Makes a role that `service` may assume, or changes who may.
    pub fn trust(&self, role: &str, service: &str) {
        let statement = json!({
            "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole",
            "Condition": { "StringEquals": { "aws:SourceAccount": ACCOUNT } },
        });
        self.roles().insert(role.to_owned(), json!({ "Version": "2012-10-17", "Statement": [statement] }));
    }

    /// Removes a role.
    pub fn remove_role(&self, role: &str) {
        self.roles().remove(role);
    }

    fn get_role(&self, name: &str) -> Result<Xml, Refusal> {
        let roles = self.roles();
        let not_found = || Refusal::not_found("NoSuchEntity", format!("The role with name {name} cannot be found."));
        let trust = roles.get(name).ok_or_else(not_found)?.to_string();
        let role = Xml::default()
            .text("Path", "/")
            .text("RoleName", name)
            .text("RoleId", "AROASANDBOX")
            .text("Arn", format!("arn:aws:iam::{ACCOUNT}:role/{name}"))
            .text("CreateDate", "2026-01-01T00:00:00Z")
            .text("AssumeRolePolicyDocument", utf8_percent_encode(&trust, NON_ALPHANUMERIC));
        Ok(Xml::default().node("Role", &role))
    }

    fn roles(&self) -> MutexGuard<'_, BTreeMap<String, Value>> {
        self.0.lock().expect("no panic while the roles are held")
    }
}

#[async_trait]
impl StandIn for Iam {
    fn service(&self) -> &'static str {
        "iam"
    }

    fn operation(&self, _parts: &Parts, body: &Bytes) -> String {
        parameter(body, "Action").unwrap_or_else(|| "Unknown".to_owned())
    }

    fn refusal(&self, status: u16, code: &str, message: &str) -> Response<Bytes> {
        let error = Xml::default().text("Type", "Sender").text("Code", code).text("Message", message);
        respond(status, "ErrorResponse", Xml::default().node("Error", &error).text("RequestId", "sandbox"))
    }

    async fn answer(&self, call: Call) -> Reply {
        let role = parameter(&call.body, "RoleName").unwrap_or_default();
        let note = json!({ "role": role });
        let result = match call.operation.as_str() {
            "GetRole" => self.get_role(&role),
            other => Err(Refusal::new("InvalidAction", format!("Could not find operation {other}"))),
        };
        match result {
            Ok(result) => {
                let result = Xml::default().node(&format!("{}Result", call.operation), &result);
                Reply { response: respond(200, &format!("{}Response", call.operation), result), error: None, note }
            }
            Err(Refusal { status, code, message }) => {
                Reply { response: self.refusal(status, code, &message), error: Some(code.to_owned()), note }
            }
        }
    }
}

fn parameter(body: &Bytes, name: &str) -> Option<String> {
    form_urlencoded::parse(body).find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}

fn respond(status: u16, root: &str, inner: Xml) -> Response<Bytes> {
    let body = format!("<{root} xmlns=\"{NAMESPACE}\">{}</{root}>", inner.into_string());
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(status).expect("a valid status");
    response.headers_mut().insert(CONTENT_TYPE, "text/xml".parse().expect("a valid header"));
    response
}
