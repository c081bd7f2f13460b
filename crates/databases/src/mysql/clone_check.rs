//! Whether two users are base and clone, and what a turn would cost the application.
//!
//! A name is no proof, nor an attribute, which its holder can write. What its holder cannot choose is a password that the
//! application's secret holds: the superuser reads what the server stores of it, and nobody signs in.

use rotation::edges::{Evidence, Unproven};
use rotation::{EdgeError, Next, Refusal, Turn};

use super::account::{Account, text};
use super::described::{Described, Whose};
use super::dialect::Dialect;
use super::errors::Failure;
use super::grants::{Statement, difference};
use super::session::MySqlSession;
use super::stored::{Stored, hexadecimal, unknown_form};
use super::superuser::Superuser;
use super::verifier;

/// The rows of the two users in `mysql.user`.
#[derive(Debug)]
pub(super) struct StoredPair {
    pub(super) base: Vec<Stored>,
    pub(super) clone: Vec<Stored>,
}

impl StoredPair {
    /// Reads both users, as a superuser.
    pub(super) async fn read(session: &mut MySqlSession, turn: &Turn) -> Result<Self, EdgeError> {
        let base = Stored::of(session, &turn.base.0).await?;
        Ok(Self { base, clone: Stored::of(session, &turn.clone.0).await? })
    }

    fn of_next(&self, turn: &Turn) -> &[Stored] {
        match turn.next {
            Next::Base => &self.base,
            Next::Clone => &self.clone,
        }
    }

    /// Whether this turn makes an account of the clone: at a host where it has none yet.
    pub(super) fn makes_one(&self, turn: &Turn) -> bool {
        let has_one = |base: &Stored| self.clone.iter().any(|clone| clone.account.is_at(&base.account.host));
        turn.next == Next::Clone && !self.base.iter().all(has_one)
    }

    /// The accounts of the next user whose password none of these versions holds, by which nothing shows that they are the
    /// application's.
    pub(super) async fn unproven(&self, turn: &Turn, evidence: &Evidence) -> Vec<&Account> {
        let passwords: &[_] = match evidence {
            Evidence::Passwords(passwords) => passwords,
            Evidence::None | Evidence::SignedIn => &[],
        };
        let mut unproven = Vec::new();
        for stored in self.of_next(turn) {
            if !verifier::is_of_any(&stored.verifier, passwords).await {
                unproven.push(&stored.account);
            }
        }
        unproven
    }
}

/// What is said of accounts that may be somebody else's. A clone that nobody uses may be dropped: locked first, so that no
/// session is opened any more, since those that are open would see what an account of that name is granted later (tried:
/// 9.7.4, 10.11.18, 11.8.9).
pub(super) async fn unproven_accounts(
    session: &mut MySqlSession,
    turn: &Turn,
    accounts: &[&Account],
    superuser: &Superuser,
) -> Result<Unproven, EdgeError> {
    let names = accounts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let (is, its) = if accounts.len() == 1 { ("is", "its") } else { ("are", "their") };
    let what = format!(
        "nothing shows that {names} {is} the application's and not somebody else's: {its} password is in no version of this \
         secret that was read, or is stored in a form that this function does not know"
    );
    let another = "rotate a user of another name".to_owned();
    if turn.next == Next::Base {
        return Ok(Unproven { what, if_ours: None, otherwise: another });
    }
    if let Some(grant) = superuser.lacking_to_see_sessions() {
        let otherwise =
            format!("{another}, or run {grant} and rotate again, which then says how to drop {names}");
        return Ok(Unproven { what, if_ours: None, otherwise });
    }
    let mut statements: Vec<_> =
        accounts.iter().map(|account| format!("ALTER USER {account} ACCOUNT LOCK")).collect();
    statements.extend(kills(session, &turn.clone.0).await?);
    statements.push(format!("DROP USER {names}"));
    let otherwise =
        format!("{another}, or, if nobody uses {names}, as an administrator run: {}", statements.join("; "));
    Ok(Unproven { what, if_ours: None, otherwise })
}

/// Refuses where sessions are open whose account is gone: what this turn grants to a new one of that name is theirs.
pub(super) async fn check_no_sessions(session: &mut MySqlSession, turn: &Turn) -> Result<(), EdgeError> {
    let kills = kills(session, &turn.clone.0).await?;
    if kills.is_empty() {
        return Ok(());
    }
    let what = format!(
        "{} is to be made, and sessions of that name are open, which would gain its rights",
        turn.clone
    );
    let remedy = format!("as an administrator run {}, and rotate again", kills.join("; "));
    Err(Refusal::Database { what, remedy }.into())
}

/// The statements that end the sessions of a user. RDS has a procedure for that (Amazon RDS User Guide, "Ending a session or
/// query").
async fn kills(session: &mut MySqlSession, user: &str) -> Result<Vec<String>, Failure> {
    let sessions = session.sessions_of(user).await?;
    if sessions.is_empty() {
        return Ok(Vec::new());
    }
    let procedure = "SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'mysql' AND \
        ROUTINE_NAME = 'rds_kill' AND ROUTINE_TYPE = 'PROCEDURE'";
    let on_rds = session.rows(procedure).await?.concat() == "1";
    let kill = |id: &u64| if on_rds { format!("CALL mysql.rds_kill({id})") } else { format!("KILL {id}") };
    Ok(sessions.iter().map(kill).collect())
}

/// Refuses where others act as the clone: by a role, which an account of MySQL can be, or by PROXY, which its holder can
/// grant, and which outlives it (tried: 9.7.4, 10.11.18, 11.8.9).
pub(super) async fn check_nobody_acts_as_clone(
    session: &mut MySqlSession,
    turn: &Turn,
) -> Result<(), EdgeError> {
    let clone = text(&turn.clone.0);
    let mut query = format!(
        "SELECT CONCAT_WS(',', HEX('PROXY'), HEX(User), HEX(Host), HEX(Proxied_host)) FROM mysql.proxies_priv WHERE Proxied_user = {clone}"
    );
    if session.dialect == Dialect::MySql {
        query.push_str(&format!(
            " UNION ALL SELECT CONCAT_WS(',', HEX('role'), HEX(TO_USER), HEX(TO_HOST), HEX(FROM_HOST)) FROM mysql.role_edges \
             WHERE FROM_USER = {clone}"
        ));
    }
    let mut revokes = Vec::new();
    for row in session.rows(&query).await? {
        let values = hexadecimal(&row).map(|values: [_; 4]| values.map(String::from_utf8));
        let Some([Ok(kind), Ok(user), Ok(host), Ok(at)]) = values else { return Err(unknown_form()) };
        let (clone, other) = (Account { user: turn.clone.0.clone(), host: at }, Account { user, host });
        revokes.push(match kind.as_str() {
            "role" => format!("REVOKE {clone} FROM {other}"),
            _ => format!("REVOKE PROXY ON {} FROM {}", clone.proxied(), other.proxied()),
        });
    }
    if revokes.is_empty() {
        return Ok(());
    }
    let what = format!("others may act as {}, and would gain the rights of {}", turn.clone, turn.base);
    let remedy = format!("as an administrator run {}, and rotate again", revokes.join("; "));
    Err(Refusal::Database { what, remedy }.into())
}

/// The accounts of the two users: one for each host of the base.
#[derive(Debug)]
pub(super) struct UserPair {
    /// Equal to each other, but for the host.
    pub(super) base: Vec<Described>,
    /// As far as there are any yet.
    pub(super) clone: Vec<Described>,
}

impl UserPair {
    /// Reads what both users may do and are held to, as a superuser.
    pub(super) async fn read(session: &mut MySqlSession, stored: &StoredPair) -> Result<Self, EdgeError> {
        let mut pair = Self { base: Vec::new(), clone: Vec::new() };
        for stored in &stored.base {
            pair.base.push(Described::read(session, Whose::Of(stored)).await?);
        }
        for stored in &stored.clone {
            pair.clone.push(Described::read(session, Whose::Of(stored)).await?);
        }
        Ok(pair)
    }

    /// The clone's account for a host of the base.
    pub(super) fn clone_at(&self, host: &str) -> Option<&Described> {
        self.clone.iter().find(|clone| clone.account.is_at(host))
    }

    /// Refuses where the two are no base and clone, or the base would lack what the clone may do.
    pub(super) fn check(&self, turn: &Turn, dialect: Dialect) -> Result<(), Refusal> {
        let base = self.one_base(turn)?;
        base.method(dialect)?;
        for clone in &self.clone {
            let Some(base) = self.base.iter().find(|base| base.account.is_at(&clone.account.host)) else {
                let what = format!("there is a {}, but no {} at that host", clone.account, turn.base);
                let remedy = format!("DROP USER {}, or create {} there as well", clone.account, turn.base);
                return Err(Refusal::Database { what, remedy });
            };
            if turn.next == Next::Base {
                check_nothing_is_lost(base, clone, dialect)?;
            }
        }
        Ok(())
    }

    /// What all accounts of the base are, wherever they come from: the application sees but one of them.
    fn one_base(&self, turn: &Turn) -> Result<&Described, Refusal> {
        let Some((first, others)) = self.base.split_first() else {
            let what = format!("there is no user {}", turn.base);
            let remedy = format!("create {} with the rights of {}, whose base it is", turn.base, turn.clone);
            return Err(Refusal::Database { what, remedy });
        };
        let different: Vec<_> = others.iter().filter(|other| other.lines() != first.lines()).collect();
        if different.is_empty() {
            return Ok(first);
        }
        let lines = different.iter().map(|other| {
            let (ours, theirs) = (first.lines(), other.lines());
            let lines: Vec<_> = ours.symmetric_difference(&theirs).cloned().collect();
            format!("{} and {} in: {}", first.account, other.account, lines.join("; "))
        });
        let what = format!("the accounts of {} differ, {}", turn.base, lines.collect::<Vec<_>>().join(", "));
        Err(Refusal::Database { what, remedy: "make them equal, or drop those that are not used".into() })
    }
}

/// The application would lose at this turn what it may do now.
fn check_nothing_is_lost(base: &Described, clone: &Described, dialect: Dialect) -> Result<(), Refusal> {
    let (ours, theirs) = (base.grants.lines(), clone.grants.lines());
    let lost: Vec<_> = theirs.difference(&ours).cloned().collect();
    if lost.is_empty() {
        return Ok(());
    }
    let both = base.grants.union(&clone.grants);
    let grant = listed(difference(&both, &base.grants, &base.account, dialect));
    let revoke = listed(difference(&base.grants, &clone.grants, &clone.account, dialect));
    Err(Refusal::Database {
        what: format!("{} may do what {} may not: {}", clone.account, base.account, lost.join("; ")),
        remedy: format!("either give it to the base ({grant}), or take it from the clone ({revoke})"),
    })
}

/// Statements as a person runs them.
fn listed(statements: Vec<Statement>) -> String {
    statements.into_iter().map(|statement| statement.sql).collect::<Vec<_>>().join("; ")
}
