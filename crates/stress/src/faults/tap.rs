//! A wire from a process to a server of this machine, with a fuse on it.

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

/// A port of its own. Closed when dropped.
#[derive(Debug)]
pub(super) struct Tap {
    pub(super) port: u16,
    target: Arc<AtomicU16>,
    accepting: JoinHandle<()>,
}

impl Tap {
    /// Leads nowhere yet.
    pub(super) async fn start(trigger: &Arc<KillTrigger>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let target = Arc::new(AtomicU16::new(0));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&target), Arc::clone(trigger)));
        Self { port, target, accepting }
    }

    pub(super) fn leads_to(&self, port: u16) {
        self.target.store(port, Ordering::SeqCst);
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, target: Arc<AtomicU16>, trigger: Arc<KillTrigger>) {
    // Connections end with the task that holds them.
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (target, trigger) = (target.load(Ordering::SeqCst), Arc::clone(&trigger));
        connections.spawn(async move {
            // The process dies: that is what this is for.
            let _ = pass(client, target, &trigger).await;
        });
    }
}

/// Both ways, until one side closes or the process is dead; then both are closed.
async fn pass(client: TcpStream, target: u16, trigger: &Arc<KillTrigger>) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", target)).await?;
    // Held back for company, a small piece would wait for the answer to the one before.
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
        match trigger.chunk() {
            Passage::Passes => to.write_all(&buffer[..read]).await?,
            Passage::PassesAndTriggers(delay) => {
                to.write_all(&buffer[..read]).await?;
                trigger.start_delay(delay);
            }
            Passage::Never => {
                trigger.resumed().await;
                return Ok(());
            }
        }
    }
}
