//! Setting up the next of two alternating users, as a superuser: equal rights first, the password last.

use rotation::ports::{AlternationOutcome, Evidence, Unproven};
use rotation::{Alternation, CallError, Cause, Password, Target};
use tracing::warn;
use zeroize::Zeroizing;

use super::account::Account;
use super::account_state::AccountState;
use super::clone_check::{self, StoredPair, UserPair};
use super::connection::Connection;
use super::dialect::Dialect;
use super::errors::{self, Failure};
use super::examination;
use super::grants::{Grants, Statement, difference};
use super::password::{self, alter, identified};
use super::prior_access;
use super::properties::{CLONE_OF, Lock};
use super::quoting::literal;
use super::superuser::Superuser;

/// How often an account is read and repaired: two rounds were enough in all cases that were tried.
const ROUNDS: usize = 3;
/// In memory the server keeps an interval that this should end, unless NEVER was set in between (tried: 9.7.4).
const EXPIRE_DEFAULT: &str = "PASSWORD EXPIRE DEFAULT";

/// Makes the next user what it must be and sets its password. There are no transactions around accounts: a crash leaves a clone
/// that is locked or has its old password, and that the next attempt makes equal.
pub(super) async fn set_up(
    connection: &mut Connection,
    alternation: &Alternation,
    password: &Password,
    evidence: &Evidence,
) -> Result<AlternationOutcome, CallError> {
    connection.lock(&alternation.base).await?;
    let Checked { superuser, pair } = match checked(connection, alternation, evidence).await? {
        Ok(checked) => checked,
        Err(unproven) => return Ok(AlternationOutcome::NeedsProof(unproven)),
    };
    let accounts = match alternation.target {
        Target::Base => pair.base.iter().map(|base| base.account.clone()).collect(),
        Target::Clone => equalize_clones(connection, alternation, &superuser, &pair, password).await?,
    };
    set_password(connection, alternation, &pair, &accounts, password).await?;
    password::discard_old(connection, &accounts).await?;
    Ok(AlternationOutcome::Done)
}

/// Does the checks of [`set_up`], and changes nothing.
pub(super) async fn check(
    connection: &mut Connection,
    alternation: &Alternation,
    evidence: &Evidence,
) -> Result<AlternationOutcome, CallError> {
    examination::check_writable(connection).await?;
    Ok(match checked(connection, alternation, evidence).await? {
        Ok(_) => AlternationOutcome::Done,
        Err(unproven) => AlternationOutcome::NeedsProof(unproven),
    })
}

/// What was found before a change.
struct Checked {
    superuser: Superuser,
    pair: UserPair,
}

/// Everything that is checked before a change.
async fn checked(
    connection: &mut Connection,
    alternation: &Alternation,
    evidence: &Evidence,
) -> Result<Result<Checked, Unproven>, CallError> {
    let superuser = Superuser::read(connection).await?;
    superuser.check_reads_and_alters()?;
    let stored = StoredPair::read(connection, alternation).await?;
    let unproven = stored.unproven(alternation, evidence).await;
    if !unproven.is_empty() {
        let unproven = clone_check::unproven_accounts(connection, alternation, &unproven, &superuser).await?;
        return Ok(Err(unproven));
    }
    if alternation.target == Target::Clone {
        prior_access::check_nobody_acts_as_clone(connection, alternation).await?;
    }
    let mut pair = UserPair::read(connection, &stored, &superuser).await?;
    pair.exclude_user_grantable(alternation, &superuser);
    pair.check(alternation, connection.dialect)?;
    pair.add_mandatory_roles(connection).await?;
    if alternation.target == Target::Base {
        pair.check_nothing_is_lost(connection, &superuser).await?;
    }
    let (nothing, mut lacking) = (Grants::default(), Vec::new());
    for base in &pair.base {
        let has = match alternation.target {
            Target::Base => &base.grants,
            Target::Clone => pair.clone_at(base.account.host()).map_or(&nothing, |clone| &clone.grants),
        };
        let lacks = superuser.lacking_for(connection, has, &base.grants, &base.unseen).await?;
        superuser.refuse_restricted(&base.account, &lacks)?;
        lacking.extend(lacks.grants);
    }
    let creates_clone = stored.creates_clone(alternation);
    if creates_clone {
        lacking.extend(superuser.lacking_to_see_sessions());
    }
    superuser.refuse(lacking)?;
    if creates_clone {
        prior_access::check_defines_nothing(connection, alternation, &stored.base).await?;
        prior_access::check_no_sessions(connection, alternation).await?;
    }
    Ok(Ok(Checked { superuser, pair }))
}

/// Makes the clone's account at each host equal to the base's.
async fn equalize_clones(
    connection: &mut Connection,
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
                create(connection, alternation, base, &account, password).await?;
                AccountState::read_by_name(connection, &account, superuser).await?
            }
        };
        let mut round = 0;
        loop {
            has.grants.exclude_ungrantable(superuser.effective());
            has.grants.exclude_unrevocable(&base.grants, superuser.effective());
            if repair(connection, alternation, base, &has).await? {
                break;
            }
            has = AccountState::read_by_name(connection, &account, superuser).await?;
            round += 1;
            if round > ROUNDS {
                return Err(privileges_differ(base, &has));
            }
        }
        accounts.push(account);
    }
    Ok(accounts)
}

/// Creates a clone that nobody can use yet: it is locked. It has the pending password from the start, by which the next attempt
/// recognizes it, wherever this one ends.
async fn create(
    connection: &mut Connection,
    alternation: &Alternation,
    base: &AccountState,
    account: &Account,
    password: &Password,
) -> Result<(), CallError> {
    let method = base.method(connection.dialect)?;
    password::check_over_cleartext(connection, method)?;
    let identified = identified(connection.dialect, method, password);
    let mut statement = Zeroizing::new(format!("CREATE USER {account} {} ACCOUNT LOCK", *identified));
    if connection.dialect == Dialect::MySql {
        // For people who read it; nothing depends on it.
        let mark = serde_json::json!({ CLONE_OF: alternation.base.0 }).to_string();
        statement.push_str(&format!(" ATTRIBUTE {}", literal(&mark)));
    }
    match connection.run(&statement).await {
        Err(failure) if failure.code == Some(errors::IS_DEFINER) => {
            Err(prior_access::defines_invisible_objects(alternation, account, &failure))
        }
        created => Ok(created?),
    }
}

/// Repairs what differs; returns whether nothing did.
async fn repair(
    connection: &mut Connection,
    alternation: &Alternation,
    base: &AccountState,
    has: &AccountState,
) -> Result<bool, CallError> {
    let account = &has.account;
    let mut equal = true;
    if let Some(options) =
        has.properties.difference(&base.properties, connection.dialect, Some(&alternation.base.0))
    {
        if connection.dialect == Dialect::MySql && options.contains(EXPIRE_DEFAULT) {
            connection.run(&format!("ALTER USER {account} PASSWORD EXPIRE NEVER")).await?;
        }
        connection.run(&format!("ALTER USER {account} {options}")).await?;
        equal = false;
    }
    for statement in difference(&base.grants, &has.grants, account, &base.account, connection.dialect) {
        equal &= !apply(connection, &statement).await?;
    }
    if let Some(statement) = has.properties.default_roles(&base.properties, account, connection.dialect) {
        connection.run(&statement).await?;
        equal = false;
    }
    Ok(equal)
}

/// Runs a statement. A table may have been dropped while privileges on it stay, and a REVOKE may fail although it takes effect:
/// what is left to do shows when the account is read again. Returns false if the statement cannot succeed before such a table
/// exists again.
async fn apply(connection: &mut Connection, statement: &Statement) -> Result<bool, CallError> {
    match connection.run(&statement.sql).await {
        Ok(()) => Ok(true),
        Err(Failure { code: Some(errors::NO_SUCH_TABLE), .. }) => {
            if statement.if_table_is_dropped.is_empty() {
                warn!(
                    "left out, because the table was dropped; the next rotation to this user tries again: {}",
                    statement.sql
                );
            }
            for statement in &statement.if_table_is_dropped {
                connection.run(statement).await?;
            }
            Ok(!statement.if_table_is_dropped.is_empty())
        }
        // On an account that has SYSTEM_USER (tried: 9.7.4).
        Err(failure) if statement.is_user_grantable && failure.code == Some(errors::NEEDS_PRIVILEGE) => {
            warn!(
                "left out, because the server refuses it to a superuser without SYSTEM_USER ({}), and any user can grant PROXY \
                 on itself: {}",
                failure.message(),
                statement.sql
            );
            Ok(false)
        }
        Err(failure) => match &statement.if_restricted {
            Some(statement) if failure.code == Some(errors::RESTRICTED) => {
                connection.run(statement).await?;
                Ok(true)
            }
            Some(_) | None => Err(failure.into()),
        },
    }
}

/// Comes last, in one statement for all hosts, which is atomic on MySQL. It also ends a lock by failed sign-ins.
async fn set_password(
    connection: &mut Connection,
    alternation: &Alternation,
    pair: &UserPair,
    accounts: &[Account],
    password: &Password,
) -> Result<(), CallError> {
    let Some(base) = pair.base.first() else { return Ok(()) };
    let method = base.method(connection.dialect)?;
    password::check_over_cleartext(connection, method)?;
    let identified = identified(connection.dialect, method, password);
    // A lock of the base is somebody's decision.
    let unlocks = alternation.target == Target::Clone && base.properties.lock == Lock::Open;
    let unlock = if unlocks { " ACCOUNT UNLOCK" } else { "" };
    let each: Vec<_> =
        accounts.iter().map(|account| Zeroizing::new(format!("{account} {}", *identified))).collect();
    let statement = alter(each.iter().map(|user| user.as_str()), unlock);
    let Err(failure) = connection.run(&statement).await else { return Ok(()) };
    password::tolerate_reuse(connection, accounts, password, failure).await?;
    if unlocks {
        connection.run(&alter(accounts.iter().map(ToString::to_string), unlock)).await?;
    }
    Ok(())
}

fn privileges_differ(base: &AccountState, clone: &AccountState) -> CallError {
    let (base_lines, clone_lines) = (base.lines(), clone.lines());
    let lines: Vec<_> = base_lines.symmetric_difference(&clone_lines).cloned().collect();
    let what = format!(
        "{} and {} still differ after {ROUNDS} rounds: {}",
        base.account,
        clone.account,
        lines.join("; ")
    );
    CallError::failed(Cause::PrivilegesDiffer, what)
}
