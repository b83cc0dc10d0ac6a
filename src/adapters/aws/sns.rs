//! SNS: its certificates, and the confirmation of subscriptions. Events come to the bot; it publishes none.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{StatusCode, body::Bytes};
use tokio::time::timeout;

use super::{
    config::{endpoint, sns_client},
    error::{Trouble, chain},
};
use crate::{
    adapters::https,
    domain::{failure::Failure, topic::TopicArn},
    engine::ports::{Certificates, NotConfirmed, Subscriptions, Unavailable},
};

/// How long a certificate may take, all of it: SNS waits 15 s for the answer to its message.
const CERTIFICATE: Duration = Duration::from_secs(3);

/// Largest certificate, in bytes; SNS's have two thousand.
const LARGEST: usize = 64 * 1024;

/// SNS as the SDK's configuration reaches it.
#[derive(Debug)]
pub struct Sns {
    client: aws_sdk_sns::Client,
    http: https::Client<Empty<Bytes>>,
    /// Who is asked instead of the hosts in addresses, without a slash at the end.
    endpoint: Option<String>,
}

impl Sns {
    /// Returns SNS as `sdk` reaches it. With an endpoint of its own (`AWS_ENDPOINT_URL_SNS`, `AWS_ENDPOINT_URL`) it is
    /// asked for the certificates too, by the path that they have at AWS: an interface endpoint, or a stand-in.
    ///
    /// # Errors
    /// The system's certificates cannot be read.
    pub fn new(sdk: &SdkConfig) -> std::io::Result<Self> {
        let endpoint = endpoint(sdk, "SNS").map(|it| it.trim_end_matches('/').to_owned());
        Ok(Self { client: sns_client(sdk), http: https::client(https::connector()?), endpoint })
    }

    async fn get(&self, url: &str) -> Result<Vec<u8>, Unavailable> {
        let unavailable = |it: &dyn std::error::Error| Unavailable(chain(it));
        let address = asked(url, self.endpoint.as_deref())
            .parse()
            .map_err(|it: hyper::http::uri::InvalidUri| unavailable(&it))?;
        let answer = self.http.get(address).await.map_err(|it| unavailable(&it))?;
        let status = answer.status();
        // Not even what says "not found" is believed: a certificate that is not there yet may be there soon.
        if status != StatusCode::OK {
            return Err(Unavailable(format!("its host answers {status}")));
        }
        let body = Limited::new(answer.into_body(), LARGEST).collect().await.map_err(|it| unavailable(&*it))?;
        Ok(body.to_bytes().to_vec())
    }
}

/// Returns where `url` is asked for: there, or at `endpoint` by the same path.
fn asked(url: &str, endpoint: Option<&str>) -> String {
    let path = url.strip_prefix("https://").and_then(|it| it.split_once('/')).map(|(_, path)| path);
    match (endpoint, path) {
        (Some(endpoint), Some(path)) => format!("{endpoint}/{path}"),
        (Some(_) | None, _) => url.to_owned(),
    }
}

#[async_trait]
impl Certificates for Sns {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, Unavailable> {
        let late = |_| Unavailable(format!("its host has not answered within {} s", CERTIFICATE.as_secs()));
        timeout(CERTIFICATE, self.get(url)).await.map_err(late)?
    }
}

#[async_trait]
impl Subscriptions for Sns {
    async fn confirm(&self, topic: &TopicArn, token: &str) -> Result<(), NotConfirmed> {
        let call = self.client.confirm_subscription().topic_arn(topic.as_str()).token(token);
        let answer = call.authenticate_on_unsubscribe("true").send().await;
        match answer.map_err(Trouble::from) {
            Ok(_) => Ok(()),
            Err(trouble) => {
                let refused = trouble.is("InvalidParameter") || trouble.is("NotFound");
                let Failure { code, message, .. } = trouble.into();
                let why = format!("{code}: {message}");
                Err(if refused { NotConfirmed::Refused(why) } else { NotConfirmed::NotNow(why) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_asked_by_the_path_that_a_certificate_has_at_aws() {
        let url = "https://sns.eu-west-1.amazonaws.com/x.pem";
        assert_eq!(asked(url, None), url);
        assert_eq!(asked(url, Some("http://localhost:1")), "http://localhost:1/x.pem");
        assert_eq!(asked(url, Some("https://proxy.example/sns")), "https://proxy.example/sns/x.pem");
    }
}
