//! Two alternating users that no superuser makes equal: what a person has to run.

use rotation::{ADMINISTRATOR, Alternation, Refusal, Target, run_as, some_of};
use tracing::warn;

use super::account_state::AccountState;
use super::clone_check::{check_nothing_is_lost, listed};
use super::dialect::Dialect;
use super::grants::{DatabaseNames, difference};
use super::quoting::literal;

/// What is wrong with the user whose turn it is. A clone must equal its base. The base must have every privilege of the clone; it
/// may have more.
pub(super) fn differences(
    alternation: &Alternation,
    incoming: &AccountState,
    outgoing: &AccountState,
    names: DatabaseNames,
) -> Vec<String> {
    let user = alternation.next_user();
    let lacks = |line: &String| format!("{user} lacks {line}");
    let has_more = |line: &String| format!("{user} has {line}, its base has not");
    let lost = |by: &AccountState, from: &AccountState| {
        let grants = |state: &AccountState| state.grants.without_user_grantable();
        grants(by).lost(&grants(from), names).lines()
    };
    let mut differences: Vec<_> = lost(incoming, outgoing).iter().map(lacks).collect();
    if alternation.target == Target::Clone {
        let (of_incoming, of_outgoing) = (incoming.properties.lines(), outgoing.properties.lines());
        differences.extend(of_outgoing.difference(&of_incoming).map(lacks));
        differences.extend(lost(outgoing, incoming).iter().map(has_more));
        differences.extend(of_incoming.difference(&of_outgoing).map(has_more));
    }
    differences
}

/// What prevents the alternation. A clone must equal its base; the base must have every privilege of the clone, and may have more.
pub(super) fn objection(
    alternation: &Alternation,
    base: &AccountState,
    clone: &AccountState,
    (dialect, names): (Dialect, DatabaseNames),
) -> Option<Refusal> {
    if let Err(refusal) = base.method(dialect).and(clone.method(dialect)) {
        return Some(refusal);
    }
    if !clone.account.is_at(base.account.host()) {
        return Some(other_host(base, clone));
    }
    if base.properties.methods != clone.properties.methods {
        let methods = |state: &AccountState| state.properties.methods.join(", ");
        warn!("{} signs in by {}, and {} by {}", base.account, methods(base), clone.account, methods(clone));
    }
    warn_of_user_grantable(alternation, base, clone);
    let inequality = inequality(alternation, base, clone, (dialect, names));
    match alternation.target {
        Target::Clone => inequality,
        Target::Base => {
            if let Some(inequality) = inequality {
                warn!("the turn after this one will be refused: {inequality}");
            }
            check_nothing_is_lost(base, clone, dialect, names).err()
        }
    }
}

/// Nobody can stop a rotation by these (`grants/user_grantable.rs`), and nobody here could make them equal.
fn warn_of_user_grantable(alternation: &Alternation, base: &AccountState, clone: &AccountState) {
    let (bases, clones) = (base.grants.user_grantable(), clone.grants.user_grantable());
    let warn_of = |who: &AccountState, whose: &AccountState, rights: Vec<String>| {
        if let [_, ..] = rights.as_slice() {
            let rights = rights.join("; ");
            let (who, whose) = (&who.account, &whose.account);
            warn!(
                "{who} does not have what {whose} has: {rights}; any user can grant that, so the rotation goes on"
            );
        }
    };
    warn_of(base, clone, clones.difference(&bases).cloned().collect());
    if alternation.target == Target::Clone {
        warn_of(clone, base, bases.difference(&clones).cloned().collect());
    }
}

/// The refusal of the clone's turn. How each of the two signs in may differ: only a new password changes it, and it gives no right.
fn inequality(
    alternation: &Alternation,
    base: &AccountState,
    clone: &AccountState,
    (dialect, names): (Dialect, DatabaseNames),
) -> Option<Refusal> {
    let mut clone = clone.clone();
    clone.properties.methods.clone_from(&base.properties.methods);
    let turn = Alternation { target: Target::Clone, ..alternation.clone() };
    let differences = differences(&turn, &clone, base, names);
    if differences.is_empty() {
        return None;
    }
    let what = format!(
        "{} is not equal to {}, and the secret names no superuser that could make it so: {}",
        clone.account,
        base.account,
        some_of(&differences)
    );
    Some(Refusal::Database { what, remedy: run_as(ADMINISTRATOR, &statements(base, &clone, dialect)) })
}

/// The statements that make the clone equal to its base, but for the way to sign in and for rights that any user can grant.
pub(super) fn statements(base: &AccountState, clone: &AccountState, dialect: Dialect) -> Vec<String> {
    let (wanted, has) = (base.grants.without_user_grantable(), clone.grants.without_user_grantable());
    let mut statements = listed(difference(&wanted, &has, &clone.account, &base.account, dialect));
    statements.extend(properties(base, clone, dialect));
    statements
}

/// Each of the two users signs in by one account, and the application may come from any address that only one of them covers.
fn other_host(base: &AccountState, clone: &AccountState) -> Refusal {
    let (base, clone) = (&base.account, &clone.account);
    let users = [&base.user, &clone.user].map(|user| literal(user)).join(", ");
    Refusal::Database {
        what: format!(
            "{base} and {clone} are for other hosts, and the secret names no superuser that sets all of them"
        ),
        remedy: format!(
            "look all of their accounts up (SELECT User, Host FROM mysql.user WHERE User IN ({users})), give each of the two one \
             account, at the same host, and rotate again; or name a superuser's secret in masterarn"
        ),
    }
}

/// The statements that give the clone the properties of its base.
fn properties(base: &AccountState, clone: &AccountState, dialect: Dialect) -> Vec<String> {
    const EXPIRE: &str = "PASSWORD EXPIRE";
    let account = &clone.account;
    let mut statements = Vec::new();
    if let Some(options) = clone.properties.difference(&base.properties, dialect, None) {
        // On MySQL an interval ends by NEVER, then DEFAULT.
        let had_interval =
            clone.properties.rules.get(EXPIRE).is_some_and(|rule| rule.starts_with("INTERVAL"));
        let then_default =
            dialect == Dialect::MySql && had_interval && !base.properties.rules.contains_key(EXPIRE);
        statements.push(format!("ALTER USER {account} {options}"));
        statements.extend(then_default.then(|| format!("ALTER USER {account} PASSWORD EXPIRE DEFAULT")));
    }
    let mut has = clone.properties.clone();
    if dialect == Dialect::MySql {
        // A role that is revoked and granted again without its option is no default role any more (tried: 9.7.4).
        let (wanted, held) = (&base.grants.roles, &clone.grants.roles);
        has.default_roles.retain(|role| wanted.get(role) >= held.get(role));
    }
    statements.extend(has.default_roles(&base.properties, account, dialect));
    statements
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rotation::Username;

    use super::*;
    use crate::mysql::account::Account;
    use crate::mysql::grants::{Grants, Known};
    use crate::mysql::properties::Properties;

    /// With this as its only limit.
    fn account(rows: &[&str], limit: &str) -> AccountState {
        let (name, most) = limit.split_once(' ').expect("a limit and its number");
        let limits = [(name.to_owned(), most.to_owned())].into();
        let rows: Vec<_> = rows.iter().map(ToString::to_string).collect();
        let grants = Grants::parse(Known::MYSQL, &rows).unwrap_or_else(|error| panic!("{rows:?}: {error}"));
        AccountState {
            account: Account::at("u", "%"),
            grants,
            properties: Properties { limits, ..Properties::default() },
            unseen: BTreeSet::new(),
        }
    }

    fn found(target: Target, incoming: &AccountState, outgoing: &AccountState) -> Vec<String> {
        let (base, clone) = (Username("app".into()), Username("app_clone".into()));
        differences(&Alternation { base, clone, target }, incoming, outgoing, DatabaseNames::Patterns)
    }

    #[test]
    fn a_clone_has_to_be_equal_and_a_base_may_have_more() {
        let less = account(&["GRANT SELECT ON `d`.* TO u"], "LIMIT 1");
        let more = account(&["GRANT SELECT, UPDATE ON `d`.* TO u"], "LIMIT 2");
        assert!(found(Target::Clone, &more, &more).is_empty());
        assert_eq!(
            found(Target::Clone, &less, &more),
            [
                "app_clone lacks UPDATE ON `d`.*",
                "app_clone lacks LIMIT 2",
                "app_clone has LIMIT 1, its base has not"
            ]
        );
        assert_eq!(found(Target::Clone, &more, &less).len(), 3);
        assert!(found(Target::Base, &more, &less).is_empty());
        assert_eq!(found(Target::Base, &less, &more), ["app lacks UPDATE ON `d`.*"]);
    }
}
