//! What a superuser lacks for a change, as the GRANT statements that mend it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::account::Account;
use super::difference::{list, loses_option, restricted};
use super::effective::{GRANT_OPTION, Names, whole};
use super::{Delegation, Grants, Object, Privilege};

/// What a superuser lacks, as the statements that give it that.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Lacking {
    /// It does not hold these, or may not hand them on.
    pub(in super::super) grants: Vec<String>,
    /// It holds these on everything, and a restriction keeps it off here: of what it grants on everything, and takes from it.
    pub(in super::super) restricted: Vec<String>,
}

/// What `superuser`, which has `effective` (its roles' included), lacks to turn `has` into `wanted`: whoever grants or
/// revokes a privilege must hold it, and the option to hand it on, there or above; and on everything without a restriction
/// that the account does not have (tried: 9.7.4, errors 1044, 3836, 3879). Of what is `unseen` nobody knows whether it is there,
/// and only on its database can a right be granted in any case.
pub(in super::super) fn lacking(
    superuser: &Account,
    effective: &Grants,
    names: Names,
    wanted: &Grants,
    has: &Grants,
    unseen: &BTreeSet<Object>,
) -> Lacking {
    let mut all = Lacking::default();
    let grant = |privileges: &BTreeSet<Privilege>, object: &Object| {
        format!("GRANT {} ON {object} TO {superuser} WITH GRANT OPTION", list(privileges))
    };
    for (object, privileges) in touched(wanted, has) {
        let lacks = |privilege: &Privilege| !effective.may_hand_on(&object, privilege, names);
        let lacking: BTreeSet<_> = privileges.into_iter().filter(lacks).collect();
        if unseen.contains(&object) {
            let lacking = lacking.iter().map(|privilege| whole(&privilege.name)).collect();
            all.grants.extend(object.whole_database(names).map(|database| grant(&lacking, &database)));
        } else if !lacking.is_empty() {
            all.grants.push(grant(&lacking, &object));
        }
    }
    for (database, privileges) in kept_off(effective, names, wanted, has) {
        all.restricted.push(grant(&privileges, &Object::Database(database)));
    }
    all.grants.extend(lacking_to_hand_on_others(superuser, effective, wanted, has));
    all
}

/// Where restrictions keep a superuser from what it would do on everything, or to restrictions.
fn kept_off(
    effective: &Grants,
    names: Names,
    wanted: &Grants,
    has: &Grants,
) -> BTreeMap<String, BTreeSet<Privilege>> {
    let mut kept: BTreeMap<String, BTreeSet<Privilege>> = BTreeMap::new();
    let mut asks = |database: &str, privilege: &Privilege| {
        let object = Object::Database(database.to_owned());
        if !effective.allows(&object, privilege, names) {
            kept.entry(database.to_owned()).or_default().insert(privilege.clone());
        }
    };
    for privilege in touched(wanted, has).remove(&Object::Global).unwrap_or_default() {
        let granted = wanted.holds_at(&Object::Global, &privilege);
        let account = if granted { wanted } else { has };
        for database in effective.restricted_on(&privilege.name) {
            if !account.is_restricted(database, &privilege) {
                asks(database, &privilege);
            }
        }
    }
    for (database, privileges) in restricted(wanted, has) {
        for name in privileges {
            asks(database, &whole(name));
        }
    }
    kept
}

/// What has an option of its own: dynamic privileges, roles, proxies.
fn lacking_to_hand_on_others(
    superuser: &Account,
    effective: &Grants,
    wanted: &Grants,
    has: &Grants,
) -> Vec<String> {
    let mut statements = Vec::new();
    let anew =
        wanted.dynamic.iter().filter(|(_, held)| loses_option(wanted, has, **held)).map(|(name, _)| name);
    let dynamic = changed(&wanted.dynamic, &has.dynamic).chain(anew);
    let dynamic = dynamic.filter(|name| effective.dynamic.get(*name) != Some(&Delegation::Delegable));
    let dynamic: Vec<_> = BTreeSet::from_iter(dynamic).into_iter().cloned().collect();
    if !dynamic.is_empty() {
        statements.push(format!("GRANT {} ON *.* TO {superuser} WITH GRANT OPTION", dynamic.join(", ")));
    }
    let administers_roles = effective.dynamic.contains_key("ROLE_ADMIN") || effective.holds_globally("SUPER");
    for role in changed(&wanted.roles, &has.roles) {
        // On MariaDB SUPER does not help (tried: 1698).
        let may = effective.roles.get(role) == Some(&Delegation::Delegable)
            || (administers_roles && role.host.is_some());
        if !may {
            statements.push(format!("GRANT {role} TO {superuser} WITH ADMIN OPTION"));
        }
    }
    statements
}

/// Every privilege that is granted or revoked, by what it is held on. (An option needs itself; USAGE is what GRANT says where
/// it names nothing else.)
fn touched(wanted: &Grants, has: &Grants) -> BTreeMap<Object, BTreeSet<Privilege>> {
    let mut touched: BTreeMap<Object, BTreeSet<Privilege>> = BTreeMap::new();
    let none = BTreeSet::new();
    for object in wanted.privileges.keys().chain(has.privileges.keys()) {
        let wanted = wanted.privileges.get(object).unwrap_or(&none);
        let has = has.privileges.get(object).unwrap_or(&none);
        touched.entry(object.clone()).or_default().extend(wanted.symmetric_difference(has).cloned());
    }
    // A restriction is lifted by granting anew.
    let lifted = restricted(has, wanted).flat_map(|(_, names)| names).filter(|name| *name != GRANT_OPTION);
    touched.entry(Object::Global).or_default().extend(lifted.map(whole));
    for object in wanted.grant_option.symmetric_difference(&has.grant_option) {
        touched.entry(object.clone()).or_default().insert(whole("USAGE"));
    }
    touched
}

/// What the two do not hold alike.
pub(super) fn changed<'a, K: Ord>(
    wanted: &'a BTreeMap<K, Delegation>,
    has: &'a BTreeMap<K, Delegation>,
) -> impl Iterator<Item = &'a K> {
    let keys: BTreeSet<&K> = wanted.keys().chain(has.keys()).collect();
    keys.into_iter().filter(|key| wanted.get(*key) != has.get(*key))
}
