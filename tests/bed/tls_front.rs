//! TLS before a program of this machine that speaks HTTP only, as local-aws does.

use std::fmt;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::Certificate;
use crate::stub_server::acceptor;

/// A port of its own. Closed when dropped.
pub struct TlsFront {
    port: u16,
    serving: JoinHandle<()>,
}

impl fmt::Debug for TlsFront {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsFront({})", self.port)
    }
}

impl TlsFront {
    /// Passes on to `url`, which ends in a port of this machine, and shows this certificate.
    pub async fn of(url: &str, certificate: Certificate) -> Self {
        let behind: u16 = url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let acceptor = acceptor(certificate);
        let serving = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // A client that is not content with the certificate hangs up.
                    let mut client = acceptor.accept(client).await?;
                    let mut server = TcpStream::connect(("127.0.0.1", behind)).await?;
                    copy_bidirectional(&mut client, &mut server).await
                });
            }
        });
        Self { port, serving }
    }

    /// `https://localhost:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
