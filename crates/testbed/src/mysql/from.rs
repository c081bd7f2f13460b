//! Signing in from another address of this host: servers choose an account by it.

use std::net::Ipv4Addr;

use sqlx::{ConnectOptions, MySqlConnection, mysql::MySqlSslMode};

use super::MySql;
use crate::Credentials;
use crate::relay_from::relay_from;

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
        let port = relay_from(address, self.port()).await;
        self.options(as_user, "", MySqlSslMode::VerifyIdentity).port(port).connect().await
    }
}
