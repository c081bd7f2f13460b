//! Responses that no real server sends.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::Rng;
use rand::rngs::SmallRng;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What is sent to every client, whatever the client sends.
#[derive(Clone, Copy, Debug)]
pub struct MalformedServer {
    /// One part for each time that the client has sent something. If `speaks_first`, the first part is sent at once.
    pub parts: &'static [&'static [u8]],
    /// Whether the server sends first, as MySQL and MariaDB do.
    pub speaks_first: bool,
    /// Whether the connection stays open after the last part.
    pub stays: bool,
}

impl MalformedServer {
    /// A server with parts that are created at run time.
    #[must_use]
    pub fn of(parts: Vec<Vec<u8>>, speaks_first: bool, stays: bool) -> Self {
        let parts: Vec<&[u8]> = parts.into_iter().map(|part| &*part.leak()).collect();
        Self { parts: parts.leak(), speaks_first, stays }
    }

    /// Serves this client, and counts the bytes that it sends.
    pub(crate) async fn to(self, client: TcpStream, count: &AtomicUsize) -> io::Result<()> {
        let (mut from_client, mut to_client) = client.into_split();
        let mut received = [0; 8192];
        for (number, part) in self.parts.iter().enumerate() {
            if number > 0 || !self.speaks_first {
                let read = from_client.read(&mut received).await?;
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
        // Closing with unread bytes would discard what was sent.
        loop {
            let read = from_client.read(&mut received).await?;
            count.fetch_add(read, Ordering::SeqCst);
            if read == 0 {
                return Ok(());
            }
        }
    }
}

/// Passes on what both sides send, and replaces the server's bytes by random ones `after` so many.
pub(crate) async fn garble(client: TcpStream, port: u16, after: usize, mut rng: SmallRng) -> io::Result<()> {
    let (mut from_server, mut to_server) = TcpStream::connect(("127.0.0.1", port)).await?.into_split();
    let (mut from_client, mut to_client) = client.into_split();
    let responses = async {
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
        end = responses => end,
        end = tokio::io::copy(&mut from_client, &mut to_server) => end.map(|_| ()),
    }
}
