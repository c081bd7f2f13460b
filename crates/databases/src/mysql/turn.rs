//! The turn of one of two users, by a superuser: equal first, the password last.

use rotation::{Cause, EdgeError, Next, Password, Turn};
use zeroize::Zeroizing;

use super::account::{Account, text};
use super::described::Described;
use super::dialect::Dialect;
use super::errors::{self, Failure};
use super::grants::{Grants, Statement, difference};
use super::kinship::Pair;
use super::password::{self, identified};
use super::session::MySqlSession;
use super::settings::{CLONE_OF, Lock};
use super::superuser::Superuser;

/// How often an account is read and mended: two rounds were enough in all cases that were tried.
const ROUNDS: usize = 3;

/// Makes the next user what it must be and installs its password. There are no transactions around accounts: a
/// crash leaves a clone that is locked or has its former password, and that the next attempt makes equal.
pub(super) async fn take(
    session: &mut MySqlSession,
    turn: &Turn,
    password: &Password,
) -> Result<(), EdgeError> {
    session.lock(&turn.base).await?;
    let superuser = Superuser::of(session).await?;
    superuser.check_reads_and_alters()?;
    let pair = Pair::read(session, turn).await?;
    pair.check(turn, session.dialect)?;
    let nothing = Grants::default();
    for base in &pair.base {
        let has = match turn.next {
            Next::Base => &base.grants,
            Next::Clone => pair.clone_at(&base.account.host).map_or(&nothing, |clone| &clone.grants),
        };
        superuser.check_may_turn(has, &base.grants)?;
    }
    let accounts = match turn.next {
        Next::Base => pair.base.iter().map(|base| base.account.clone()).collect(),
        Next::Clone => equal_clones(session, turn, &pair).await?,
    };
    set_password(session, turn, &pair, &accounts, password).await
}

/// Brings the clone's account at each host to equality with the base's.
async fn equal_clones(
    session: &mut MySqlSession,
    turn: &Turn,
    pair: &Pair,
) -> Result<Vec<Account>, EdgeError> {
    let mut accounts = Vec::new();
    for base in &pair.base {
        let account = Account { user: turn.clone.0.clone(), host: base.account.host.clone() };
        let mut has = match pair.clone_at(&account.host) {
            Some(clone) => clone.clone(),
            None => create(session, turn, base, &account).await?,
        };
        let mut round = 0;
        while !mend(session, turn, base, &has).await? {
            has = Described::of(session, &account).await?;
            round += 1;
            if round > ROUNDS {
                return Err(unequal(base, &has));
            }
        }
        accounts.push(account);
    }
    Ok(accounts)
}

/// A clone that nobody can use yet: locked, with a password that nobody knows.
async fn create(
    session: &mut MySqlSession,
    turn: &Turn,
    base: &Described,
    account: &Account,
) -> Result<Described, EdgeError> {
    let statement = match session.dialect {
        Dialect::MySql => {
            let mark = serde_json::json!({ CLONE_OF: turn.base.0 }).to_string();
            let method = text(base.method(session.dialect)?);
            format!(
                "CREATE USER {account} IDENTIFIED WITH {method} BY RANDOM PASSWORD ACCOUNT LOCK ATTRIBUTE {}",
                text(&mark)
            )
        }
        Dialect::MariaDb => {
            let unknown = Password::new(format!("{:032x}", rand::random::<u128>()));
            format!(
                "CREATE USER {account} {} ACCOUNT LOCK",
                *identified(session.dialect, "mysql_native_password", &unknown)
            )
        }
    };
    session.run(&Zeroizing::new(statement)).await?;
    Described::of(session, account).await
}

/// Applies what differs; whether nothing did.
async fn mend(
    session: &mut MySqlSession,
    turn: &Turn,
    base: &Described,
    has: &Described,
) -> Result<bool, EdgeError> {
    let account = &has.account;
    let mut equal = true;
    if let Some(options) = has.settings.difference(&base.settings, session.dialect, &turn.base.0) {
        session.run(&format!("ALTER USER {account} {options}")).await?;
        equal = false;
    }
    for statement in difference(&base.grants, &has.grants, account, session.dialect) {
        apply(session, &statement).await?;
        equal = false;
    }
    if let Some(statement) = has.settings.default_roles(&base.settings, account, session.dialect) {
        session.run(&statement).await?;
        equal = false;
    }
    Ok(equal)
}

/// A table may be gone while privileges on it stay; and a REVOKE may fail although it takes effect. What is left undone
/// shows at the next reading.
async fn apply(session: &mut MySqlSession, statement: &Statement) -> Result<(), EdgeError> {
    match session.run(&statement.sql).await {
        Ok(()) => Ok(()),
        Err(Failure { code: Some(errors::NO_SUCH_TABLE), .. })
            if !statement.where_table_is_gone.is_empty() =>
        {
            for statement in &statement.where_table_is_gone {
                session.run(statement).await?;
            }
            Ok(())
        }
        Err(failure) => Err(failure.into()),
    }
}

/// Last, and over all hosts in one statement, which is atomic on MySQL. It also ends a lock by failed sign-ins.
async fn set_password(
    session: &mut MySqlSession,
    turn: &Turn,
    pair: &Pair,
    accounts: &[Account],
    password: &Password,
) -> Result<(), EdgeError> {
    let Some(base) = pair.base.first() else { return Ok(()) };
    let method = base.method(session.dialect)?;
    password::check_over_cleartext(session, method)?;
    let identified = identified(session.dialect, method, password);
    let accounts: Vec<_> =
        accounts.iter().map(|account| Zeroizing::new(format!("{account} {}", *identified))).collect();
    let mut statement = Zeroizing::new("ALTER USER ".to_owned());
    for (index, account) in accounts.iter().enumerate() {
        statement.push_str(if index == 0 { "" } else { ", " });
        statement.push_str(account);
    }
    // The base's own lock is somebody's decision.
    if turn.next == Next::Clone && base.settings.lock == Lock::Open {
        statement.push_str(" ACCOUNT UNLOCK");
    }
    let Err(failure) = session.run(&statement).await else { return Ok(()) };
    password::settled(session, turn.next_user(), password, failure).await
}

fn unequal(base: &Described, clone: &Described) -> EdgeError {
    let (ours, theirs) = (base.lines(), clone.lines());
    let lines: Vec<_> = ours.symmetric_difference(&theirs).cloned().collect();
    let answer = format!(
        "{} and {} still differ after {ROUNDS} rounds: {}",
        base.account,
        clone.account,
        lines.join("; ")
    );
    EdgeError::failed(Cause::Unequal, answer)
}
