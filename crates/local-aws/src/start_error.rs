use std::net::SocketAddr;
use std::path::PathBuf;

use crate::state::StateError;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Requests carry access keys and values in cleartext, so other machines must not reach the server.
    #[error("cannot listen on {0}, which is not a loopback address: choose one, such as 127.0.0.1")]
    NotLoopback(SocketAddr),
    /// Functions are called over plain HTTP.
    #[error(
        "cannot call functions at {0:?}, which is not an http URL: give one, such as http://127.0.0.1:9000"
    )]
    LambdaUrl(String),
    /// An account's id has twelve digits.
    #[error("{0:?} is not the id of an account: give one of twelve digits, such as 123456789012")]
    Account(String),
    /// Most likely its folder does not exist, or is not writable.
    #[error("cannot write events to {path:?}: choose a file that can be written")]
    Events {
        /// The path asked for.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// The file of [`Options::state`](crate::Options::state) is refused.
    #[error(transparent)]
    State(#[from] StateError),
    /// Most likely another program listens there.
    #[error("cannot listen on {address}: choose another port, or end the program that has this one")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
}
