//! A proxy in front of local-aws that adds TLS, as AWS has it, and delays each request.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::delay_proxy::pump;
use testbed::Certificate;

/// The call that moves AWSCURRENT, as its request names it.
const PROMOTION: &[u8] = b"secretsmanager.UpdateSecretVersionStage";

/// A proxy at a port of its own. Dropping it closes the port and all connections.
#[derive(Debug)]
pub struct TlsProxy {
    /// `https://127.0.0.1:PORT`.
    pub url: String,
    seen: Arc<Seen>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Seen {
    connections: AtomicUsize,
    /// When AWSCURRENT was last moved.
    promoted: Mutex<Option<SystemTime>>,
}

impl TlsProxy {
    /// A proxy to this port of 127.0.0.1. Each request arrives `delay` later; handshakes are not delayed.
    pub async fn of(port: u16, delay: Duration, certificate: Certificate) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("https://{}", listener.local_addr().expect("a bound port"));
        let seen = Arc::new(Seen::default());
        let accepting =
            tokio::spawn(accept(listener, port, delay, certificate.acceptor(), Arc::clone(&seen)));
        Self { url, seen, accepting }
    }

    /// How many connections there were so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// When the response to the last `UpdateSecretVersionStage` passed.
    pub(super) fn promoted(&self) -> Option<SystemTime> {
        *self.seen.promoted.lock().expect("no holder panics")
    }
}

impl Drop for TlsProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, port: u16, delay: Duration, acceptor: TlsAcceptor, seen: Arc<Seen>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        seen.connections.fetch_add(1, Ordering::SeqCst);
        let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen));
        connections.spawn(async move {
            // A client that closes the connection is no error.
            let _ = pass(client, &acceptor, port, delay, &seen).await;
        });
    }
}

async fn pass(
    client: TcpStream,
    acceptor: &TlsAcceptor,
    port: u16,
    delay: Duration,
    seen: &Seen,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    let (from_client, to_client) = tokio::io::split(acceptor.accept(client).await?);
    let server = TcpStream::connect(("127.0.0.1", port)).await?;
    server.set_nodelay(true)?;
    let (from_server, to_server) = server.into_split();
    let promotes = AtomicBool::new(false);
    let request = |chunk: &[u8]| {
        if chunk.windows(PROMOTION.len()).any(|part| part.eq_ignore_ascii_case(PROMOTION)) {
            promotes.store(true, Ordering::SeqCst);
        }
    };
    let response = |_: &[u8]| {
        if promotes.swap(false, Ordering::SeqCst) {
            *seen.promoted.lock().expect("no holder panics") = Some(SystemTime::now());
        }
    };
    tokio::try_join!(
        pump(from_client, to_server, delay, request),
        pump(from_server, to_client, Duration::ZERO, response),
    )?;
    Ok(())
}
