//! How the bytes of one connection pass.

use std::{
    io,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

use super::fault::{Allowance, End, Fault};

/// The first eight bytes of a client that asks for TLS or GSS encryption (PostgreSQL, "Message Formats").
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
const GSS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 48];

/// What has passed so far, over all connections.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) connections: AtomicUsize,
    pub(super) bytes: AtomicUsize,
    pub(super) answered: AtomicUsize,
    pub(super) round_trips: AtomicUsize,
    pub(super) cleartext_sign_ins: AtomicUsize,
}

/// Rejects the client's requests for encryption, and relays a client that goes on without.
pub(super) async fn strip_tls(mut client: TcpStream, port: u16, counts: &Counts) -> io::Result<()> {
    loop {
        let mut request = [0; 8];
        // A client that gives up here has sent nothing that matters.
        client.read_exact(&mut request).await?;
        if request != SSL_REQUEST && request != GSS_REQUEST {
            counts.cleartext_sign_ins.fetch_add(1, Ordering::SeqCst);
            return relay(client, &request, port, counts, &Allowance::of(Fault::None)).await;
        }
        client.write_all(b"N").await?;
    }
}

/// Clears the flag `CLIENT_SSL` of the server's greeting (MySQL, `Protocol::HandshakeV10`). The flag follows the length and
/// number of the packet, the protocol's version, the server's version, which ends in NUL, and 13 more bytes.
pub(super) async fn hide_tls(client: TcpStream, port: u16, counts: &Counts) -> io::Result<()> {
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
    let (sent, all) = (AtomicUsize::new(0), Allowance::of(Fault::None));
    tokio::select! {
        _ = pump(from_client, to_server, &all.sent, None, |read| add(&sent, read)) => {}
        _ = pump(from_server, to_client, &all.answered, None, |_| ()) => {}
    }
    // A client that responds to such a greeting signs in; one that refuses it has sent nothing.
    counts.cleartext_sign_ins.fetch_add(usize::from(sent.into_inner() > 0), Ordering::SeqCst);
    Ok(())
}

/// Reads what the client sends, and sends nothing.
pub(super) async fn swallow(client: TcpStream, counts: &Counts, allowance: &Allowance) -> io::Result<()> {
    pump(client, tokio::io::sink(), &allowance.sent, None, |read| add(&counts.bytes, read)).await
}

/// Passes bytes in both directions, until one side closes or nothing more may pass.
pub(super) async fn relay(
    client: TcpStream,
    already_read: &[u8],
    port: u16,
    counts: &Counts,
    allowance: &Allowance,
) -> io::Result<()> {
    let (mut from_server, mut to_server) = TcpStream::connect(("127.0.0.1", port)).await?.into_split();
    let (from_client, mut to_client) = client.into_split();
    let mut from_client = already_read.chain(from_client);
    let client_waits = AtomicBool::new(true);
    let sent = |read| {
        add(&counts.bytes, read);
        client_waits.store(true, Ordering::SeqCst);
    };
    let answered = |read| {
        add(&counts.answered, read);
        if client_waits.swap(false, Ordering::SeqCst) {
            add(&counts.round_trips, 1);
        }
    };
    let end = tokio::select! {
        end = pump(&mut from_client, &mut to_server, &allowance.sent, allowance.pace(), sent) => end,
        end = pump(&mut from_server, &mut to_client, &allowance.answered, allowance.pace(), answered) => end,
    };
    match allowance.end() {
        Some(End::Reset) => {
            to_client.as_ref().set_zero_linger()?;
            // Dropping it would close it first.
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
