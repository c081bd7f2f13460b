//! A proxy to a server that delays what clients send.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

/// A proxy to a server at 127.0.0.1, at a port of its own. Dropping it closes the port and all connections.
#[derive(Debug)]
pub(crate) struct DelayProxy {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl DelayProxy {
    /// Delays what a client sends; what the server sends passes without a delay. So each round trip takes longer by `delay`,
    /// also in a TLS handshake.
    pub(crate) async fn to(server: u16, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let connections = Arc::new(AtomicUsize::new(0));
        let accepting = tokio::spawn(accept(listener, server, delay, Arc::clone(&connections)));
        Self { port, connections, accepting }
    }

    /// How many connections there were so far.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for DelayProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, server: u16, delay: Duration, count: Arc<AtomicUsize>) {
    // Dropped with this task, and each connection with it.
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        count.fetch_add(1, Ordering::SeqCst);
        connections.spawn(async move {
            // A client that closes the connection is no error.
            let _ = pass(client, server, delay).await;
        });
    }
}

async fn pass(client: TcpStream, server: u16, delay: Duration) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", server)).await?;
    // Nagle's algorithm would hold back a small chunk until the one before is acknowledged.
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::try_join!(
        pump(from_client, to_server, delay, |_| ()),
        pump(from_server, to_client, Duration::ZERO, |_| ()),
    )?;
    Ok(())
}

/// Passes data until `from` closes, then closes `to`. Calls `seen` with each chunk before it is passed on.
pub(super) async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    delay: Duration,
    mut seen: impl FnMut(&[u8]),
) -> io::Result<()> {
    let (chunks, mut delayed) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let reading = async move {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let read = from.read(&mut buffer).await?;
            if read == 0 {
                return Ok::<(), io::Error>(());
            }
            let _ = chunks.send((Instant::now() + delay, buffer[..read].to_vec()));
        }
    };
    let writing = async move {
        while let Some((due, chunk)) = delayed.recv().await {
            wait_until(due).await;
            seen(&chunk);
            to.write_all(&chunk).await?;
            to.flush().await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(reading, writing)?;
    Ok(())
}

/// Exact to a tenth of a millisecond; tokio's own timer counts whole milliseconds.
async fn wait_until(due: Instant) {
    let left = due.saturating_duration_since(Instant::now());
    if !left.is_zero() {
        let slept = tokio::task::spawn_blocking(move || std::thread::sleep(left)).await;
        slept.expect("sleeping does not panic");
    }
}
