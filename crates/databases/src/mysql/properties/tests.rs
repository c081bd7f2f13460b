//! What servers print, each form with its source.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, json};

use super::super::account::Account;
use super::super::dialect::Dialect;
use super::super::grants::account;
use super::super::quoting::{identifier, literal};
use super::super::tokens::{Token, Tokens};
use super::{CLONE_OF, Properties};

/// What MySQL 8.0 and later print last if nothing is set.
const DEFAULTS: &str =
    "PASSWORD HISTORY DEFAULT PASSWORD REUSE INTERVAL DEFAULT PASSWORD REQUIRE CURRENT DEFAULT";

fn parsed(create: &str, grants: &[&str]) -> Properties {
    let grants: Vec<_> = grants.iter().map(ToString::to_string).collect();
    Properties::parse(create, &grants).unwrap_or_else(|error| panic!("{create}: {error}"))
}

fn assert_lines(create: &str, lines: &[&str]) {
    assert_eq!(parsed(create, &[]).lines().into_iter().collect::<Vec<_>>(), lines, "{create}");
}

/// MySQL 8.0 Reference Manual, 15.7.7.12 "SHOW CREATE USER Statement" (8.4: 15.7.7.13).
#[test]
fn a_hash_in_hexadecimal_is_skipped() {
    let create = "CREATE USER 'u1'@'localhost' IDENTIFIED WITH 'caching_sha2_password' \
        AS 0x244124303035240C7745603626313D613C4C10633E0A104B1E14135A544A787156724561 \
        REQUIRE NONE PASSWORD EXPIRE DEFAULT ACCOUNT UNLOCK";
    assert_lines(&format!("{create} {DEFAULTS}"), &["IDENTIFIED WITH caching_sha2_password"]);
    // The same page: what an account that may not read mysql.user sees of itself.
    let create =
        "CREATE USER `u1`@`localhost` IDENTIFIED WITH 'caching_sha2_password' AS <secret> REQUIRE SSL";
    assert_lines(create, &["IDENTIFIED WITH caching_sha2_password", "REQUIRE SSL"]);
}

/// What an 8.0 server printed, as shown in several public repositories.
#[test]
fn limits_rules_and_attributes_of_mysql_8_are_read() {
    let create = "CREATE USER `test`@`localhost` IDENTIFIED WITH 'mysql_native_password' AS '*62C4834A52EB88A9E3' \
        REQUIRE NONE WITH MAX_CONNECTIONS_PER_HOUR 100 PASSWORD EXPIRE INTERVAL 180 DAY ACCOUNT UNLOCK";
    let last = r#"FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME 2 ATTRIBUTE '{"last_name": "Pretty"}'"#;
    let lines = [
        "ATTRIBUTE last_name: \"Pretty\"",
        "FAILED_LOGIN_ATTEMPTS 3",
        "IDENTIFIED WITH mysql_native_password",
        "MAX_CONNECTIONS_PER_HOUR 100",
        "PASSWORD EXPIRE INTERVAL 180 DAY",
        "PASSWORD_LOCK_TIME 2",
    ];
    assert_lines(&format!("{create} {DEFAULTS} {last}"), &lines);
}

/// MySQL 8.0 Reference Manual, "Multifactor Authentication" (8.4 the same with another plugin).
#[test]
fn every_factor_is_read() {
    let create = "CREATE USER `u1`@`localhost` IDENTIFIED WITH 'caching_sha2_password' AS 'sha2_password' \
        AND IDENTIFIED WITH 'authentication_fido' REQUIRE NONE PASSWORD EXPIRE DEFAULT ACCOUNT UNLOCK";
    let methods = "IDENTIFIED WITH caching_sha2_password, authentication_fido";
    assert_lines(&format!("{create} {DEFAULTS}"), &[methods]);
}

/// MySQL 5.7 Reference Manual, 13.7.5.12 "SHOW CREATE USER Statement"; mysql-server's
/// mysql-test/suite/auth_sec/r/password_require_current.result (8.0).
#[test]
fn accounts_in_single_quotes_are_read() {
    let create = "CREATE USER 'root'@'localhost' IDENTIFIED WITH 'mysql_native_password' \
        AS '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19' REQUIRE NONE PASSWORD EXPIRE DEFAULT ACCOUNT UNLOCK";
    assert_lines(create, &["IDENTIFIED WITH mysql_native_password"]);
    assert_lines(&format!("{create} {DEFAULTS}"), &["IDENTIFIED WITH mysql_native_password"]);
}

/// Tried: MySQL 9.7.4.
#[test]
fn the_forms_of_a_live_mysql_are_read() {
    let by = r"CREATE USER `x TO y``'_\ü@ß`@`%` IDENTIFIED WITH 'caching_sha2_password' AS '$A$00A$7?\Z3hux\\}\'q[oE' ";
    let all = r#"REQUIRE SUBJECT '/CN=a\b' ISSUER '/C=O'B/ ' x' CIPHER 'X' WITH MAX_QUERIES_PER_HOUR 5 MAX_USER_CONNECTIONS 2 PASSWORD EXPIRE INTERVAL 30 DAY ACCOUNT LOCK PASSWORD HISTORY 3 PASSWORD REUSE INTERVAL 9 DAY PASSWORD REQUIRE CURRENT OPTIONAL FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME UNBOUNDED ATTRIBUTE '{"a\'b": "c\\\\d", "ü`": [1, null]}'"#;
    let lines = [
        "ACCOUNT LOCK",
        r#"ATTRIBUTE a'b: "c\\d""#,
        "ATTRIBUTE ü`: [1,null]",
        "FAILED_LOGIN_ATTEMPTS 3",
        "IDENTIFIED WITH caching_sha2_password",
        "MAX_QUERIES_PER_HOUR 5",
        "MAX_USER_CONNECTIONS 2",
        "PASSWORD EXPIRE INTERVAL 30 DAY",
        "PASSWORD HISTORY 3",
        "PASSWORD REQUIRE CURRENT OPTIONAL",
        "PASSWORD REUSE INTERVAL 9",
        "PASSWORD_LOCK_TIME UNBOUNDED",
        r"REQUIRE CIPHER 'X' AND ISSUER '/C=O''B/ '' x' AND SUBJECT '/CN=a\\b'",
    ];
    assert_lines(&format!("{by}{all}"), &lines);
    let some = r#"DEFAULT ROLE `r1`@`%`,`r2`@`%` REQUIRE SSL PASSWORD EXPIRE NEVER ACCOUNT UNLOCK PASSWORD HISTORY DEFAULT PASSWORD REUSE INTERVAL DEFAULT PASSWORD REQUIRE CURRENT FAILED_LOGIN_ATTEMPTS 2 PASSWORD_LOCK_TIME 4 ATTRIBUTE '{"comment": "it\'s \\"q\\" \\\\ back"}'"#;
    let lines = [
        r#"ATTRIBUTE comment: "it's \"q\" \\ back""#,
        "DEFAULT ROLE `r1`@`%`",
        "DEFAULT ROLE `r2`@`%`",
        "FAILED_LOGIN_ATTEMPTS 2",
        "IDENTIFIED WITH caching_sha2_password",
        "PASSWORD EXPIRE NEVER",
        "PASSWORD REQUIRE CURRENT ",
        "PASSWORD_LOCK_TIME 4",
        "REQUIRE SSL",
    ];
    assert_lines(&format!("{by}{some}"), &lines);
    // A role: it has no password, and is expired and locked.
    let role = format!("{by}REQUIRE NONE PASSWORD EXPIRE ACCOUNT LOCK {DEFAULTS}");
    assert_lines(&role, &["ACCOUNT LOCK", "IDENTIFIED WITH caching_sha2_password"]);
}

/// Tried: MariaDB 11.8.9, which prints the texts of REQUIRE as literals; before, they came as they are stored.
#[test]
fn the_texts_of_require_are_read_in_either_form() {
    let by = "CREATE USER `a`@`%` IDENTIFIED BY PASSWORD '*0C908AD93F67C171AD1942A253AEE176ABB70AC2' ";
    let escaped = r"REQUIRE ISSUER 'a'' SUBJECT ''b' SUBJECT '/CN=o\r' CIPHER 'x
y'";
    let read = parsed(&format!("{by}{escaped}"), &[]);
    assert!(matches!(read.require, super::Require::Exactly(parts) if parts.len() == 3));
    // Compared only with what the same server prints of another user, so the quotes may stay doubled.
    let lines = ["IDENTIFIED WITH mysql_native_password", r"REQUIRE ISSUER '/CN=o''''r'"];
    assert_lines(&format!("{by}REQUIRE ISSUER '/CN=o''r'"), &lines);
}

/// Tried: MariaDB 10.11.18 and 11.8.6, which print the same.
#[test]
fn the_forms_of_a_live_mariadb_are_read() {
    let native = "IDENTIFIED WITH mysql_native_password";
    let by = "CREATE USER `a`@`%` IDENTIFIED BY PASSWORD '*B69027D44F6E5EDC07F1AEAD1477967B16F28227'";
    let all = r"REQUIRE ISSUER '/C=O'B/ ' x' SUBJECT '/CN=a\b' CIPHER 'X' WITH MAX_QUERIES_PER_HOUR 5 MAX_USER_CONNECTIONS 2 MAX_STATEMENT_TIME 1.500000 ACCOUNT LOCK PASSWORD EXPIRE INTERVAL 30 DAY";
    let lines = [
        "ACCOUNT LOCK",
        native,
        "MAX_QUERIES_PER_HOUR 5",
        "MAX_STATEMENT_TIME 1.5",
        "MAX_USER_CONNECTIONS 2",
        "PASSWORD EXPIRE INTERVAL 30 DAY",
        r"REQUIRE CIPHER 'X' AND ISSUER '/C=O''B/ '' x' AND SUBJECT '/CN=a\\b'",
    ];
    assert_lines(&format!("{by} {all}"), &lines);
    assert_lines("CREATE USER `hf_pr`@`%`", &[native]);
    assert_lines(
        &format!("{by} WITH MAX_USER_CONNECTIONS -1 PASSWORD EXPIRE"),
        &[native, "MAX_USER_CONNECTIONS -1"],
    );
    let issuer = r"REQUIRE ISSUER '/O=it''s'";
    assert_lines(&format!("{by} REQUIRE ISSUER '/O=it's'"), &[native, issuer]);
    let socket = "CREATE USER `c`@`%` IDENTIFIED VIA unix_socket REQUIRE X509";
    assert_lines(socket, &["IDENTIFIED WITH unix_socket", "REQUIRE X509"]);
    let choice = "CREATE USER `b`@`%` IDENTIFIED VIA mysql_native_password USING '*B69027D44F6E5EDC07' \
        OR unix_socket REQUIRE SSL PASSWORD EXPIRE NEVER";
    let lines =
        ["IDENTIFIED WITH mysql_native_password, unix_socket", "PASSWORD EXPIRE NEVER", "REQUIRE SSL"];
    assert_lines(choice, &lines);
}

#[test]
fn the_default_role_of_mariadb_is_among_its_grants() {
    let grants = ["GRANT `r TO``ü` TO `u`@`%`", "SET DEFAULT ROLE `r TO``ü` FOR `u`@`%`"];
    let lines = parsed("CREATE USER `u`@`%`", &grants).lines();
    assert!(lines.contains("DEFAULT ROLE `r TO``ü`"), "{lines:?}");
}

#[test]
fn unknown_forms_are_refused_without_repeating_them() {
    let options = [
        "HUSH",
        "IDENTIFIED HUSH 'HUSH'",
        "IDENTIFIED WITH 'p' AS 'HUSH' INITIAL AUTHENTICATION IDENTIFIED BY 'HUSH'",
        "IDENTIFIED VIA unix_socket USING 'it's HUSH'",
        "IDENTIFIED WITH 'p' AS 'HUSH' 'HUSH'",
        "DEFAULT HUSH",
        "REQUIRE HUSH",
        "REQUIRE ISSUER HUSH",
        "REQUIRE ISSUER 'HUSH",
        "WITH HUSH 5",
        "WITH MAX_QUERIES_PER_HOUR 'HUSH'",
        "PASSWORD HUSH",
        "PASSWORD EXPIRE INTERVAL HUSH DAY",
        "PASSWORD EXPIRE INTERVAL 5 HUSH",
        "ACCOUNT HUSH",
        "ATTRIBUTE 'HUSH'",
        "ATTRIBUTE '[\"HUSH\"]'",
    ];
    for option in options {
        let error = Properties::parse(&format!("CREATE USER `u`@`%` {option}"), &[]).expect_err(option);
        assert!(!error.to_string().contains("HUSH"), "{option}: {error}");
    }
    assert!(Properties::parse("ALTER USER `u`@`%`", &[]).is_err());
}

/// Every option by itself, and what resets it.
const OPTIONS: [(&str, &str); 12] = [
    ("REQUIRE SSL", "REQUIRE NONE"),
    ("REQUIRE X509", "REQUIRE NONE"),
    ("REQUIRE ISSUER '/O=a'", "REQUIRE NONE"),
    ("WITH MAX_QUERIES_PER_HOUR 5", "WITH MAX_QUERIES_PER_HOUR 0"),
    ("WITH MAX_USER_CONNECTIONS -1", "WITH MAX_USER_CONNECTIONS 0"),
    ("PASSWORD EXPIRE NEVER", "PASSWORD EXPIRE DEFAULT"),
    ("PASSWORD EXPIRE INTERVAL 30 DAY", "PASSWORD EXPIRE DEFAULT"),
    ("PASSWORD HISTORY 3", "PASSWORD HISTORY DEFAULT"),
    ("PASSWORD REUSE INTERVAL 9 DAY", "PASSWORD REUSE INTERVAL DEFAULT"),
    ("PASSWORD REQUIRE CURRENT OPTIONAL", "PASSWORD REQUIRE CURRENT DEFAULT"),
    ("FAILED_LOGIN_ATTEMPTS 3", "FAILED_LOGIN_ATTEMPTS 0"),
    ("PASSWORD_LOCK_TIME UNBOUNDED", "PASSWORD_LOCK_TIME 0"),
];

#[test]
fn a_difference_is_the_option_that_differs() {
    let none = parsed("CREATE USER `u`@`%`", &[]);
    let difference =
        |has: &Properties, wanted: &Properties| has.difference(wanted, Dialect::MariaDb, Some("u"));
    for (option, back) in OPTIONS {
        let with = parsed(&format!("CREATE USER `u`@`%` {option}"), &[]);
        assert_eq!(difference(&none, &with).as_deref(), Some(option));
        assert_eq!(difference(&with, &none).as_deref(), Some(back));
        assert_eq!(difference(&with, &with), None, "{option}");
    }
}

#[test]
fn a_clone_is_marked_and_its_mark_is_not_compared() {
    let base = parsed("CREATE USER `u`@`%` ATTRIBUTE '{\"c\": 1}'", &[]);
    let mut clone = parsed("CREATE USER `u_clone`@`%` ATTRIBUTE '{\"b\": 2}'", &[]);
    let marked = clone.difference(&base, Dialect::MySql, Some("it's u"));
    let unmarked = clone.difference(&base, Dialect::MySql, None);
    assert_eq!(unmarked.as_deref(), Some(r#"ATTRIBUTE '{"b":null,"c":1}'"#));
    let attribute = r#"ATTRIBUTE '{"b":null,"c":1,"rotation.clone_of":"it''s u"}'"#;
    assert_eq!(marked.as_deref(), Some(attribute));
    clone.attributes = Map::from_iter([("c".to_owned(), json!(1)), (CLONE_OF.to_owned(), json!("it's u"))]);
    assert_eq!(clone.difference(&base, Dialect::MySql, Some("it's u")), None);
    assert_eq!(clone.lines(), base.lines());
}

#[test]
fn default_roles_are_set_as_each_product_takes_them() {
    let with = parsed("CREATE USER `u`@`%` DEFAULT ROLE `r1`@`%`,`r``2`@`%`", &[]);
    let none = parsed("CREATE USER `u`@`%`", &[]);
    let user = Account::at("u", "%");
    let set = |has: &Properties, wanted, dialect| has.default_roles(wanted, &user, dialect);
    let all = "ALTER USER `u`@`%` DEFAULT ROLE `r1`@`%`, `r``2`@`%`";
    assert_eq!(set(&none, &with, Dialect::MySql).as_deref(), Some(all));
    assert_eq!(set(&with, &none, Dialect::MySql).as_deref(), Some("ALTER USER `u`@`%` DEFAULT ROLE NONE"));
    assert_eq!(set(&with, &none, Dialect::MariaDb).as_deref(), Some("SET DEFAULT ROLE NONE FOR `u`@`%`"));
    assert_eq!(set(&with, &with, Dialect::MySql), None);
}

proptest! {
    #[test]
    fn names_and_texts_survive_being_written_and_read(parts in vec(prop_oneof![
        select(&["'", "''", "\\", "\\n", "\"", "`", "\0", "\n", "\u{1a}", "%", "@", "ß", " TO "][..])
            .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ], 0..8), host in ".{0,4}") {
        let value = parts.concat();
        let user = Account::at(&value, host);
        let (written, name, quoted) = (user.to_string(), identifier(&value), literal(&value));
        let mut tokens = Tokens::of(&written);
        prop_assert_eq!(account(&mut tokens), Ok(user));
        prop_assert!(tokens.at_end());
        for (written, token) in [(name, Token::Name(value.clone())), (quoted, Token::Text(value))] {
            let mut tokens = Tokens::of(&written);
            prop_assert_eq!(tokens.skip(), Some(token));
            prop_assert!(tokens.at_end());
        }
    }
}
