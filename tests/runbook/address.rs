//! A name that leads to one server and then to another, as at a failover.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use tokio::net::{TcpListener, TcpStream};

/// A port of its own. New connections go to the server that it leads to at that moment.
pub(super) struct Address {
    pub(super) port: u16,
    leads_to: Arc<AtomicU16>,
}

impl Address {
    pub(super) async fn of(port: u16) -> Self {
        let leads_to = Arc::new(AtomicU16::new(port));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let own = listener.local_addr().expect("a bound port").port();
        let target = Arc::clone(&leads_to);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let port = target.load(Ordering::SeqCst);
                tokio::spawn(async move {
                    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
                    tokio::io::copy_bidirectional(&mut client, &mut server).await
                });
            }
        });
        Self { port: own, leads_to }
    }

    pub(super) fn switch_to(&self, port: u16) {
        self.leads_to.store(port, Ordering::SeqCst);
    }
}
