//! MySQL 8.0 and later, Aurora MySQL, and MariaDB.

mod account;
mod account_state;
mod alternation;
mod clone_check;
mod connection;
mod dialect;
mod errors;
#[doc(hidden)]
pub mod fuzzing;
mod gone;
mod grants;
mod other_hosts;
mod password;
mod prior_access;
mod session;
mod settings;
mod sign_in;
mod stored;
mod superuser;
mod tokens;
mod verifier;
mod verify;

use async_trait::async_trait;
use rotation::ports::{Database, ProofOfOtherUser, SignIn, SuperuserSession, UserSession};
use rotation::{CallError, Password, Server, Username};

use crate::connect::Limits;
use crate::tls::TrustAnchors;
use account::text;
use sign_in::Connector;

/// Rotates users of MySQL and MariaDB.
#[derive(Debug)]
pub struct MySql {
    trusted: TrustAnchors,
    limits: Limits,
    products: Products,
}

/// Whose users.
#[derive(Debug, Clone, Copy)]
enum Products {
    MySqlAndMariaDb,
    /// A user of MariaDB has one password only.
    MySql,
}

impl MySql {
    /// Trusts `trusted` beside the public authorities.
    #[must_use]
    pub fn new(trusted: TrustAnchors, limits: Limits) -> Self {
        Self { trusted, limits, products: Products::MySqlAndMariaDb }
    }

    /// For a strategy that needs two passwords a user, which MariaDB does not have.
    #[must_use]
    pub fn without_mariadb(trusted: TrustAnchors, limits: Limits) -> Self {
        Self { products: Products::MySql, ..Self::new(trusted, limits) }
    }

    fn connector(&self, server: &Server) -> Connector {
        Connector { server: server.clone(), trusted: self.trusted.clone(), limits: self.limits }
    }
}

#[async_trait]
impl Database for MySql {
    fn engines(&self) -> &'static [&'static str] {
        match self.products {
            Products::MySqlAndMariaDb => &["mysql", "aurora-mysql", "mariadb"],
            Products::MySql => &["mysql", "aurora-mysql"],
        }
    }

    fn default_port(&self) -> u16 {
        3306
    }

    fn username_error(&self, user: &Username, engine: &str) -> Option<&'static str> {
        let characters = user.0.chars().count();
        match engine {
            "mariadb" if characters > 128 => Some("is longer than 128 characters, the limit of MariaDB"),
            "mariadb" => None,
            _ if characters > 32 => Some("is longer than 32 characters, the limit of MySQL"),
            _ => None,
        }
    }

    fn proof_of_other_user(&self) -> ProofOfOtherUser {
        ProofOfOtherUser::StoredVerifier
    }

    fn manual_remedy(&self, user: &Username) -> String {
        let quoted = text(&user.0);
        format!(
            "as a superuser, look the account up (SELECT User, Host FROM mysql.user WHERE User = {quoted}), give it the \
             password of the AWSCURRENT version (ALTER USER {quoted}@'HOST' IDENTIFIED BY ...), then rotate again"
        )
    }

    async fn sign_in(
        &self,
        server: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn UserSession>, CallError> {
        let signed_in = self.connector(server).sign_in(user, password).await?;
        Ok(SignIn::from(signed_in).map::<dyn UserSession>(|session| session))
    }

    /// Without a database: no name is looked up in one that others own.
    async fn sign_in_superuser(
        &self,
        server: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn SuperuserSession>, CallError> {
        let server = Server { database: None, ..server.clone() };
        let signed_in = self.connector(&server).sign_in(user, password).await?;
        Ok(SignIn::from(signed_in).map::<dyn SuperuserSession>(|session| session))
    }
}
