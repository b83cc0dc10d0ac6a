//! The DynamoDB stand-in: `dynoxide` in memory, behind the front that faults and history need.

use anyhow::Context as _;
use async_trait::async_trait;
use axum::{
    body::{Body, Bytes},
    http::{Request, Response, Uri, request::Parts},
};
use dynoxide::Database;
use http_body_util::BodyExt as _;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Map, Value};
use tokio::net::TcpListener;

use super::json;
use crate::sandbox::wire::{Call, Front, Reply, StandIn};

/// The parameters of a request that its history entry keeps.
const NOTED: [&str; 6] = ["TableName", "Key", "ConditionExpression", "UpdateExpression", "IndexName", "Limit"];

/// The stand-in for DynamoDB.
pub(super) struct Dynamo {
    client: Client<HttpConnector, Body>,
    /// Where dynoxide itself listens.
    uri: Uri,
}

impl Dynamo {
    /// Starts an empty database, which ends with `front`.
    ///
    /// # Errors
    /// The database cannot be made, or no port is free.
    pub(super) async fn start(front: &Front) -> anyhow::Result<Self> {
        let database = Database::memory().context("making a DynamoDB in memory")?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let uri = format!("http://{}/", listener.local_addr()?).parse()?;
        let server = dynoxide::server::serve_with_shutdown(listener, database, front.stop.clone().cancelled_owned());
        front.tracker.spawn(server);
        Ok(Self { client: Client::builder(TokioExecutor::new()).build_http(), uri })
    }

    async fn forward(&self, call: Call) -> anyhow::Result<Response<Bytes>> {
        let mut parts = call.parts;
        parts.uri = self.uri.clone();
        let response = self.client.request(Request::from_parts(parts, Body::from(call.body))).await?;
        let (parts, body) = response.into_parts();
        Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
    }
}

#[async_trait]
impl StandIn for Dynamo {
    fn service(&self) -> &'static str {
        "dynamodb"
    }

    fn operation(&self, parts: &Parts, _body: &Bytes) -> String {
        json::operation(parts)
    }

    fn refusal(&self, status: u16, code: &str, message: &str) -> Response<Bytes> {
        json::refusal(status, &format!("com.amazonaws.dynamodb.v20120810#{code}"), message)
    }

    async fn answer(&self, call: Call) -> Reply {
        let note = note(&call.body);
        let response = match self.forward(call).await {
            Ok(response) => response,
            Err(error) => self.refusal(500, "InternalServerError", &format!("{error:#}")),
        };
        let error = error_code(&response);
        Reply { response, error, note }
    }
}

/// Returns what the history says of a request: the parameters in [`NOTED`]; of a transaction or a batch all of it.
fn note(body: &Bytes) -> Value {
    let Ok(Value::Object(mut body)) = serde_json::from_slice(body) else { return Value::Null };
    if !body.contains_key("TableName") {
        return Value::Object(body);
    }
    let noted = NOTED.iter().filter_map(|name| Some(((*name).to_owned(), body.remove(*name)?)));
    Value::Object(noted.collect::<Map<_, _>>())
}

fn error_code(response: &Response<Bytes>) -> Option<String> {
    if response.status().is_success() {
        return None;
    }
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let code = body["__type"].as_str().and_then(|it| it.rsplit('#').next());
    Some(code.map_or_else(|| response.status().as_u16().to_string(), str::to_owned))
}
