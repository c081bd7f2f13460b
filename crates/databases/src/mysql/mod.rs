//! MySQL 8.0 and later, Aurora MySQL, and MariaDB.

mod account;
mod account_state;
mod alternation;
mod clone_check;
mod clone_plan;
mod connection;
mod dialect;
mod dropped_objects;
mod equality;
mod errors;
mod examination;
#[doc(hidden)]
pub mod fuzzing;
mod grant_tables;
mod grants;
mod handshake;
mod identity;
mod mandatory_roles;
mod open_sessions;
mod other_hosts;
mod password;
mod prior_access;
mod processes;
mod properties;
mod quoting;
mod revocation;
mod session;
mod sign_in;
mod superuser;
mod tokens;
mod verifier;
mod verify;

use async_trait::async_trait;
use rotation::ports::{Database, ProofOfOtherUser, Reached, SignIn, SuperuserSession, UserSession};
use rotation::{Alternation, CallError, Password, Server, Stage, Username};

use crate::dial::Connector;
use crate::limits::Limits;
use crate::reach::reach;
use crate::tls::TrustAnchors;
use quoting::literal;
use sign_in::sign_in;

/// Rotates users of MySQL and MariaDB.
#[derive(Debug)]
pub struct MySql {
    trusted: TrustAnchors,
    limits: Limits,
    products: Products,
}

/// The products whose users are rotated.
#[derive(Debug, Clone, Copy)]
enum Products {
    MySqlAndMariaDb,
    /// Without MariaDB, whose users have one password only.
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

    fn opens_one_database(&self) -> bool {
        false
    }

    fn proof_of_other_user(&self) -> ProofOfOtherUser {
        ProofOfOtherUser::StoredVerifier
    }

    fn manual_remedy(&self, user: &Username, stage: Stage) -> String {
        let quoted = literal(&user.0);
        let missing = user.0.strip_suffix("_clone").map(|base| {
            let base = literal(base);
            format!(
                "; or, if there is no {quoted}, create it at the host of {base} with that password (CREATE USER {quoted}@'HOST' \
                 IDENTIFIED BY ...)"
            )
        });
        format!(
            "as a superuser, look the account up (SELECT User, Host FROM mysql.user WHERE User = {quoted}), give it the \
             password of the {stage} version (ALTER USER {quoted}@'HOST' IDENTIFIED BY ...; on MySQL, if its history refuses that with 3638, run ALTER \
             USER {quoted}@'HOST' PASSWORD HISTORY 0 PASSWORD REUSE INTERVAL 0 DAY first, and set both back at the end{}), then rotate \
             again; or, if that \
             password is right, find in SHOW CREATE USER {quoted}@'HOST' which certificate it requires of its client",
            missing.unwrap_or_default()
        )
    }

    fn creation_of_clone(&self, Alternation { base, clone, .. }: &Alternation) -> String {
        let (base, clone) = (literal(&base.0), literal(&clone.0));
        format!(
            "as an administrator look up the host of {base} (SELECT Host FROM mysql.user WHERE User = {base}; if there is more than \
             one, name a superuser's secret in masterarn instead), and there run CREATE USER {clone}@'HOST' IDENTIFIED BY ..."
        )
    }

    async fn reach(&self, server: &Server) -> Result<Reached, CallError> {
        let connector = self.connector(server);
        reach(&connector, |socket| handshake::secured(socket, &server.endpoint, &connector.trusted)).await
    }

    async fn sign_in(
        &self,
        server: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn UserSession>, CallError> {
        let outcome = sign_in(&self.connector(server), user, password).await?;
        Ok(SignIn::from(outcome).map::<dyn UserSession>(|connection| connection))
    }

    /// Without a default database, so that no name is looked up in one that others own.
    async fn sign_in_superuser(
        &self,
        server: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn SuperuserSession>, CallError> {
        let server = Server { database: None, ..server.clone() };
        let outcome = sign_in(&self.connector(&server), user, password).await?;
        Ok(SignIn::from(outcome).map::<dyn SuperuserSession>(|connection| connection))
    }
}
