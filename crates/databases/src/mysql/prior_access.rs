//! What exists before the clone and would gain its rights: sessions, sign-ins, objects that it defines, roles, proxies.

use std::time::Duration;

use rotation::{ADMINISTRATOR, Alternation, CallError, Refusal, run_as};

use super::account::Account;
use super::connection::Connection;
use super::dialect::Dialect;
use super::errors::Failure;
use super::grant_tables::{StoredAccount, hexadecimal, unknown_form};
use super::identity::who_can_revoke_proxy;
use super::processes::sessions_of;
use super::quoting::{identifier, literal};

/// Refuses if sessions of a dropped account are open: they would have what is granted to a new account of that name. A sign-in
/// that began before may succeed after the account was dropped (tried: 9.7.4), so it is waited for. It ends within the server's
/// `connect_timeout` (10 s), except on MySQL in the middle of TLS (tried: 9.7.4, 40 s), which the process list does not show.
pub(super) async fn check_no_sessions(
    connection: &mut Connection,
    alternation: &Alternation,
) -> Result<(), CallError> {
    let mut found = sessions_of(connection, &alternation.clone.0).await?;
    let began = found.signing_in.clone();
    for _ in 0..SIGN_IN_WAITS {
        if found.signing_in.is_empty() || !found.open.is_empty() {
            break;
        }
        tokio::time::sleep(SIGN_IN_WAIT).await;
        found = sessions_of(connection, &alternation.clone.0).await?;
        found.signing_in.retain(|id| began.contains(id));
    }
    let kills = kill_statements(connection, &[found.open, found.signing_in].concat()).await?;
    if kills.is_empty() {
        return Ok(());
    }
    let what = format!(
        "{} is to be created, and sessions of that name, or sign-ins that began before, are open, which would gain its rights",
        alternation.clone
    );
    let remedy = run_as(ADMINISTRATOR, &kills);
    Err(Refusal::Database { what, remedy }.into())
}

/// How long a sign-in is waited for, in all 12 s.
const SIGN_IN_WAITS: usize = 48;
const SIGN_IN_WAIT: Duration = Duration::from_millis(250);

/// The statements that kill sessions. RDS has a procedure for that (Amazon RDS User Guide, "Ending a session or query").
pub(super) async fn kill_statements(
    connection: &mut Connection,
    ids: &[u64],
) -> Result<Vec<String>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let procedure = "SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'mysql' AND \
        ROUTINE_NAME = 'rds_kill' AND ROUTINE_TYPE = 'PROCEDURE'";
    let on_rds = connection.rows(procedure).await?.concat() == "1";
    let kill = |id: &u64| if on_rds { format!("CALL mysql.rds_kill({id})") } else { format!("KILL {id}") };
    Ok(ids.iter().map(kill).collect())
}

/// Refuses if there are objects that would run with the rights of the clone that is to be created: they were defined by an earlier
/// account of its name. A superuser sees those on which it has a right.
pub(super) async fn check_defines_nothing(
    connection: &mut Connection,
    alternation: &Alternation,
    base: &[StoredAccount],
) -> Result<(), CallError> {
    let clones = base.iter().map(|base| Account::at(&alternation.clone.0, base.account.host()));
    let clones: Vec<_> = clones.collect();
    let drops = drops_of_objects_defined_by(connection, &clones.iter().collect::<Vec<_>>()).await?;
    if drops.is_empty() {
        return Ok(());
    }
    let what = format!(
        "{} is to be created, and objects that exist already would run with its rights",
        alternation.clone
    );
    Err(Refusal::Database { what, remedy: redefine_remedy(alternation, &drops) }.into())
}

/// The statements that drop the objects that run with the rights of these accounts.
pub(super) async fn drops_of_objects_defined_by(
    connection: &mut Connection,
    accounts: &[&Account],
) -> Result<Vec<String>, CallError> {
    // MariaDB compares names here without case, and accounts with it (tried: 11.8.9, 10.11.18).
    let definers = accounts.iter().map(|account| format!("CAST({} AS BINARY)", account.as_definer()));
    let definers = definers.collect::<Vec<_>>().join(", ");
    let query = format!(
        "SELECT CONCAT_WS(',', HEX(ROUTINE_TYPE), HEX(ROUTINE_SCHEMA), HEX(ROUTINE_NAME)) FROM information_schema.ROUTINES \
             WHERE SECURITY_TYPE = 'DEFINER' AND CAST(DEFINER AS BINARY) IN ({definers}) \
         UNION ALL SELECT CONCAT_WS(',', HEX('VIEW'), HEX(TABLE_SCHEMA), HEX(TABLE_NAME)) FROM information_schema.VIEWS \
             WHERE SECURITY_TYPE = 'DEFINER' AND CAST(DEFINER AS BINARY) IN ({definers}) \
         UNION ALL SELECT CONCAT_WS(',', HEX('TRIGGER'), HEX(TRIGGER_SCHEMA), HEX(TRIGGER_NAME)) \
             FROM information_schema.TRIGGERS WHERE CAST(DEFINER AS BINARY) IN ({definers}) \
         UNION ALL SELECT CONCAT_WS(',', HEX('EVENT'), HEX(EVENT_SCHEMA), HEX(EVENT_NAME)) FROM information_schema.EVENTS \
             WHERE CAST(DEFINER AS BINARY) IN ({definers})"
    );
    let mut drops = Vec::new();
    for row in connection.rows(&query).await? {
        let values = hexadecimal(&row).map(|values: [_; 3]| values.map(String::from_utf8));
        let Some([Ok(kind), Ok(schema), Ok(name)]) = values else { return Err(unknown_form()) };
        drops.push(format!("DROP {kind} {}.{}", identifier(&schema), identifier(&name)));
    }
    Ok(drops)
}

/// Explains that the server found objects that the superuser does not see.
pub(super) fn defines_invisible_objects(
    alternation: &Alternation,
    account: &Account,
    failure: &Failure,
) -> CallError {
    let what =
        format!("objects that exist already would run with the rights of {account} ({})", failure.message());
    let definer = account.as_definer();
    let drops = format!(
        "SELECT ROUTINE_TYPE, ROUTINE_SCHEMA, ROUTINE_NAME FROM information_schema.ROUTINES WHERE DEFINER = {definer} (also \
         from VIEWS, TRIGGERS and EVENTS), drop what that finds"
    );
    Refusal::Database { what, remedy: redefine_remedy(alternation, &[drops]) }.into()
}

fn redefine_remedy(alternation: &Alternation, drops: &[String]) -> String {
    format!(
        "{} (create those that are the application's again, with {} as their DEFINER)",
        run_as(ADMINISTRATOR, drops),
        alternation.base
    )
}

/// Refuses if other users can act as the clone: by its account as a role (MySQL), or by PROXY, which the account's user can grant
/// and which stays after the account is dropped (tried: 9.7.4, 10.11.18, 11.8.9).
pub(super) async fn check_nobody_acts_as_clone(
    connection: &mut Connection,
    alternation: &Alternation,
) -> Result<(), CallError> {
    let clone = literal(&alternation.clone.0);
    let roles = format!(
        "SELECT CONCAT_WS(',', HEX(FROM_HOST), HEX(TO_USER), HEX(TO_HOST)) FROM mysql.role_edges WHERE FROM_USER = {clone}"
    );
    let roles = match connection.dialect {
        Dialect::MySql => grants_on_clone(connection, alternation, &roles).await?,
        Dialect::MariaDb => Vec::new(),
    };
    let mut revokes: Vec<_> = roles
        .iter()
        .map(|(clone, other)| run_as(ADMINISTRATOR, &[format!("REVOKE {clone} FROM {other}")]))
        .collect();
    let proxies = format!(
        "SELECT CONCAT_WS(',', HEX(Proxied_host), HEX(User), HEX(Host)) FROM mysql.proxies_priv WHERE Proxied_user = {clone}"
    );
    for (clone, other) in grants_on_clone(connection, alternation, &proxies).await? {
        let revoke = format!("REVOKE PROXY ON {clone} FROM {other}");
        let open = sessions_by_proxy(connection, &other).await?;
        revokes.push(run_as(&who_can_revoke_proxy(&clone), &[vec![revoke], open].concat()));
    }
    if revokes.is_empty() {
        return Ok(());
    }
    let what =
        format!("others can act as {}, and would gain the rights of {}", alternation.clone, alternation.base);
    Err(Refusal::Database { what, remedy: revokes.join(", and ") }.into())
}

/// The accounts in rows of the clone's host, and another account's user and host.
async fn grants_on_clone(
    connection: &mut Connection,
    alternation: &Alternation,
    query: &str,
) -> Result<Vec<(Account, Account)>, CallError> {
    let mut found = Vec::new();
    for row in connection.rows(query).await? {
        let values = hexadecimal(&row).map(|values: [_; 3]| values.map(String::from_utf8));
        let Some([Ok(at), Ok(user), Ok(host)]) = values else { return Err(unknown_form()) };
        found.push((Account::at(&alternation.clone.0, at), Account::at(user, host)));
    }
    Ok(found)
}

/// The statements that kill sessions that the server mapped to another account (`check_proxy_users`): REVOKE PROXY ends none.
async fn sessions_by_proxy(connection: &mut Connection, of: &Account) -> Result<Vec<String>, CallError> {
    if connection.dialect == Dialect::MariaDb
        || connection.rows("SELECT @@global.check_proxy_users").await?.concat() != "1"
    {
        return Ok(Vec::new());
    }
    let open = sessions_of(connection, &of.user).await?.open;
    Ok(kill_statements(connection, &open).await?)
}
