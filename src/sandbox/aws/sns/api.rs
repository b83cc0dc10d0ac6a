//! What goes over the wire to SNS: its certificates by `GET`, and the Query protocol.

use std::collections::BTreeMap;

use async_trait::async_trait;
use axum::{
    body::Bytes,
    http::{Method, Response, StatusCode, header::CONTENT_TYPE, request::Parts},
};
use serde_json::json;
use url::form_urlencoded;

use super::Sns;
use crate::sandbox::{
    aws::{TOPIC_ARN, refusal::Refusal, xml::Xml},
    wire::{Call, Reply, StandIn},
};

const NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";

#[async_trait]
impl StandIn for Sns {
    fn service(&self) -> &'static str {
        "sns"
    }

    fn operation(&self, parts: &Parts, body: &Bytes) -> String {
        if parts.method == Method::GET {
            return "GetCertificate".to_owned();
        }
        let mut parameters = form_urlencoded::parse(body);
        let action = parameters.find_map(|(name, value)| (name == "Action").then(|| value.into_owned()));
        action.unwrap_or_else(|| "Unknown".to_owned())
    }

    fn refusal(&self, status: u16, code: &str, message: &str) -> Response<Bytes> {
        let fault = if status < 500 { "Sender" } else { "Receiver" };
        let error = Xml::default().text("Type", fault).text("Code", code).text("Message", message);
        respond(status, "ErrorResponse", Xml::default().node("Error", &error).text("RequestId", "sandbox"))
    }

    async fn answer(&self, call: Call) -> Reply {
        if call.operation == "GetCertificate" {
            return self.get_certificate(call.parts.uri.path());
        }
        let parameters: BTreeMap<String, String> = form_urlencoded::parse(&call.body).into_owned().collect();
        let note = json!(parameters);
        let result = match call.operation.as_str() {
            "ConfirmSubscription" => self.confirm(&parameters),
            "ListSubscriptionsByTopic" => self.list(&parameters),
            other => Err(Refusal::new("InvalidAction", format!("The action {other} is not valid for this endpoint."))),
        };
        match result {
            Ok(result) => {
                let metadata = Xml::default().text("RequestId", "sandbox");
                let result = Xml::default().node(&format!("{}Result", call.operation), &result);
                let result = result.node("ResponseMetadata", &metadata);
                Reply { response: respond(200, &format!("{}Response", call.operation), result), error: None, note }
            }
            Err(Refusal { status, code, message }) => {
                Reply { response: self.refusal(status, code, &message), error: Some(code.to_owned()), note }
            }
        }
    }
}

impl Sns {
    fn get_certificate(&self, path: &str) -> Reply {
        let note = json!({ "path": path });
        match self.certificate(path.trim_start_matches('/')) {
            Some(pem) => Reply { response: Response::new(Bytes::from(pem)), error: None, note },
            None => Reply { response: self.refusal(404, "NotFound", path), error: Some("NotFound".to_owned()), note },
        }
    }

    fn list(&self, parameters: &BTreeMap<String, String>) -> Result<Xml, Refusal> {
        if parameters.get("TopicArn").map(String::as_str) != Some(TOPIC_ARN) {
            return Err(Refusal::not_found("NotFound", "Topic does not exist"));
        }
        let subscriptions = self.subscriptions().into_iter().map(|(arn, protocol, endpoint)| {
            Xml::default()
                .text("SubscriptionArn", arn)
                .text("Protocol", protocol)
                .text("Endpoint", endpoint)
                .text("TopicArn", TOPIC_ARN)
        });
        Ok(Xml::default().list("Subscriptions", "member", subscriptions))
    }

    fn confirm(&self, parameters: &BTreeMap<String, String>) -> Result<Xml, Refusal> {
        let given = |name: &str| parameters.get(name).map(String::as_str).unwrap_or_default();
        let arn = self.confirmed(given("TopicArn"), given("Token"));
        let arn = arn.ok_or_else(|| Refusal::new("InvalidParameter", "Invalid parameter: Token"))?;
        Ok(Xml::default().text("SubscriptionArn", arn))
    }
}

fn respond(status: u16, root: &str, inner: Xml) -> Response<Bytes> {
    let body = format!("<{root} xmlns=\"{NAMESPACE}\">{}</{root}>", inner.into_string());
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(status).expect("a valid status");
    response.headers_mut().insert(CONTENT_TYPE, "text/xml".parse().expect("a valid header"));
    response
}
