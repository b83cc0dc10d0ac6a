//! A plain HTTP client, for loopback addresses.

use std::time::Duration;

use axum::{body::Bytes, http::Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It took longer than the sender waits.
    TooSlow,
    /// No connection, or it broke.
    NoAnswer,
}

#[derive(Debug)]
pub(super) struct Client(legacy::Client<HttpConnector, Full<Bytes>>);

impl Default for Client {
    fn default() -> Self {
        Self(legacy::Client::builder(TokioExecutor::new()).build_http())
    }
}

impl Client {
    /// Posts `body` and waits at most `patience`. Returns status and body of the answer.
    ///
    /// # Errors
    /// There is no whole answer in time.
    pub(super) async fn post(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
        patience: Duration,
    ) -> Result<(u16, String), Failure> {
        let request = headers.iter().fold(Request::post(url), |it, (name, value)| it.header(*name, *value));
        let request = request.body(Full::from(body.to_owned())).map_err(|_| Failure::NoAnswer)?;
        let exchange = async {
            let response = self.0.request(request).await.map_err(|_| Failure::NoAnswer)?;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.map_err(|_| Failure::NoAnswer)?.to_bytes();
            Ok((status, String::from_utf8_lossy(&body).into_owned()))
        };
        tokio::time::timeout(patience, exchange).await.unwrap_or(Err(Failure::TooSlow))
    }
}
