//! The messages before a session: TLS, and how the server asks for the password.
//!
//! The TLS handshake is done here, so that these messages can be read: the driver would send the plain text of the password to
//! any server that asks for it, and would take a server that asks for nothing for one that knows the password.

use std::io;
use std::sync::{Arc, OnceLock};

use rotation::{CallError, Cause, Endpoint, Refusal, Tls, server_words};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;
use zeroize::Zeroizing;

use crate::dial::{self, Connector, OpenError, Relay, RelayedConnection};
use crate::network_errors::{from_io, not_understood};
use crate::tls::TrustAnchors;

/// The request for TLS (PostgreSQL documentation, "Message Formats", `SSLRequest`).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// The longest message that a server needs before the session: an error.
const LONGEST: usize = 64 * 1024;

/// How the server asked for the password, which shows what verifier it accepts: by its `pg_hba.conf`, a user that signed in by
/// SCRAM-SHA-256 may be rejected with an md5 verifier, whatever `password_encryption` says. The reverse always works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Md5,
    ScramSha256,
}

/// Connects and signs in, with TLS unless the server's secret forbids it.
#[expect(clippy::disallowed_methods, reason = "through a relay of ours")]
pub(super) async fn open(
    connector: &Connector,
    options: PgConnectOptions,
) -> Result<(RelayedConnection<PgConnection>, Challenge), OpenError> {
    let endpoint = &connector.server.endpoint;
    let socket = dial::connect(endpoint).await?;
    let handshake = Arc::new(OnceLock::new());
    let user = options.get_username().to_owned();
    let relay = match connector.server.tls {
        Tls::Required => relay(secured(socket, endpoint, &connector.trusted).await?, user, &handshake)?,
        Tls::Forbidden => relay(socket, user, &handshake)?,
    };
    let options = options.socket(relay.path()).port(PORT).ssl_mode(PgSslMode::Disable);
    let opened = dial::on_another_thread(async move { options.connect().await }).await;
    let opened = opened.map_err(|_| not_understood(endpoint))?;
    match (handshake.get(), opened) {
        (Some(Err(violation)), _) => Err(explained(violation, endpoint).into()),
        (Some(Ok(challenge)), Ok(driver)) => Ok((RelayedConnection::new(driver, relay), *challenge)),
        (None, Ok(_)) => Err(not_understood(endpoint).into()),
        (_, Err(error)) => Err(OpenError::Driver(error)),
    }
}

/// Only used in the name of the driver's socket.
const PORT: u16 = 5432;

/// How the handshake ended.
type Handshake = Result<Challenge, Violation>;

fn relay<S>(server: S, user: String, handshake: &Arc<OnceLock<Handshake>>) -> Result<Relay, CallError>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let handshake = Arc::clone(handshake);
    Relay::start(&format!("/.s.PGSQL.{PORT}"), async move |driver: UnixStream| {
        let (mut from_server, to_server) = tokio::io::split(server);
        let (from_driver, mut to_driver) = driver.into_split();
        let receiving = async {
            let (ended, ready) = relay_handshake(&mut from_server, &mut to_driver, &user).await?;
            let is_stopped = ended.is_err();
            // Set before the driver can return.
            let _ = handshake.set(ended);
            if is_stopped {
                return Ok(());
            }
            to_driver.write_all(&ready).await?;
            tokio::io::copy(&mut from_server, &mut to_driver).await.map(|_| ())
        };
        dial::pass(from_driver, to_server, receiving).await;
    })
}

/// Passes on a server's messages up to the one that says that the session is ready, which is returned and not yet passed on.
/// Stops at a violation.
///
/// A session requires a challenge: the salt of md5, or the last message of SCRAM, by which the server shows that it knows the
/// verifier (the driver checks it).
async fn relay_handshake(
    server: &mut (impl AsyncRead + Unpin),
    driver: &mut (impl AsyncWrite + Unpin),
    user: &str,
) -> io::Result<(Handshake, Vec<u8>)> {
    let stopped = |violation| Ok((Err(violation), Vec::new()));
    let mut challenged = None;
    loop {
        // The kind, and the length of all but the kind.
        let kind = server.read_u8().await?;
        let length = server.read_u32().await?;
        let Some(rest) =
            usize::try_from(length).ok().filter(|length| *length <= LONGEST).and_then(|l| l.checked_sub(4))
        else {
            return stopped(Violation::NotUnderstood);
        };
        let mut body = Zeroizing::new(vec![0; rest]);
        server.read_exact(&mut body).await?;
        if kind == b'R' {
            match body.first_chunk().map(|code| u32::from_be_bytes(*code)) {
                Some(OK) if challenged.is_none() => return stopped(Violation::AskedNothing),
                Some(CLEARTEXT_PASSWORD) => return stopped(Violation::WantsPlaintext),
                Some(MD5_PASSWORD) => challenged = Some(Challenge::Md5),
                Some(KERBEROS_V5 | GSS | SSPI) => return stopped(Violation::WantsOther("Kerberos".into())),
                Some(SASL) => {
                    if let Some(others) = other_mechanisms(&body) {
                        return stopped(Violation::WantsOther(others));
                    }
                }
                Some(SASL_FINAL) => challenged = Some(Challenge::ScramSha256),
                _ => {}
            }
        }
        if kind == b'S'
            && let Some(other) = another_user(&body, user)
        {
            return stopped(Violation::AnotherUser(other));
        }
        let mut message = vec![kind];
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(&body);
        if kind == b'Z' {
            return Ok((challenged.ok_or(Violation::AskedNothing), message));
        }
        driver.write_all(&message).await?;
    }
}

/// The session's user, if this message of the kind `S` names it and it is another one (PostgreSQL documentation, "Asynchronous
/// Operations": `session_authorization` is reported at the start). With `db_user_namespace`, up to 16, `app` signs in as
/// `app@DATABASE`; a pooler may use a user of its own.
fn another_user(body: &[u8], user: &str) -> Option<String> {
    let value = body.strip_prefix(b"session_authorization\0")?.strip_suffix(b"\0")?;
    (value != user.as_bytes()).then(|| server_words(&String::from_utf8_lossy(value)))
}

/// Codes in a message of the kind `R` (PostgreSQL documentation, "Message Formats", Authentication*).
const OK: u32 = 0;
const KERBEROS_V5: u32 = 2;
const CLEARTEXT_PASSWORD: u32 = 3;
const MD5_PASSWORD: u32 = 5;
const GSS: u32 = 7;
const SSPI: u32 = 9;
const SASL: u32 = 10;
const SASL_FINAL: u32 = 12;

/// The mechanisms of a server that asks for SASL, such as OAUTHBEARER, if SCRAM-SHA-256 is not among them.
fn other_mechanisms(body: &[u8]) -> Option<String> {
    let names = body.get(4..)?.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let names: Vec<_> = names.map(|name| server_words(&String::from_utf8_lossy(name))).collect();
    (!names.is_empty() && !names.iter().any(|name| name == "SCRAM-SHA-256")).then(|| names.join(", "))
}

/// Does the TLS handshake. Anybody on the network can write what comes before it: nothing of that is repeated or trusted.
pub(super) async fn secured(
    mut socket: TcpStream,
    endpoint: &Endpoint,
    trusted: &TrustAnchors,
) -> Result<TlsStream<TcpStream>, CallError> {
    let response = async {
        socket.write_all(&SSL_REQUEST).await?;
        socket.read_u8().await
    };
    let failed = |cause, what| CallError::failed(cause, format!("{endpoint} {what}"));
    match response.await.map_err(|error| from_io(endpoint, &error))? {
        b'S' => trusted.secure(socket, endpoint).await,
        b'N' => Err(failed(Cause::TlsNotOffered, "offers no TLS")),
        b'E' => Err(failed(
            Cause::ServerUnavailable,
            "responded with an error before TLS, where anybody on the network can speak for it",
        )),
        _ => Err(not_understood(endpoint)),
    }
}

/// Why the handshake is stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Violation {
    /// The server asks for the plain text of the password.
    WantsPlaintext,
    /// It has not asked for the password, so accepting the user proves nothing.
    AskedNothing,
    /// It asks for something else than a password.
    WantsOther(String),
    /// It has signed in another user.
    AnotherUser(String),
    /// It does not speak this protocol.
    NotUnderstood,
}

fn explained(violation: &Violation, endpoint: &Endpoint) -> CallError {
    let what = match violation {
        Violation::WantsOther(method) => {
            let what = format!(
                "{endpoint} asks this user for {method} and for no password (on RDS: rds_iam, rds_ad)"
            );
            return CallError::failed(Cause::SignInMethod, what);
        }
        Violation::WantsPlaintext => {
            "asks for the plain text of the password (pg_hba.conf: password, ldap, pam, radius; on RDS a member of rds_iam), \
             which is never sent"
        }
        Violation::AskedNothing => {
            "lets this user in without asking for the password (pg_hba.conf: trust, ident, cert), so nothing shows that the \
             password is right"
        }
        Violation::AnotherUser(other) => {
            let what = format!("{endpoint} has signed in {other}, another user than the secret's");
            let remedy =
                "turn db_user_namespace off, or name the server's own address as host and not a pooler's";
            return Refusal::Database { what, remedy: remedy.into() }.into();
        }
        Violation::NotUnderstood => return not_understood(endpoint),
    };
    CallError::failed(Cause::SignInMethod, format!("{endpoint} {what}"))
}
