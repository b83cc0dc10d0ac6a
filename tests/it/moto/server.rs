//! moto's server, as a process that ends with the test.

use std::{
    fs::{self, File},
    net::TcpListener,
    process::Stdio,
};

use aws_config::SdkConfig;
use axum::{
    body::Bytes,
    http::{Request, header::AUTHORIZATION},
};
use datalake_bot::adapters::aws::{Endpoints, local_config};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{python, until};

pub(super) const REGION: &str = "ap-northeast-1";
/// The account that moto puts into every ARN.
pub(super) const ACCOUNT: &str = "123456789012";
/// Both parts of the key that requests are signed with. moto verifies no signature: any will do.
pub(super) const KEY: &str = "moto";

/// A server with nothing in it.
pub(super) struct Server {
    pub(super) url: String,
    http: Client<HttpConnector, Full<Bytes>>,
    folder: TempDir,
    _child: Child,
}

impl Server {
    /// Starts a server, in which job runs and crawls take a second.
    pub(super) async fn start() -> Self {
        let python = python::with_moto().await;
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = File::create(folder.path().join("log")).unwrap();
        let child = Command::new(python)
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let http = Client::builder(TokioExecutor::new()).build_http();
        let server = Self { url: format!("http://127.0.0.1:{port}"), http, folder, _child: child };
        let answers = async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok();
        until("moto answers", answers, || server.log()).await;
        server.let_glue_take_its_time().await;
        server
    }

    /// Without this a job run has ended before it is first seen, and a crawl never ends.
    async fn let_glue_take_its_time(&self) {
        for model in ["glue::job_run", "glue::crawl"] {
            let transition = json!({ "model_name": model, "transition": { "progression": "time", "seconds": 1 } });
            let request = Request::post(format!("{}/moto-api/state-manager/set-transition", self.url));
            self.send(request, transition.to_string()).await;
        }
    }

    /// Returns the configuration of clients that speak to this server.
    pub(super) fn sdk(&self) -> SdkConfig {
        let services = ["RDS", "Glue", "S3", "DynamoDB", "SQS"];
        local_config(REGION, KEY, KEY, Endpoints(services.map(|it| (it, self.url.clone())).into()))
    }

    /// Carries out an operation of SNS, for which there is no client here.
    pub(super) async fn sns(&self, parameters: &[(&str, &str)]) {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let request = Request::post(&self.url).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.header(AUTHORIZATION, scope("sns")), form).await;
    }

    /// Carries out an operation of EventBridge, for which there is no client here.
    pub(super) async fn events(&self, operation: &str, input: &Value) {
        let request = Request::post(&self.url).header("content-type", "application/x-amz-json-1.1");
        let request = request.header("x-amz-target", format!("AWSEvents.{operation}"));
        self.send(request.header(AUTHORIZATION, scope("events")), input.to_string()).await;
    }

    async fn send(&self, request: axum::http::request::Builder, body: String) {
        let answer = self.http.request(request.body(Full::from(body)).unwrap()).await.unwrap();
        let status = answer.status();
        let said = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(status.is_success(), "{status}: {}\n{}", String::from_utf8_lossy(&said), self.log());
    }

    /// Returns what the server has written.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

/// Returns what tells moto Region and service. The signature, at which it does not look, is left out.
fn scope(service: &str) -> String {
    format!("AWS4-HMAC-SHA256 Credential={KEY}/20261122/{REGION}/{service}/aws4_request")
}
