//! Two alternating users that no superuser makes equal: what a person has to run.

use rotation::{ADMINISTRATOR, Alternation, Refusal, Target, run_as};
use tracing::warn;

use super::account_state::AccountState;
use super::clone_check::{check_nothing_is_lost, listed};
use super::dialect::Dialect;
use super::grants::{DatabaseNames, difference};
use super::properties::Properties;
use super::quoting::literal;

/// A line of [`Properties::lines`] that only a new password changes, and that gives or takes no right.
const METHOD: &str = "IDENTIFIED WITH";

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
    let inequality = inequality(base, clone, dialect, names);
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

fn inequality(
    base: &AccountState,
    clone: &AccountState,
    dialect: Dialect,
    names: DatabaseNames,
) -> Option<Refusal> {
    let (wanted, has) = (base.grants.without_user_grantable(), clone.grants.without_user_grantable());
    let mut differences: Vec<String> = has.lost(&wanted, names).lines();
    differences.extend(wanted.lost(&has, names).lines());
    let rules =
        |properties: &Properties| properties.lines().into_iter().filter(|line| !line.starts_with(METHOD));
    let (bases, clones): (Vec<_>, Vec<_>) =
        (rules(&base.properties).collect(), rules(&clone.properties).collect());
    differences.extend(bases.iter().filter(|line| !clones.contains(line)).cloned());
    differences.extend(clones.iter().filter(|line| !bases.contains(line)).cloned());
    if differences.is_empty() {
        return None;
    }
    let mut statements = listed(difference(&wanted, &has, &clone.account, &base.account, dialect));
    if bases != clones {
        statements.extend(properties(base, clone, dialect));
    }
    let what = format!(
        "{} is not equal to {}, and the secret names no superuser that could make it so; they differ in: {}",
        clone.account,
        base.account,
        differences.join("; ")
    );
    Some(Refusal::Database { what, remedy: run_as(ADMINISTRATOR, &statements) })
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
    if let Some(options) = clone.properties.difference(&base.properties, dialect, &base.account.user) {
        // On MySQL an interval ends by NEVER, then DEFAULT.
        let had_interval =
            clone.properties.rules.get(EXPIRE).is_some_and(|rule| rule.starts_with("INTERVAL"));
        let then_default =
            dialect == Dialect::MySql && had_interval && !base.properties.rules.contains_key(EXPIRE);
        statements.push(format!("ALTER USER {account} {options}"));
        statements.extend(then_default.then(|| format!("ALTER USER {account} PASSWORD EXPIRE DEFAULT")));
    }
    statements.extend(clone.properties.default_roles(&base.properties, account, dialect));
    statements
}
