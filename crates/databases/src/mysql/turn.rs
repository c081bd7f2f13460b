//! The turn of one of two users, by a superuser: equal first, the password last.

use rotation::edges::{Evidence, TurnOutcome};
use rotation::{Cause, EdgeError, Next, Password, Turn};
use tracing::warn;
use zeroize::Zeroizing;

use super::account::{Account, text};
use super::clone_check::{self, StoredPair, UserPair};
use super::described::Described;
use super::dialect::Dialect;
use super::errors::{self, Failure};
use super::grants::{Grants, Statement, difference};
use super::password::{self, alter, identified};
use super::prior_access;
use super::session::MySqlSession;
use super::settings::{CLONE_OF, Lock};
use super::superuser::Superuser;

/// How often an account is read and mended: two rounds were enough in all cases that were tried.
const ROUNDS: usize = 3;
/// The server goes on with an interval that this was to end, in memory only, unless NEVER came between (tried: 9.7.4).
const EXPIRE_DEFAULT: &str = "PASSWORD EXPIRE DEFAULT";

/// Makes the next user what it must be and installs its password. There are no transactions around accounts: a
/// crash leaves a clone that is locked or has its former password, and that the next attempt makes equal.
pub(super) async fn take(
    session: &mut MySqlSession,
    turn: &Turn,
    password: &Password,
    evidence: &Evidence,
) -> Result<TurnOutcome, EdgeError> {
    session.lock(&turn.base).await?;
    let superuser = Superuser::of(session).await?;
    superuser.check_reads_and_alters()?;
    let stored = StoredPair::read(session, turn).await?;
    let unproven = stored.unproven(turn, evidence).await;
    if !unproven.is_empty() {
        let unproven = clone_check::unproven_accounts(session, turn, &unproven, &superuser).await?;
        return Ok(TurnOutcome::NeedsProof(unproven));
    }
    if turn.next == Next::Clone {
        prior_access::check_nobody_acts_as_clone(session, turn).await?;
    }
    let mut pair = UserPair::read(session, &stored, &superuser).await?;
    pair.leave_out_gifts(turn, &superuser);
    pair.check(turn, session.dialect)?;
    if turn.next == Next::Base {
        pair.check_nothing_is_lost(session, &stored, &superuser).await?;
    }
    let (nothing, mut lacking) = (Grants::default(), Vec::new());
    for base in &pair.base {
        let has = match turn.next {
            Next::Base => &base.grants,
            Next::Clone => pair.clone_at(base.account.host()).map_or(&nothing, |clone| &clone.grants),
        };
        let lacks = superuser.lacking_for(session, has, base).await?;
        superuser.refuse_restricted(&base.account, &lacks)?;
        lacking.extend(lacks.grants);
    }
    let makes_clone = stored.makes_clone(turn);
    if makes_clone {
        lacking.extend(superuser.lacking_to_see_sessions());
    }
    superuser.refuse(lacking)?;
    if makes_clone {
        prior_access::check_defines_nothing(session, turn, &stored.base).await?;
        prior_access::check_no_sessions(session, turn).await?;
    }
    let accounts = match turn.next {
        Next::Base => pair.base.iter().map(|base| base.account.clone()).collect(),
        Next::Clone => equal_clones(session, turn, &superuser, &pair, password).await?,
    };
    set_password(session, turn, &pair, &accounts, password).await?;
    password::discard_former(session, &accounts).await?;
    Ok(TurnOutcome::Done)
}

/// Brings the clone's account at each host to equality with the base's.
async fn equal_clones(
    session: &mut MySqlSession,
    turn: &Turn,
    superuser: &Superuser,
    pair: &UserPair,
    password: &Password,
) -> Result<Vec<Account>, EdgeError> {
    let mut accounts = Vec::new();
    for base in &pair.base {
        let account = Account::at(&turn.clone.0, base.account.host());
        let mut has = match pair.clone_at(account.host()) {
            Some(clone) => clone.clone(),
            None => {
                create(session, turn, base, &account, password).await?;
                Described::of(session, &account, superuser).await?
            }
        };
        let mut round = 0;
        loop {
            has.grants.leave_out_gifts_beyond(superuser.effective());
            has.grants.leave_out_gifts_to_take(&base.grants, superuser.effective());
            if mend(session, turn, base, &has).await? {
                break;
            }
            has = Described::of(session, &account, superuser).await?;
            round += 1;
            if round > ROUNDS {
                return Err(unequal(base, &has));
            }
        }
        accounts.push(account);
    }
    Ok(accounts)
}

/// A clone that nobody can use yet: locked. It has the pending password from the first moment on, by which the next attempt
/// knows it, wherever this one ends.
async fn create(
    session: &mut MySqlSession,
    turn: &Turn,
    base: &Described,
    account: &Account,
    password: &Password,
) -> Result<(), EdgeError> {
    let method = base.method(session.dialect)?;
    password::check_over_cleartext(session, method)?;
    let identified = identified(session.dialect, method, password);
    let mut statement = Zeroizing::new(format!("CREATE USER {account} {} ACCOUNT LOCK", *identified));
    if session.dialect == Dialect::MySql {
        // For a person who reads it; no decision rests on it.
        let mark = serde_json::json!({ CLONE_OF: turn.base.0 }).to_string();
        statement.push_str(&format!(" ATTRIBUTE {}", text(&mark)));
    }
    match session.run(&statement).await {
        Err(failure) if failure.code == Some(errors::IS_DEFINER) => {
            Err(prior_access::defines_unseen(turn, account, &failure))
        }
        made => Ok(made?),
    }
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
        if session.dialect == Dialect::MySql && options.contains(EXPIRE_DEFAULT) {
            session.run(&format!("ALTER USER {account} PASSWORD EXPIRE NEVER")).await?;
        }
        session.run(&format!("ALTER USER {account} {options}")).await?;
        equal = false;
    }
    for statement in difference(&base.grants, &has.grants, account, &base.account, session.dialect) {
        equal &= !apply(session, &statement).await?;
    }
    if let Some(statement) = has.settings.default_roles(&base.settings, account, session.dialect) {
        session.run(&statement).await?;
        equal = false;
    }
    Ok(equal)
}

/// A table may be gone while privileges on it stay; and a REVOKE may fail although it takes effect. What is left undone
/// shows at the next reading. Answers false where nobody can do it until there is such a table again.
async fn apply(session: &mut MySqlSession, statement: &Statement) -> Result<bool, EdgeError> {
    match session.run(&statement.sql).await {
        Ok(()) => Ok(true),
        Err(Failure { code: Some(errors::NO_SUCH_TABLE), .. }) => {
            if statement.where_table_is_gone.is_empty() {
                warn!(
                    "left out, since the table is gone; the next turn of this user tries again: {}",
                    statement.sql
                );
            }
            for statement in &statement.where_table_is_gone {
                session.run(statement).await?;
            }
            Ok(!statement.where_table_is_gone.is_empty())
        }
        // On an account that has SYSTEM_USER (tried: 9.7.4).
        Err(failure) if statement.is_gift && failure.code == Some(errors::NEEDS_PRIVILEGE) => {
            warn!(
                "left out, since the server refuses it to a superuser without SYSTEM_USER ({}), and any user may grant PROXY \
                 on itself: {}",
                failure.answer(),
                statement.sql
            );
            Ok(false)
        }
        Err(failure) => match &statement.where_restricted {
            Some(statement) if failure.code == Some(errors::RESTRICTED) => {
                session.run(statement).await?;
                Ok(true)
            }
            Some(_) | None => Err(failure.into()),
        },
    }
}

/// Last, and over all hosts in one statement, which is atomic on MySQL. It also ends a lock by failed sign-ins.
async fn set_password(
    session: &mut MySqlSession,
    turn: &Turn,
    pair: &UserPair,
    accounts: &[Account],
    password: &Password,
) -> Result<(), EdgeError> {
    let Some(base) = pair.base.first() else { return Ok(()) };
    let method = base.method(session.dialect)?;
    password::check_over_cleartext(session, method)?;
    let identified = identified(session.dialect, method, password);
    // The base's own lock is somebody's decision.
    let opens = turn.next == Next::Clone && base.settings.lock == Lock::Open;
    let unlock = if opens { " ACCOUNT UNLOCK" } else { "" };
    let each: Vec<_> =
        accounts.iter().map(|account| Zeroizing::new(format!("{account} {}", *identified))).collect();
    let statement = alter(each.iter().map(|user| user.as_str()), unlock);
    let Err(failure) = session.run(&statement).await else { return Ok(()) };
    password::check_settled(session, accounts, password, failure).await?;
    if opens {
        session.run(&alter(accounts.iter().map(ToString::to_string), unlock)).await?;
    }
    Ok(())
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
