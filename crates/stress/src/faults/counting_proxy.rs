//! A proxy from a process to a server on this machine, which counts data for a [`KillTrigger`].

use std::io;
use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::kill_trigger::{KillTrigger, Passage};

/// A proxy at a port of its own. Dropping it closes the port and all connections.
#[derive(Debug)]
pub(super) struct CountingProxy {
    pub(super) port: u16,
    target: Arc<AtomicU16>,
    accepting: JoinHandle<()>,
}

impl CountingProxy {
    /// A proxy without a target: set one before the first connection.
    pub(super) async fn start(trigger: &Arc<KillTrigger>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let target = Arc::new(AtomicU16::new(0));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&target), Arc::clone(trigger)));
        Self { port, target, accepting }
    }

    pub(super) fn set_target(&self, port: u16) {
        self.target.store(port, Ordering::SeqCst);
    }
}

impl Drop for CountingProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, target: Arc<AtomicU16>, trigger: Arc<KillTrigger>) {
    // Dropped with this task, and each connection with it.
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (target, trigger) = (target.load(Ordering::SeqCst), Arc::clone(&trigger));
        connections.spawn(async move {
            // The process is killed, which breaks its connections.
            let _ = pass(client, target, &trigger).await;
        });
    }
}

/// Passes data in both directions until one side closes or the process is dead; then closes both.
async fn pass(client: TcpStream, target: u16, trigger: &Arc<KillTrigger>) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", target)).await?;
    // Nagle's algorithm would hold back a small chunk until the one before is acknowledged.
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        end = pump(from_client, to_server, trigger) => end,
        end = pump(from_server, to_client, trigger) => end,
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, trigger: &Arc<KillTrigger>) -> io::Result<()> {
    let mut buffer = [0; 8192];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        match trigger.count_chunk() {
            Passage::Passes => to.write_all(&buffer[..read]).await?,
            Passage::PassesAndKills(delay) => {
                to.write_all(&buffer[..read]).await?;
                trigger.start_delay(delay);
            }
            Passage::Dropped => {
                trigger.until_resumed().await;
                return Ok(());
            }
        }
    }
}
