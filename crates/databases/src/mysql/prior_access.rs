//! What is there already and would gain the clone's rights: sessions, sign-ins, objects that it defines, roles, proxies.

use std::time::Duration;

use rotation::{ADMINISTRATOR, Alternation, CallError, Refusal, run_as};

use super::account::{Account, identifier, text};
use super::dialect::Dialect;
use super::errors::Failure;
use super::session::MySqlSession;
use super::stored::{Stored, hexadecimal, unknown_form};

/// Refuses where sessions are open whose account is gone: what this turn grants to a new one of that name is theirs. A sign-in
/// that began before may succeed after the account is gone (tried: 9.7.4): it is waited for. It ends within the server's
/// `connect_timeout` (10 s); but not on MySQL in the middle of TLS (tried: 9.7.4, 40 s), which the list of sessions does not tell.
pub(super) async fn check_no_sessions(
    session: &mut MySqlSession,
    alternation: &Alternation,
) -> Result<(), CallError> {
    let mut found = session.sessions_of(&alternation.clone.0).await?;
    let began = found.signing_in.clone();
    for _ in 0..SIGN_IN_WAITS {
        if found.signing_in.is_empty() || !found.open.is_empty() {
            break;
        }
        tokio::time::sleep(SIGN_IN_WAIT).await;
        found = session.sessions_of(&alternation.clone.0).await?;
        found.signing_in.retain(|id| began.contains(id));
    }
    let kills = kills(session, &[found.open, found.signing_in].concat()).await?;
    if kills.is_empty() {
        return Ok(());
    }
    let what = format!(
        "{} is to be made, and sessions of that name, or sign-ins that began before, are open, which would gain its rights",
        alternation.clone
    );
    let remedy = run_as(ADMINISTRATOR, &kills);
    Err(Refusal::Database { what, remedy }.into())
}

/// How long a sign-in is waited for, in all 12 s.
const SIGN_IN_WAITS: usize = 48;
const SIGN_IN_WAIT: Duration = Duration::from_millis(250);

/// The statements that end sessions. RDS has a procedure for that (Amazon RDS User Guide, "Ending a session or query").
pub(super) async fn kills(session: &mut MySqlSession, ids: &[u64]) -> Result<Vec<String>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let procedure = "SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'mysql' AND \
        ROUTINE_NAME = 'rds_kill' AND ROUTINE_TYPE = 'PROCEDURE'";
    let on_rds = session.rows(procedure).await?.concat() == "1";
    let kill = |id: &u64| if on_rds { format!("CALL mysql.rds_kill({id})") } else { format!("KILL {id}") };
    Ok(ids.iter().map(kill).collect())
}

/// Refuses where there are objects that run with the rights of the clone that is to be made: whoever held its name before has
/// defined them. A superuser sees those that it has a right on.
pub(super) async fn check_defines_nothing(
    session: &mut MySqlSession,
    alternation: &Alternation,
    base: &[Stored],
) -> Result<(), CallError> {
    let clones = base.iter().map(|base| Account::at(&alternation.clone.0, base.account.host()));
    let clones: Vec<_> = clones.collect();
    let drops = defined_by(session, &clones.iter().collect::<Vec<_>>()).await?;
    if drops.is_empty() {
        return Ok(());
    }
    let what = format!(
        "{} is to be made, and objects that are there already would run with its rights",
        alternation.clone
    );
    Err(Refusal::Database { what, remedy: defined_anew(alternation, &drops) }.into())
}

/// The statements that drop what runs with the rights of these accounts.
pub(super) async fn defined_by(
    session: &mut MySqlSession,
    accounts: &[&Account],
) -> Result<Vec<String>, CallError> {
    let definers = accounts.iter().map(|account| text(&format!("{}@{}", account.user, account.host())));
    let definers = definers.collect::<Vec<_>>().join(", ");
    let query = format!(
        "SELECT CONCAT_WS(',', HEX(ROUTINE_TYPE), HEX(ROUTINE_SCHEMA), HEX(ROUTINE_NAME)) FROM information_schema.ROUTINES \
             WHERE SECURITY_TYPE = 'DEFINER' AND DEFINER IN ({definers}) \
         UNION ALL SELECT CONCAT_WS(',', HEX('VIEW'), HEX(TABLE_SCHEMA), HEX(TABLE_NAME)) FROM information_schema.VIEWS \
             WHERE SECURITY_TYPE = 'DEFINER' AND DEFINER IN ({definers}) \
         UNION ALL SELECT CONCAT_WS(',', HEX('TRIGGER'), HEX(TRIGGER_SCHEMA), HEX(TRIGGER_NAME)) \
             FROM information_schema.TRIGGERS WHERE DEFINER IN ({definers}) \
         UNION ALL SELECT CONCAT_WS(',', HEX('EVENT'), HEX(EVENT_SCHEMA), HEX(EVENT_NAME)) FROM information_schema.EVENTS \
             WHERE DEFINER IN ({definers})"
    );
    let mut drops = Vec::new();
    for row in session.rows(&query).await? {
        let values = hexadecimal(&row).map(|values: [_; 3]| values.map(String::from_utf8));
        let Some([Ok(kind), Ok(schema), Ok(name)]) = values else { return Err(unknown_form()) };
        drops.push(format!("DROP {kind} {}.{}", identifier(&schema), identifier(&name)));
    }
    Ok(drops)
}

/// The server sees objects that the superuser does not.
pub(super) fn defines_unseen(alternation: &Alternation, account: &Account, failure: &Failure) -> CallError {
    let what = format!(
        "objects that are there already would run with the rights of {account} ({})",
        failure.answer()
    );
    let definer = text(&format!("{}@{}", account.user, account.host()));
    let drops = format!(
        "SELECT ROUTINE_TYPE, ROUTINE_SCHEMA, ROUTINE_NAME FROM information_schema.ROUTINES WHERE DEFINER = {definer} (the same \
         of VIEWS, TRIGGERS and EVENTS), drop what that finds"
    );
    Refusal::Database { what, remedy: defined_anew(alternation, &[drops]) }.into()
}

fn defined_anew(alternation: &Alternation, drops: &[String]) -> String {
    format!(
        "{} (those that are the application's define anew, with {} as their DEFINER)",
        run_as(ADMINISTRATOR, drops),
        alternation.base
    )
}

/// Refuses where others act as the clone: by a role, which an account of MySQL can be, or by PROXY, which its holder can
/// grant, and which outlives it (tried: 9.7.4, 10.11.18, 11.8.9).
pub(super) async fn check_nobody_acts_as_clone(
    session: &mut MySqlSession,
    alternation: &Alternation,
) -> Result<(), CallError> {
    let clone = text(&alternation.clone.0);
    let roles = format!(
        "SELECT CONCAT_WS(',', HEX(FROM_HOST), HEX(TO_USER), HEX(TO_HOST)) FROM mysql.role_edges WHERE FROM_USER = {clone}"
    );
    let roles = match session.dialect {
        Dialect::MySql => acting(session, alternation, &roles).await?,
        Dialect::MariaDb => Vec::new(),
    };
    let mut revokes: Vec<_> = roles
        .iter()
        .map(|(clone, other)| run_as(ADMINISTRATOR, &[format!("REVOKE {clone} FROM {other}")]))
        .collect();
    let proxies = format!(
        "SELECT CONCAT_WS(',', HEX(Proxied_host), HEX(User), HEX(Host)) FROM mysql.proxies_priv WHERE Proxied_user = {clone}"
    );
    for (clone, other) in acting(session, alternation, &proxies).await? {
        let revoke = format!("REVOKE PROXY ON {clone} FROM {other}");
        let open = sessions_by_proxy(session, &other).await?;
        revokes.push(run_as(&who_revokes_proxies(&clone), &[vec![revoke], open].concat()));
    }
    if revokes.is_empty() {
        return Ok(());
    }
    let what =
        format!("others may act as {}, and would gain the rights of {}", alternation.clone, alternation.base);
    Err(Refusal::Database { what, remedy: revokes.join(", and ") }.into())
}

/// Who may revoke a PROXY on this account.
pub(super) fn who_revokes_proxies(on: &Account) -> String {
    format!(
        "{on} itself (which needs an account for that), or an administrator who holds PROXY on it WITH GRANT OPTION,"
    )
}

/// Rows of the clone's host, and user and host of another account, as accounts.
async fn acting(
    session: &mut MySqlSession,
    alternation: &Alternation,
    query: &str,
) -> Result<Vec<(Account, Account)>, CallError> {
    let mut found = Vec::new();
    for row in session.rows(query).await? {
        let values = hexadecimal(&row).map(|values: [_; 3]| values.map(String::from_utf8));
        let Some([Ok(at), Ok(user), Ok(host)]) = values else { return Err(unknown_form()) };
        found.push((Account::at(&alternation.clone.0, at), Account::at(user, host)));
    }
    Ok(found)
}

/// What ends the sessions that act as somebody else without a plugin of their own for that: REVOKE PROXY ends none.
async fn sessions_by_proxy(session: &mut MySqlSession, of: &Account) -> Result<Vec<String>, CallError> {
    if session.dialect == Dialect::MariaDb
        || session.rows("SELECT @@global.check_proxy_users").await?.concat() != "1"
    {
        return Ok(Vec::new());
    }
    let open = session.sessions_of(&of.user).await?.open;
    Ok(kills(session, &open).await?)
}
