//! The faults, and how many bytes each lets pass.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::malformed_server::MalformedServer;

/// What the proxy does with connections to the server.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// Everything passes.
    None,
    /// PostgreSQL: a client that asks for TLS is told that the server has none. A client that then signs in gets through,
    /// in cleartext.
    StripsTls,
    /// The same for MySQL and MariaDB, whose servers send first: their greeting says that they have no TLS.
    HidesTls,
    /// Connections are accepted, and the client never receives a byte.
    Silent,
    /// Connections are accepted and held until this instant; then everything passes, on those connections as well. A
    /// cluster that resumes does this.
    HeldUntil(Instant),
    /// Connections are reset until this instant; then everything passes. A server that fails over does this.
    ResetUntil(Instant),
    /// Everything passes until the client has sent this many bytes; then the connection is closed.
    CutsAfter(usize),
    /// Everything passes until the clients or the server have sent this many bytes, counted over all connections from here
    /// on.
    After {
        /// Bytes from the clients.
        sent: usize,
        /// Bytes from the server. What the clients had sent by then has arrived.
        answered: usize,
        /// How the connection ends then.
        end: End,
    },
    /// One byte passes per second, in each direction.
    Crawls,
    /// On each connection, as many random bytes replace what the server sends after this many bytes.
    Garbles {
        /// Bytes of the server that pass.
        after: usize,
        /// Chooses the random bytes.
        seed: u64,
    },
    /// A malformed server responds instead of the real one.
    Malformed(MalformedServer),
    /// A malformed server responds on this connection, counted from 0; the others pass.
    MalformedOnce(usize, MalformedServer),
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Both sides receive FIN.
    Closed,
    /// The client receives RST, which discards what it has not read yet.
    Reset,
    /// The connection stays open, and nothing passes any more.
    Dead,
}

/// A fault, and how many bytes it still lets pass in each direction.
#[derive(Clone, Debug)]
pub(super) struct Allowance {
    pub(super) fault: Fault,
    pub(super) sent: Arc<AtomicUsize>,
    pub(super) answered: Arc<AtomicUsize>,
}

impl Allowance {
    pub(super) fn of(fault: Fault) -> Self {
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

    /// The allowance of one more connection: shared by all connections, or its own.
    pub(super) fn next(&self) -> Self {
        if matches!(self.fault, Fault::After { .. }) { self.clone() } else { Self::of(self.fault) }
    }

    /// How the fault ends a connection, once nothing more may pass.
    pub(super) fn end(&self) -> Option<End> {
        let is_used_up = |bytes: &AtomicUsize| bytes.load(Ordering::SeqCst) == 0;
        let Fault::After { end, .. } = self.fault else { return None };
        (is_used_up(&self.sent) || is_used_up(&self.answered)).then_some(end)
    }

    /// How long each byte takes.
    pub(super) fn pace(&self) -> Option<Duration> {
        matches!(self.fault, Fault::Crawls).then_some(Duration::from_secs(1))
    }
}
