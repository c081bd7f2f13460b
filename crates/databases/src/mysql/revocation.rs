//! Ending a user's sessions, and which accounts a password signs in by.

use std::time::Duration;

use async_trait::async_trait;
use rotation::ports::SignIn;
use rotation::{ADMINISTRATOR, CallError, Cause, Password, Refusal, Server, Username, run_as};
use serde_json::Value;
use zeroize::Zeroizing;

use super::MySql;
use super::account::Account;
use super::connection::Connection;
use super::dialect::Dialect;
use super::grant_tables::{Verifier, hexadecimal, unknown_form};
use super::quoting::literal;
use super::sign_in::sign_in;
use super::superuser::activate_roles;
use super::{errors, password, verifier};
use crate::limits::within;
use crate::revocation::{Accepts, AccountOfUser, EndsSessions, Revokes};

/// How many messages of a client the server waits for, each for `connect_timeout`: the user, the request of a key, the password.
const MESSAGES: u64 = 3;

/// The methods that compare a password with what the account stores, or take none. Of any other (PAM, LDAP) what is stored does not
/// tell which password it accepts; its name stands for a verifier of unknown form.
const KNOWN_METHODS: [&str; 9] = [
    "mysql_native_password",
    "mysql_old_password",
    "sha256_password",
    "caching_sha2_password",
    "ed25519",
    "parsec",
    "auth_socket",
    "unix_socket",
    "mysql_no_login",
];

#[async_trait]
impl Revokes for MySql {
    async fn sign_in_to_end_sessions(
        &self,
        server: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn EndsSessions>, CallError> {
        let outcome = sign_in(&self.connector(server), user, password).await?;
        Ok(SignIn::from(outcome).map::<dyn EndsSessions>(|connection| connection))
    }

    fn has_accounts_by_host(&self) -> bool {
        true
    }

    /// Needs SELECT on the schema `mysql`.
    async fn accounts_of(
        &self,
        server: &Server,
        (administrator, its_password): (&Username, &Password),
        users: &[&Username],
        password: &Password,
    ) -> Result<SignIn<Vec<AccountOfUser>>, CallError> {
        let server = Server { database: None, ..server.clone() };
        let mut connection =
            match SignIn::from(sign_in(&self.connector(&server), administrator, its_password).await?) {
                SignIn::Accepted(connection) => connection,
                SignIn::Rejected(response) => return Ok(SignIn::Rejected(response)),
                SignIn::Expired(response) => return Ok(SignIn::Expired(response)),
            };
        let accounts = within(self.limits.transaction, &server.endpoint, async {
            activate_roles(&mut connection).await?;
            let mut accounts = Vec::new();
            // By an anonymous account anybody signs in under any name.
            let anonymous = Username(String::new());
            for user in users.iter().copied().chain([&anonymous]) {
                accounts.extend(accounts_of(&mut connection, user, password).await?);
            }
            Ok(accounts)
        });
        let accounts = accounts.await?;
        connection.close().await;
        Ok(SignIn::Accepted(Box::new(accounts)))
    }
}

async fn accounts_of(
    connection: &mut Connection,
    user: &Username,
    password: &Password,
) -> Result<Vec<AccountOfUser>, CallError> {
    let name = literal(&user.0);
    // MariaDB's mysql.user shows one of several ways to sign in, and not whether the account is locked.
    let query = match connection.dialect {
        Dialect::MySql => format!(
            "SELECT CONCAT_WS(',', HEX(Host), HEX(IF(account_locked = 'Y', '', IF(plugin IN ({known}), \
             IFNULL(authentication_string, ''), plugin))), \
             HEX(IF(account_locked = 'Y', '', IFNULL(User_attributes->>'$.additional_password', '')))) FROM mysql.user \
             WHERE CAST(User AS BINARY) = CAST({name} AS BINARY)",
            known = KNOWN_METHODS.map(literal).join(", ")
        ),
        Dialect::MariaDb => format!(
            "SELECT CONCAT_WS(',', HEX(Host), HEX(Priv)) FROM mysql.global_priv \
             WHERE CAST(User AS BINARY) = CAST({name} AS BINARY) AND IFNULL(JSON_VALUE(Priv, '$.is_role'), 0) = 0"
        ),
    };
    let rows = connection.rows(&query).await.map_err(|failure| may_not_look(connection, failure))?;
    let rows = Zeroizing::new(rows);
    let mut accounts = Vec::new();
    for row in rows.iter() {
        let (host, verifiers) = match connection.dialect {
            Dialect::MySql => {
                let [host, first, second] = hexadecimal(row).ok_or_else(unknown_form)?;
                (host, vec![first, second])
            }
            Dialect::MariaDb => {
                let [host, properties] = hexadecimal(row).ok_or_else(unknown_form)?;
                (host, verifiers(&properties).ok_or_else(unknown_form)?)
            }
        };
        let account = Account::at(&user.0, String::from_utf8(host).map_err(|_| unknown_form())?);
        let mut accepts = Accepts::No;
        for stored in verifiers {
            match verifier::is_of(&Verifier(Zeroizing::new(stored)), password).await {
                Some(true) => accepts = Accepts::Yes,
                Some(false) => {}
                None if accepts == Accepts::No => accepts = Accepts::Unknown,
                None => {}
            }
        }
        let lock = format!("ALTER USER {account} ACCOUNT LOCK");
        accounts.push(AccountOfUser { account: account.to_string(), accepts, lock });
    }
    Ok(accounts)
}

/// Refuses with the GRANT, if a privilege is what it failed for.
fn may_not_look(connection: &Connection, failure: errors::Failure) -> CallError {
    let (account, response) = (&connection.account, failure.message());
    let error = CallError::from(failure);
    if error.cause() != Some(Cause::MissingPrivilege) {
        return error;
    }
    let refusal = Refusal::Database {
        what: format!("{account} may not look at accounts ({response})"),
        remedy: run_as(ADMINISTRATOR, &[format!("GRANT SELECT ON mysql.* TO {account}")]),
    };
    refusal.into()
}

/// What MariaDB's `global_priv` has of passwords, each of which signs in (`IDENTIFIED VIA ... OR ...`); none if the account is
/// locked. `None` if the JSON is in an unknown form.
fn verifiers(properties: &[u8]) -> Option<Vec<Vec<u8>>> {
    let properties: Value = serde_json::from_slice(properties).ok()?;
    if properties["account_locked"] == true {
        return Some(Vec::new());
    }
    let alternatives = properties["auth_or"].as_array().map_or(&[][..], Vec::as_slice);
    let stored = |method: &Value| {
        let plugin = method["plugin"].as_str().filter(|plugin| !KNOWN_METHODS.contains(plugin));
        let stored = plugin.or_else(|| method.get("authentication_string")?.as_str());
        Some(stored?.as_bytes().to_vec())
    };
    Some([&properties].into_iter().chain(alternatives).filter_map(stored).collect())
}

#[async_trait]
impl EndsSessions for Connection {
    /// The ids of sessions ascend. The server lets a user kill the sessions of its own name.
    async fn end_older(&mut self) -> Result<Vec<i64>, CallError> {
        self.within_limit(async |connection| {
            // Which user the client named, and not the account, which may be an anonymous one.
            let user = "LEFT(USER(), CHAR_LENGTH(USER()) - LOCATE('@', REVERSE(USER())))";
            let query = format!(
                "SELECT ID FROM information_schema.PROCESSLIST WHERE CAST(USER AS BINARY) = CAST({user} AS BINARY) \
                 AND ID < CONNECTION_ID() AND COMMAND <> 'Daemon'"
            );
            let mut ended = Vec::new();
            for id in connection.rows(&query).await? {
                let Ok(number) = id.parse() else { continue };
                match connection.run(&format!("KILL {id}")).await {
                    // It has ended by itself.
                    Err(failure) if failure.code == Some(errors::NO_SUCH_SESSION) => {}
                    Err(failure) => return Err(failure.into()),
                    Ok(()) => ended.push(number),
                }
            }
            Ok(ended)
        })
        .await
    }

    async fn discard_old_password(&mut self, used: &Password) -> Result<bool, CallError> {
        self.within_limit(async |connection| Ok(password::discard_another(connection, used).await?)).await
    }

    async fn longest_sign_in(&mut self) -> Result<Duration, CallError> {
        self.within_limit(async |connection| {
            let seconds = connection.rows("SELECT @@GLOBAL.connect_timeout").await?.concat();
            let seconds = seconds.parse::<u64>().map_err(|_| unknown_form())?;
            Ok(Duration::from_secs(seconds.saturating_mul(MESSAGES)))
        })
        .await
    }

    async fn close(self: Box<Self>) {
        (*self).close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_sign_in_to_an_account_of_mariadb_counts_unless_it_is_locked() {
        let of = |json: &str| verifiers(json.as_bytes());
        let all = of(r#"{"plugin": "ed25519", "authentication_string": "a",
            "auth_or": [{}, {"plugin": "unix_socket"}, {"authentication_string": "b"}]}"#);
        assert_eq!(all, Some(vec![b"a".to_vec(), b"b".to_vec()]));
        assert_eq!(of(r#"{"account_locked": true, "authentication_string": "a"}"#), Some(Vec::new()));
        assert_eq!(of(r#"{"access": 0}"#), Some(Vec::new()));
        let pam = of(r#"{"plugin": "pam", "auth_or": [{"plugin": "gssapi", "authentication_string": ""}]}"#);
        assert_eq!(pam, Some(vec![b"pam".to_vec(), b"gssapi".to_vec()]));
        assert_eq!(of("["), None);
    }
}
