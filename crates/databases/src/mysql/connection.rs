//! The way to a server of MySQL or MariaDB: what it says before TLS, and by which plugin it wants the password.
//!
//! The driver speaks TLS itself: without, it would refuse `caching_sha2_password`. A server speaks first, in cleartext, and
//! an error may come in place of its greeting. To the driver that is an error like any other; here it is not.

use std::io;
use std::sync::{Arc, OnceLock};

use rotation::{CallError, Cause, Endpoint, Server, Tls};
use sqlx::ConnectOptions;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::errors;
use crate::connect::not_understood;
use crate::dial::{self, Dialed, Relay, Unopened};

/// Connects and signs in, with TLS unless the server's secret forbids it.
#[expect(clippy::disallowed_methods, reason = "through a relay of ours")]
pub(super) async fn open(
    server: &Server,
    options: MySqlConnectOptions,
) -> Result<Dialed<MySqlConnection>, Unopened> {
    let endpoint = &server.endpoint;
    let socket = dial::connect(endpoint).await?;
    let objection = Arc::new(OnceLock::new());
    let relay = relay(socket, server.tls, &objection)?;
    let opened = options.socket(relay.path()).connect().await;
    match (objection.get(), opened) {
        (Some(objection), _) => Err(explained(*objection, endpoint).into()),
        (None, Ok(driver)) => Ok(Dialed::new(driver, relay)),
        (None, Err(error)) => Err(Unopened::Answered(error)),
    }
}

fn relay(server: TcpStream, tls: Tls, objection: &Arc<OnceLock<Objection>>) -> Result<Relay, CallError> {
    let objection = Arc::clone(objection);
    Relay::start("", async move |driver: UnixStream| {
        let (mut from_server, to_server) = server.into_split();
        let (from_driver, mut to_driver) = driver.into_split();
        let receiving = async {
            match greet(&mut from_server, &mut to_driver, tls).await? {
                Ok(()) => tokio::io::copy(&mut from_server, &mut to_driver).await.map(|_| ()),
                Err(found) => {
                    let _ = objection.set(found);
                    Ok(())
                }
            }
        };
        dial::pass(from_driver, to_server, receiving).await;
    })
}

/// Passes on a server's greeting, and stops at everything else. Where TLS is required, the driver takes what follows for TLS
/// only.
async fn greet(
    server: &mut (impl AsyncRead + Unpin),
    driver: &mut (impl AsyncWrite + Unpin),
    tls: Tls,
) -> io::Result<Result<(), Objection>> {
    // Three bytes of length and the packet's number.
    let header = server.read_u32_le().await?;
    let length = usize::try_from(header & 0x00ff_ffff).unwrap_or(usize::MAX);
    if length > LONGEST {
        return Ok(Err(Objection::NotUnderstood));
    }
    let mut packet = vec![0; length];
    server.read_exact(&mut packet).await?;
    if let Some(objection) = objection(&packet, tls) {
        return Ok(Err(objection));
    }
    driver.write_all(&header.to_le_bytes()).await?;
    driver.write_all(&packet).await?;
    Ok(Ok(()))
}

/// What stands in the way of answering this first packet (MySQL, "`Protocol::HandshakeV10`" and "`ERR_Packet`").
fn objection(packet: &[u8], tls: Tls) -> Option<Objection> {
    match packet {
        [0xff, low, high, ..] => Some(Objection::Error(u16::from_le_bytes([*low, *high]))),
        [10, rest @ ..] => {
            // The driver would answer with the password itself, also where there is no TLS.
            if rest.windows(PLAINTEXT.len()).any(|name| name == PLAINTEXT) {
                return Some(Objection::WantsPlaintext);
            }
            // The server's version ends in NUL; the session's number, eight bytes of salt and a NUL lie before the flags.
            let flags = rest.iter().position(|byte| *byte == 0).and_then(|end| rest.get(end + 14..end + 16));
            let Some(flags) = flags else { return Some(Objection::NotUnderstood) };
            let offers_tls = flags[1] & 0x08 != 0;
            (tls == Tls::Required && !offers_tls).then_some(Objection::OffersNoTls)
        }
        _ => Some(Objection::NotUnderstood),
    }
}

/// The longest first packet: a greeting has about a hundred bytes, an error at most 512 of text.
const LONGEST: usize = 64 * 1024;
/// By which a client sends the plain text.
const PLAINTEXT: &[u8] = b"mysql_clear_password";

/// Why a server's first packet is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Objection {
    /// It is an error, with this number.
    Error(u16),
    /// It wants to read the password.
    WantsPlaintext,
    /// It says that there is no TLS.
    OffersNoTls,
    /// It is something else.
    NotUnderstood,
}

fn explained(objection: Objection, endpoint: &Endpoint) -> CallError {
    let failed = |cause, what: &str| CallError::failed(cause, format!("{endpoint} {what}"));
    match objection {
        Objection::Error(code) => {
            let said = format!(
                "answered {code} in place of its greeting, before TLS, where anybody on the way can speak for it"
            );
            failed(errors::cause_before_tls(code), &said)
        }
        Objection::WantsPlaintext => failed(
            Cause::SignInMethod,
            "asks for the plain text of the password (mysql_clear_password), which is not sent to it",
        ),
        Objection::OffersNoTls => failed(Cause::TlsNotOffered, "offers no TLS"),
        Objection::NotUnderstood => not_understood(endpoint),
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
    fn only_a_greeting_that_offers_tls_is_answered_where_tls_is_required() {
        let plugin = b"caching_sha2_password";
        let (with, without) = (greeting([0xff, 0xff], plugin), greeting([0xff, 0xf7], plugin));
        assert_eq!(objection(&with, Tls::Required), None);
        assert_eq!(objection(&without, Tls::Required), Some(Objection::OffersNoTls));
        assert_eq!(objection(&without, Tls::Forbidden), None);
    }

    #[test]
    fn no_error_and_no_wish_for_the_plaintext_is_answered_under_any_tls() {
        for tls in [Tls::Required, Tls::Forbidden] {
            assert_eq!(objection(b"\xff\x46\x07#HY000expired", tls), Some(Objection::Error(1862)));
            let plaintext = greeting([0xff, 0xff], b"mysql_clear_password");
            assert_eq!(objection(&plaintext, tls), Some(Objection::WantsPlaintext));
            for packet in [&b""[..], b"\xff", b"\x09", b"\x0a", b"\x0a9.7.4\0\x01\0", b"HTTP/1.1 400"] {
                assert_eq!(objection(packet, tls), Some(Objection::NotUnderstood), "{packet:?}");
            }
        }
    }
}
