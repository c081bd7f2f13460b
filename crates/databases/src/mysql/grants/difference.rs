//! The statements that make one account's grants equal to another's: only what differs.

use std::collections::BTreeSet;

use super::super::account::Account;
use super::super::dialect::Dialect;
use super::super::quoting::identifier;
use super::effective::DatabaseNames;
use super::{Delegation, GRANT_OPTION, Grants, Object, Privilege, whole};

/// A GRANT or REVOKE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Statement {
    pub(in super::super) sql: String,
    /// What does the same if the table was dropped (error 1146): then only a grant with CREATE may name it.
    pub(in super::super) if_table_is_dropped: Vec<String>,
    /// What does the same if the superuser is restricted (error 3879).
    pub(in super::super) if_restricted: Option<String>,
    /// PROXY, which any user can grant: if the server refuses it to this superuser, the others still run.
    pub(in super::super) is_user_grantable: bool,
}

impl From<String> for Statement {
    fn from(sql: String) -> Self {
        Self { sql, if_table_is_dropped: Vec::new(), if_restricted: None, is_user_grantable: false }
    }
}

impl Statement {
    fn of_proxy(sql: String) -> Self {
        Self { is_user_grantable: true, ..Self::from(sql) }
    }
}

/// The statements that give `account`, which has `has`, the grants `wanted` of another account, `of`: revokes, restrictions,
/// grants. No statement gives a right that `of` does not have, not even until the next one.
///
/// One round may not be enough: PROXY WITH GRANT OPTION adds the global GRANT OPTION. The caller reads the account again, and calls
/// this for what still differs.
pub(in super::super) fn difference(
    wanted: &Grants,
    has: &Grants,
    account: &Account,
    of: &Account,
    dialect: Dialect,
) -> Vec<Statement> {
    let mut statements = revokes(wanted, has, account, dialect);
    let extra_options = has.grant_option.difference(&wanted.grant_option);
    statements
        .extend(extra_options.map(|object| format!("REVOKE GRANT OPTION ON {object} FROM {account}").into()));
    let restricts = restricted(wanted, has).map(|(database, names)| {
        format!("REVOKE {} ON {}.* FROM {account}", names.join(", "), identifier(database)).into()
    });
    statements.extend(restricts);
    statements.extend(grants(wanted, has, account, of));
    statements
}

/// Dynamic privileges come first: REVOKE GRANT OPTION ON *.* needs them revoked.
fn revokes(wanted: &Grants, has: &Grants, account: &Account, dialect: Dialect) -> Vec<Statement> {
    let mut statements = Vec::new();
    // The grant option of a dynamic privilege can only be revoked with the privilege.
    let is_excess = |name: &String, held: Delegation| {
        wanted.dynamic.get(name).is_none_or(|want| *want < held) || loses_option(wanted, has, held)
    };
    let dynamic = has.dynamic.iter().filter(|(name, held)| is_excess(name, **held));
    let dynamic: Vec<_> = dynamic.map(|(name, _)| name.as_str()).collect();
    if !dynamic.is_empty() {
        let names = dynamic.join(", ");
        let mut statement = Statement::from(format!("REVOKE {names} ON *.* FROM {account}"));
        // A superuser with any restriction may revoke a dynamic privilege only together with a static one, whether or not the account
        // holds that (tried: 9.7.4): every superuser has CREATE USER.
        if !wanted.holds_at(&Object::Global, &whole("CREATE USER")) {
            statement.if_restricted = Some(format!("REVOKE CREATE USER, {names} ON *.* FROM {account}"));
        }
        statements.push(statement);
    }
    for (object, privileges) in &has.privileges {
        let extra = without(privileges, wanted.privileges.get(object));
        if !extra.is_empty() {
            statements.push(format!("REVOKE {} ON {object} FROM {account}", list(&extra)).into());
        }
    }
    // Granting or revoking only the option of a proxy that is held already changes it in memory only (tried: 9.7, 10.11, 11.8).
    for (user, held) in &has.proxies {
        if wanted.proxies.get(user) != Some(held) {
            statements.push(Statement::of_proxy(format!("REVOKE PROXY ON {user} FROM {account}")));
        }
    }
    for (role, held) in &has.roles {
        match (wanted.roles.get(role), dialect) {
            (None, _) => statements.push(format!("REVOKE {role} FROM {account}").into()),
            (Some(want), Dialect::MariaDb) if want < held => {
                statements.push(format!("REVOKE ADMIN OPTION FOR {role} FROM {account}").into());
            }
            // MySQL has no statement for that. GRANT without the option removes it in memory only: in the table,
            // and after the next start, it stays (tried: 9.7).
            (Some(want), Dialect::MySql) if want < held => {
                statements.push(format!("REVOKE {role} FROM {account}").into());
            }
            (Some(_), _) => {}
        }
    }
    statements
}

/// Whether this option would be lost: REVOKE GRANT OPTION ON *.* removes the options of dynamic privileges as well, in memory, until
/// the server restarts (tried: 9.7.4).
pub(super) fn loses_option(wanted: &Grants, has: &Grants, held: Delegation) -> bool {
    let is_revoked =
        has.grant_option.contains(&Object::Global) && !wanted.grant_option.contains(&Object::Global);
    is_revoked && held == Delegation::Delegable
}

fn grants(wanted: &Grants, has: &Grants, account: &Account, of: &Account) -> Vec<Statement> {
    let mut statements = Vec::new();
    for delegation in [Delegation::Held, Delegation::Delegable] {
        let names = wanted.dynamic.iter().filter(|(name, want)| {
            // Excess was revoked before.
            **want == delegation
                && (has.dynamic.get(*name) != Some(*want) || loses_option(wanted, has, delegation))
        });
        let names: Vec<_> = names.map(|(name, _)| name.as_str()).collect();
        if !names.is_empty() {
            let option = with(delegation, "GRANT");
            statements.push(format!("GRANT {} ON *.* TO {account}{option}", names.join(", ")).into());
        }
    }
    let objects: BTreeSet<&Object> = wanted.privileges.keys().chain(&wanted.grant_option).collect();
    for object in objects {
        statements.extend(match object {
            Object::Global => granted_globally(wanted, has, account, of).map(Statement::from),
            Object::Database(_) | Object::Table { .. } | Object::Routine { .. } => {
                granted_on(object, wanted, has, account)
            }
        });
    }
    for (user, want) in &wanted.proxies {
        if has.proxies.get(user) != Some(want) {
            let option = with(*want, "GRANT");
            statements.push(Statement::of_proxy(format!("GRANT PROXY ON {user} TO {account}{option}")));
        }
    }
    for (role, want) in &wanted.roles {
        if has.roles.get(role) != Some(want) {
            statements.push(format!("GRANT {role} TO {account}{}", with(*want, "ADMIN")).into());
        }
    }
    statements
}

fn granted_on(object: &Object, wanted: &Grants, has: &Grants, account: &Account) -> Option<Statement> {
    let none = BTreeSet::new();
    let wanted_here = wanted.privileges.get(object).unwrap_or(&none);
    let mut lacking = without(wanted_here, has.privileges.get(object));
    let revoked = without(has.privileges.get(object).unwrap_or(&none), Some(wanted_here));
    // Revoking a privilege on a table also revokes it on the columns (tried: 9.7.4, 10.11.18, 11.8.9).
    let on_columns = wanted_here.iter().filter(|privilege| revoked.contains(&whole(&privilege.name)));
    lacking.extend(on_columns.cloned());
    let lacks_option = wanted.grant_option.contains(object) && !has.grant_option.contains(object);
    if lacking.is_empty() && !lacks_option {
        return None;
    }
    let option = if lacks_option { " WITH GRANT OPTION" } else { "" };
    let privileges = if lacking.is_empty() { "USAGE".to_owned() } else { list(&lacking) };
    let mut statement = Statement::from(format!("GRANT {privileges} ON {object} TO {account}{option}"));
    if matches!(object, Object::Table { .. }) {
        let create = whole("CREATE");
        // Only if that is no more than the base has; a pattern may cover less than it seems to.
        if !lacking.contains(&create) && wanted.allows(object, &create, DatabaseNames::Literal) {
            statement.if_table_is_dropped =
                vec![format!("GRANT CREATE, {privileges} ON {object} TO {account}{option}")];
            if !wanted_here.contains(&create) {
                statement.if_table_is_dropped.push(format!("REVOKE CREATE ON {object} FROM {account}"));
            }
        }
    }
    Some(statement)
}

/// A global grant sets restrictions, or lifts those that the account had before (tried: 9.7.4): `AS` sets those of `of` in the same
/// statement, whereas a GRANT and a REVOKE would give for an instant what `of` does not have. The server refuses it (3836) to a
/// superuser with more restrictions. WITH ROLE NONE, because the rights of the roles of `of` are not the account's.
fn granted_globally(wanted: &Grants, has: &Grants, account: &Account, of: &Account) -> Option<String> {
    let on = Object::Global;
    let none = BTreeSet::new();
    let mut lacking = without(wanted.privileges.get(&on).unwrap_or(&none), has.privileges.get(&on));
    let mut option = wanted.grant_option.contains(&on) && !has.grant_option.contains(&on);
    for (_, names) in restricted(has, wanted) {
        option |= names.contains(&GRANT_OPTION);
        lacking.extend(names.iter().filter(|name| **name != GRANT_OPTION).map(|name| whole(name)));
    }
    if lacking.is_empty() && !option {
        return None;
    }
    let privileges = if lacking.is_empty() { "USAGE".to_owned() } else { list(&lacking) };
    let option = if option { " WITH GRANT OPTION" } else { "" };
    let restrictions =
        if wanted.restrictions.is_empty() { String::new() } else { format!(" AS {of} WITH ROLE NONE") };
    Some(format!("GRANT {privileges} ON *.* TO {account}{option}{restrictions}"))
}

/// The restrictions of `these` that `those` do not have, by database, of privileges that both hold globally. Any other restriction
/// ends with its privilege, and a statement about it would grant or revoke something else.
pub(super) fn restricted<'a>(
    these: &'a Grants,
    those: &'a Grants,
) -> impl Iterator<Item = (&'a str, Vec<&'a str>)> + 'a {
    let in_both =
        move |name: &str| [these, those].iter().all(|all| all.holds_at(&Object::Global, &whole(name)));
    these.restrictions.iter().filter_map(move |(database, names)| {
        let theirs = those.restrictions.get(database);
        let extra = names.iter().filter(|name| theirs.is_none_or(|theirs| !theirs.contains(*name)));
        let names: Vec<_> = extra.map(String::as_str).filter(|name| in_both(name)).collect();
        (!names.is_empty()).then_some((database.as_str(), names))
    })
}

fn without(these: &BTreeSet<Privilege>, those: Option<&BTreeSet<Privilege>>) -> BTreeSet<Privilege> {
    let extra = these.iter().filter(|privilege| those.is_none_or(|those| !those.contains(*privilege)));
    extra.cloned().collect()
}

fn with(delegation: Delegation, option: &str) -> String {
    match delegation {
        Delegation::Held => String::new(),
        Delegation::Delegable => format!(" WITH {option} OPTION"),
    }
}

/// The list in a GRANT or REVOKE.
pub(super) fn list(privileges: &BTreeSet<Privilege>) -> String {
    privileges.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
