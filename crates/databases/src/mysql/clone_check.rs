//! Whether two users are base and clone, and what a turn would cost the application.
//!
//! A name is no proof, nor an attribute, which its holder can write. What its holder cannot choose is a password that the
//! application's secret holds: the superuser reads what the server stores of it, and nobody signs in.

use std::collections::BTreeSet;

use rotation::ports::{Evidence, Unproven};
use rotation::{ADMINISTRATOR, Alternation, CallError, Refusal, Target, Username, run_as};
use tracing::warn;

use super::account::Account;
use super::account_state::{AccountState, Whose};
use super::dialect::Dialect;
use super::gone;
use super::grants::{Names, Statement, difference};
use super::prior_access::{defined_by, kills};
use super::session::MySqlSession;
use super::stored::Stored;
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
    pub(super) async fn read(
        session: &mut MySqlSession,
        alternation: &Alternation,
    ) -> Result<Self, CallError> {
        let base = Stored::of(session, &alternation.base.0).await?;
        Ok(Self { base, clone: Stored::of(session, &alternation.clone.0).await? })
    }

    fn of_next(&self, alternation: &Alternation) -> &[Stored] {
        match alternation.target {
            Target::Base => &self.base,
            Target::Clone => &self.clone,
        }
    }

    /// Whether this turn makes the clone. (Where it has an account at another host, open sessions are the application's.)
    pub(super) fn makes_clone(&self, alternation: &Alternation) -> bool {
        alternation.target == Target::Clone && self.clone.is_empty()
    }

    /// The accounts of the next user whose password none of these versions holds, by which nothing shows that they are the
    /// application's.
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

/// What is said of accounts that may be somebody else's. A clone that nobody uses may be dropped: locked first, so that no
/// session is opened any more, since those that are open would see what an account of that name is granted later (tried:
/// 9.7.4, 10.11.18, 11.8.9).
pub(super) async fn unproven_accounts(
    session: &mut MySqlSession,
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
    let open = session.sessions_of(&alternation.clone.0).await?.open;
    statements.extend(kills(session, &open).await?);
    // What they define keeps the server from dropping them (4006), or would run with the rights of a new one.
    statements.extend(defined_by(session, accounts).await?);
    statements.push(format!("DROP USER {names}"));
    let otherwise = format!("{another}, or, if nobody uses {names}, {}", run_as(ADMINISTRATOR, &statements));
    Ok(Unproven { what, if_ours: None, otherwise })
}

/// The accounts of the two users: one for each host of the base.
#[derive(Debug)]
pub(super) struct UserPair {
    /// Equal to each other, but for the host.
    pub(super) base: Vec<AccountState>,
    /// As far as there are any yet.
    pub(super) clone: Vec<AccountState>,
}

impl UserPair {
    /// Reads what both users may do and are held to, as a superuser.
    pub(super) async fn read(
        session: &mut MySqlSession,
        stored: &StoredPair,
        superuser: &Superuser,
    ) -> Result<Self, CallError> {
        let mut pair = Self { base: Vec::new(), clone: Vec::new() };
        for stored in &stored.base {
            pair.base.push(AccountState::read(session, Whose::Of(stored, superuser)).await?);
        }
        for stored in &stored.clone {
            pair.clone.push(AccountState::read(session, Whose::Of(stored, superuser)).await?);
        }
        Ok(pair)
    }

    /// Refuses where the base would lack what the clone may do now.
    pub(super) async fn check_nothing_is_lost(
        &self,
        session: &mut MySqlSession,
        stored: &StoredPair,
        superuser: &Superuser,
    ) -> Result<(), CallError> {
        for (stored, clone) in stored.clone.iter().zip(&self.clone) {
            let mut clone = clone.clone();
            gone::forget_tables(session, &mut clone.grants, Whose::Of(stored, superuser)).await?;
            if let Some(base) = at(&self.base, clone.account.host()) {
                check_nothing_is_lost(base, &clone, session.dialect, superuser.names())?;
            }
        }
        Ok(())
    }

    /// The clone's account for a host of the base.
    pub(super) fn clone_at(&self, host: &str) -> Option<&AccountState> {
        at(&self.clone, host)
    }

    /// Says what any user may give and this turn does not make equal, and leaves it out where the superuser may not grant or
    /// revoke it: nobody can stop a rotation by that (`grants/gifts.rs`).
    pub(super) fn leave_out_gifts(&mut self, alternation: &Alternation, superuser: &Superuser) {
        let of = |pair: &Self| {
            let gifts = |all: &[AccountState]| all.iter().flat_map(|one| one.grants.gifts()).collect();
            (gifts(&pair.base), gifts(&pair.clone))
        };
        let (base, clone): (BTreeSet<String>, BTreeSet<String>) = of(self);
        for base in &mut self.base {
            base.grants.leave_out_gifts_beyond(superuser.effective());
            base.grants.leave_out_gifts_that_bring_more();
        }
        for clone in &mut self.clone {
            clone.grants.leave_out_gifts_beyond(superuser.effective());
            if let Some(base) = at(&self.base, clone.account.host()) {
                clone.grants.leave_out_gifts_to_take(&base.grants, superuser.effective());
            }
        }
        let (given, taken) = of(self);
        let say = |who: &Username, which: &str, gifts: Vec<&String>| {
            if let [_, ..] = gifts.as_slice() {
                let gifts = gifts.into_iter().map(String::as_str).collect::<Vec<_>>().join("; ");
                warn!(db.user = %who, "{who} {which}: {gifts}; any user can grant that, so the rotation goes on");
            }
        };
        if alternation.target == Target::Base {
            say(&alternation.base, "does not have what its clone has", clone.difference(&base).collect());
            return;
        }
        let lacked = base.iter().filter(|gift| !given.contains(*gift) && !clone.contains(*gift));
        say(
            &alternation.clone,
            "is not given what its base has, which the superuser may not grant",
            lacked.collect(),
        );
        let kept = clone.iter().filter(|gift| !taken.contains(*gift) && !base.contains(*gift));
        say(
            &alternation.clone,
            "keeps what its base does not have, which the superuser may not revoke",
            kept.collect(),
        );
    }

    /// Refuses where the two are no base and clone.
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

    /// In the base's turn the clone is AWSCURRENT, and the account in question may be the one by which it signs in: it is the one
    /// where there is no other.
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

    /// What all accounts of the base are, wherever they come from: the application sees but one of them.
    fn one_base(&self, alternation: &Alternation) -> Result<&AccountState, Refusal> {
        let Some((first, others)) = self.base.split_first() else {
            let what = format!("there is no user {}", alternation.base);
            let remedy = format!(
                "create {} with the rights of {}, whose base it is",
                alternation.base, alternation.clone
            );
            return Err(Refusal::Database { what, remedy });
        };
        let lines = AccountState::lines_without_gifts;
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

/// The application would lose at this turn what it may do now. What a restriction takes from the base somebody has decided,
/// and only a grant of more could lift it: then the clone's right is revoked, or nothing.
fn check_nothing_is_lost(
    base: &AccountState,
    clone: &AccountState,
    dialect: Dialect,
    names: Names,
) -> Result<(), Refusal> {
    let (ours, theirs) = (base.grants.without_gifts(), clone.grants.without_gifts());
    let lost = ours.lost(&theirs, names);
    if lost.lines().is_empty() {
        return Ok(());
    }
    let revoke = listed(difference(&ours, &theirs, &clone.account, &base.account, dialect));
    let take = format!("take it from the clone: {}", run_as(ADMINISTRATOR, &revoke));
    let remedy = if lost.restricted.is_empty() {
        let wanted = ours.and_absent(&theirs);
        let grant = listed(difference(&wanted, &ours, &base.account, &clone.account, dialect));
        format!("give it to the base: {}; or {take}", run_as(ADMINISTRATOR, &grant))
    } else {
        take
    };
    let lost = lost.lines().join("; ");
    let what = format!("{} may do what {} may not: {lost}", clone.account, base.account);
    Err(Refusal::Database { what, remedy })
}

/// The one of these accounts that is for this host.
fn at<'a>(accounts: &'a [AccountState], host: &str) -> Option<&'a AccountState> {
    accounts.iter().find(|account_state| account_state.account.is_at(host))
}

/// Statements as a person runs them.
fn listed(statements: Vec<Statement>) -> Vec<String> {
    statements.into_iter().map(|statement| statement.sql).collect()
}
