//! Signing in from another address of this host: servers choose an account by it.

use std::net::{Ipv4Addr, SocketAddr};

use sqlx::{ConnectOptions, MySqlConnection, mysql::MySqlSslMode};
use tokio::net::{TcpListener, TcpSocket};

use super::MySql;
use crate::Credentials;

impl MySql {
    /// Signs in from `address`, such as 127.0.0.2, by a relay that connects from there.
    ///
    /// # Errors
    /// Whatever keeps the user from signing in.
    pub async fn sign_in_from(
        &self,
        address: Ipv4Addr,
        as_user: &Credentials,
    ) -> Result<MySqlConnection, sqlx::Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port()));
        // The relay ends when either side closes.
        tokio::spawn(async move {
            let (mut client, _) = listener.accept().await?;
            let socket = TcpSocket::new_v4()?;
            socket.bind(SocketAddr::from((address, 0)))?;
            tokio::io::copy_bidirectional(&mut client, &mut socket.connect(server).await?).await
        });
        self.options(as_user, "", MySqlSslMode::VerifyIdentity).port(port).connect().await
    }
}
