//! Partial revokes: what is granted, revoked and compared if there are any.

use std::collections::BTreeSet;

use super::super::account::Account;
use super::super::dialect::Dialect;
use super::{DatabaseNames, Grants, Known, MissingPrivileges, difference, missing_privileges};

fn parsed(rows: &str) -> Grants {
    let rows: Vec<_> = rows.lines().map(|row| row.trim().to_owned()).filter(|row| !row.is_empty()).collect();
    Grants::parse(Known::MYSQL, &rows).unwrap_or_else(|error| panic!("{rows:?}: {error}"))
}

fn account(user: &str) -> Account {
    Account { user: user.into(), host: None }
}

const BASE: &str = "GRANT SELECT, INSERT ON *.* TO u\nREVOKE INSERT ON mysql.* FROM u";

/// What the base has, what the clone has, and the statements that make the clone equal. None gives more than the base has.
const DIFFERENCES: [(&str, &str, &[&str]); 9] = [
    (BASE, "", &["GRANT INSERT, SELECT ON *.* TO `c` AS `b` WITH ROLE NONE"]),
    (BASE, BASE, &[]),
    // A restriction ends with its privilege.
    ("GRANT SELECT ON *.* TO u", BASE, &["REVOKE INSERT ON *.* FROM `c`"]),
    ("", BASE, &["REVOKE INSERT, SELECT ON *.* FROM `c`"]),
    (BASE, "GRANT SELECT, INSERT ON *.* TO u", &["REVOKE INSERT ON `mysql`.* FROM `c`"]),
    ("GRANT SELECT, INSERT ON *.* TO u", BASE, &["GRANT INSERT ON *.* TO `c`"]),
    (
        BASE,
        "GRANT SELECT, INSERT ON *.* TO u\nREVOKE SELECT, INSERT ON d.* FROM u",
        &["REVOKE INSERT ON `mysql`.* FROM `c`", "GRANT INSERT, SELECT ON *.* TO `c` AS `b` WITH ROLE NONE"],
    ),
    (
        "GRANT SELECT ON *.* TO u WITH GRANT OPTION\nREVOKE ON d.* FROM u",
        "GRANT SELECT ON *.* TO u",
        &["GRANT USAGE ON *.* TO `c` WITH GRANT OPTION AS `b` WITH ROLE NONE"],
    ),
    (
        "GRANT SELECT ON *.* TO u WITH GRANT OPTION\nREVOKE ON d.* FROM u",
        "GRANT SELECT ON *.* TO u WITH GRANT OPTION",
        &["REVOKE GRANT OPTION ON `d`.* FROM `c`"],
    ),
];

#[test]
fn no_statement_gives_what_a_restriction_takes_from_the_base() {
    for (base, clone, statements) in DIFFERENCES {
        let made = difference(&parsed(base), &parsed(clone), &account("c"), &account("b"), Dialect::MySql);
        let made: Vec<_> = made.into_iter().map(|statement| statement.sql).collect();
        assert_eq!(made, statements, "from {clone:?} to {base:?}");
    }
}

/// What the base has, what the clone has, and what the application loses at the base's turn: rights that the base does not
/// hold, and rights that a restriction takes from it.
const LOST: [(&str, &str, &[&str], &[&str]); 9] = [
    (BASE, BASE, &[], &[]),
    ("GRANT SELECT, INSERT ON *.* TO u", BASE, &[], &[]),
    (BASE, "GRANT SELECT, INSERT ON *.* TO u", &[], &["INSERT ON `mysql`.*"]),
    ("GRANT SELECT ON *.* TO u", BASE, &["INSERT ON *.*"], &[]),
    (BASE, "GRANT INSERT ON mysql.* TO u\nGRANT SELECT ON d.* TO u", &[], &["INSERT ON `mysql`.*"]),
    (BASE, "GRANT INSERT ON mysql.user TO u", &[], &["INSERT ON `mysql`.`user`"]),
    (BASE, "GRANT SELECT ON d.* TO u\nGRANT INSERT (a) ON d.t TO u", &[], &[]),
    (
        "GRANT SELECT ON d.t TO u",
        "GRANT SELECT (a), INSERT (a) ON d.t TO u",
        &["INSERT (`a`) ON `d`.`t`"],
        &[],
    ),
    (BASE, "GRANT SELECT ON d.* TO u WITH GRANT OPTION", &["GRANT OPTION ON `d`.*"], &[]),
];

#[test]
fn what_is_lost_is_what_may_be_done_and_not_how_it_is_held() {
    for (base, clone, absent, restricted) in LOST {
        let lost = parsed(base).lost(&parsed(clone), DatabaseNames::Literal);
        assert_eq!(
            (lost.absent, lost.restricted),
            (
                absent.iter().map(ToString::to_string).collect(),
                restricted.iter().map(ToString::to_string).collect(),
            ),
            "of {clone:?} by {base:?}"
        );
    }
}

/// The grants of a master user like Aurora's.
const MASTER: &str = "GRANT SELECT, INSERT ON *.* TO s WITH GRANT OPTION
    REVOKE INSERT ON mysql.* FROM s
    REVOKE INSERT ON sys.* FROM s";

/// What is wanted, what the clone has, and what this master lacks. Each was tried: 9.7.4.
const PREVENTED: [(&str, &str, &[&str]); 8] = [
    ("GRANT INSERT ON *.* TO u", "", &["mysql", "sys"]),
    (BASE, "", &["sys"]),
    ("GRANT INSERT ON *.* TO u\nREVOKE INSERT ON mysql.* FROM u\nREVOKE INSERT ON sys.* FROM u", "", &[]),
    ("GRANT SELECT ON *.* TO u", "", &[]),
    ("", "GRANT INSERT ON *.* TO u", &["mysql", "sys"]),
    ("", BASE, &["sys"]),
    (BASE, "GRANT INSERT ON *.* TO u", &["mysql"]),
    ("GRANT INSERT ON *.* TO u\nREVOKE INSERT ON d.* FROM u", "GRANT INSERT ON *.* TO u", &[]),
];

#[test]
fn a_restricted_master_lacks_what_it_cannot_grant_or_revoke_on_everything() {
    for (wanted, has, prevented_by_restrictions) in PREVENTED {
        let (wanted, has) = (without_select(wanted), without_select(has));
        let lacks = missing_privileges(
            &account("s"),
            &parsed(MASTER),
            DatabaseNames::Literal,
            &wanted,
            &has,
            &BTreeSet::new(),
        );
        let restricted = prevented_by_restrictions
            .iter()
            .map(|on| format!("GRANT INSERT ON `{on}`.* TO `s` WITH GRANT OPTION"));
        let expected = MissingPrivileges { grants: Vec::new(), restricted: restricted.collect() };
        assert_eq!(lacks, expected, "from {has:?} to {wanted:?}");
    }
}

fn without_select(rows: &str) -> Grants {
    parsed(&rows.replace("SELECT, ", ""))
}

/// What only the clone holds is granted with its restrictions, and the base's own restrictions stay.
#[test]
fn the_base_is_granted_what_the_clone_has() {
    let base = parsed("GRANT SELECT ON *.* TO u\nREVOKE SELECT ON d.* FROM u");
    let clone = parsed("GRANT SELECT, INSERT ON *.* TO u\nREVOKE INSERT ON mysql.* FROM u");
    let wanted = base.with_absent(&clone);
    let made = difference(&wanted, &base, &account("b"), &account("c"), Dialect::MySql);
    let made: Vec<_> = made.into_iter().map(|statement| statement.sql).collect();
    assert_eq!(made, ["GRANT INSERT ON *.* TO `b` AS `c` WITH ROLE NONE"]);
}

/// REVOKE GRANT OPTION ON *.* would take the option of the dynamic privilege until the server's next start.
#[test]
fn the_option_of_a_dynamic_privilege_is_revoked_and_granted_with_it() {
    let wanted = parsed("GRANT XA_RECOVER_ADMIN ON *.* TO u WITH GRANT OPTION");
    let has = parsed(
        "GRANT USAGE ON *.* TO u WITH GRANT OPTION\nGRANT XA_RECOVER_ADMIN ON *.* TO u WITH GRANT OPTION",
    );
    let made = difference(&wanted, &has, &account("c"), &account("b"), Dialect::MySql);
    let made: Vec<_> = made.into_iter().map(|statement| statement.sql).collect();
    assert_eq!(
        made,
        [
            "REVOKE XA_RECOVER_ADMIN ON *.* FROM `c`",
            "REVOKE GRANT OPTION ON *.* FROM `c`",
            "GRANT XA_RECOVER_ADMIN ON *.* TO `c` WITH GRANT OPTION",
        ]
    );
}
