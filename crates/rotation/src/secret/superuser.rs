//! The JSON of a superuser's secret.

use std::fmt;

use super::reader::Reader;
use crate::error::{Problem, Refusal};
use crate::server::{Tls, is_proxy};
use crate::{Password, SecretText, Username};

/// A superuser's secret: a whole database secret, or one made by RDS, with a user and a password only.
pub struct SuperuserSecret {
    /// The user.
    pub username: Username,
    /// Its password.
    pub password: Password,
    /// Its server, where the secret names one.
    pub host: Option<String>,
    /// The server's port, where the secret names one.
    pub port: Option<u16>,
    /// The secret's own choice; the application's `ssl` never applies to a superuser.
    pub tls: Tls,
    /// The secret's own database; the application's never applies to a superuser.
    pub database: Option<String>,
}

impl SuperuserSecret {
    /// Reads a superuser's secret.
    ///
    /// # Errors
    /// As [`Secret::parse`](crate::Secret::parse), but `engine` and `host` may be absent.
    pub fn parse(text: &SecretText, which: &str, engines: &[&str]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(text, which)?;
        let engine = reader.optional("engine");
        if engine.is_some() {
            reader.check_engine(engine.as_deref(), engines);
        }
        let host = reader.optional("host");
        reader.check_host(host.as_deref());
        let port = reader.port();
        let username = reader.required("username");
        let password = reader.password();
        let database = reader.unless_empty("dbname");
        let tls = reader.tls();
        let (Some(username), Some(password)) = (username, password) else {
            return Err(reader.refusal());
        };
        reader.finish()?;
        if host.as_deref().is_some_and(is_proxy) {
            // Without the host: this secret need not be the writer's of the application's.
            let problem = Problem::new("host", "is an RDS Proxy's; it must be the database's own address");
            return Err(Refusal::Secret { which: which.into(), problems: vec![problem] });
        }
        Ok(Self { username: Username(username), password, host, port, tls, database })
    }
}

impl fmt::Debug for SuperuserSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SuperuserSecret").field("username", &self.username).finish_non_exhaustive()
    }
}
