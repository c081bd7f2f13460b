//! Properties that must hold for any grants, and for any text in their place.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;

use super::super::account::Account;
use super::super::dialect::Dialect;
use super::tests::MARIADB_11;
use super::{
    DatabaseNames, Delegation, Grants, Kind, Known, MissingPrivileges, Object, Privilege, difference,
    missing_privileges,
};

/// Characters that mean something in a statement.
const SPECIAL: [&str; 14] =
    ["`", "'", "\"", "\\", "%", "_", "@", ".", ",", "(", "\n", "\0", " TO ", "PUBLIC"];

fn name() -> impl Strategy<Value = String> {
    let part =
        prop_oneof![select(&SPECIAL[..]).prop_map(str::to_owned), any::<char>().prop_map(String::from)];
    vec(part, 0..6).prop_map(|parts| parts.concat())
}

fn delegation() -> impl Strategy<Value = Delegation> {
    select(vec![Delegation::Held, Delegation::Delegable])
}

fn any_account() -> impl Strategy<Value = Account> {
    (name(), name()).prop_map(|(user, host)| Account::at(user, host))
}

fn object() -> impl Strategy<Value = Object> {
    let kinds = vec![Kind::Function, Kind::Procedure, Kind::Package, Kind::PackageBody];
    let routine = |(kind, database, name)| Object::Routine { kind, database, name };
    prop_oneof![
        Just(Object::Global),
        name().prop_map(Object::Database),
        (name(), name()).prop_map(|(database, table)| Object::Table { database, table }),
        (select(kinds), name(), name()).prop_map(routine),
    ]
}

/// ALL PRIVILEGES stays one privilege only globally. MariaDB has neither dynamic privileges nor restrictions.
fn grants(dialect: Dialect) -> impl Strategy<Value = Grants> {
    let names = || select(vec!["ALTER ROUTINE", "EXECUTE", "SELECT"]).prop_map(str::to_owned);
    let privilege = (names(), proptest::option::of(name()));
    let held = btree_map(object(), btree_set(privilege, 1..4), 0..4).prop_map(|held| {
        let privilege = |object: &Object, (name, column): (String, Option<String>)| match object {
            Object::Global if column.is_some() => Privilege { name: "ALL PRIVILEGES".into(), column: None },
            Object::Table { .. } => Privilege { name, column },
            Object::Global | Object::Database(_) | Object::Routine { .. } => Privilege { name, column: None },
        };
        held.into_iter()
            .map(|(on, all)| (on.clone(), all.into_iter().map(|one| privilege(&on, one)).collect()))
            .collect()
    });
    let most = if dialect == Dialect::MySql { 2 } else { 0 };
    let dynamic = select(vec!["ROLE_ADMIN", "XA_ADMIN"]).prop_map(str::to_owned);
    let dynamic = btree_map(dynamic, delegation(), 0..=most);
    let restrictions = btree_map(name(), btree_set(names(), 1..3), 0..=most);
    let accounts = || btree_map(any_account(), delegation(), 0..3);
    (held, btree_set(object(), 0..3), dynamic, restrictions, accounts(), accounts()).prop_map(
        |(privileges, grant_option, dynamic, restrictions, roles, proxies)| Grants {
            privileges,
            grant_option,
            dynamic,
            restrictions,
            roles,
            proxies,
        },
    )
}

proptest! {
    #[test]
    fn grants_survive_being_written_and_read(
        of_mysql in grants(Dialect::MySql), of_mariadb in grants(Dialect::MariaDb), clone in any_account(),
    ) {
        for (known, mut wanted) in [(Known::MYSQL, of_mysql), (MARIADB_11, of_mariadb)] {
            wanted.remove_void_restrictions();
            // A statement with AS makes the server copy restrictions; SHOW GRANTS never shows it.
            let unrestricted = Grants { restrictions: BTreeMap::new(), ..wanted.clone() };
            let mut statements = difference(&unrestricted, &Grants::default(), &clone, &clone, known.dialect);
            statements.extend(difference(&wanted, &unrestricted, &clone, &clone, known.dialect));
            let rows: Vec<_> = statements.into_iter().map(|statement| statement.sql).collect();
            prop_assert_eq!(&Grants::parse(known, &rows), &Ok(wanted.clone()), "{:?}", rows);
            prop_assert_eq!(difference(&wanted, &wanted, &clone, &clone, known.dialect), vec![]);
            let lacks = missing_privileges(&clone, &Grants::default(), DatabaseNames::Patterns, &wanted, &wanted, &BTreeSet::new());
            prop_assert_eq!(lacks, MissingPrivileges::default());
            let lost = wanted.lost(&wanted, DatabaseNames::Literal);
            prop_assert_eq!(lost.lines(), Vec::<String>::new());
        }
    }

    /// Whatever the clone has, each GRANT gives what the base has on that object, and a global one sets the base's restrictions.
    #[test]
    fn no_statement_gives_a_right_that_the_base_lacks(
        wanted in grants(Dialect::MySql), has in grants(Dialect::MySql), clone in any_account(), base in any_account(),
    ) {
        let (mut wanted, mut has) = (wanted, has);
        wanted.remove_void_restrictions();
        has.remove_void_restrictions();
        for statement in difference(&wanted, &has, &clone, &base, Dialect::MySql) {
            for sql in std::iter::once(&statement.sql).chain(&statement.if_table_is_dropped) {
                let restrictions = format!(" AS {base} WITH ROLE NONE");
                let (given, restricted) = match sql.strip_suffix(&restrictions) {
                    Some(given) => (given, true),
                    None => (sql.as_str(), false),
                };
                if given.starts_with("GRANT") {
                    let given = Grants::parse(Known::MYSQL, &[given.to_owned()]).expect(given);
                    let lost = Grants { restrictions: BTreeMap::new(), ..wanted.clone() }.lost(&given, DatabaseNames::Literal);
                    prop_assert_eq!(lost.lines(), Vec::<String>::new(), "{}", sql);
                    let globally = given.objects().contains(&Object::Global);
                    prop_assert!(!globally || restricted || wanted.restrictions.is_empty(), "{}", sql);
                }
            }
        }
    }
}
