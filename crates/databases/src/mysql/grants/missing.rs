//! What a superuser lacks for a change, as the GRANT statements that mend it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::account::Account;
use super::difference::list;
use super::{Delegation, Grants, Object, Privilege};

/// What `superuser`, which has `effective` (its roles' included), lacks to turn `has` into `wanted`: whoever grants or
/// revokes a privilege must hold it with the option to hand it on, there or above.
pub(in super::super) fn missing(
    superuser: &Account,
    effective: &Grants,
    wanted: &Grants,
    has: &Grants,
) -> Vec<String> {
    let mut statements = Vec::new();
    for (object, privileges) in touched(wanted, has) {
        let lacking: BTreeSet<_> =
            privileges.into_iter().filter(|privilege| !effective.may_hand_on(&object, privilege)).collect();
        if !lacking.is_empty() {
            let lacking = list(&lacking);
            statements.push(format!("GRANT {lacking} ON {object} TO {superuser} WITH GRANT OPTION"));
        }
    }
    let dynamic = changed(&wanted.dynamic, &has.dynamic);
    let dynamic: Vec<_> = dynamic
        .filter(|name| effective.dynamic.get(*name) != Some(&Delegation::Delegable))
        .cloned()
        .collect();
    if !dynamic.is_empty() {
        statements.push(format!("GRANT {} ON *.* TO {superuser} WITH GRANT OPTION", dynamic.join(", ")));
    }
    let administers_roles = effective.dynamic.contains_key("ROLE_ADMIN") || effective.holds_globally("SUPER");
    for role in changed(&wanted.roles, &has.roles) {
        // On MariaDB SUPER does not help (tried: 1698).
        let may = effective.roles.get(role) == Some(&Delegation::Delegable)
            || (administers_roles && !role.host.is_empty());
        if !may {
            statements.push(format!("GRANT {role} TO {superuser} WITH ADMIN OPTION"));
        }
    }
    for user in changed(&wanted.proxies, &has.proxies) {
        // MySQL's root has the first, MariaDB's the second; either does on both (tried: 9.7, 10.11, 11.8).
        let anybody = ["", "%"].map(|host| Account { user: String::new(), host: host.into() });
        let may = [user, &anybody[0], &anybody[1]]
            .iter()
            .any(|user| effective.proxies.get(user) == Some(&Delegation::Delegable));
        if !may {
            statements.push(format!("GRANT PROXY ON {} TO {superuser} WITH GRANT OPTION", user.proxied()));
        }
    }
    statements
}

/// Every privilege that is granted or revoked, by what it is held on.
fn touched(wanted: &Grants, has: &Grants) -> BTreeMap<Object, BTreeSet<Privilege>> {
    let mut touched: BTreeMap<Object, BTreeSet<Privilege>> = BTreeMap::new();
    let none = BTreeSet::new();
    for object in wanted.privileges.keys().chain(has.privileges.keys()) {
        let wanted = wanted.privileges.get(object).unwrap_or(&none);
        let has = has.privileges.get(object).unwrap_or(&none);
        touched.entry(object.clone()).or_default().extend(wanted.symmetric_difference(has).cloned());
    }
    for object in wanted.grant_option.symmetric_difference(&has.grant_option) {
        // The option needs itself; USAGE is what GRANT says where it names nothing else.
        touched.entry(object.clone()).or_default().insert(Privilege { name: "USAGE".into(), column: None });
    }
    touched
}

fn changed<'a, K: Ord>(
    wanted: &'a BTreeMap<K, Delegation>,
    has: &'a BTreeMap<K, Delegation>,
) -> impl Iterator<Item = &'a K> {
    let keys: BTreeSet<&K> = wanted.keys().chain(has.keys()).collect();
    keys.into_iter().filter(|key| wanted.get(*key) != has.get(*key))
}

impl Grants {
    /// Whether a privilege on `object` may be handed on.
    fn may_hand_on(&self, object: &Object, privilege: &Privilege) -> bool {
        above(object)
            .iter()
            .any(|object| self.grant_option.contains(object) && self.holds_at(object, privilege))
            && !self.is_restricted(object, privilege)
    }

    fn holds_at(&self, object: &Object, privilege: &Privilege) -> bool {
        let whole = Privilege { name: privilege.name.clone(), column: None };
        privilege.name == "USAGE"
            || (*object == Object::Global && self.holds_globally("ALL PRIVILEGES"))
            || self
                .privileges
                .get(object)
                .is_some_and(|held| held.contains(privilege) || held.contains(&whole))
    }

    /// Whether a privilege or another with its name is held on everything.
    pub(in super::super) fn holds_globally(&self, name: &str) -> bool {
        let privilege = Privilege { name: name.into(), column: None };
        self.privileges.get(&Object::Global).is_some_and(|held| held.contains(&privilege))
    }

    /// Whether accounts may be read: they are rows of the schema `mysql`.
    pub(in super::super) fn reads_mysql(&self) -> bool {
        let select = Privilege { name: "SELECT".into(), column: None };
        self.holds_at(&Object::Database("mysql".into()), &select)
    }

    /// A partial revoke takes from what is held on everything, unless it is held on the database as well.
    fn is_restricted(&self, object: &Object, privilege: &Privilege) -> bool {
        let Some(database) = database_of(object) else { return false };
        let at_database = Object::Database(database.to_owned());
        self.restrictions.get(database).is_some_and(|names| names.contains(&privilege.name))
            && !self.holds_at(&at_database, privilege)
    }
}

/// The object and what it lies in, with the database patterns as they are written.
fn above(object: &Object) -> Vec<Object> {
    let mut objects = vec![Object::Global];
    objects.extend(database_of(object).map(|database| Object::Database(database.to_owned())));
    objects.push(object.clone());
    objects
}

fn database_of(object: &Object) -> Option<&str> {
    match object {
        Object::Global => None,
        Object::Database(database) | Object::Table { database, .. } | Object::Routine { database, .. } => {
            Some(database)
        }
    }
}
