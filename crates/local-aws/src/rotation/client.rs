use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

pub(crate) type FunctionClient = Client<HttpConnector, Full<Bytes>>;

/// A client that opens a connection for each call: a pooled connection that its server has closed would look like a
/// failure of the function.
pub(crate) fn client() -> FunctionClient {
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http()
}
