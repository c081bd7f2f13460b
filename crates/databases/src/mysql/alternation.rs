//! The turn of one of two users, by a superuser: equal first, the password last.

use rotation::ports::{AlternationOutcome, Evidence};
use rotation::{Alternation, CallError, Cause, Password, Target};
use tracing::warn;
use zeroize::Zeroizing;

use super::account::{Account, text};
use super::account_state::AccountState;
use super::clone_check::{self, StoredPair, UserPair};
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
pub(super) async fn set_up(
    session: &mut MySqlSession,
    alternation: &Alternation,
    password: &Password,
    evidence: &Evidence,
) -> Result<AlternationOutcome, CallError> {
    session.lock(&alternation.base).await?;
    let superuser = Superuser::of(session).await?;
    superuser.check_reads_and_alters()?;
    let stored = StoredPair::read(session, alternation).await?;
    let unproven = stored.unproven(alternation, evidence).await;
    if !unproven.is_empty() {
        let unproven = clone_check::unproven_accounts(session, alternation, &unproven, &superuser).await?;
        return Ok(AlternationOutcome::NeedsProof(unproven));
    }
    if alternation.target == Target::Clone {
        prior_access::check_nobody_acts_as_clone(session, alternation).await?;
    }
    let mut pair = UserPair::read(session, &stored, &superuser).await?;
    pair.leave_out_gifts(alternation, &superuser);
    pair.check(alternation, session.dialect)?;
    if alternation.target == Target::Base {
        pair.check_nothing_is_lost(session, &stored, &superuser).await?;
    }
    let (nothing, mut lacking) = (Grants::default(), Vec::new());
    for base in &pair.base {
        let has = match alternation.target {
            Target::Base => &base.grants,
            Target::Clone => pair.clone_at(base.account.host()).map_or(&nothing, |clone| &clone.grants),
        };
        let lacks = superuser.lacking_for(session, has, base).await?;
        superuser.refuse_restricted(&base.account, &lacks)?;
        lacking.extend(lacks.grants);
    }
    let makes_clone = stored.makes_clone(alternation);
    if makes_clone {
        lacking.extend(superuser.lacking_to_see_sessions());
    }
    superuser.refuse(lacking)?;
    if makes_clone {
        prior_access::check_defines_nothing(session, alternation, &stored.base).await?;
        prior_access::check_no_sessions(session, alternation).await?;
    }
    let accounts = match alternation.target {
        Target::Base => pair.base.iter().map(|base| base.account.clone()).collect(),
        Target::Clone => equal_clones(session, alternation, &superuser, &pair, password).await?,
    };
    set_password(session, alternation, &pair, &accounts, password).await?;
    password::discard_old(session, &accounts).await?;
    Ok(AlternationOutcome::Done)
}

/// Brings the clone's account at each host to equality with the base's.
async fn equal_clones(
    session: &mut MySqlSession,
    alternation: &Alternation,
    superuser: &Superuser,
    pair: &UserPair,
    password: &Password,
) -> Result<Vec<Account>, CallError> {
    let mut accounts = Vec::new();
    for base in &pair.base {
        let account = Account::at(&alternation.clone.0, base.account.host());
        let mut has = match pair.clone_at(account.host()) {
            Some(clone) => clone.clone(),
            None => {
                create(session, alternation, base, &account, password).await?;
                AccountState::of(session, &account, superuser).await?
            }
        };
        let mut round = 0;
        loop {
            has.grants.leave_out_gifts_beyond(superuser.effective());
            has.grants.leave_out_gifts_to_take(&base.grants, superuser.effective());
            if repair(session, alternation, base, &has).await? {
                break;
            }
            has = AccountState::of(session, &account, superuser).await?;
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
    alternation: &Alternation,
    base: &AccountState,
    account: &Account,
    password: &Password,
) -> Result<(), CallError> {
    let method = base.method(session.dialect)?;
    password::check_over_cleartext(session, method)?;
    let identified = identified(session.dialect, method, password);
    let mut statement = Zeroizing::new(format!("CREATE USER {account} {} ACCOUNT LOCK", *identified));
    if session.dialect == Dialect::MySql {
        // For a person who reads it; no decision rests on it.
        let mark = serde_json::json!({ CLONE_OF: alternation.base.0 }).to_string();
        statement.push_str(&format!(" ATTRIBUTE {}", text(&mark)));
    }
    match session.run(&statement).await {
        Err(failure) if failure.code == Some(errors::IS_DEFINER) => {
            Err(prior_access::defines_unseen(alternation, account, &failure))
        }
        made => Ok(made?),
    }
}

/// Applies what differs; whether nothing did.
async fn repair(
    session: &mut MySqlSession,
    alternation: &Alternation,
    base: &AccountState,
    has: &AccountState,
) -> Result<bool, CallError> {
    let account = &has.account;
    let mut equal = true;
    if let Some(options) = has.settings.difference(&base.settings, session.dialect, &alternation.base.0) {
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
async fn apply(session: &mut MySqlSession, statement: &Statement) -> Result<bool, CallError> {
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
    alternation: &Alternation,
    pair: &UserPair,
    accounts: &[Account],
    password: &Password,
) -> Result<(), CallError> {
    let Some(base) = pair.base.first() else { return Ok(()) };
    let method = base.method(session.dialect)?;
    password::check_over_cleartext(session, method)?;
    let identified = identified(session.dialect, method, password);
    // The base's own lock is somebody's decision.
    let opens = alternation.target == Target::Clone && base.settings.lock == Lock::Open;
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

fn unequal(base: &AccountState, clone: &AccountState) -> CallError {
    let (ours, theirs) = (base.lines(), clone.lines());
    let lines: Vec<_> = ours.symmetric_difference(&theirs).cloned().collect();
    let answer = format!(
        "{} and {} still differ after {ROUNDS} rounds: {}",
        base.account,
        clone.account,
        lines.join("; ")
    );
    CallError::failed(Cause::PrivilegesDiffer, answer)
}
