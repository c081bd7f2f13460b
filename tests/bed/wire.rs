//! A stretch of wire between a client and a server, with somebody on it.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// The first eight bytes of a client that asks for TLS or GSS encryption (PostgreSQL, "Message Formats").
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
const GSS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 48];

/// What happens on the wire to the server at a port of this machine.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// Nothing: all passes.
    None,
    /// Whoever asks for TLS is told that there is none. A client that then signs in is let through, in cleartext.
    StripsTls,
    /// The same for MySQL and MariaDB, whose servers speak first: their greeting says that there is no TLS.
    HidesTls,
    /// Connections are accepted, and nothing is ever answered.
    Silent,
    /// All passes until the client has sent this many bytes; then the connection is closed.
    CutsAfter(usize),
}

/// A port of its own that leads to a server. Closed when dropped.
#[derive(Debug)]
pub struct Wire {
    port: u16,
    fault: Arc<Mutex<Fault>>,
    seen: Arc<Seen>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Seen {
    connections: AtomicUsize,
    bytes: AtomicUsize,
    cleartext_sign_ins: AtomicUsize,
}

impl Wire {
    /// A wire to the server at `127.0.0.1:port`.
    pub async fn to(port: u16, fault: Fault) -> Self {
        Self::from("127.0.0.1:0", port, fault).await
    }

    /// A wire from an address of this machine, such as `127.0.0.2:5432`, to the server at `127.0.0.1:port`.
    pub async fn from(address: &str, port: u16, fault: Fault) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let own_port = listener.local_addr().expect("a bound port").port();
        let (seen, fault) = (Arc::new(Seen::default()), Arc::new(Mutex::new(fault)));
        let accepting = tokio::spawn(accept(listener, port, Arc::clone(&fault), Arc::clone(&seen)));
        Self { port: own_port, fault, seen, accepting }
    }

    /// What happens to connections from here on.
    pub fn becomes(&self, fault: Fault) {
        *self.fault.lock().expect("nobody panics here") = fault;
    }

    /// The wire's own port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many connections were accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// How many bytes the clients have sent.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.seen.bytes.load(Ordering::SeqCst)
    }

    /// How many clients went on to sign in, in cleartext, without TLS or after being told that there is none.
    #[must_use]
    pub fn cleartext_sign_ins(&self) -> usize {
        self.seen.cleartext_sign_ins.load(Ordering::SeqCst)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, port: u16, fault: Arc<Mutex<Fault>>, seen: Arc<Seen>) {
    // Connections end with the task that holds them.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        seen.connections.fetch_add(1, Ordering::SeqCst);
        let seen = Arc::clone(&seen);
        let fault = *fault.lock().expect("nobody panics here");
        connections.spawn(async move {
            // A connection that breaks is what the client is tested with.
            let _ = match fault {
                Fault::None => pass(client, &[], port, &seen, usize::MAX).await,
                Fault::StripsTls => strip(client, port, &seen).await,
                Fault::HidesTls => hide(client, port, &seen).await,
                Fault::Silent => pump(client, tokio::io::sink(), usize::MAX, &seen.bytes).await,
                Fault::CutsAfter(bytes) => pass(client, &[], port, &seen, bytes).await,
            };
        });
    }
}

async fn strip(mut client: TcpStream, port: u16, seen: &Seen) -> io::Result<()> {
    loop {
        let mut request = [0; 8];
        // A client that gives up here has sent nothing that matters.
        client.read_exact(&mut request).await?;
        if request != SSL_REQUEST && request != GSS_REQUEST {
            seen.cleartext_sign_ins.fetch_add(1, Ordering::SeqCst);
            return pass(client, &request, port, seen, usize::MAX).await;
        }
        client.write_all(b"N").await?;
    }
}

/// The flag `CLIENT_SSL` of a server's greeting (MySQL, `Protocol::HandshakeV10`): it lies behind the length and number of
/// the packet, the protocol's version, the server's version, which ends in NUL, and 13 bytes more.
async fn hide(client: TcpStream, port: u16, seen: &Seen) -> io::Result<()> {
    let (mut from_server, to_server) = TcpStream::connect(("127.0.0.1", port)).await?.into_split();
    let (from_client, mut to_client) = client.into_split();
    let mut greeting = [0; 4];
    from_server.read_exact(&mut greeting).await?;
    let mut rest = vec![0; usize::from(greeting[0]) + (usize::from(greeting[1]) << 8)];
    from_server.read_exact(&mut rest).await?;
    let version = rest[1..].iter().position(|byte| *byte == 0).ok_or(io::ErrorKind::InvalidData)?;
    rest[version + 16] &= !0x08;
    to_client.write_all(&greeting).await?;
    to_client.write_all(&rest).await?;
    let (sent, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    tokio::select! {
        _ = pump(from_client, to_server, usize::MAX, &sent) => {}
        _ = pump(from_server, to_client, usize::MAX, &answered) => {}
    }
    // Whoever answers such a greeting signs in; whoever hangs up has sent nothing.
    seen.cleartext_sign_ins.fetch_add(usize::from(sent.into_inner() > 0), Ordering::SeqCst);
    Ok(())
}

/// Both ways, until one side closes or the client has sent `most` bytes; then both are closed.
async fn pass(client: TcpStream, already_read: &[u8], port: u16, seen: &Seen, most: usize) -> io::Result<()> {
    let (from_server, to_server) = TcpStream::connect(("127.0.0.1", port)).await?.into_split();
    let (from_client, to_client) = client.into_split();
    let answered = AtomicUsize::new(0);
    tokio::select! {
        end = pump(already_read.chain(from_client), to_server, most, &seen.bytes) => end,
        end = pump(from_server, to_client, usize::MAX, &answered) => end,
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut left: usize,
    count: &AtomicUsize,
) -> io::Result<()> {
    let mut buffer = [0; 8192];
    while left > 0 {
        let most = left.min(buffer.len());
        let read = from.read(&mut buffer[..most]).await?;
        if read == 0 {
            break;
        }
        count.fetch_add(read, Ordering::SeqCst);
        left -= read;
        to.write_all(&buffer[..read]).await?;
    }
    Ok(())
}
