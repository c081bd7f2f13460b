//! Superusers of MySQL and MariaDB with few privileges, or with privileges through a role or a pattern: what they may do counts,
//! however they hold it, and what they cannot see is not taken for dropped.

use rotation::Target;
use testbed::{Credentials, MySql, MySqlOptions, MySqlVersion, mysql_versions, remedy};

use crate::support::UserPair;

/// Runs statements as root, about the base `{b}` and its superuser `{m}`.
async fn change(server: &MySql, base: &str, statements: &[&str]) {
    for statement in statements {
        server.execute(&statement.replace("{b}", base).replace("{m}", &format!("{base}_m"))).await;
    }
}

/// A base with a database of its own, and a superuser without rights.
async fn pair<'a>(server: &'a MySql, base: &str) -> UserPair<'a> {
    let superuser = Credentials::new(&format!("{base}_m"));
    let password = testbed::mysql::text(&superuser.password);
    change(
        server,
        base,
        &[
            &format!("CREATE USER {{m}}@'%' IDENTIFIED BY {password}"),
            "CREATE USER {b}@'%' IDENTIFIED BY 'pw-Of-the-base-1'",
            "CREATE DATABASE {b}_d",
            "CREATE TABLE {b}_d.t (a INT, b INT)",
            "CREATE FUNCTION {b}_d.f() RETURNS INT DETERMINISTIC RETURN 1",
        ],
    )
    .await;
    UserPair::of(server, superuser, base)
}

async fn takes_both_turns(pair: &UserPair<'_>, context: &str) {
    let log = pair.server.log();
    for next in [Target::Clone, Target::Base, Target::Clone] {
        let password = if next == Target::Clone { "pw-Of-the-clone-1" } else { "pw-Of-the-base-2" };
        let taken = pair.set_up_next_user(next, password).await;
        taken.unwrap_or_else(|error| panic!("{context}, on {}: {error}", pair.server.version()));
        pair.are_equal(context).await;
    }
    pair.gave_nothing_more(&log.text(), context).await;
}

/// On MySQL without the role being active at its sign-in.
#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_that_has_all_privileges_by_a_role_sets_up_both_users() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let pair = pair(server, "byrole").await;
        change(
            server,
            "byrole",
            &[
                "CREATE ROLE {m}_role",
                "GRANT SELECT, INSERT, CREATE USER, PROCESS ON *.* TO {m}_role WITH GRANT OPTION",
                "GRANT {m}_role TO {m}@'%'",
                "GRANT SELECT ON *.* TO {b}@'%'",
                "GRANT INSERT ON {b}_d.* TO {b}@'%'",
            ],
        )
        .await;
        if !version.is_mariadb() {
            change(
                server,
                "byrole",
                &[
                    "GRANT SYSTEM_USER ON *.* TO {m}_role WITH GRANT OPTION",
                    "GRANT SYSTEM_USER ON *.* TO {b}",
                ],
            )
            .await;
        }
        takes_both_turns(&pair, "by a role").await;
    }
}

/// As a second administrator often has it. With partial revokes a pattern is a name.
#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_that_covers_a_database_counts_where_the_server_reads_it_as_one() {
    for version in mysql_versions() {
        for (number, settings) in [&[("partial-revokes", "OFF")][..], &[]].into_iter().enumerate() {
            if version.is_mariadb() && number == 0 {
                continue;
            }
            let server = MySql::start(version, MySqlOptions { settings, ..MySqlOptions::default() }).await;
            let pair = pair(&server, "pattern").await;
            change(
                &server,
                "pattern",
                &[
                    "GRANT ALL PRIVILEGES ON `%`.* TO {m}@'%' WITH GRANT OPTION",
                    "GRANT CREATE USER, PROCESS ON *.* TO {m}@'%'",
                    "GRANT SELECT, INSERT ON {b}_d.* TO {b}@'%'",
                    "GRANT UPDATE (a) ON {b}_d.t TO {b}@'%'",
                    "GRANT EXECUTE ON FUNCTION {b}_d.f TO {b}@'%'",
                ],
            )
            .await;
            if version.is_mariadb() || number == 0 {
                takes_both_turns(&pair, "by a pattern").await;
            } else {
                let refusal =
                    pair.set_up_next_user(Target::Clone, "pw-Of-the-clone-1").await.expect_err("a refusal");
                assert!(refusal.to_string().contains("GRANT SELECT ON mysql.* TO"), "{refusal}");
                pair.turn_to_clone("by the remedies").await;
                takes_both_turns(&pair, "by the remedies").await;
            }
        }
    }
}

/// The base's right is on a column or a routine that the superuser has no right on: refused with a GRANT that helps, whether or
/// not there is such a column or routine.
#[tokio::test(flavor = "multi_thread")]
async fn objects_that_a_superuser_cannot_see_are_not_taken_for_dropped() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for (number, gone) in [None, Some("ALTER TABLE {b}_d.t DROP COLUMN b"), Some("DROP DATABASE {b}_d")]
            .into_iter()
            .enumerate()
        {
            let base = format!("unseen{number}");
            let pair = pair(server, &base).await;
            change(
                server,
                &base,
                &[
                    "GRANT SELECT ON mysql.* TO {m}@'%'",
                    "GRANT CREATE USER, PROCESS ON *.* TO {m}@'%'",
                    "GRANT SELECT (b), INSERT (a) ON {b}_d.t TO {b}@'%'",
                    "GRANT EXECUTE ON FUNCTION {b}_d.f TO {b}@'%'",
                ],
            )
            .await;
            if let Some(gone) = gone {
                change(server, &base, &[gone]).await;
            }
            let refusal = pair
                .set_up_next_user(Target::Clone, "pw-Of-the-clone-1")
                .await
                .expect_err("a refusal")
                .to_string();
            for part in ["lacks privileges", "SELECT", "INSERT", "EXECUTE"] {
                assert!(refusal.contains(part), "{part} is not said on {version}: {refusal}");
            }
            for statement in remedy(&refusal, "an administrator") {
                server.execute(&statement).await;
            }
            pair.set_up_next_user(Target::Clone, "pw-Of-the-clone-1")
                .await
                .unwrap_or_else(|error| panic!("{error}\n{refusal}"));
            if gone.is_none() {
                takes_both_turns(&pair, "what is there").await;
            }
        }
    }
}

/// What a restriction keeps off on everything may be held on the object.
#[tokio::test(flavor = "multi_thread")]
async fn a_privilege_on_the_object_counts_beside_a_restriction() {
    let version = MySqlVersion::MySql97;
    if !mysql_versions().contains(&version) {
        return;
    }
    let server = MySql::shared(version).await;
    let pair = pair(server, "beside").await;
    change(
        server,
        "beside",
        &[
            "GRANT SELECT, INSERT, CREATE USER, PROCESS ON *.* TO {m} WITH GRANT OPTION",
            "REVOKE INSERT ON {b}_d.* FROM {m}",
            "GRANT INSERT ON {b}_d.t TO {m} WITH GRANT OPTION",
            "GRANT SELECT, INSERT ON {b}_d.t TO {b}",
        ],
    )
    .await;
    takes_both_turns(&pair, "beside a restriction").await;
    change(server, "beside", &["GRANT INSERT ON {b}_d.* TO {b}"]).await;
    let refusal =
        pair.set_up_next_user(Target::Clone, "pw-Of-the-clone-1").await.expect_err("a refusal").to_string();
    for statement in remedy(&refusal, "an administrator") {
        server.execute(&statement).await;
    }
    takes_both_turns(&pair, &refusal).await;
}

/// Who lacks `SYSTEM_USER` grants and revokes no role that has it.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_has_system_user_is_refused_with_what_the_superuser_lacks() {
    let version = MySqlVersion::MySql97;
    if !mysql_versions().contains(&version) {
        return;
    }
    let server = MySql::shared(version).await;
    let pair = pair(server, "sysrole").await;
    change(
        server,
        "sysrole",
        &[
            "CREATE ROLE {b}_r",
            "GRANT SYSTEM_USER ON *.* TO {b}_r",
            "GRANT {b}_r TO {b}",
            "GRANT SELECT, CREATE USER, PROCESS ON *.* TO {m}",
            "GRANT ROLE_ADMIN ON *.* TO {m}",
        ],
    )
    .await;
    let refusal =
        pair.set_up_next_user(Target::Clone, "pw-Of-the-clone-1").await.expect_err("a refusal").to_string();
    let remedy = remedy(&refusal, "an administrator");
    assert_eq!(remedy, ["GRANT SYSTEM_USER ON *.* TO `sysrole_m`@`%`"], "{refusal}");
    server.execute(&remedy[0]).await;
    takes_both_turns(&pair, "with SYSTEM_USER").await;
}
