//! Connecting to a server: name, TCP, and a relay from which the driver reads.
//!
//! The driver does not dial. It connects to a socket of this process, and the relay inspects what passes there first: whether
//! a server's message came before TLS or within it, and how it asked for the password. The driver can tell neither, and the
//! second decides whether it may respond at all. `TCP_NODELAY` is set here, too: sqlx 0.9.0 does not set it (transact-rs/sqlx
//! issue 4335), so each sign-in waited for delayed acknowledgements. Linux only: the sockets are abstract, so no file is
//! created, and only this process is let in.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rotation::{CallError, Cause, Endpoint, Server};
use sqlx::Connection;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream, lookup_host};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle, JoinSet};

use crate::limits::Limits;
use crate::tls::TrustAnchors;

/// A server, and how to connect to it.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    pub(crate) server: Server,
    pub(crate) trusted: TrustAnchors,
    pub(crate) limits: Limits,
}

/// How long one address may take to respond before the next one is tried as well (RFC 8305, "Connection Attempt Delay").
const NEXT_ADDRESS: Duration = Duration::from_millis(250);

/// How long resolving a name and connecting may take in all: time for three SYN on Linux.
const CONNECT: Duration = Duration::from_secs(4);

/// How long closing a session may take.
const CLOSE: Duration = Duration::from_secs(1);

/// Connects to the first address of the host that accepts the connection.
///
/// # Errors
/// [`Cause::NameNotResolved`]; [`Cause::Unreachable`] if nothing responds within 4 s; [`Cause::NotAnswering`] with the error of
/// each address.
pub(crate) async fn connect(endpoint: &Endpoint) -> Result<TcpStream, CallError> {
    tokio::time::timeout(CONNECT, first_to_accept(endpoint)).await.unwrap_or_else(|_| {
        let what = format!("{endpoint} does not respond at all, not even with a refused connection");
        Err(CallError::failed(Cause::Unreachable, what))
    })
}

/// The addresses of the host, with its port.
///
/// # Errors
/// [`Cause::NameNotResolved`].
pub(crate) async fn resolve(endpoint: &Endpoint) -> Result<impl Iterator<Item = SocketAddr>, CallError> {
    lookup_host((endpoint.host.as_str(), endpoint.port)).await.map_err(|_| {
        let what = format!("the name {} was not resolved", endpoint.host);
        CallError::failed(Cause::NameNotResolved, what)
    })
}

async fn first_to_accept(endpoint: &Endpoint) -> Result<TcpStream, CallError> {
    let mut addresses: VecDeque<SocketAddr> = resolve(endpoint).await?.collect();
    let (mut attempts, mut failures) = (JoinSet::new(), Vec::new());
    loop {
        match addresses.pop_front() {
            Some(address) => {
                attempts.spawn(async move { (address, TcpStream::connect(address).await) });
            }
            None if attempts.is_empty() => break,
            None => {}
        }
        let wait = if addresses.is_empty() { Duration::MAX } else { NEXT_ADDRESS };
        match tokio::time::timeout(wait, attempts.join_next()).await {
            Ok(Some(Ok((_, Ok(stream))))) => {
                // A failure only costs time.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Some(Ok((address, Err(error))))) => failures.push(format!("{address}: {}", error.kind())),
            Ok(Some(Err(_)) | None) | Err(_) => {}
        }
    }
    // The same failure has the same text, in whatever order the attempts ended.
    failures.sort();
    let what = format!("{endpoint} could not be reached ({})", failures.join(", "));
    Err(CallError::failed(Cause::NotAnswering, what))
}

/// A socket of this process to which the driver connects, and whose bytes are passed on to a server and back.
pub(crate) struct Relay {
    path: PathBuf,
    passing: JoinHandle<()>,
}

impl Relay {
    /// Listens for the driver, whose connection goes to `pass`. `file` is what the driver appends to the path that it is given.
    ///
    /// # Errors
    /// If the system creates no socket.
    pub(crate) fn start<F>(
        file: &str,
        pass: impl FnOnce(UnixStream) -> F + Send + 'static,
    ) -> Result<Self, CallError>
    where
        F: Future<Output = ()> + Send,
    {
        // In the abstract namespace, as the first byte says (unix(7)).
        let path = format!("\0rotation-{:032x}", rand::random::<u128>());
        let listener = UnixListener::bind(format!("{path}{file}")).map_err(|error| {
            CallError::failed(
                Cause::QueryFailed,
                format!("cannot create a socket for the driver ({})", error.kind()),
            )
        })?;
        let passing = tokio::spawn(async move {
            if let Some(driver) = accept(listener).await {
                pass(driver).await;
            }
        });
        Ok(Self { path: path.into(), passing })
    }

    /// Where the driver connects.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.passing.abort();
    }
}

/// The driver's connection; `None` if accepting fails. Other processes see the socket's name, but are not let in.
async fn accept(listener: UnixListener) -> Option<UnixStream> {
    loop {
        let (client, _) = listener.accept().await.ok()?;
        let process = client.peer_cred().ok().and_then(|peer| peer.pid());
        if process.and_then(|id| u32::try_from(id).ok()) == Some(std::process::id()) {
            return Some(client);
        }
    }
}

/// Passes on what the driver sends, while `receiving` does so the other way, until one of them ends. By then everything that
/// the driver sent has been written to the server.
pub(crate) async fn pass(
    mut from_driver: impl AsyncRead + Unpin,
    mut to_server: impl AsyncWrite + Unpin,
    receiving: impl Future<Output = io::Result<()>>,
) {
    let sending = async {
        let _ = tokio::io::copy(&mut from_driver, &mut to_server).await;
        let _ = to_server.shutdown().await;
    };
    // The driver notices the end because its own connection is closed.
    tokio::select! {
        () = sending => {}
        _ = receiving => {}
    }
}

/// Runs a driver's future on another thread than the runtime's, until it is done or the caller drops this future.
///
/// The driver of PostgreSQL yields after every fifth of the 4096 rounds by which it derives a key (sqlx 0.9.0, `sasl.rs`).
/// On the runtime's own thread each yield polls the kernel for events: 800 system calls a sign-in, which took longer than the
/// rounds.
///
/// # Errors
/// If the driver panics.
pub(crate) async fn on_another_thread<T: Send + 'static>(
    driver: impl Future<Output = T> + Send + 'static,
) -> Result<T, JoinError> {
    let runtime = Handle::current();
    let (waiting, dropped) = oneshot::channel::<()>();
    let thread = tokio::task::spawn_blocking(move || {
        runtime.block_on(async {
            tokio::select! {
                biased;
                done = driver => Some(done),
                _ = dropped => None,
            }
        })
    });
    let done = thread.await?;
    drop(waiting);
    match done {
        Some(done) => Ok(done),
        // Only possible after `waiting` has been dropped.
        None => std::future::pending().await,
    }
}

/// Why no session was opened.
pub(crate) enum OpenError {
    /// The network, TLS or the handshake failed, or the server asked for the password in a way that this crate refuses.
    Failed(CallError),
    /// The driver's error, which may hold the server's.
    Driver(sqlx::Error),
}

impl From<CallError> for OpenError {
    fn from(error: CallError) -> Self {
        Self::Failed(error)
    }
}

/// A driver's connection and the relay that carries it. Dropping it closes the connection to the server as well.
pub(crate) struct RelayedConnection<C> {
    pub(crate) driver: C,
    relay: Relay,
}

impl<C: Connection> RelayedConnection<C> {
    pub(crate) fn new(driver: C, relay: Relay) -> Self {
        Self { driver, relay }
    }

    /// Closes the session, so that the server's log shows no lost connection. Errors are ignored: the work is committed.
    pub(crate) async fn close(mut self) {
        let closing = async {
            let _ = self.driver.close().await;
            // Lambda freezes the process after the response: an open connection would stay open until the next invocation.
            let _ = (&mut self.relay.passing).await;
        };
        let _ = tokio::time::timeout(CLOSE, closing).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Without `TCP_NODELAY` a small message waits until the one before it is acknowledged, which a server delays for 40 ms.
    #[tokio::test]
    async fn small_messages_do_not_wait() {
        let server = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = server.local_addr().expect("an address").port();
        let socket = connect(&Endpoint { host: "localhost".into(), port }).await.expect("a connection");
        assert!(socket.nodelay().expect("the socket's option"));
    }

    #[tokio::test]
    async fn each_address_that_refuses_is_named() {
        let free = TcpListener::bind("127.0.0.1:0").await.and_then(|free| free.local_addr());
        let endpoint = Endpoint { host: "127.0.0.1".into(), port: free.expect("a free port").port() };
        let error = connect(&endpoint).await.expect_err("nobody listens");
        assert_eq!(error.cause(), Some(Cause::NotAnswering));
        assert!(error.to_string().contains(&format!("({endpoint}: connection refused)")), "{error}");
    }
}
