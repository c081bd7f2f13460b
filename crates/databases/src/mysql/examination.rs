//! What a diagnosis asks of a signed-in user. Needs no privilege and changes nothing.

use std::time::{Duration, SystemTime};

use rotation::ports::{LockedOut, Lockout, ServerState};
use rotation::{CallError, Cause, Password, Username};

use super::account::Account;
use super::connection::Connection;
use super::dialect::Dialect;
use super::properties::Properties;
use super::quoting::literal;

/// Asks for the state of the server in one row; see [`columns`].
const STATE: &str = "SELECT CONCAT_WS('|', UNIX_TIMESTAMP(), @@max_connections, @@global.read_only OR @@global.innodb_read_only, \
     VERSION())";

/// What the server says of itself.
pub(super) async fn server_state(connection: &mut Connection) -> Result<ServerState, CallError> {
    let row = connection.rows(STATE).await?.concat();
    let mut columns = row.splitn(4, '|');
    let time = columns.next().and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
    let most = columns.next().and_then(|most| most.parse().ok());
    let is_read_only = columns.next() == Some("1");
    let product = if connection.dialect == Dialect::MariaDb { "MariaDB" } else { "MySQL" };
    let sessions = status(connection, "Threads_connected").await;
    let show = format!("SHOW CREATE USER {}", connection.account);
    let definition = connection.rows(&show).await.unwrap_or_default().concat();
    let lockout = match connection.dialect {
        Dialect::MySql => lockout_of_mysql(&connection.account, &definition),
        Dialect::MariaDb => lockout_of_mariadb(connection).await,
    };
    Ok(ServerState {
        version: format!("{product} {}", columns.next().unwrap_or_default()),
        signed_in_by: method(&definition),
        read_only: is_read_only.then(|| "is a replica or read-only".into()),
        time: time.map(|time| SystemTime::UNIX_EPOCH + time),
        sessions: sessions.zip(most),
        lockout,
    })
}

/// A status variable that any user may read.
async fn status(connection: &mut Connection, name: &str) -> Option<u32> {
    let rows = connection.fetch(&format!("SHOW GLOBAL STATUS LIKE {}", literal(name))).await.ok()?;
    connection.column(rows.first()?, 1).ok()??.parse().ok()
}

/// The account's own rule. One without a time locks nobody (MySQL Reference Manual, "CREATE USER Statement").
fn lockout_of_mysql(account: &Account, definition: &str) -> Option<Lockout> {
    let rules = Properties::parse(definition, &[]).ok()?.rules;
    let attempts = rules.get("FAILED_LOGIN_ATTEMPTS")?.parse().ok().filter(|attempts| *attempts > 0)?;
    rules.get("PASSWORD_LOCK_TIME").filter(|days| *days != "0")?;
    let allow = |user: &Username, host: &str, attempts: u32| {
        format!("ALTER USER {} FAILED_LOGIN_ATTEMPTS {attempts}", Account::at(&*user.0, host))
    };
    Some(Lockout { attempts, of: LockedOut::Account { host: account.host().to_owned(), allow } })
}

/// The rule of all accounts, which is 4294967295 unless set.
async fn lockout_of_mariadb(connection: &mut Connection) -> Option<Lockout> {
    let attempts =
        connection.rows("SELECT @@global.max_password_errors").await.ok()?.concat().parse().ok()?;
    Some(Lockout { attempts, of: LockedOut::Anybody("SET GLOBAL max_password_errors = ".into()) })
}

/// The plugin by which the session's account signs in, as its own definition names it.
fn method(definition: &str) -> String {
    let named = |before: &str, quote: char| {
        let (_, rest) = definition.split_once(before)?;
        Some(rest.split([quote, ' ']).next().unwrap_or_default().to_owned())
    };
    named("IDENTIFIED WITH '", '\'')
        .or_else(|| named("IDENTIFIED VIA ", ' '))
        .unwrap_or_else(|| "mysql_native_password".into())
}

/// # Errors
/// [`Cause::ReadOnly`] on a replica, or on a server that was made read-only.
pub(super) async fn check_writable(connection: &mut Connection) -> Result<(), CallError> {
    if connection.is_replica().await? {
        let what = format!("{} is a replica or read-only", connection.connector.server.endpoint);
        return Err(CallError::failed(Cause::ReadOnly, what));
    }
    Ok(())
}

/// MariaDB gets a hash, which no plugin that validates passwords can see into: by default it then refuses every one (1290).
async fn check_hash(connection: &mut Connection) -> Result<(), CallError> {
    let query = "SELECT PLUGIN_NAME FROM information_schema.PLUGINS WHERE PLUGIN_TYPE = 'PASSWORD VALIDATION' \
         AND PLUGIN_STATUS = 'ACTIVE' AND @@global.strict_password_validation";
    let plugins = connection.rows(query).await?;
    let Some(plugin) = plugins.first() else { return Ok(()) };
    let endpoint = &connection.connector.server.endpoint;
    let what = format!(
        "{endpoint} lets no account have a password that {plugin} cannot see (strict_password_validation)"
    );
    Err(CallError::failed(Cause::PasswordPolicy, what))
}

/// Asks the server how strong it takes the weakest of these passwords to be, which nobody has (MySQL Reference Manual, "`VALIDATE_PASSWORD_STRENGTH`":
/// 50 satisfies LOW, 75 MEDIUM, 100 STRONG). MariaDB has no such function.
///
/// # Errors
/// [`Cause::PasswordPolicy`].
pub(super) async fn check_passwords(
    connection: &mut Connection,
    samples: &[Password],
) -> Result<(), CallError> {
    if connection.dialect == Dialect::MariaDb {
        return check_hash(connection).await;
    }
    let strengths =
        samples.iter().map(|sample| format!("VALIDATE_PASSWORD_STRENGTH({})", literal(sample.expose())));
    // With one argument it is an error.
    let weakest = format!("LEAST(100, {})", strengths.collect::<Vec<_>>().join(", "));
    // The component's variable, or that of the plugin before it. Without either nothing is demanded.
    for variable in ["@@global.`validate_password.policy`", "@@global.validate_password_policy"] {
        let query = format!("SELECT CONCAT_WS(',', {variable}, {weakest})");
        let Ok(rows) = connection.rows(&query).await else { continue };
        let row = rows.concat();
        let Some((policy, strength)) = row.split_once(',') else { continue };
        let needed = match policy {
            "LOW" => 50,
            "MEDIUM" => 75,
            _ => 100,
        };
        if strength.parse().is_ok_and(|strength: u32| strength < needed) {
            let endpoint = &connection.connector.server.endpoint;
            let what = format!(
                "{endpoint} rejects passwords as this function makes them (validate_password is {policy})"
            );
            return Err(CallError::failed(Cause::PasswordPolicy, what));
        }
        return Ok(());
    }
    Ok(())
}
