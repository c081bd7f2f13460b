//! Whether two users are base and clone, and which rights the application would lose by an alternation.
//!
//! A matching name proves nothing, nor does an attribute, which the account's user can write. What that user cannot choose is a
//! password that the application's secret holds: the superuser compares it with the stored verifier, without a sign-in.

use std::collections::BTreeSet;

use rotation::ports::{Evidence, Unproven};
use rotation::{ADMINISTRATOR, Alternation, CallError, Refusal, Target, Username, run_as};
use tracing::warn;

use super::account::Account;
use super::account_state::AccountState;
use super::connection::Connection;
use super::dialect::Dialect;
use super::dropped_objects::{self, Reader};
use super::grant_tables::StoredAccount;
use super::grants::{DatabaseNames, Statement, difference};
use super::mandatory_roles;
use super::prior_access::{drops_of_objects_defined_by, kill_statements};
use super::processes::sessions_of;
use super::superuser::Superuser;
use super::verifier;

/// The rows of the two users in `mysql.user`.
#[derive(Debug)]
pub(super) struct StoredPair {
    pub(super) base: Vec<StoredAccount>,
    pub(super) clone: Vec<StoredAccount>,
}

impl StoredPair {
    /// Reads both users, as a superuser.
    pub(super) async fn read(
        connection: &mut Connection,
        alternation: &Alternation,
    ) -> Result<Self, CallError> {
        let base = StoredAccount::of(connection, &alternation.base.0).await?;
        Ok(Self { base, clone: StoredAccount::of(connection, &alternation.clone.0).await? })
    }

    fn of_next(&self, alternation: &Alternation) -> &[StoredAccount] {
        match alternation.target {
            Target::Base => &self.base,
            Target::Clone => &self.clone,
        }
    }

    /// Whether this alternation creates the clone. (If it has an account at another host, open sessions are the application's.)
    pub(super) fn creates_clone(&self, alternation: &Alternation) -> bool {
        alternation.target == Target::Clone && self.clone.is_empty()
    }

    /// The accounts of the next user whose password is none of these: nothing shows that they are the application's.
    pub(super) async fn unproven(&self, alternation: &Alternation, evidence: &Evidence) -> Vec<&Account> {
        let passwords: &[_] = match evidence {
            Evidence::Passwords(passwords) => passwords,
            Evidence::None | Evidence::SignedIn => &[],
        };
        let mut unproven = Vec::new();
        for stored in self.of_next(alternation) {
            if !verifier::is_of_any(&stored.verifier, passwords).await {
                unproven.push(&stored.account);
            }
        }
        unproven
    }
}

/// Explains accounts that may be somebody else's. A clone that nobody uses may be dropped. It is locked first, so that no further
/// session is opened: open sessions would have what an account of that name is granted later (tried: 9.7.4, 10.11.18, 11.8.9).
pub(super) async fn unproven_accounts(
    connection: &mut Connection,
    alternation: &Alternation,
    accounts: &[&Account],
    superuser: &Superuser,
) -> Result<Unproven, CallError> {
    let names = accounts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let (is, its) = if accounts.len() == 1 { ("is", "its") } else { ("are", "their") };
    let what = format!(
        "nothing shows that {names} {is} the application's and not somebody else's: {its} password is in no version of this \
         secret that was read, or is stored in a form that this function does not know"
    );
    let another = "rotate a user of another name".to_owned();
    if alternation.target == Target::Base {
        return Ok(Unproven { what, if_ours: None, otherwise: another });
    }
    if let Some(grant) = superuser.lacking_to_see_sessions() {
        let otherwise =
            format!("{another}, or {} (it then says how to drop {names})", run_as(ADMINISTRATOR, &[grant]));
        return Ok(Unproven { what, if_ours: None, otherwise });
    }
    let mut statements: Vec<_> =
        accounts.iter().map(|account| format!("ALTER USER {account} ACCOUNT LOCK")).collect();
    let open = sessions_of(connection, &alternation.clone.0).await?.open;
    statements.extend(kill_statements(connection, &open).await?);
    // Objects that they define prevent dropping them (4006), or would run with the rights of a new account.
    statements.extend(drops_of_objects_defined_by(connection, accounts).await?);
    statements.push(format!("DROP USER {names}"));
    let otherwise = format!("{another}, or, if nobody uses {names}, {}", run_as(ADMINISTRATOR, &statements));
    Ok(Unproven { what, if_ours: None, otherwise })
}

/// The accounts of the two users: one for each host of the base.
#[derive(Debug)]
pub(super) struct UserPair {
    /// They are equal, except for the host.
    pub(super) base: Vec<AccountState>,
    /// Those that exist already.
    pub(super) clone: Vec<AccountState>,
}

impl UserPair {
    /// Reads the rights and properties of both users, as a superuser.
    pub(super) async fn read(
        connection: &mut Connection,
        stored: &StoredPair,
        superuser: &Superuser,
    ) -> Result<Self, CallError> {
        let mut pair = Self { base: Vec::new(), clone: Vec::new() };
        for stored in &stored.base {
            pair.base.push(AccountState::read(connection, stored, superuser).await?);
        }
        for stored in &stored.clone {
            pair.clone.push(AccountState::read(connection, stored, superuser).await?);
        }
        Ok(pair)
    }

    /// Adds the mandatory roles that only the clone was granted to what the base holds.
    pub(super) async fn add_mandatory_roles(&mut self, connection: &mut Connection) -> Result<(), CallError> {
        for base in &mut self.base {
            if let Some(clone) = at(&self.clone, base.account.host()) {
                mandatory_roles::add_to_base(connection, &mut base.grants, &clone.grants).await?;
            }
        }
        Ok(())
    }

    /// Refuses if the clone may do what the base may not.
    pub(super) async fn check_nothing_is_lost(
        &self,
        connection: &mut Connection,
        superuser: &Superuser,
    ) -> Result<(), CallError> {
        for clone in &self.clone {
            let mut clone = clone.clone();
            dropped_objects::remove_dropped_tables(
                connection,
                &mut clone.grants,
                Reader::Superuser(superuser),
            )
            .await?;
            if let Some(base) = at(&self.base, clone.account.host()) {
                check_nothing_is_lost(base, &clone, connection.dialect, superuser.names())?;
            }
        }
        Ok(())
    }

    /// The clone's account for a host of the base.
    pub(super) fn clone_at(&self, host: &str) -> Option<&AccountState> {
        at(&self.clone, host)
    }

    /// Excludes rights that any user can grant and this superuser can neither grant nor revoke, and warns of those that will not be
    /// equal: nobody can stop a rotation by them (`grants/user_grantable.rs`).
    pub(super) fn exclude_user_grantable(&mut self, alternation: &Alternation, superuser: &Superuser) {
        let of = |pair: &Self| {
            let lines =
                |all: &[AccountState]| all.iter().flat_map(|one| one.grants.user_grantable()).collect();
            (lines(&pair.base), lines(&pair.clone))
        };
        let (base, clone): (BTreeSet<String>, BTreeSet<String>) = of(self);
        for base in &mut self.base {
            base.grants.exclude_ungrantable(superuser.effective());
            base.grants.exclude_proxies_that_add_grant_option();
        }
        for clone in &mut self.clone {
            clone.grants.exclude_ungrantable(superuser.effective());
            if let Some(base) = at(&self.base, clone.account.host()) {
                clone.grants.exclude_unrevocable(&base.grants, superuser.effective());
            }
        }
        let (given, taken) = of(self);
        let warn_of = |who: &Username, which: &str, rights: Vec<&String>| {
            if let [_, ..] = rights.as_slice() {
                let rights = rights.into_iter().map(String::as_str).collect::<Vec<_>>().join("; ");
                warn!(db.user = %who, "{who} {which}: {rights}; any user can grant that, so the rotation goes on");
            }
        };
        if alternation.target == Target::Base {
            warn_of(&alternation.base, "does not have what its clone has", clone.difference(&base).collect());
            return;
        }
        let lacked = base.iter().filter(|right| !given.contains(*right) && !clone.contains(*right));
        warn_of(
            &alternation.clone,
            "is not given what its base has, which the superuser may not grant",
            lacked.collect(),
        );
        let kept = clone.iter().filter(|right| !taken.contains(*right) && !base.contains(*right));
        warn_of(
            &alternation.clone,
            "keeps what its base does not have, which the superuser may not revoke",
            kept.collect(),
        );
    }

    /// Refuses if the two are not a base and its clone.
    pub(super) fn check(&self, alternation: &Alternation, dialect: Dialect) -> Result<(), Refusal> {
        let base = self.one_base(alternation)?;
        base.method(dialect)?;
        for clone in &self.clone {
            if at(&self.base, clone.account.host()).is_none() {
                return Err(self.no_base_there(alternation, &clone.account));
            }
        }
        Ok(())
    }

    /// In the base's turn the application is signed in as the clone, perhaps by this account; surely so if the clone has no other.
    fn no_base_there(&self, alternation: &Alternation, clone: &Account) -> Refusal {
        let what = format!("there is a {clone}, but no {} at that host", alternation.base);
        let holder = match alternation.target {
            Target::Base => "AWSPREVIOUS",
            Target::Clone => "AWSCURRENT",
        };
        let create = format!(
            "create {} there as well, with the rights of its other accounts and the password of {holder}",
            alternation.base
        );
        let drop = run_as(ADMINISTRATOR, &[format!("DROP USER {clone}")]);
        let has_another = self.clone.iter().any(|clone| at(&self.base, clone.account.host()).is_some());
        let remedy = match alternation.target {
            Target::Clone => format!("{create}, or {drop}"),
            Target::Base if has_another => {
                format!("{create}; or, if the application does not sign in from there, {drop}")
            }
            Target::Base => format!("{create}, and rotate again"),
        };
        Refusal::Database { what, remedy }
    }

    /// The base's account, after checking that those at all of its hosts are equal: the application uses one of them.
    fn one_base(&self, alternation: &Alternation) -> Result<&AccountState, Refusal> {
        let Some((first, others)) = self.base.split_first() else {
            let what = format!("there is no user {}", alternation.base);
            let remedy = format!(
                "create {} with the rights of {}, whose base it is",
                alternation.base, alternation.clone
            );
            return Err(Refusal::Database { what, remedy });
        };
        let lines = AccountState::lines_without_user_grantable;
        let different: Vec<_> = others.iter().filter(|other| lines(other) != lines(first)).collect();
        if different.is_empty() {
            return Ok(first);
        }
        let lines = different.iter().map(|other| {
            let (ours, theirs) = (lines(first), lines(other));
            let lines: Vec<_> = ours.symmetric_difference(&theirs).cloned().collect();
            format!("{} and {} in: {}", first.account, other.account, lines.join("; "))
        });
        let what =
            format!("the accounts of {} differ, {}", alternation.base, lines.collect::<Vec<_>>().join(", "));
        Err(Refusal::Database { what, remedy: "make them equal, or drop those that are not used".into() })
    }
}

/// Refuses if the clone may do what the base may not: the application would lose it. If a restriction of the base is the reason,
/// only revoking the right from the clone is proposed: somebody decided on the restriction, and only a wider grant could lift it.
pub(super) fn check_nothing_is_lost(
    base: &AccountState,
    clone: &AccountState,
    dialect: Dialect,
    names: DatabaseNames,
) -> Result<(), Refusal> {
    let (ours, theirs) = (base.grants.without_user_grantable(), clone.grants.without_user_grantable());
    let lost = ours.lost(&theirs, names);
    if lost.lines().is_empty() {
        return Ok(());
    }
    let revoke = listed(difference(&ours, &theirs, &clone.account, &base.account, dialect));
    let take = format!("take it from the clone: {}", run_as(ADMINISTRATOR, &revoke));
    let remedy = if lost.restricted.is_empty() {
        let wanted = ours.with_absent(&theirs);
        let grant = listed(difference(&wanted, &ours, &base.account, &clone.account, dialect));
        format!("give it to the base: {}; or {take}", run_as(ADMINISTRATOR, &grant))
    } else {
        take
    };
    let lost = lost.lines().join("; ");
    let what = format!("{} may do what {} may not: {lost}", clone.account, base.account);
    Err(Refusal::Database { what, remedy })
}

/// The account for this host.
fn at<'a>(accounts: &'a [AccountState], host: &str) -> Option<&'a AccountState> {
    accounts.iter().find(|account_state| account_state.account.is_at(host))
}

/// Statements for a person to run.
pub(super) fn listed(statements: Vec<Statement>) -> Vec<String> {
    statements.into_iter().map(|statement| statement.sql).collect()
}
