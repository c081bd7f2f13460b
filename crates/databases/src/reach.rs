//! How far connections to a server get before anybody signs in: each address of its name, and the TLS handshake.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rotation::ports::{Reached, SeenTls};
use rotation::{CallError, Cause, Endpoint, Tls};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::client::TlsStream;

use crate::dial::{self, Connector};
use crate::limits::within;

/// How long resolving the name, each address, and the handshake may take.
const LIMIT: Duration = Duration::from_secs(4);

/// A name with more addresses than this is not a database server's.
const MOST: usize = 16;

/// Connects to each address at once, and hands the first that accepts to `secure`, unless the secret forbids TLS.
///
/// # Errors
/// [`Cause::NameNotResolved`].
pub(crate) async fn reach<F>(
    connector: &Connector,
    secure: impl FnOnce(TcpStream) -> F,
) -> Result<Reached, CallError>
where
    F: Future<Output = Result<TlsStream<TcpStream>, CallError>>,
{
    let endpoint = &connector.server.endpoint;
    let (mut addresses, mut accepted) = (Vec::new(), None);
    let mut attempts = JoinSet::new();
    for address in resolve(endpoint).await?.into_iter().take(MOST) {
        attempts
            .spawn(async move { (address, tokio::time::timeout(LIMIT, TcpStream::connect(address)).await) });
    }
    while let Some(Ok((address, connected))) = attempts.join_next().await {
        let result = match connected {
            Ok(Ok(socket)) => {
                accepted.get_or_insert(socket);
                Ok(())
            }
            Ok(Err(error)) => Err(CallError::failed(Cause::NotAnswering, error.kind().to_string())),
            Err(_) => Err(CallError::failed(Cause::Unreachable, "does not respond at all")),
        };
        addresses.push((address.ip(), result));
    }
    // In the order of the addresses, so that two reports of one state read the same.
    addresses.sort_by_key(|(address, _): &(IpAddr, _)| *address);
    let tls = match (accepted, connector.server.tls) {
        (Some(socket), Tls::Required) => Some(handshake(connector, secure(socket)).await),
        (Some(_) | None, _) => None,
    };
    Ok(Reached { addresses, tls })
}

async fn resolve(endpoint: &Endpoint) -> Result<Vec<SocketAddr>, CallError> {
    match tokio::time::timeout(LIMIT, dial::resolve(endpoint)).await {
        Ok(addresses) => Ok(addresses?.collect()),
        Err(_) => {
            let what = format!("the name {} was not resolved: nothing responded", endpoint.host);
            Err(CallError::failed(Cause::NameNotResolved, what))
        }
    }
}

async fn handshake(
    connector: &Connector,
    secure: impl Future<Output = Result<TlsStream<TcpStream>, CallError>>,
) -> Result<SeenTls, CallError> {
    let endpoint = &connector.server.endpoint;
    let stream = within(LIMIT, endpoint, secure).await?;
    let (_, session) = stream.get_ref();
    let version = match session.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(_) | None => "TLS 1.2",
    };
    let chain = session.peer_certificates().unwrap_or_default();
    Ok(SeenTls { version: version.into(), valid_for: connector.trusted.valid_for(endpoint, chain) })
}
