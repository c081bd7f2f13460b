//! A proxy between a client and a server that makes connections fail.

mod fault;
mod relay;

use std::sync::{Arc, Mutex, atomic::Ordering};

use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::Instant,
};

use self::fault::Allowance;
pub use self::fault::{End, Fault};
use self::relay::{Counts, hide_tls, relay, strip_tls, swallow};
use crate::malformed_server::garble;

/// A proxy in front of a server, at a port of its own. Dropping it closes the port and all connections.
#[derive(Debug)]
pub struct FaultProxy {
    port: u16,
    allowance: Arc<Mutex<Allowance>>,
    counts: Arc<Counts>,
    accepting: JoinHandle<()>,
}

impl FaultProxy {
    /// A proxy to the server at `127.0.0.1:port`.
    pub async fn to(port: u16, fault: Fault) -> Self {
        Self::from("127.0.0.1:0", port, fault).await
    }

    /// A proxy from an address of this machine, such as `127.0.0.2:5432`, to the server at `127.0.0.1:port`.
    pub async fn from(address: &str, port: u16, fault: Fault) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let own_port = listener.local_addr().expect("a bound port").port();
        let (counts, allowance) = (Arc::new(Counts::default()), Arc::new(Mutex::new(Allowance::of(fault))));
        let accepting = tokio::spawn(accept(listener, port, Arc::clone(&allowance), Arc::clone(&counts)));
        Self { port: own_port, allowance, counts, accepting }
    }

    /// Sets the fault of all connections from here on.
    pub fn becomes(&self, fault: Fault) {
        *self.allowance.lock().expect("no holder panics") = Allowance::of(fault);
    }

    /// The proxy's own port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many connections were accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }

    /// How many bytes the clients have sent.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.counts.bytes.load(Ordering::SeqCst)
    }

    /// How many bytes the server has sent.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.counts.answered.load(Ordering::SeqCst)
    }

    /// How often the server has sent something after a client had, or had connected.
    #[must_use]
    pub fn round_trips(&self) -> usize {
        self.counts.round_trips.load(Ordering::SeqCst)
    }

    /// How many clients went on to sign in in cleartext: without asking for TLS, or after being told that there is none.
    #[must_use]
    pub fn cleartext_sign_ins(&self) -> usize {
        self.counts.cleartext_sign_ins.load(Ordering::SeqCst)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, port: u16, allowance: Arc<Mutex<Allowance>>, counts: Arc<Counts>) {
    // Dropped with this task, and each connection with it.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let number = counts.connections.fetch_add(1, Ordering::SeqCst);
        let counts = Arc::clone(&counts);
        let allowance = allowance.lock().expect("no holder panics").next();
        connections.spawn(async move {
            // A broken connection is what the client is tested with.
            let _ = serve(client, number, port, &counts, &allowance).await;
        });
    }
}

/// Serves the connection with this number as its fault demands.
async fn serve(
    client: TcpStream,
    number: usize,
    port: u16,
    counts: &Counts,
    allowance: &Allowance,
) -> std::io::Result<()> {
    match allowance.fault {
        Fault::StripsTls => strip_tls(client, port, counts).await,
        Fault::HidesTls => hide_tls(client, port, counts).await,
        Fault::Silent => swallow(client, counts, allowance).await,
        Fault::ResetUntil(end) if Instant::now() < end => client.set_zero_linger(),
        Fault::HeldUntil(end) => {
            tokio::time::sleep_until(end).await;
            relay(client, &[], port, counts, allowance).await
        }
        Fault::Garbles { after, seed } => garble(client, port, after, SmallRng::seed_from_u64(seed)).await,
        Fault::Malformed(server) => server.to(client, &counts.bytes).await,
        Fault::MalformedOnce(chosen, server) if chosen == number => server.to(client, &counts.bytes).await,
        Fault::MalformedOnce(..)
        | Fault::None
        | Fault::ResetUntil(_)
        | Fault::CutsAfter(_)
        | Fault::After { .. }
        | Fault::Crawls => relay(client, &[], port, counts, allowance).await,
    }
}
