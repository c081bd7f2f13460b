//! The messages before a session: the server's greeting, which comes before TLS, and the plugin by which it wants the password.
//!
//! The driver does the TLS handshake itself: without TLS it would refuse `caching_sha2_password`. The server speaks first, in
//! cleartext, and may send an error in place of its greeting. The driver takes that for an error like any other; here it is not
//! trusted.

use std::io;
use std::sync::{Arc, OnceLock};

use rotation::{CallError, Cause, Endpoint, Tls};
use sqlx::ConnectOptions;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

use super::errors;
use crate::dial::{self, Connector, OpenError, Relay, RelayedConnection};
use crate::network_errors::{from_io, not_understood};
use crate::tls::TrustAnchors;

/// The longest first packet: a greeting has about a hundred bytes, an error at most 512 of text.
const LONGEST: usize = 64 * 1024;
/// The request for TLS: the second packet, with the flags of protocol 4.1, TLS and secure connections, packets of up to 16 MiB,
/// and the character set `utf8mb4` (MySQL, "`Protocol::SSLRequest`").
const SSL_REQUEST: [u8; 36] = {
    let mut packet = [0; 36];
    (packet[0], packet[3]) = (32, 1);
    (packet[5], packet[6]) = (0x8a, 0x08);
    (packet[11], packet[12]) = (1, 45);
    packet
};
/// The plugin by which a client sends the plain text.
const PLAINTEXT: &[u8] = b"mysql_clear_password";

/// Connects and signs in, with TLS unless the server's secret forbids it.
#[expect(clippy::disallowed_methods, reason = "through a relay of ours")]
pub(super) async fn open(
    connector: &Connector,
    options: MySqlConnectOptions,
) -> Result<RelayedConnection<MySqlConnection>, OpenError> {
    let endpoint = &connector.server.endpoint;
    let socket = dial::connect(endpoint).await?;
    let stopped = Arc::new(OnceLock::new());
    let relay = relay(socket, connector.server.tls, &stopped)?;
    let opened = options.socket(relay.path()).connect().await;
    match (stopped.get(), opened) {
        (Some(violation), _) => Err(explained(*violation, endpoint).into()),
        (None, Ok(driver)) => Ok(RelayedConnection::new(driver, relay)),
        (None, Err(error)) => Err(OpenError::Driver(error)),
    }
}

fn relay(server: TcpStream, tls: Tls, stopped: &Arc<OnceLock<Violation>>) -> Result<Relay, CallError> {
    let stopped = Arc::clone(stopped);
    Relay::start("", async move |driver: UnixStream| {
        let (mut from_server, to_server) = server.into_split();
        let (from_driver, mut to_driver) = driver.into_split();
        let receiving = async {
            match relay_greeting(&mut from_server, &mut to_driver, tls).await? {
                Ok(()) => tokio::io::copy(&mut from_server, &mut to_driver).await.map(|_| ()),
                Err(found) => {
                    let _ = stopped.set(found);
                    Ok(())
                }
            }
        };
        dial::pass(from_driver, to_server, receiving).await;
    })
}

/// Does the TLS handshake, and nothing after it. The driver, which signs in, does its own.
pub(super) async fn secured(
    mut socket: TcpStream,
    endpoint: &Endpoint,
    trusted: &TrustAnchors,
) -> Result<TlsStream<TcpStream>, CallError> {
    let failed = |error: io::Error| from_io(endpoint, &error);
    let (mut server, _) = socket.split();
    relay_greeting(&mut server, &mut tokio::io::sink(), Tls::Required)
        .await
        .map_err(failed)?
        .map_err(|violation| explained(violation, endpoint))?;
    socket.write_all(&SSL_REQUEST).await.map_err(failed)?;
    trusted.secure(socket, endpoint).await
}

/// Passes on a server's greeting, and stops at anything else. If TLS is required, the driver takes all that follows for TLS.
async fn relay_greeting(
    server: &mut (impl AsyncRead + Unpin),
    driver: &mut (impl AsyncWrite + Unpin),
    tls: Tls,
) -> io::Result<Result<(), Violation>> {
    // Three bytes of length and the packet's number.
    let header = server.read_u32_le().await?;
    let length = usize::try_from(header & 0x00ff_ffff).unwrap_or(usize::MAX);
    if length > LONGEST {
        return Ok(Err(Violation::NotUnderstood));
    }
    let mut packet = vec![0; length];
    server.read_exact(&mut packet).await?;
    if let Some(violation) = violation(&packet, tls) {
        return Ok(Err(violation));
    }
    driver.write_all(&header.to_le_bytes()).await?;
    driver.write_all(&packet).await?;
    Ok(Ok(()))
}

/// Why the driver must not respond to this first packet (MySQL, "`Protocol::HandshakeV10`" and "`ERR_Packet`").
fn violation(packet: &[u8], tls: Tls) -> Option<Violation> {
    match packet {
        [0xff, low, high, ..] => Some(Violation::Error(u16::from_le_bytes([*low, *high]))),
        [10, rest @ ..] => {
            // The driver would respond with the password itself, even without TLS.
            if rest.windows(PLAINTEXT.len()).any(|name| name == PLAINTEXT) {
                return Some(Violation::WantsPlaintext);
            }
            // The server's version ends in NUL; the session's number, eight bytes of salt and a NUL come before the flags.
            let flags = rest.iter().position(|byte| *byte == 0).and_then(|end| rest.get(end + 14..end + 16));
            let Some(flags) = flags else { return Some(Violation::NotUnderstood) };
            let offers_tls = flags[1] & 0x08 != 0;
            (tls == Tls::Required && !offers_tls).then_some(Violation::OffersNoTls)
        }
        _ => Some(Violation::NotUnderstood),
    }
}

/// Why the driver must not respond to a server's first packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Violation {
    /// It is an error, with this number.
    Error(u16),
    /// It asks for the plain text of the password.
    WantsPlaintext,
    /// It offers no TLS.
    OffersNoTls,
    /// It is neither a greeting nor an error.
    NotUnderstood,
}

fn explained(violation: Violation, endpoint: &Endpoint) -> CallError {
    let failed = |cause, what: &str| CallError::failed(cause, format!("{endpoint} {what}"));
    match violation {
        Violation::Error(code) => {
            let what = format!(
                "responded with {code} in place of its greeting, before TLS, where anybody on the network can speak for it"
            );
            failed(errors::cause_before_tls(code), &what)
        }
        Violation::WantsPlaintext => failed(
            Cause::SignInMethod,
            "asks for the plain text of the password (mysql_clear_password), which is never sent",
        ),
        Violation::OffersNoTls => failed(Cause::TlsNotOffered, "offers no TLS"),
        Violation::NotUnderstood => not_understood(endpoint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A greeting as MySQL and MariaDB send it, with these lower flags and this plugin.
    fn greeting(flags: [u8; 2], plugin: &[u8]) -> Vec<u8> {
        let head: &[&[u8]] = &[b"\x0a9.7.4\0", b"\x01\0\0\0saltsalt\0", &flags, b"\xff\x02\0\xff\xdf\x15"];
        [&head.concat()[..], &[0; 10], b"saltsaltsalt\0", plugin, b"\0"].concat()
    }

    #[test]
    fn only_a_greeting_that_offers_tls_passes_if_tls_is_required() {
        let plugin = b"caching_sha2_password";
        let (with, without) = (greeting([0xff, 0xff], plugin), greeting([0xff, 0xf7], plugin));
        assert_eq!(violation(&with, Tls::Required), None);
        assert_eq!(violation(&without, Tls::Required), Some(Violation::OffersNoTls));
        assert_eq!(violation(&without, Tls::Forbidden), None);
    }

    #[test]
    fn no_error_and_no_request_for_the_plain_text_passes_under_any_tls() {
        for tls in [Tls::Required, Tls::Forbidden] {
            assert_eq!(violation(b"\xff\x46\x07#HY000expired", tls), Some(Violation::Error(1862)));
            let plaintext = greeting([0xff, 0xff], b"mysql_clear_password");
            assert_eq!(violation(&plaintext, tls), Some(Violation::WantsPlaintext));
            for packet in [&b""[..], b"\xff", b"\x09", b"\x0a", b"\x0a9.7.4\0\x01\0", b"HTTP/1.1 400"] {
                assert_eq!(violation(packet, tls), Some(Violation::NotUnderstood), "{packet:?}");
            }
        }
    }
}
