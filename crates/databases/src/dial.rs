//! The way to a server: name, TCP, and a relay from which the driver reads.
//!
//! The driver does not dial. It is given a socket of this process, and what passes there is looked at first: whether a
//! server's words came before TLS or within it, and how it asked for the password. The driver can tell neither, and the
//! second decides whether it may answer at all. `TCP_NODELAY` is set here, too: sqlx 0.9.0 does not (transact-rs/sqlx issue
//! 4335), so that each sign-in waited for delayed acknowledgements. Linux only: the sockets are abstract, so that nothing
//! lies in a file system, and nobody but this process is let in.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rotation::{CallError, Cause, Endpoint};
use sqlx::Connection;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream, lookup_host};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle, JoinSet};

/// How long one address may keep silent before the next one is tried as well (RFC 8305, "Connection Attempt Delay").
const NEXT_ADDRESS: Duration = Duration::from_millis(250);

/// How long a name and its addresses may keep silent in all: time for three SYN on Linux.
const CONNECT: Duration = Duration::from_secs(4);

/// How long the end of a session may take.
const CLOSE: Duration = Duration::from_secs(1);

/// Connects to the first address of the host that answers.
///
/// # Errors
/// [`Cause::NameNotResolved`]; [`Cause::Unreachable`] where nothing answers within 4 s; [`Cause::NotAnswering`] with what each
/// address answered.
pub(crate) async fn connect(endpoint: &Endpoint) -> Result<TcpStream, CallError> {
    tokio::time::timeout(CONNECT, first_to_answer(endpoint)).await.unwrap_or_else(|_| {
        let answer = format!("{endpoint} gives no answer at all, not even a refusal");
        Err(CallError::failed(Cause::Unreachable, answer))
    })
}

async fn first_to_answer(endpoint: &Endpoint) -> Result<TcpStream, CallError> {
    let not_resolved = |_| {
        let answer = format!("the name {} was not resolved", endpoint.host);
        CallError::failed(Cause::NameNotResolved, answer)
    };
    let found = lookup_host((endpoint.host.as_str(), endpoint.port)).await.map_err(not_resolved)?;
    let mut addresses: VecDeque<SocketAddr> = found.collect();
    let (mut attempts, mut failures) = (JoinSet::new(), Vec::new());
    loop {
        match addresses.pop_front() {
            Some(address) => {
                attempts.spawn(async move { (address, TcpStream::connect(address).await) });
            }
            None if attempts.is_empty() => break,
            None => {}
        }
        let patience = if addresses.is_empty() { Duration::MAX } else { NEXT_ADDRESS };
        match tokio::time::timeout(patience, attempts.join_next()).await {
            Ok(Some(Ok((_, Ok(stream))))) => {
                // It only costs time where it fails.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Some(Ok((address, Err(error))))) => failures.push(format!("{address}: {}", error.kind())),
            Ok(Some(Err(_)) | None) | Err(_) => {}
        }
    }
    // In whatever order they came, it is the same failure.
    failures.sort();
    let answer = format!("{endpoint} could not be reached ({})", failures.join(", "));
    Err(CallError::failed(Cause::NotAnswering, answer))
}

/// A socket of this process that leads to a server: the driver connects to it, and bytes are passed on.
pub(crate) struct Relay {
    path: PathBuf,
    passing: JoinHandle<()>,
}

impl Relay {
    /// Listens for the driver, whose connection goes to `pass`. `file` is what the driver adds to the path that it is given.
    ///
    /// # Errors
    /// Where the system gives no socket.
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
                format!("there is no socket for the driver ({})", error.kind()),
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

/// The driver's connection; none where the system gives none. Other processes see the socket's name, and are not let in.
async fn accept(listener: UnixListener) -> Option<UnixStream> {
    loop {
        let (client, _) = listener.accept().await.ok()?;
        let process = client.peer_cred().ok().and_then(|peer| peer.pid());
        if process.and_then(|id| u32::try_from(id).ok()) == Some(std::process::id()) {
            return Some(client);
        }
    }
}

/// Passes on what the driver says, while `receiving` does so the other way, until one of them ends. What the driver said
/// before it ended has arrived by then.
pub(crate) async fn pass(
    mut from_driver: impl AsyncRead + Unpin,
    mut to_server: impl AsyncWrite + Unpin,
    receiving: impl Future<Output = io::Result<()>>,
) {
    let sending = async {
        let _ = tokio::io::copy(&mut from_driver, &mut to_server).await;
        let _ = to_server.shutdown().await;
    };
    // The driver learns of an end by the end of its own connection.
    tokio::select! {
        () = sending => {}
        _ = receiving => {}
    }
}

/// Runs a driver's future on a thread beside the runtime's, until it is done or nobody waits for it any more.
///
/// The driver of PostgreSQL gives way after every fifth of the 4096 rounds by which it derives a key (sqlx 0.9.0, `sasl.rs`).
/// On the runtime's own thread each of these asks the kernel for events: 800 system calls a sign-in, which took longer than
/// the rounds.
///
/// # Errors
/// Where the driver panics.
pub(crate) async fn beside<T: Send + 'static>(
    driver: impl Future<Output = T> + Send + 'static,
) -> Result<T, JoinError> {
    let runtime = Handle::current();
    let (waiting, nobody_waits) = oneshot::channel::<()>();
    let thread = tokio::task::spawn_blocking(move || {
        runtime.block_on(async {
            tokio::select! {
                biased;
                done = driver => Some(done),
                _ = nobody_waits => None,
            }
        })
    });
    let done = thread.await?;
    drop(waiting);
    match done {
        Some(done) => Ok(done),
        // It ends so only after `waiting` has been dropped.
        None => std::future::pending().await,
    }
}

/// What ended a connection before there was a session.
pub(crate) enum Unopened {
    /// The network, TLS, what was said before it, or a way to ask for the password that is not answered.
    Failed(CallError),
    /// The server's own answer, or the driver's.
    Answered(sqlx::Error),
}

impl From<CallError> for Unopened {
    fn from(error: CallError) -> Self {
        Self::Failed(error)
    }
}

/// A driver's connection and the relay that carries it. Where it is dropped, the server's connection ends as well.
pub(crate) struct Dialed<C> {
    /// The driver's.
    pub(crate) driver: C,
    relay: Relay,
}

impl<C: Connection> Dialed<C> {
    pub(crate) fn new(driver: C, relay: Relay) -> Self {
        Self { driver, relay }
    }

    /// Ends the session, so that the server's log shows no lost connection. Errors are ignored: the work is done.
    pub(crate) async fn close(mut self) {
        let closing = async {
            let _ = self.driver.close().await;
            // Lambda freezes a process that has answered: what is still here would stay until it is thawed.
            let _ = (&mut self.relay.passing).await;
        };
        let _ = tokio::time::timeout(CLOSE, closing).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Where it is off, a small message waits until the one before it is acknowledged, which a server delays for 40 ms.
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
