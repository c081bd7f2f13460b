//! A malicious server: it has a certificate that clients trust, and responds by a script.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::Certificate;

/// A message of PostgreSQL's protocol, with its correct length.
#[must_use]
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("a message that fits");
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

/// A packet of MySQL's protocol, of less than 16 MiB, with its correct length.
#[must_use]
pub fn packet(number: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a short body").to_le_bytes();
    [&length[..3], &[number], body].concat()
}

/// A greeting of MySQL's protocol that offers TLS and names this plugin (MySQL, `Protocol::HandshakeV10`).
#[must_use]
pub fn greeting(plugin: &str) -> Vec<u8> {
    let head = b"\x0a9.7.0\0\x19\0\0\0\x114aB0c\x06g\0\xff\xff\xff\x02\0\xff\xc7\x15\0\0\0\0\0\0\0\0\0\0tL\x03s\x0f[4\rl4. \0";
    packet(0, &[&head[..], plugin.as_bytes(), b"\0"].concat())
}

/// What the server and the client send before TLS.
#[derive(Clone, Copy, Debug)]
pub enum Opening {
    /// PostgreSQL: the client asks for TLS, and the server agrees.
    Postgres,
    /// MySQL and MariaDB: the server's greeting with this plugin, and the client's request for TLS.
    MySql(&'static str),
}

/// Returns the response to a message of a client within TLS: its number, from 0, and its bytes. An empty response closes
/// the connection.
pub trait Script: Fn(usize, &[u8]) -> Vec<u8> + Send + Sync + 'static {}
impl<F: Fn(usize, &[u8]) -> Vec<u8> + Send + Sync + 'static> Script for F {}

/// A server at a port of its own. Dropping it closes the port.
pub struct StubServer {
    port: u16,
    received: Arc<Mutex<Vec<u8>>>,
    serving: JoinHandle<()>,
}

impl fmt::Debug for StubServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StubServer({})", self.port)
    }
}

impl StubServer {
    /// Serves every client by the same script.
    pub async fn start(opening: Opening, script: impl Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let (received, acceptor, script) = (Arc::default(), Certificate::Good.acceptor(), Arc::new(script));
        let kept = Arc::clone(&received);
        let serving = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (acceptor, script, kept) = (acceptor.clone(), Arc::clone(&script), Arc::clone(&kept));
                // A client that closes the connection is what tests expect.
                tokio::spawn(async move { _ = serve(client, opening, &acceptor, &*script, &kept).await });
            }
        });
        Self { port, received, serving }
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether any client has sent this text within TLS.
    #[must_use]
    pub fn received(&self, text: &str) -> bool {
        let received = self.received.lock().expect("no holder panics");
        received.windows(text.len()).any(|part| part == text.as_bytes())
    }
}

impl Drop for StubServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(
    mut client: TcpStream,
    opening: Opening,
    acceptor: &TlsAcceptor,
    script: &impl Script,
    received: &Mutex<Vec<u8>>,
) -> io::Result<()> {
    match opening {
        Opening::Postgres => {
            client.read_exact(&mut [0; 8]).await?;
            client.write_all(b"S").await?;
        }
        Opening::MySql(plugin) => {
            client.write_all(&greeting(plugin)).await?;
            client.read_exact(&mut [0; 36]).await?;
        }
    }
    let mut client = acceptor.accept(client).await?;
    let mut buffer = vec![0; 64 * 1024];
    for number in 0.. {
        let read = client.read(&mut buffer).await?;
        if read == 0 {
            break;
        }
        received.lock().expect("no holder panics").extend_from_slice(&buffer[..read]);
        let response = script(number, &buffer[..read]);
        if response.is_empty() {
            break;
        }
        client.write_all(&response).await?;
        client.flush().await?;
    }
    client.shutdown().await
}
