//! The way to a PostgreSQL server: TLS, and how the server asks for the password.
//!
//! TLS is spoken here, so that the messages before the session can be read: the driver would send the password to whoever
//! asks for its plain text, and takes a server that asks for nothing for one that knows the password.

use std::io;
use std::sync::{Arc, OnceLock};

use rotation::{CallError, Cause, Endpoint, Refusal, Server, Tls, server_words};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;
use zeroize::Zeroizing;

use crate::connect::{from_io, not_understood};
use crate::dial::{self, Dialed, Relay, Unopened};
use crate::tls::TrustAnchors;

/// "Is there TLS?" (PostgreSQL documentation, "Message Formats", `SSLRequest`).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// The longest message that a server needs before the session; errors are the longest.
const LONGEST: usize = 64 * 1024;

/// How the server asked for the password. What answered shows what it takes: by its `pg_hba.conf`, a user that came in by
/// SCRAM-SHA-256 may not be let in by an md5 verifier, whatever `password_encryption` says; the other way round it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Md5,
    ScramSha256,
}

/// Connects and signs in, with TLS unless the server's secret forbids it.
#[expect(clippy::disallowed_methods, reason = "through a relay of ours")]
pub(super) async fn open(
    server: &Server,
    options: PgConnectOptions,
    trusted: &TrustAnchors,
) -> Result<(Dialed<PgConnection>, Challenge), Unopened> {
    let endpoint = &server.endpoint;
    let socket = dial::connect(endpoint).await?;
    let introduced = Arc::new(OnceLock::new());
    let user = options.get_username().to_owned();
    let relay = match server.tls {
        Tls::Required => relay(secured(socket, endpoint, trusted).await?, user, &introduced)?,
        Tls::Forbidden => relay(socket, user, &introduced)?,
    };
    let options = options.socket(relay.path()).port(PORT).ssl_mode(PgSslMode::Disable);
    let opened = dial::beside(async move { options.connect().await }).await;
    let opened = opened.map_err(|_| not_understood(endpoint))?;
    match (introduced.get(), opened) {
        (Some(Err(objection)), _) => Err(explained(objection, endpoint).into()),
        (Some(Ok(challenge)), Ok(driver)) => Ok((Dialed::new(driver, relay), *challenge)),
        (None, Ok(_)) => Err(not_understood(endpoint).into()),
        (_, Err(error)) => Err(Unopened::Answered(error)),
    }
}

/// Only a part of the name of the driver's socket.
const PORT: u16 = 5432;

/// What became of the messages before the session.
type Introduced = Result<Challenge, Objection>;

fn relay<S>(server: S, user: String, introduced: &Arc<OnceLock<Introduced>>) -> Result<Relay, CallError>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let introduced = Arc::clone(introduced);
    Relay::start(&format!("/.s.PGSQL.{PORT}"), async move |driver: UnixStream| {
        let (mut from_server, to_server) = tokio::io::split(server);
        let (from_driver, mut to_driver) = driver.into_split();
        let receiving = async {
            let (found, ready) = introduce(&mut from_server, &mut to_driver, &user).await?;
            let objected = found.is_err();
            // Before the driver hears of it.
            let _ = introduced.set(found);
            if objected {
                return Ok(());
            }
            to_driver.write_all(&ready).await?;
            tokio::io::copy(&mut from_server, &mut to_driver).await.map(|_| ())
        };
        dial::pass(from_driver, to_server, receiving).await;
    })
}

/// Passes on a server's messages before the first that says that a session is ready, which is answered as well, and stops
/// at what it must not say.
///
/// A session takes a challenge that was answered: the salt of md5, or the last message of SCRAM, by which the server shows
/// that it knows the verifier (the driver checks it).
async fn introduce(
    server: &mut (impl AsyncRead + Unpin),
    driver: &mut (impl AsyncWrite + Unpin),
    user: &str,
) -> io::Result<(Introduced, Vec<u8>)> {
    let stopped = |objection| Ok((Err(objection), Vec::new()));
    let mut challenged = None;
    loop {
        // The kind, and the length of all but the kind.
        let kind = server.read_u8().await?;
        let length = server.read_u32().await?;
        let Some(rest) =
            usize::try_from(length).ok().filter(|length| *length <= LONGEST).and_then(|l| l.checked_sub(4))
        else {
            return stopped(Objection::NotUnderstood);
        };
        let mut body = Zeroizing::new(vec![0; rest]);
        server.read_exact(&mut body).await?;
        if kind == b'R' {
            match body.first_chunk().map(|code| u32::from_be_bytes(*code)) {
                Some(OK) if challenged.is_none() => return stopped(Objection::AskedNothing),
                Some(CLEARTEXT_PASSWORD) => return stopped(Objection::WantsPlaintext),
                Some(MD5_PASSWORD) => challenged = Some(Challenge::Md5),
                Some(KERBEROS_V5 | GSS | SSPI) => return stopped(Objection::WantsOther("Kerberos".into())),
                Some(SASL) => {
                    if let Some(others) = other_mechanisms(&body) {
                        return stopped(Objection::WantsOther(others));
                    }
                }
                Some(SASL_FINAL) => challenged = Some(Challenge::ScramSha256),
                _ => {}
            }
        }
        if kind == b'S'
            && let Some(other) = another_user(&body, user)
        {
            return stopped(Objection::AnotherUser(other));
        }
        let mut message = vec![kind];
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(&body);
        if kind == b'Z' {
            return Ok((challenged.ok_or(Objection::AskedNothing), message));
        }
        driver.write_all(&message).await?;
    }
}

/// Who the session is of, where a message of the kind `S` says so and it is another user (PostgreSQL documentation,
/// "Asynchronous Operations": `session_authorization` is reported at the start). With `db_user_namespace`, up to 16, `app` signs
/// in as `app@DATABASE`; a pooler may use a user of its own.
fn another_user(body: &[u8], user: &str) -> Option<String> {
    let value = body.strip_prefix(b"session_authorization\0")?.strip_suffix(b"\0")?;
    (value != user.as_bytes()).then(|| server_words(&String::from_utf8_lossy(value)))
}

/// What stands in a message of the kind `R` (PostgreSQL documentation, "Message Formats", Authentication*).
const OK: u32 = 0;
const KERBEROS_V5: u32 = 2;
const CLEARTEXT_PASSWORD: u32 = 3;
const MD5_PASSWORD: u32 = 5;
const GSS: u32 = 7;
const SSPI: u32 = 9;
const SASL: u32 = 10;
const SASL_FINAL: u32 = 12;

/// What a server offers that asks for SASL, such as OAUTHBEARER, where SCRAM-SHA-256 is not among it.
fn other_mechanisms(body: &[u8]) -> Option<String> {
    let names = body.get(4..)?.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let names: Vec<_> = names.map(|name| server_words(&String::from_utf8_lossy(name))).collect();
    (!names.is_empty() && !names.iter().any(|name| name == "SCRAM-SHA-256")).then(|| names.join(", "))
}

/// Agrees on TLS. What is said before is anybody's on the way: no word of it is repeated or believed.
async fn secured(
    mut socket: TcpStream,
    endpoint: &Endpoint,
    trusted: &TrustAnchors,
) -> Result<TlsStream<TcpStream>, CallError> {
    let asked = async {
        socket.write_all(&SSL_REQUEST).await?;
        socket.read_u8().await
    };
    let failed = |cause, what| CallError::failed(cause, format!("{endpoint} {what}"));
    match asked.await.map_err(|error| from_io(endpoint, &error))? {
        b'S' => trusted.secure(socket, endpoint).await,
        b'N' => Err(failed(Cause::TlsNotOffered, "offers no TLS")),
        b'E' => Err(failed(
            Cause::ServerUnavailable,
            "answered with an error before TLS, where anybody on the way may speak",
        )),
        _ => Err(not_understood(endpoint)),
    }
}

/// Why a server's question is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Objection {
    /// It wants to read the password.
    WantsPlaintext,
    /// It has not asked for the password, so that its "yes" proves nothing.
    AskedNothing,
    /// It wants something else than a password.
    WantsOther(String),
    /// It has signed in another user.
    AnotherUser(String),
    /// It speaks something else.
    NotUnderstood,
}

fn explained(objection: &Objection, endpoint: &Endpoint) -> CallError {
    let said = match objection {
        Objection::WantsOther(method) => {
            let what = format!(
                "{endpoint} asks this user for {method} and for no password (on RDS: rds_iam, rds_ad)"
            );
            return CallError::failed(Cause::SignInMethod, what);
        }
        Objection::WantsPlaintext => {
            "asks for the plain text of the password (pg_hba.conf: password, ldap, pam, radius; on RDS a member of rds_iam), \
             which is not sent to it"
        }
        Objection::AskedNothing => {
            "lets this user in without asking for the password (pg_hba.conf: trust, ident, cert), so that nothing shows that \
             it is the right one"
        }
        Objection::AnotherUser(other) => {
            let what = format!("{endpoint} has signed in {other}, another user than the secret's");
            let remedy =
                "turn db_user_namespace off, or name the server's own address as host and not a pooler's";
            return Refusal::Database { what, remedy: remedy.into() }.into();
        }
        Objection::NotUnderstood => return not_understood(endpoint),
    };
    CallError::failed(Cause::SignInMethod, format!("{endpoint} {said}"))
}
