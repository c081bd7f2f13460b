//! What a superuser lacks for a change, as the GRANT statements that give it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::account::Account;
use super::difference::{list, loses_option, restricted};
use super::effective::DatabaseNames;
use super::{Delegation, GRANT_OPTION, Grants, Object, Privilege, changed, whole};

/// What a superuser lacks, as the statements that give it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct MissingPrivileges {
    /// It does not hold these, or may not grant them.
    pub(in super::super) grants: Vec<String>,
    /// It holds these globally, but is restricted here, so it can neither grant nor revoke them globally.
    pub(in super::super) restricted: Vec<String>,
}

/// What `superuser`, which has `effective` (including its roles'), lacks to turn `has` into `wanted`: to grant or revoke a
/// privilege it must hold it with the grant option, on the object or above; and for a global privilege it must have no
/// restriction that the account does not have (tried: 9.7.4, errors 1044, 3836, 3879). Whether an `unseen` object exists is
/// unknown, and only a right on its database can be granted in any case.
pub(in super::super) fn missing_privileges(
    superuser: &Account,
    effective: &Grants,
    names: DatabaseNames,
    wanted: &Grants,
    has: &Grants,
    unseen: &BTreeSet<Object>,
) -> MissingPrivileges {
    let mut all = MissingPrivileges::default();
    let grant = |privileges: &BTreeSet<Privilege>, object: &Object| {
        format!("GRANT {} ON {object} TO {superuser} WITH GRANT OPTION", list(privileges))
    };
    for (object, privileges) in touched(wanted, has) {
        let lacks = |privilege: &Privilege| !effective.can_grant(&object, privilege, names);
        let lacking: BTreeSet<_> = privileges.into_iter().filter(lacks).collect();
        if unseen.contains(&object) {
            let lacking = lacking.iter().map(|privilege| whole(&privilege.name)).collect();
            all.grants.extend(object.whole_database(names).map(|database| grant(&lacking, &database)));
        } else if !lacking.is_empty() {
            all.grants.push(grant(&lacking, &object));
        }
    }
    for (database, privileges) in prevented_by_restrictions(effective, names, wanted, has) {
        all.restricted.push(grant(&privileges, &Object::Database(database)));
    }
    all.grants.extend(missing_with_own_option(superuser, effective, wanted, has));
    all
}

/// By database, the privileges whose restriction prevents the superuser from changing global privileges, or restrictions.
fn prevented_by_restrictions(
    effective: &Grants,
    names: DatabaseNames,
    wanted: &Grants,
    has: &Grants,
) -> BTreeMap<String, BTreeSet<Privilege>> {
    let mut prevented: BTreeMap<String, BTreeSet<Privilege>> = BTreeMap::new();
    let mut require = |database: &str, privilege: &Privilege| {
        let object = Object::Database(database.to_owned());
        if !effective.allows(&object, privilege, names) {
            prevented.entry(database.to_owned()).or_default().insert(privilege.clone());
        }
    };
    for privilege in touched(wanted, has).remove(&Object::Global).unwrap_or_default() {
        let granted = wanted.holds_at(&Object::Global, &privilege);
        let account = if granted { wanted } else { has };
        for database in effective.restricted_on(&privilege.name) {
            if !account.is_restricted(database, &privilege) {
                require(database, &privilege);
            }
        }
    }
    for (database, privileges) in restricted(wanted, has) {
        for name in privileges {
            require(database, &whole(name));
        }
    }
    prevented
}

/// What it lacks for dynamic privileges and roles, which have their own options.
fn missing_with_own_option(
    superuser: &Account,
    effective: &Grants,
    wanted: &Grants,
    has: &Grants,
) -> Vec<String> {
    let mut statements = Vec::new();
    let granted_again =
        wanted.dynamic.iter().filter(|(_, held)| loses_option(wanted, has, **held)).map(|(name, _)| name);
    let dynamic = changed(&wanted.dynamic, &has.dynamic).chain(granted_again);
    let dynamic = dynamic.filter(|name| effective.dynamic.get(*name) != Some(&Delegation::Delegable));
    let dynamic: Vec<_> = BTreeSet::from_iter(dynamic).into_iter().cloned().collect();
    if !dynamic.is_empty() {
        statements.push(format!("GRANT {} ON *.* TO {superuser} WITH GRANT OPTION", dynamic.join(", ")));
    }
    let administers_roles = effective.dynamic.contains_key("ROLE_ADMIN") || effective.holds_globally("SUPER");
    for role in changed(&wanted.roles, &has.roles) {
        // On MariaDB, SUPER is not enough (tried: 1698).
        let may = effective.roles.get(role) == Some(&Delegation::Delegable)
            || (administers_roles && role.host.is_some());
        if !may {
            statements.push(format!("GRANT {role} TO {superuser} WITH ADMIN OPTION"));
        }
    }
    statements
}

/// Every privilege that is granted or revoked, by object. (A grant option only requires itself; USAGE stands for it, as in a GRANT
/// that names no other privilege.)
fn touched(wanted: &Grants, has: &Grants) -> BTreeMap<Object, BTreeSet<Privilege>> {
    let mut touched: BTreeMap<Object, BTreeSet<Privilege>> = BTreeMap::new();
    let none = BTreeSet::new();
    for object in wanted.privileges.keys().chain(has.privileges.keys()) {
        let wanted = wanted.privileges.get(object).unwrap_or(&none);
        let has = has.privileges.get(object).unwrap_or(&none);
        touched.entry(object.clone()).or_default().extend(wanted.symmetric_difference(has).cloned());
    }
    // A restriction is lifted by granting the privilege again.
    let lifted = restricted(has, wanted).flat_map(|(_, names)| names).filter(|name| *name != GRANT_OPTION);
    touched.entry(Object::Global).or_default().extend(lifted.map(whole));
    for object in wanted.grant_option.symmetric_difference(&has.grant_option) {
        touched.entry(object.clone()).or_default().insert(whole("USAGE"));
    }
    touched
}
