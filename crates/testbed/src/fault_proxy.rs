//! A stretch of wire between a client and a server, with somebody on it.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::Instant,
};

use crate::malformed_server::{MalformedServer, garble};

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
    /// Connections are accepted and held until then; then all passes, on those as well. So does a cluster that resumes.
    HeldUntil(Instant),
    /// Until then, connections are reset; then all passes. So does a server that fails over.
    ResetUntil(Instant),
    /// All passes until the client has sent this many bytes; then the connection is closed.
    CutsAfter(usize),
    /// All passes until the clients have sent, or the server has answered, this many bytes from here on, over all
    /// connections.
    After {
        /// Bytes of the clients.
        sent: usize,
        /// Bytes of the server. What the clients had sent by then has arrived.
        answered: usize,
        /// How a connection ends then.
        end: End,
    },
    /// A byte a second, either way.
    Crawls,
    /// After this many bytes of an answer, on each connection, comes something else: as many bytes, at random.
    Garbles {
        /// Bytes of the server that pass.
        after: usize,
        /// Chooses the bytes.
        seed: u64,
    },
    /// Somebody else answers, and there is no server.
    Malformed(MalformedServer),
    /// Somebody else answers this connection, counted from 0; the others pass.
    MalformedOnce(usize, MalformedServer),
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Both sides are told that nothing more will come.
    Closed,
    /// The client is told that all is lost (RST), what it has not read yet included.
    Reset,
    /// Nobody is told: it stays open, and nothing passes.
    Dead,
}

/// How bytes pass: as many as are left, then the connection is closed or dies.
#[derive(Clone, Debug)]
struct Way {
    fault: Fault,
    sent: Arc<AtomicUsize>,
    answered: Arc<AtomicUsize>,
}

impl Way {
    fn of(fault: Fault) -> Self {
        let (sent, answered) = match fault {
            Fault::CutsAfter(sent) => (sent, usize::MAX),
            Fault::After { sent, answered, .. } => (sent, answered),
            Fault::None
            | Fault::StripsTls
            | Fault::HidesTls
            | Fault::Silent
            | Fault::HeldUntil(_)
            | Fault::ResetUntil(_)
            | Fault::Crawls
            | Fault::Garbles { .. }
            | Fault::Malformed(_)
            | Fault::MalformedOnce(..) => (usize::MAX, usize::MAX),
        };
        let left = |bytes| Arc::new(AtomicUsize::new(bytes));
        Self { fault, sent: left(sent), answered: left(answered) }
    }

    /// For one more connection.
    fn next(&self) -> Self {
        if matches!(self.fault, Fault::After { .. }) { self.clone() } else { Self::of(self.fault) }
    }

    /// How the fault ends a connection, once as much has passed as may.
    fn end(&self) -> Option<End> {
        let nothing_left = |bytes: &AtomicUsize| bytes.load(Ordering::SeqCst) == 0;
        let Fault::After { end, .. } = self.fault else { return None };
        (nothing_left(&self.sent) || nothing_left(&self.answered)).then_some(end)
    }

    /// How long each byte takes.
    fn pace(&self) -> Option<Duration> {
        matches!(self.fault, Fault::Crawls).then_some(Duration::from_secs(1))
    }
}

/// A port of its own that leads to a server. Closed when dropped.
#[derive(Debug)]
pub struct FaultProxy {
    port: u16,
    way: Arc<Mutex<Way>>,
    seen: Arc<Seen>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Seen {
    connections: AtomicUsize,
    bytes: AtomicUsize,
    answered: AtomicUsize,
    waits: AtomicUsize,
    cleartext_sign_ins: AtomicUsize,
}

impl FaultProxy {
    /// A wire to the server at `127.0.0.1:port`.
    pub async fn to(port: u16, fault: Fault) -> Self {
        Self::from("127.0.0.1:0", port, fault).await
    }

    /// A wire from an address of this machine, such as `127.0.0.2:5432`, to the server at `127.0.0.1:port`.
    pub async fn from(address: &str, port: u16, fault: Fault) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let own_port = listener.local_addr().expect("a bound port").port();
        let (seen, way) = (Arc::new(Seen::default()), Arc::new(Mutex::new(Way::of(fault))));
        let accepting = tokio::spawn(accept(listener, port, Arc::clone(&way), Arc::clone(&seen)));
        Self { port: own_port, way, seen, accepting }
    }

    /// What happens to connections from here on.
    pub fn becomes(&self, fault: Fault) {
        *self.way.lock().expect("nobody panics here") = Way::of(fault);
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

    /// How many bytes the server has answered.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.seen.answered.load(Ordering::SeqCst)
    }

    /// How often the server spoke after a client had, or had connected: each is a way there and back.
    #[must_use]
    pub fn waits(&self) -> usize {
        self.seen.waits.load(Ordering::SeqCst)
    }

    /// How many clients went on to sign in, in cleartext, without TLS or after being told that there is none.
    #[must_use]
    pub fn cleartext_sign_ins(&self) -> usize {
        self.seen.cleartext_sign_ins.load(Ordering::SeqCst)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, port: u16, way: Arc<Mutex<Way>>, seen: Arc<Seen>) {
    // Connections end with the task that holds them.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let number = seen.connections.fetch_add(1, Ordering::SeqCst);
        let seen = Arc::clone(&seen);
        let way = way.lock().expect("nobody panics here").next();
        connections.spawn(async move {
            // A connection that breaks is what the client is tested with.
            let _ = match way.fault {
                Fault::StripsTls => strip(client, port, &seen).await,
                Fault::HidesTls => hide(client, port, &seen).await,
                Fault::Silent => {
                    pump(client, tokio::io::sink(), &way.sent, None, |read| add(&seen.bytes, read)).await
                }
                Fault::ResetUntil(end) if Instant::now() < end => client.set_zero_linger(),
                Fault::HeldUntil(end) => {
                    tokio::time::sleep_until(end).await;
                    pass(client, &[], port, &seen, &way).await
                }
                Fault::Garbles { after, seed } => {
                    garble(client, port, after, SmallRng::seed_from_u64(seed)).await
                }
                Fault::Malformed(malformed_server) => malformed_server.to(client, &seen.bytes).await,
                Fault::MalformedOnce(chosen, malformed_server) if chosen == number => {
                    malformed_server.to(client, &seen.bytes).await
                }
                Fault::MalformedOnce(..)
                | Fault::None
                | Fault::ResetUntil(_)
                | Fault::CutsAfter(_)
                | Fault::After { .. }
                | Fault::Crawls => pass(client, &[], port, &seen, &way).await,
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
            return pass(client, &request, port, seen, &Way::of(Fault::None)).await;
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
    let (sent, all) = (AtomicUsize::new(0), Way::of(Fault::None));
    tokio::select! {
        _ = pump(from_client, to_server, &all.sent, None, |read| add(&sent, read)) => {}
        _ = pump(from_server, to_client, &all.answered, None, |_| ()) => {}
    }
    // Whoever answers such a greeting signs in; whoever hangs up has sent nothing.
    seen.cleartext_sign_ins.fetch_add(usize::from(sent.into_inner() > 0), Ordering::SeqCst);
    Ok(())
}

/// Both ways, until one side closes or as much has passed as may.
async fn pass(client: TcpStream, already_read: &[u8], port: u16, seen: &Seen, way: &Way) -> io::Result<()> {
    let (mut from_server, mut to_server) = TcpStream::connect(("127.0.0.1", port)).await?.into_split();
    let (from_client, mut to_client) = client.into_split();
    let mut from_client = already_read.chain(from_client);
    let waits = AtomicBool::new(true);
    let said = |read| {
        add(&seen.bytes, read);
        waits.store(true, Ordering::SeqCst);
    };
    let answered = |read| {
        add(&seen.answered, read);
        if waits.swap(false, Ordering::SeqCst) {
            add(&seen.waits, 1);
        }
    };
    let end = tokio::select! {
        end = pump(&mut from_client, &mut to_server, &way.sent, way.pace(), said) => end,
        end = pump(&mut from_server, &mut to_client, &way.answered, way.pace(), answered) => end,
    };
    match way.end() {
        Some(End::Reset) => {
            to_client.as_ref().set_zero_linger()?;
            // Dropped, it would close first.
            to_client.forget();
        }
        Some(End::Dead) => std::future::pending().await,
        Some(End::Closed) | None => {}
    }
    end
}

fn add(count: &AtomicUsize, more: usize) {
    count.fetch_add(more, Ordering::SeqCst);
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    left: &AtomicUsize,
    pace: Option<Duration>,
    passed: impl Fn(usize),
) -> io::Result<()> {
    let mut buffer = [0; 8192];
    loop {
        let most = left.load(Ordering::SeqCst).min(if pace.is_some() { 1 } else { buffer.len() });
        if most == 0 {
            return Ok(());
        }
        let read = from.read(&mut buffer[..most]).await?;
        if read == 0 {
            return Ok(());
        }
        if let Some(pace) = pace {
            tokio::time::sleep(pace).await;
        }
        passed(read);
        left.fetch_sub(read, Ordering::SeqCst);
        to.write_all(&buffer[..read]).await?;
    }
}
