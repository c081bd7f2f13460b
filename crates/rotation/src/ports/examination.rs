//! What can be seen of a server without changing anything, for a diagnosis.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use crate::Username;
use crate::error::CallError;

/// How far connections to a server get before anybody signs in.
#[derive(Debug)]
pub struct Reached {
    /// Each address of the host's name, and what a TCP connection to it met.
    pub addresses: Vec<(IpAddr, Result<(), CallError>)>,
    /// The TLS handshake at the first address that accepted; `None` if no address did, or the secret forbids TLS.
    pub tls: Option<Result<SeenTls, CallError>>,
}

/// A TLS handshake that passed: the certificate is of a trusted authority and for the host's name.
#[derive(Debug)]
pub struct SeenTls {
    /// As in "TLS 1.3".
    pub version: String,
    /// For how much longer the server's certificates are valid, all of those that it sends; `None` if that is not known.
    pub valid_for: Option<Duration>,
}

/// What a server says of itself to a signed-in user.
#[derive(Debug)]
pub struct ServerState {
    /// The product and its version.
    pub version: String,
    /// How this session showed its password.
    pub signed_in_by: String,
    /// Why no account can be changed here, in words that follow the server's address; `None` if it can.
    pub read_only: Option<String>,
    /// The server's clock.
    pub time: Option<SystemTime>,
    /// How many sessions there are and how many there may be, as far as this user sees them.
    pub sessions: Option<(u32, u32)>,
    /// The rule by which rejected sign-ins lock this user out, if there is one.
    pub lockout: Option<Lockout>,
}

/// A rule that locks a user out.
#[derive(Debug, Clone)]
pub struct Lockout {
    /// After how many rejected sign-ins in a row.
    pub attempts: u32,
    /// Who is locked out, which says what changes the rule.
    pub of: LockedOut,
}

/// Whose rejected sign-ins a rule counts.
#[derive(Debug, Clone)]
pub enum LockedOut {
    /// Those of one account at this host; each account has a rule of its own.
    Account {
        /// The host of the session's account.
        host: String,
        /// The statement that lets this user at this host have so many.
        allow: fn(&Username, &str, u32) -> String,
    },
    /// Those of any account. The statement that changes the rule, up to the number of attempts to allow.
    Anybody(String),
}
