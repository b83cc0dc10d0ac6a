//! HTTP for the adapters that speak it themselves: TLS with the system's roots. It follows no redirect.

use std::io;

use hyper::body::Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
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

/// Returns a client over `connector`.
pub(super) fn client<B>(connector: Connector) -> Client<B>
where
    B: Body + Send,
    B::Data: Send,
{
    legacy::Client::builder(TokioExecutor::new()).build(connector)
}
