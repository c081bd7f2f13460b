//! Another address of this host: servers choose rules and accounts by it, and show it.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

/// The port of a relay for one connection, which connects to the server at this port from `address`, such as 127.0.0.2. It ends
/// when either side closes.
pub(crate) async fn relay_from(address: Ipv4Addr, port: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let own_port = listener.local_addr().expect("a bound port").port();
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await?;
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((address, 0)))?;
        tokio::io::copy_bidirectional(&mut client, &mut socket.connect(server).await?).await
    });
    own_port
}
