//! Bytes that no server would send.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::Rng;
use rand::rngs::SmallRng;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What somebody says to every client, whatever the client says.
#[derive(Clone, Copy, Debug)]
pub struct MalformedServer {
    /// One part for each time that the client has spoken; the first is said without being asked if `speaks_first`.
    pub parts: &'static [&'static [u8]],
    /// As servers of MySQL and MariaDB do.
    pub speaks_first: bool,
    /// The connection stays open when all was said, instead of being closed.
    pub stays: bool,
}

impl MalformedServer {
    /// Of parts that are made when a test runs.
    #[must_use]
    pub fn of(parts: Vec<Vec<u8>>, speaks_first: bool, stays: bool) -> Self {
        let parts: Vec<&[u8]> = parts.into_iter().map(|part| &*part.leak()).collect();
        Self { parts: parts.leak(), speaks_first, stays }
    }

    /// Counts the bytes that the client says.
    pub(crate) async fn to(self, client: TcpStream, count: &AtomicUsize) -> io::Result<()> {
        let (mut from_client, mut to_client) = client.into_split();
        let mut heard = [0; 8192];
        for (number, part) in self.parts.iter().enumerate() {
            if number > 0 || !self.speaks_first {
                let read = from_client.read(&mut heard).await?;
                count.fetch_add(read, Ordering::SeqCst);
                if read == 0 {
                    return Ok(());
                }
            }
            to_client.write_all(part).await?;
        }
        if !self.stays {
            to_client.shutdown().await?;
        }
        // Whoever closes with bytes unread takes back what it has said.
        loop {
            let read = from_client.read(&mut heard).await?;
            count.fetch_add(read, Ordering::SeqCst);
            if read == 0 {
                return Ok(());
            }
        }
    }
}

/// Passes on what both sides say, but the server's bytes only up to here.
pub(crate) async fn garble(client: TcpStream, port: u16, after: usize, mut rng: SmallRng) -> io::Result<()> {
    let (mut from_server, mut to_server) = TcpStream::connect(("127.0.0.1", port)).await?.into_split();
    let (mut from_client, mut to_client) = client.into_split();
    let answers = async {
        let (mut buffer, mut left) = ([0; 8192], after);
        loop {
            let read = from_server.read(&mut buffer).await?;
            if read == 0 {
                return Ok(());
            }
            let whole = left.min(read);
            rng.fill_bytes(&mut buffer[whole..read]);
            left -= whole;
            to_client.write_all(&buffer[..read]).await?;
        }
    };
    tokio::select! {
        end = answers => end,
        end = tokio::io::copy(&mut from_client, &mut to_server) => end.map(|_| ()),
    }
}
