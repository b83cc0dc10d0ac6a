//! HTTP for the adapters that speak it themselves, and TLS, with the system's roots. It follows no redirect.

use std::{io, sync::Arc};

use hyper::body::Body;
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{self, ClientConfig},
};

/// Makes connections, over TLS where the address says so.
pub(super) type Connector = HttpsConnector<HttpConnector>;

/// Sends requests with bodies of type `B`. It has no time-out of its own.
pub(super) type Client<B> = legacy::Client<Connector, B>;

/// Returns what makes connections.
///
/// # Errors
/// The system's certificates cannot be read.
pub(super) fn connector() -> io::Result<Connector> {
    let builder = HttpsConnectorBuilder::new().with_native_roots()?;
    Ok(builder.https_or_http().enable_http1().enable_http2().build())
}

/// Returns what makes TLS connections of other protocols.
///
/// # Errors
/// The system's certificates cannot be read.
pub(super) fn tls() -> io::Result<TlsConnector> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(io::Error::other)?.with_native_roots()?.with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Returns a client over `connector`.
pub(super) fn client<B>(connector: Connector) -> Client<B>
where
    B: Body + Send,
    B::Data: Send,
{
    legacy::Client::builder(TokioExecutor::new()).build(connector)
}
