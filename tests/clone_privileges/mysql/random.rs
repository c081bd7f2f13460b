//! A base whose rights and rules change at random, turn after turn; a clone that somebody changed, and a superuser that is
//! restricted.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use testbed::mysql::{name, run};
use testbed::{MySql, MySqlOptions, MySqlVersion, mysql_versions};

use crate::support::UserPair;

/// Printed with every failure; another seed gives another walk.
const SEED: [u8; 32] = *b"rotation: rights change at night";

/// What is granted, and revoked again. `{d}` is a database, `{o}` begins the names of other users and roles.
const RIGHTS: &[&str] = &[
    "SELECT ON *.*",
    "INSERT, UPDATE, PROCESS ON *.*",
    "SELECT, LOCK TABLES ON {d}.*",
    "ALL PRIVILEGES ON {d}.*",
    "EXECUTE, CREATE ROUTINE ON {d}.*",
    r"SELECT, DELETE ON `a\_b`.*",
    "INSERT ON `a_b`.*",
    "SELECT, CREATE ON {d}.t",
    "ALL PRIVILEGES ON {d}.t",
    "SELECT (a), INSERT (a, b) ON {d}.t",
    "UPDATE (b), REFERENCES (b) ON {d}.t",
    "SELECT, UPDATE ON {d}.`odd``t TO x`",
    "EXECUTE ON FUNCTION {d}.f",
    "ALL PRIVILEGES ON PROCEDURE {d}.p",
    "PROXY ON `{o}_1`@`%`",
    "PROXY ON `{o}_2`@`%`",
];
const DYNAMIC: &[&str] = &[
    "XA_RECOVER_ADMIN ON *.*",
    "FLUSH_TABLES, FLUSH_STATUS ON *.*",
    "SYSTEM_USER ON *.*",
    "BACKUP_ADMIN ON *.*",
];
/// What takes back for one database what is held on all of them.
const RESTRICTIONS: &[&str] = &[
    "SELECT ON {d}.*",
    "SELECT, INSERT ON {d}.*",
    "INSERT, UPDATE ON mysql.*",
    "SELECT ON mysql.*",
    "UPDATE ON sys.*",
];
/// How a superuser is restricted, and is no longer.
const OF_SUPERUSER: &[&str] = &[
    "REVOKE INSERT, UPDATE ON mysql.* FROM {m}",
    "REVOKE UPDATE ON sys.* FROM {m}",
    "REVOKE SELECT, INSERT, DELETE ON {d}.* FROM {m}",
    "GRANT ALL PRIVILEGES ON *.* TO {m} WITH GRANT OPTION",
];
const RULES: &[&str] = &[
    "REQUIRE SSL",
    "REQUIRE NONE",
    "REQUIRE ISSUER '/CN=o''r' AND SUBJECT '/CN=b'",
    "WITH MAX_USER_CONNECTIONS 50",
    "WITH MAX_USER_CONNECTIONS 0 MAX_QUERIES_PER_HOUR 900000",
    "PASSWORD EXPIRE NEVER",
    "PASSWORD EXPIRE INTERVAL 90 DAY",
    // MySQL shows the former number of days until it restarts, unless another statement comes in between.
    "PASSWORD EXPIRE NEVER\nALTER USER {b} PASSWORD EXPIRE DEFAULT",
];
const RULES_OF_MYSQL: &[&str] = &[
    "PASSWORD REUSE INTERVAL DEFAULT PASSWORD REQUIRE CURRENT",
    "PASSWORD REQUIRE CURRENT OPTIONAL",
    "FAILED_LOGIN_ATTEMPTS 5 PASSWORD_LOCK_TIME 1",
    "FAILED_LOGIN_ATTEMPTS 0 PASSWORD_LOCK_TIME 0",
    r#"ATTRIBUTE '{"team": "a", "n": 1}'"#,
    r#"ATTRIBUTE '{"team": null, "x": "it''s \\"b\\""}'"#,
    r#"ATTRIBUTE '{"o": {"a": 1, "b": {"c": [1], "d": 2}}}'"#,
    r#"ATTRIBUTE '{"o": {"a": null, "b": {"c": null}}}'"#,
    r#"ATTRIBUTE '{"o": {"a": {}, "b": 3}, "n": null}'"#,
    "COMMENT 'c'",
    "DEFAULT ROLE NONE",
    "DEFAULT ROLE ALL",
];

/// Statements about `{b}`.
fn change(mariadb: bool) -> BoxedStrategy<String> {
    let rights: Vec<&str> = if mariadb { RIGHTS.to_vec() } else { [RIGHTS, DYNAMIC].concat() };
    let rules: Vec<&str> = if mariadb { RULES.to_vec() } else { [RULES, RULES_OF_MYSQL].concat() };
    let option = || prop::sample::select(&["", " WITH GRANT OPTION"][..]);
    let grant = (prop::sample::select(rights.clone()), option());
    // Both products drop the grant option of a proxy in memory only.
    let anew = |right: &str| {
        if right.starts_with("PROXY") { format!("REVOKE {right} FROM {{b}}\n") } else { String::new() }
    };
    let grant =
        grant.prop_map(move |(right, option)| format!("{}GRANT {right} TO {{b}}{option}", anew(right)));
    let revoke = prop::sample::select(rights).prop_map(|right| format!("REVOKE {right} FROM {{b}}"));
    let restrict = prop::sample::select(RESTRICTIONS).prop_map(|right| format!("REVOKE {right} FROM {{b}}"));
    let option_gone =
        prop::sample::select(&["*.*", "{d}.*", "{d}.t", "FUNCTION {d}.f"][..]).prop_map(|object| {
            // MySQL drops the grant option of dynamic privileges in memory only, too.
            let dynamic = DYNAMIC.iter().filter(|_| object == "*.*");
            let dynamic: String = dynamic.map(|right| format!("REVOKE {right} FROM {{b}}\n")).collect();
            // A proxy with grant option is copied only where the base has the global option (proxies.rs).
            let proxies = RIGHTS.iter().filter(|right| object == "*.*" && right.starts_with("PROXY"));
            let proxies: String = proxies.map(|right| format!("REVOKE {right} FROM {{b}}\n")).collect();
            format!("{dynamic}{proxies}REVOKE GRANT OPTION ON {object} FROM {{b}}")
        });
    let role = (1..4, prop::sample::select(&["", " WITH ADMIN OPTION"][..]));
    // MySQL drops the admin option of a role in memory only, until it restarts: so the role is revoked first.
    let role = role.prop_map(|(role, option)| {
        format!("REVOKE `{{o}}_role{role}` FROM {{b}}\nGRANT `{{o}}_role{role}` TO {{b}}{option}")
    });
    let no_role = (1..4).prop_map(|role| format!("REVOKE `{{o}}_role{role}` FROM {{b}}"));
    let rule = prop::sample::select(rules).prop_map(|rule| format!("ALTER USER {{b}} {rule}"));
    prop_oneof![6 => grant, 4 => revoke, 2 => restrict, 1 => option_gone, 2 => role, 1 => no_role, 3 => rule]
        .boxed()
}

/// A new base, and the objects that its privileges will be on.
async fn untouched<'a>(server: &'a MySql, of: &str) -> UserPair<'a> {
    let superuser = server.create_superuser(&format!("{of}_m")).await;
    let mut root = server.root_session().await;
    for statement in [
        "GRANT ALL PRIVILEGES ON *.* TO `{o}_m`@`%` WITH GRANT OPTION",
        "GRANT PROXY ON ''@'' TO `{o}_m`@`%` WITH GRANT OPTION",
        "CREATE USER {b} IDENTIFIED BY 'pw-Of-the-base-1'",
        "CREATE USER `{o}_1`@`%`, `{o}_2`@`%`",
        "CREATE ROLE `{o}_role1`",
        "CREATE ROLE `{o}_role2`",
        "CREATE ROLE `{o}_role3`",
        "GRANT `{o}_role1` TO `{o}_m`@`%` WITH ADMIN OPTION",
        "GRANT `{o}_role2` TO `{o}_m`@`%` WITH ADMIN OPTION",
        "GRANT `{o}_role3` TO `{o}_m`@`%` WITH ADMIN OPTION",
        "CREATE DATABASE {d}",
        "CREATE TABLE {d}.t (a INT, b INT)",
        "CREATE TABLE {d}.`odd``t TO x` (a INT)",
        "CREATE FUNCTION {d}.f() RETURNS INT DETERMINISTIC RETURN 1",
        "CREATE PROCEDURE {d}.p() SELECT 1",
    ] {
        let statement = about(statement, of, of);
        run(&mut root, &statement).await.unwrap_or_else(|error| panic!("{error}\n{statement}"));
    }
    UserPair::of(server, superuser, of)
}

fn about(statement: &str, user: &str, of: &str) -> String {
    let account = format!("{}@`%`", name(user));
    statement
        .replace("{b}", &account)
        .replace("{d}", &format!("`{of}_d`"))
        .replace("{o}", of)
        .replace("{m}", &name(&format!("{of}_m")))
}

/// Runs the statements about `user`. A statement that the server refuses, such as revoking what the user lacks, changes nothing.
async fn make(pair: &UserPair<'_>, user: &str, changes: &[String]) {
    let mut root = pair.server.root_session().await;
    for change in changes.iter().flat_map(|change| change.lines()) {
        let _ = run(&mut root, &about(change, user, &pair.alternation.base.0)).await;
    }
}

fn runner(walk: u8) -> TestRunner {
    let mut seed = SEED;
    seed[0] ^= walk;
    TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}

fn next<T: std::fmt::Debug>(strategy: &impl Strategy<Value = T>, runner: &mut TestRunner) -> T {
    strategy.new_tree(runner).expect("a strategy without filters").current()
}

/// Changes the base, now and then the clone and the superuser, turns to the clone, and looks, `cases` times. (The environment
/// variable `PRIVILEGE_CASES` asks for another number.)
async fn walk(server: &MySql, of: &str, walk: u8, cases: usize) {
    let cases = testbed::environment::mirrored_cases().unwrap_or(cases);
    let pair = untouched(server, of).await;
    let mut runner = runner(walk);
    let mariadb = server.version().is_mariadb();
    let changes = prop::collection::vec(change(mariadb), 1..6);
    let of_clone = prop::collection::vec(change(mariadb), 0..3);
    let of_superuser = prop::option::weighted(0.3, prop::sample::select(OF_SUPERUSER));
    let (mut granted, mut refused) = (0, 0);
    for case in 1..=cases {
        let changes = next(&changes, &mut runner);
        make(&pair, of, &changes).await;
        let drift = next(&of_clone, &mut runner);
        make(&pair, &pair.alternation.clone.0, &drift).await;
        let restricted = next(&of_superuser, &mut runner).filter(|_| !mariadb);
        make(&pair, of, &restricted.map(str::to_owned).into_iter().collect::<Vec<_>>()).await;
        let context =
            format!("walk {walk}, case {case}, after {changes:#?}, {drift:#?} to the clone, {restricted:?}");
        let (statements, refusals) = pair.turn_to_clone(&context).await;
        pair.are_equal(&context).await;
        granted += statements;
        refused += refusals;
        if case % 3 == 0 {
            let drift = next(&changes_of_both(mariadb), &mut runner);
            make(&pair, of, &drift.0).await;
            make(&pair, &pair.alternation.clone.0, &drift.1).await;
            refused += pair.turn_to_base(drift.2, &format!("{context}, {drift:#?}")).await;
        }
    }
    println!("{}: {cases} cases, {granted} GRANTs, {refused} refusals", server.version());
}

/// Changes of the base and of the clone while the clone is current, and which remedy is run.
fn changes_of_both(mariadb: bool) -> impl Strategy<Value = (Vec<String>, Vec<String>, usize)> {
    let changes = || prop::collection::vec(change(mariadb), 0..3);
    (changes(), changes(), 0..2_usize)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_is_equal_after_any_changes_to_its_base() {
    for version in mysql_versions() {
        walk(MySql::shared(version).await, "walk", 0, 60).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_is_equal_after_any_changes_where_names_of_databases_are_patterns() {
    let settings = [("partial-revokes", "OFF")];
    let options = MySqlOptions { settings: &settings, ..MySqlOptions::default() };
    if mysql_versions().contains(&MySqlVersion::MySql97) {
        walk(&MySql::start(MySqlVersion::MySql97, options).await, "part", 1, 30).await;
    }
}

/// A person changes the clone: the next alternation revokes whatever it was given.
#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_somebody_changed_is_equal_again() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let pair = untouched(server, "drift").await;
        make(
            &pair,
            "drift",
            &["GRANT SELECT, INSERT ON {d}.* TO {b}".into(), "GRANT SELECT ON {d}.t TO {b}".into()],
        )
        .await;
        pair.turn_to_clone("at first").await;
        let mut runner = runner(2);
        let changes = prop::collection::vec(change(version.is_mariadb()), 1..6);
        for case in 1..=30 {
            let changes = next(&changes, &mut runner);
            make(&pair, "drift_clone", &changes).await;
            let context = format!("case {case}, after {changes:#?} to the clone");
            pair.turn_to_clone(&context).await;
            pair.are_equal(&context).await;
        }
    }
}
