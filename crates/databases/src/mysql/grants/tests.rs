//! What servers print, each form with its source.

use std::collections::BTreeSet;

use super::super::account::Account;
use super::super::dialect::Dialect;
use super::{DatabaseNames, Grants, Known, MissingPrivileges, Statement, difference, missing_privileges};

pub(super) const MARIADB_10: Known = Known { dialect: Dialect::MariaDb, show_create_routine: false };
pub(super) const MARIADB_11: Known = Known { dialect: Dialect::MariaDb, show_create_routine: true };

fn rows(block: &str) -> Vec<String> {
    block.lines().map(|row| row.trim().to_owned()).filter(|row| !row.is_empty()).collect()
}

fn parsed(known: Known, rows: &[String]) -> Grants {
    Grants::parse(known, rows).unwrap_or_else(|error| panic!("{rows:?}: {error}"))
}

/// Parses rows of SHOW GRANTS, and compares their lines.
fn assert_lines(known: Known, granted: &str, lines: &str) {
    let read: Vec<_> = parsed(known, &rows(granted)).lines().into_iter().collect();
    assert_eq!(read, rows(lines), "{granted}");
}

/// MySQL 8.0 Reference Manual, 15.7.7.21 "SHOW GRANTS Statement" (8.4: 15.7.7.22), 8.2.10 "Using Roles" and
/// 8.2.12 "Privilege Restriction Using Partial Revokes" (the same in 8.4).
#[test]
fn the_forms_of_the_mysql_manual_are_read() {
    let schema = "GRANT USAGE ON *.* TO `jeffrey`@`localhost`
        GRANT SELECT, INSERT, UPDATE ON `db1`.* TO `jeffrey`@`localhost`";
    assert_lines(Known::MYSQL, schema, "INSERT ON `db1`.*\nSELECT ON `db1`.*\nUPDATE ON `db1`.*");
    let roles = "GRANT `app_read`@`%`,`app_write`@`%` TO `rw_user1`@`localhost`";
    assert_lines(Known::MYSQL, roles, "role `app_read`@`%`\nrole `app_write`@`%`");
    let restricted = "GRANT SELECT, INSERT, UPDATE ON *.* TO `u1`@`%`
        REVOKE SELECT, INSERT, UPDATE ON `mysql`.* FROM `u1`@`%`
        GRANT SELECT (`Host`, `User`) ON `mysql`.`db` TO `u1`@`%`
        GRANT SELECT ON `mysql`.`user` TO `u1`@`%`";
    let lines = "INSERT ON *.*
        SELECT (`Host`) ON `mysql`.`db`
        SELECT (`User`) ON `mysql`.`db`
        SELECT ON *.*
        SELECT ON `mysql`.`user`
        UPDATE ON *.*
        no INSERT ON `mysql`.*
        no SELECT ON `mysql`.*
        no UPDATE ON `mysql`.*";
    assert_lines(Known::MYSQL, restricted, lines);
    // MySQL 5.7 Reference Manual, 13.7.5.21: accounts in single quotes.
    let root = "GRANT ALL PRIVILEGES ON *.* TO 'root'@'localhost' WITH GRANT OPTION";
    assert_lines(Known::MYSQL, root, "ALL PRIVILEGES ON *.*\nGRANT OPTION ON *.*");
}

/// The results that mysql-server's own tests expect of 8.0.
#[test]
fn the_forms_of_mysql_s_own_tests_are_read() {
    // mysql-test/r/roles.result: a proxy's names in single quotes, the others in backticks.
    let roles = "GRANT USAGE ON *.* TO `root`@`localhost` WITH GRANT OPTION
        GRANT PROXY ON ''@'' TO 'root'@'localhost' WITH GRANT OPTION
        GRANT `engineering`@`%`,`role`@`%` TO `root`@`localhost`
        GRANT `wp_administrators`@`%` TO `joe`@`localhost` WITH ADMIN OPTION
        GRANT INSERT (`c1`), UPDATE (`c1`, `c3`) ON `test`.`t_external` TO `joe`@`localhost`";
    let lines = "GRANT OPTION ON *.*
        INSERT (`c1`) ON `test`.`t_external`
        PROXY ON ``@`` WITH GRANT OPTION
        UPDATE (`c1`) ON `test`.`t_external`
        UPDATE (`c3`) ON `test`.`t_external`
        role `engineering`@`%`
        role `role`@`%`
        role `wp_administrators`@`%` WITH ADMIN OPTION";
    assert_lines(Known::MYSQL, roles, lines);
    // mysql-test/r/grant_dynamic.result: a dynamic privilege has a grant option of its own.
    let dynamic = "GRANT EXECUTE, CREATE VIEW, EVENT ON *.* TO `u1`@`localhost`
        GRANT BINLOG_ADMIN,ROLE_ADMIN ON *.* TO `u2`@`localhost`
        GRANT GROUP_REPLICATION_ADMIN ON *.* TO `u2`@`localhost` WITH GRANT OPTION
        GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE `test`.`p1` TO `u1`@`localhost`";
    let lines = "ALTER ROUTINE ON PROCEDURE `test`.`p1`
        BINLOG_ADMIN ON *.*
        CREATE VIEW ON *.*
        EVENT ON *.*
        EXECUTE ON *.*
        EXECUTE ON PROCEDURE `test`.`p1`
        GROUP_REPLICATION_ADMIN ON *.* WITH GRANT OPTION
        ROLE_ADMIN ON *.*";
    assert_lines(Known::MYSQL, dynamic, lines);
    // mysql-test/suite/auth_sec/r/partial_revokes_wildcard_db.result: a restriction is on a name, a grant on a pattern.
    let pattern = r"GRANT SELECT ON *.* TO `foo`@`%`
        GRANT SELECT ON `db\_1`.* TO `foo`@`%`
        REVOKE SELECT ON `db%1`.* FROM `foo`@`%`";
    assert_lines(Known::MYSQL, pattern, "SELECT ON *.*\nSELECT ON `db\\_1`.*\nno SELECT ON `db%1`.*");
}

/// Tried: MySQL 9.7.4, MariaDB 10.11.18 and 11.8.6.
#[test]
fn the_forms_of_live_servers_are_read() {
    let identified = "GRANT SELECT, SET USER ON *.* TO `d`@`%` IDENTIFIED BY PASSWORD '*B69027D44F6E5EDC07'";
    let certificate = format!("{identified} REQUIRE ISSUER '/C=O'B/ ' x' SUBJECT '/CN=a\\b' CIPHER 'X'");
    let limits = "MAX_QUERIES_PER_HOUR 5 MAX_USER_CONNECTIONS -1 MAX_STATEMENT_TIME 1.500000";
    let held = "SELECT ON *.*\nSET USER ON *.*";
    let delegable = format!("GRANT OPTION ON *.*\n{held}");
    for before in [identified, &certificate] {
        assert_lines(MARIADB_11, &format!("{before} WITH {limits}"), held);
        assert_lines(MARIADB_11, &format!("{before} WITH GRANT OPTION {limits}"), &delegable);
    }
    let of_mariadb = r"GRANT `r` TO `u`@`%`
        GRANT `r TO``ü%` TO `u`@`%` WITH ADMIN OPTION
        GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED VIA mysql_native_password USING '*B6' OR unix_socket REQUIRE X509
        GRANT EXECUTE ON PACKAGE `d`.`k` TO `u`@`%`
        GRANT EXECUTE ON PACKAGE BODY `d`.`k` TO `u`@`%` WITH GRANT OPTION
        GRANT USAGE ON `e`.* TO `u`@`%` WITH GRANT OPTION
        GRANT SELECT ON `public`.* TO PUBLIC
        GRANT `r` TO PUBLIC
        SET DEFAULT ROLE `r` FOR `u`@`%`
        GRANT PROXY ON 'it's\n`'@'h%' TO 'u'@'%' WITH GRANT OPTION
        GRANT PROXY ON ''@'%' TO 'u'@'%'";
    let lines = r"EXECUTE ON PACKAGE BODY `d`.`k`
        EXECUTE ON PACKAGE `d`.`k`
        GRANT OPTION ON PACKAGE BODY `d`.`k`
        GRANT OPTION ON `e`.*
        PROXY ON ``@`%`
        PROXY ON `it's\n```@`h%` WITH GRANT OPTION
        role `r TO``ü%` WITH ADMIN OPTION
        role `r`";
    assert_lines(MARIADB_10, of_mariadb, lines);
    let of_mysql = r"GRANT PROXY ON ``@`` TO `p`@`%` WITH GRANT OPTION
        GRANT PROXY ON `it's\n```@`h%` TO `p`@`%`
        GRANT SELECT (`c``, x`, `d)`), INSERT ON `d TO``\_%`.`t TO``'\ü` TO `x TO y``'%_\ü@ß`@`%`";
    let lines = r"INSERT ON `d TO``\_%`.`t TO``'\ü`
        PROXY ON ``@`` WITH GRANT OPTION
        PROXY ON `it's\n```@`h%`
        SELECT (`c``, x`) ON `d TO``\_%`.`t TO``'\ü`
        SELECT (`d)`) ON `d TO``\_%`.`t TO``'\ü`";
    assert_lines(Known::MYSQL, of_mysql, lines);
}

/// Tried: MySQL 9.7.4, MariaDB 10.11.18 and 11.8.9: an account with everything, a sequence, and all kinds of grants to PUBLIC, also
/// beside a user of that name.
#[test]
fn the_forms_of_grants_to_everybody_and_of_everything_are_read() {
    let to_everybody = "GRANT `r1` TO `u`@`%`
        GRANT ALL PRIVILEGES ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*3CAF06F5A3053566C1B95EBBB09CAFD43FE1C431' WITH GRANT OPTION
        GRANT SELECT ON `d`.`s` TO `u`@`%`
        GRANT PROXY ON ``@`%` TO `u`@`%`
        GRANT USAGE ON *.* TO `r1`
        GRANT `r1` TO PUBLIC
        GRANT SELECT ON *.* TO PUBLIC WITH GRANT OPTION
        GRANT SELECT (`a`) ON `d`.`t` TO PUBLIC
        SET DEFAULT ROLE `r1` FOR `u`@`%`";
    let lines = "ALL PRIVILEGES ON *.*
        GRANT OPTION ON *.*
        PROXY ON ``@`%`
        SELECT ON `d`.`s`
        role `r1`";
    assert_lines(MARIADB_11, to_everybody, lines);
    let named_public = "GRANT USAGE ON *.* TO `PUBLIC`@`%`\nGRANT INSERT ON `d`.* TO `PUBLIC`@`%`";
    assert_lines(MARIADB_11, named_public, "INSERT ON `d`.*");
    assert_lines(Known::MYSQL, named_public, "INSERT ON `d`.*");
    let everything = "GRANT SELECT, CREATE TABLESPACE, CREATE ROLE, DROP ROLE ON *.* TO `u`@`%` WITH GRANT OPTION
        GRANT MANAGE_DATA_MASKING_POLICY,OPTIMIZE_LOCAL_TABLE,TRANSACTION_GTID_TAG ON *.* TO `u`@`%` WITH GRANT OPTION
        GRANT PROXY ON ``@`` TO `u`@`%`";
    let lines = "CREATE ROLE ON *.*
        CREATE TABLESPACE ON *.*
        DROP ROLE ON *.*
        GRANT OPTION ON *.*
        MANAGE_DATA_MASKING_POLICY ON *.* WITH GRANT OPTION
        OPTIMIZE_LOCAL_TABLE ON *.* WITH GRANT OPTION
        PROXY ON ``@``
        SELECT ON *.*
        TRANSACTION_GTID_TAG ON *.* WITH GRANT OPTION";
    assert_lines(Known::MYSQL, everything, lines);
}

/// Aurora MySQL 2 (Amazon Aurora User Guide, "Invoking a Lambda function from an Amazon Aurora MySQL DB cluster" and "Loading data
/// into an Amazon Aurora MySQL DB cluster from text files in an Amazon S3 bucket") gives static privileges; version 3 gives roles.
#[test]
fn the_privileges_of_aurora_are_read() {
    let of_version_2 =
        "GRANT SELECT, LOAD FROM S3, SELECT INTO S3, INVOKE LAMBDA ON *.* TO 'u'@'%' WITH GRANT OPTION";
    let lines = "GRANT OPTION ON *.*\nINVOKE LAMBDA ON *.*\nLOAD FROM S3 ON *.*\nSELECT INTO S3 ON *.*\nSELECT ON *.*";
    assert_lines(Known::MYSQL, of_version_2, lines);
    let of_version_3 = "GRANT `AWS_LOAD_S3_ACCESS`@`%`,`AWS_LAMBDA_ACCESS`@`%` TO `u`@`%`";
    assert_lines(Known::MYSQL, of_version_3, "role `AWS_LAMBDA_ACCESS`@`%`\nrole `AWS_LOAD_S3_ACCESS`@`%`");
}

/// For each known product, how many privileges ALL PRIVILEGES is: globally, on a database, a table, a routine.
#[test]
fn all_privileges_are_single_privileges_except_globally() {
    for (known, counts) in
        [(Known::MYSQL, [1, 18, 12, 2]), (MARIADB_10, [1, 19, 13, 2]), (MARIADB_11, [1, 20, 13, 3])]
    {
        for (on, count) in ["*.*", "`d`.*", "`d`.`t`", "FUNCTION `d`.`f`"].into_iter().zip(counts) {
            let read = parsed(known, &[format!("GRANT ALL PRIVILEGES ON {on} TO `u`@`%`")]);
            assert_eq!(read.lines().len(), count, "{known:?} {on}");
        }
    }
}

#[test]
fn unknown_forms_are_refused_without_repeating_them() {
    let unknown = "HUSH
        GRANT SELECT ON *.* TO `u`@`%` HUSH '*HUSH'
        GRANT SELECT ON *.* TO `u`@`%` WITH HUSH OPTION
        GRANT SELECT ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*HUSH' WITH '*HUSH'
        GRANT SELECT ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*HUSH' REQUIRE SUBJECT HUSH
        GRANT SELECT ON HUSH `d`.`HUSH` TO `u`@`%`
        GRANT SELECT ON FUNCTION `HUSH`.* TO `u`@`%`
        GRANT SELECT (`HUSH` ON `d`.`t` TO `u`@`%`
        GRANT HUSH
        GRANT USAGE, PROXY ON `HUSH`.* TO `u`@`%`
        GRANT `HUSH` WITH ADMIN OPTION
        GRANT PROXY ON 'HUSH' TO 'u'@'%'
        REVOKE SELECT ON *.* FROM `HUSH`@`%`
        DENY SELECT ON `HUSH`.* TO `u`@`%`
        REVOKE SELECT ON `d`.* FROM `u`@`%` AS `HUSH`";
    for row in rows(unknown) {
        let error = Grants::parse(Known::MYSQL, std::slice::from_ref(&row)).expect_err(&row);
        assert!(!error.to_string().contains("HUSH"), "{row}: {error}");
    }
}

const RESTRICTED: &str = "GRANT INSERT ON *.* TO s WITH GRANT OPTION\nREVOKE INSERT ON d.* FROM s";

/// What is to be granted, what the superuser has, and what it lacks. Names are without quotes, for short.
const LACKING: [(&str, &str, &str); 25] = [
    ("INSERT ON d.t TO u", "", "INSERT ON `d`.`t`"),
    ("INSERT ON d.t TO u", "GRANT INSERT ON *.* TO s", "INSERT ON `d`.`t`"),
    ("INSERT ON d.t TO u", "GRANT INSERT ON *.* TO s WITH GRANT OPTION", ""),
    ("INSERT ON d.t TO u", "GRANT ALL PRIVILEGES ON *.* TO s WITH GRANT OPTION", ""),
    ("INSERT ON d.t TO u", "GRANT INSERT ON d.* TO s", "INSERT ON `d`.`t`"),
    ("INSERT ON d.t TO u", "GRANT INSERT ON d.* TO s WITH GRANT OPTION", ""),
    ("INSERT ON d.t TO u", "GRANT INSERT ON e.* TO s WITH GRANT OPTION", "INSERT ON `d`.`t`"),
    ("INSERT ON d.t TO u", "GRANT INSERT ON d.t TO s", "INSERT ON `d`.`t`"),
    ("INSERT ON d.t TO u", "GRANT INSERT ON d.t TO s WITH GRANT OPTION", ""),
    ("INSERT ON d.t TO u", "GRANT INSERT (c) ON d.t TO s WITH GRANT OPTION", "INSERT ON `d`.`t`"),
    ("INSERT (c) ON d.t TO u", "GRANT INSERT ON d.t TO s WITH GRANT OPTION", ""),
    ("INSERT ON d.t TO u", RESTRICTED, "INSERT ON `d`.`t`"),
    ("INSERT ON e.t TO u", RESTRICTED, ""),
    // Tried (9.7.4): a restriction applies to what is held globally, and an option may be held anywhere above.
    (
        "INSERT ON d.t TO u",
        "GRANT INSERT ON *.* TO s\nREVOKE INSERT ON d.* FROM s\nGRANT INSERT ON d.t TO s WITH GRANT OPTION",
        "",
    ),
    ("INSERT ON d.t TO u", "GRANT SELECT ON *.* TO s WITH GRANT OPTION\nGRANT INSERT ON d.t TO s", ""),
    ("INSERT ON d.t TO u", "GRANT INSERT ON *.* TO s\nGRANT USAGE ON d.* TO s WITH GRANT OPTION", ""),
    ("INSERT ON d.t TO u", "GRANT INSERT ON `%`.* TO s WITH GRANT OPTION", ""),
    // Only the entry that matches best counts.
    (
        "INSERT ON d.t TO u",
        "GRANT INSERT ON `%`.* TO s WITH GRANT OPTION\nGRANT SELECT ON d.* TO s",
        "INSERT ON `d`.`t`",
    ),
    ("USAGE ON d.* TO u WITH GRANT OPTION", "GRANT SELECT ON d.* TO s WITH GRANT OPTION", ""),
    ("XA_ADMIN ON *.* TO u", "GRANT XA_ADMIN ON *.* TO s", "XA_ADMIN ON *.*"),
    ("XA_ADMIN ON *.* TO u", "GRANT XA_ADMIN ON *.* TO s WITH GRANT OPTION", ""),
    ("`r`@h TO u", "GRANT `r`@h TO s", "`r`@`h`"),
    ("`r`@h TO u", "GRANT `r`@h TO s WITH ADMIN OPTION", ""),
    ("`r`@h TO u", "GRANT ROLE_ADMIN ON *.* TO s", ""),
    ("`r` TO u", "GRANT SUPER ON *.* TO s", "`r`"),
];

#[test]
fn a_superuser_lacks_what_it_may_not_grant() {
    let superuser = Account { user: "s".into(), host: None };
    for (wanted, effective, lacks) in LACKING {
        let change = parsed(Known::MYSQL, &[format!("GRANT {wanted}")]);
        let effective = parsed(Known::MYSQL, &rows(effective));
        let option = if lacks.starts_with('`') { "ADMIN" } else { "GRANT" };
        let lacks = rows(lacks).into_iter().map(|lacks| format!("GRANT {lacks} TO `s` WITH {option} OPTION"));
        let lacks = MissingPrivileges { grants: lacks.collect(), restricted: Vec::new() };
        let (none, seen) = (Grants::default(), BTreeSet::new());
        let asked = |wanted, has| {
            missing_privileges(&superuser, &effective, DatabaseNames::Patterns, wanted, has, &seen)
        };
        assert_eq!(asked(&change, &none), lacks, "granting {wanted}");
        assert_eq!(asked(&none, &change), lacks, "revoking {wanted}");
    }
}

/// If it is unknown whether an object exists, a right on it may not be grantable.
#[test]
fn a_superuser_that_does_not_see_an_object_lacks_a_right_on_its_database() {
    let superuser = Account { user: "s".into(), host: None };
    let wanted = parsed(Known::MYSQL, &["GRANT INSERT (a, b) ON a_b.t TO u".to_owned()]);
    let none = Grants::default();
    for (names, database) in [(DatabaseNames::Patterns, r"a\_b"), (DatabaseNames::Literal, "a_b")] {
        let lacks = missing_privileges(&superuser, &none, names, &wanted, &none, &wanted.objects());
        assert_eq!(lacks.grants, [format!("GRANT INSERT ON `{database}`.* TO `s` WITH GRANT OPTION")]);
    }
}

/// MySQL takes a name without a host for one at `%`.
#[test]
fn a_proxy_is_written_with_its_host_even_if_that_is_empty() {
    let wanted = parsed(Known::MYSQL, &["GRANT PROXY ON ``@`` TO u".to_owned()]);
    let clone = Account { user: "c".into(), host: None };
    let granted = difference(&wanted, &Grants::default(), &clone, &clone, Dialect::MySql);
    let sql = |statements: Vec<Statement>| statements.into_iter().map(|all| all.sql).collect::<Vec<_>>();
    assert_eq!(sql(granted), ["GRANT PROXY ON ``@`` TO `c`"]);
    let revoked = difference(&Grants::default(), &wanted, &clone, &clone, Dialect::MySql);
    assert_eq!(sql(revoked), ["REVOKE PROXY ON ``@`` FROM `c`"]);
}

/// Tried: MySQL 9.7.4. Libraries exist from 9.2 on (MySQL 9.2 Reference Manual, "GRANT Statement", `object_type`).
#[test]
fn libraries_and_a_restricted_grant_option_are_read() {
    let rows = "GRANT SELECT, UPDATE ON *.* TO `u`@`%` WITH GRANT OPTION
        REVOKE  ON `d`.* FROM `u`@`%`
        REVOKE UPDATE ON `e`.* FROM `u`@`%`
        GRANT EXECUTE, ALTER ROUTINE ON LIBRARY `d`.`l` TO `u`@`%` WITH GRANT OPTION";
    let lines = "ALTER ROUTINE ON LIBRARY `d`.`l`
        EXECUTE ON LIBRARY `d`.`l`
        GRANT OPTION ON *.*
        GRANT OPTION ON LIBRARY `d`.`l`
        SELECT ON *.*
        UPDATE ON *.*
        no GRANT OPTION ON `d`.*
        no UPDATE ON `e`.*";
    assert_lines(Known::MYSQL, rows, lines);
}

/// As MySQL's and MariaDB's root have it (tried: each covers every user, on 9.7, 10.11 and 11.8).
#[test]
fn a_superuser_can_grant_the_proxies_that_it_has_with_the_option() {
    let held = parsed(Known::MYSQL, &["GRANT PROXY ON p@h TO u".to_owned()]);
    for (superuser, may) in [
        ("GRANT PROXY ON p@h TO s", false),
        ("GRANT PROXY ON p@i TO s WITH GRANT OPTION", false),
        ("GRANT PROXY ON p@h TO s WITH GRANT OPTION", true),
        ("GRANT PROXY ON ``@`` TO s WITH GRANT OPTION", true),
        ("GRANT PROXY ON ''@'%' TO 's'@'%' WITH GRANT OPTION", true),
    ] {
        let mut left = held.clone();
        left.exclude_ungrantable(&parsed(Known::MYSQL, &[superuser.to_owned()]));
        assert_eq!(left == held, may, "{superuser}");
    }
}
