//! Partial revokes, as on Aurora: of the base, of the clone and of the superuser. No statement gives what one of them takes from
//! the base, and nothing that the application may do is lost.

use rotation::Target;
use testbed::{Credentials, MySql, MySqlOptions, MySqlVersion, mysql_versions, remedies, remedy};

use crate::support::UserPair;

/// A base without rights, and a superuser: a restricted one, shaped like RDS's master, or one that may do everything.
async fn pair<'a>(server: &'a MySql, base: &str, restricted: bool) -> UserPair<'a> {
    let superuser = server.create_superuser(&format!("{base}_m")).await;
    if !restricted {
        server.execute(&format!("GRANT ALL PRIVILEGES ON *.* TO `{base}_m`@`%` WITH GRANT OPTION")).await;
    }
    server.execute(&format!("CREATE USER `{base}`@`%` IDENTIFIED BY 'pw-Of-the-base-1'")).await;
    let pair = UserPair::of(server, superuser, base);
    change(&pair, &["CREATE DATABASE {b}_eu", "CREATE TABLE {b}_eu.t (a INT, b INT)"]).await;
    pair
}

/// Runs statements as root, about the base `{b}` and the clone `{c}`.
async fn change(pair: &UserPair<'_>, statements: &[&str]) {
    for statement in statements {
        let statement =
            statement.replace("{b}", &pair.alternation.base.0).replace("{c}", &pair.alternation.clone.0);
        pair.server.execute(&statement).await;
    }
}

async fn turn_to_base(pair: &UserPair<'_>) {
    pair.set_up_next_user(Target::Base, "pw-Of-the-base-2").await.unwrap_or_else(|error| panic!("{error}"));
}

async fn refused(pair: &UserPair<'_>, next: Target) -> String {
    let rows = async || {
        let (base, clone) = (&pair.alternation.base.0, &pair.alternation.clone.0);
        (pair.server.rows_about(base).await, pair.server.rows_about(clone).await)
    };
    let before = rows().await;
    let error = pair.set_up_next_user(next, "pw-Of-the-base-3").await.expect_err("a refusal").to_string();
    assert_eq!(rows().await, before, "something was changed: {error}");
    error
}

async fn server() -> Option<&'static MySql> {
    let version = MySqlVersion::MySql97;
    if mysql_versions().contains(&version) { Some(MySql::shared(version).await) } else { None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restriction_ends_with_the_privilege_that_it_restricts() {
    let Some(server) = server().await else { return };
    for restricted in [false, true] {
        let pair = pair(server, &format!("ends{restricted}"), restricted).await;
        change(
            &pair,
            &[
                "GRANT SELECT, DELETE, INSERT, UPDATE ON *.* TO {b}",
                "REVOKE DELETE, INSERT, UPDATE ON mysql.* FROM {b}",
                "REVOKE DELETE, INSERT, UPDATE ON sys.* FROM {b}",
            ],
        )
        .await;
        pair.turn_to_clone("at first").await;
        pair.are_equal("at first").await;
        turn_to_base(&pair).await;
        for gone in ["DELETE", "INSERT, UPDATE", "SELECT"] {
            change(&pair, &[&format!("REVOKE {gone} ON *.* FROM {{b}}")]).await;
            let log = server.log();
            pair.turn_to_clone(gone).await;
            pair.are_equal(gone).await;
            let granted =
                log.text().lines().any(|line| line.contains("Query\tGRANT") && line.contains("`ends"));
            assert!(!granted, "{}", log.text());
        }
    }
}

/// Either remedy works, and gives the base what the clone has and no more.
#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_lost_a_restricted_right_is_given_it_with_its_restrictions() {
    let Some(server) = server().await else { return };
    for gives in [true, false] {
        let pair = pair(server, &format!("lost{gives}"), false).await;
        change(&pair, &["GRANT SELECT, INSERT ON *.* TO {b}", "REVOKE INSERT ON mysql.* FROM {b}"]).await;
        pair.turn_to_clone("at first").await;
        change(&pair, &["REVOKE INSERT ON *.* FROM {b}"]).await;
        let refusal = refused(&pair, Target::Base).await;
        let [give, take] = &remedies(&refusal)[..] else { panic!("two: {refusal}") };
        for statement in &if gives { give } else { take }.statements {
            server.execute(statement).await;
        }
        turn_to_base(&pair).await;
        pair.are_equal(&refusal).await;
        let base = server.rows_about(&pair.alternation.base.0).await;
        let restricted = base.iter().any(|row| row.contains("\"INSERT\"") && row.contains("\"mysql\""));
        assert_eq!(restricted, gives, "{base:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_was_restricted_in_the_clones_turn_is_refused_and_stays_restricted() {
    let Some(server) = server().await else { return };
    for restricted in [false, true] {
        let pair = pair(server, &format!("shop{restricted}"), restricted).await;
        change(
            &pair,
            &[
                "GRANT SELECT, INSERT ON *.* TO {b}",
                "REVOKE INSERT ON mysql.* FROM {b}",
                "REVOKE INSERT ON sys.* FROM {b}",
            ],
        )
        .await;
        pair.turn_to_clone("at first").await;
        change(&pair, &["REVOKE INSERT ON {b}_eu.* FROM {b}"]).await;
        let base = server.rows_about(&pair.alternation.base.0).await;
        let refusal = refused(&pair, Target::Base).await;
        assert!(refusal.contains("_eu`.*") && remedies(&refusal).len() == 1, "{refusal}");
        // A master can run this as well: it is not restricted there.
        let mut master = server.sign_in(&pair.superuser, "").await.expect("the master signs in");
        for statement in remedy(&refusal, "an administrator") {
            testbed::mysql::run(&mut master, &statement)
                .await
                .unwrap_or_else(|error| panic!("{error}: {statement}"));
        }
        turn_to_base(&pair).await;
        assert_eq!(server.rows_about(&pair.alternation.base.0).await, base);
    }
}

/// The comparison is of what the clone may do, not of how either account holds it.
#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_may_do_all_that_the_clone_may_rotates() {
    let Some(server) = server().await else { return };
    let pair = pair(server, "wide", false).await;
    change(
        &pair,
        &[
            "GRANT INSERT ON *.* TO {b}",
            "GRANT SELECT ON {b}_eu.* TO {b}",
            "GRANT UPDATE (a) ON {b}_eu.t TO {b}",
        ],
    )
    .await;
    pair.turn_to_clone("at first").await;
    for statements in [
        &["REVOKE INSERT ON {b}_eu.* FROM {c}"][..],
        &["GRANT SELECT ON *.* TO {b}", "REVOKE SELECT ON {b}_eu.* FROM {b}"],
        &["GRANT UPDATE ON {b}_eu.t TO {b}"],
    ] {
        change(&pair, statements).await;
        turn_to_base(&pair).await;
    }
    // The first is more than the base may do, the second less.
    change(&pair, &["GRANT DELETE ON {b}_eu.* TO {c}", "GRANT DELETE ON {b}_eu.t TO {b}"]).await;
    let refusal = refused(&pair, Target::Base).await;
    assert!(refusal.contains("DELETE ON `wide_eu`.*"), "{refusal}");
}

/// Nobody on Aurora can grant what its master is restricted in: said before anything is made, with what can be done.
#[tokio::test(flavor = "multi_thread")]
async fn a_restricted_master_is_refused_what_it_cannot_grant_or_revoke() {
    let Some(server) = server().await else { return };
    let pair = pair(server, "aurora", true).await;
    change(&pair, &["GRANT SELECT, INSERT ON *.* TO {b}", "REVOKE INSERT ON mysql.* FROM {b}"]).await;
    let refusal = refused(&pair, Target::Clone).await;
    for part in [
        "keep the superuser `aurora_m`@`%`",
        "GRANT INSERT ON `sys`.* TO",
        "RDS and Aurora have none",
        "single user",
    ] {
        assert!(refusal.contains(part), "{part} is not said: {refusal}");
    }
    assert!(!refusal.contains("ON `mysql`.* TO"), "{refusal}");
    for statement in remedy(&refusal, "an administrator without these restrictions") {
        server.execute(&statement).await;
    }
    pair.turn_to_clone("after the remedy").await;
    pair.are_equal("after the remedy").await;
    turn_to_base(&pair).await;
    // A later change, and a revoke.
    change(&pair, &["GRANT UPDATE ON *.* TO {b}"]).await;
    assert!(refused(&pair, Target::Clone).await.contains("GRANT UPDATE ON `mysql`.* TO"));
    change(&pair, &["REVOKE UPDATE ON *.* FROM {b}", "GRANT DELETE ON *.* TO {c}"]).await;
    let refusal = refused(&pair, Target::Clone).await;
    for statement in remedy(&refusal, "an administrator without these restrictions") {
        server.execute(&statement).await;
    }
    pair.turn_to_clone("after the second remedy").await;
    pair.are_equal("after the second remedy").await;
}

/// The narrower rights that a refusal names: on the application's databases, and on everything as the master grants it.
#[tokio::test(flavor = "multi_thread")]
async fn a_restricted_master_can_copy_what_it_grants() {
    let Some(server) = server().await else { return };
    let pair = pair(server, "narrow", true).await;
    let mut master = server.sign_in(&pair.superuser, "").await.expect("the master signs in");
    for statement in
        ["GRANT ALL PRIVILEGES ON narrow_eu.* TO narrow", "GRANT SELECT, INSERT, UPDATE ON *.* TO narrow"]
    {
        testbed::mysql::run(&mut master, statement)
            .await
            .unwrap_or_else(|error| panic!("{error}: {statement}"));
        let log = server.log();
        pair.set_up_next_user(Target::Clone, "pw-Of-the-clone-1")
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        pair.gave_nothing_more(&log.text(), statement).await;
        pair.are_equal(statement).await;
        turn_to_base(&pair).await;
    }
}

/// SHOW GRANTS shows it beside no other restriction, so the grant tables are asked. (They lose it at an ALTER USER, 9.7.4: the
/// server then knows it until it reads its tables again: at its next start, or as soon as a statement about accounts fails, such as
/// CREATE USER of one that exists. So no other test may use this server.)
#[tokio::test(flavor = "multi_thread")]
async fn a_clone_has_no_grant_option_where_the_base_is_restricted_from_it() {
    if !mysql_versions().contains(&MySqlVersion::MySql97) {
        return;
    }
    let server = &MySql::start(MySqlVersion::MySql97, MySqlOptions::default()).await;
    for (number, (granted, restricted)) in
        [("SELECT", "GRANT OPTION"), ("SELECT, UPDATE", "UPDATE, GRANT OPTION")].into_iter().enumerate()
    {
        let pair = pair(server, &format!("handson{number}"), false).await;
        change(&pair, &["CREATE USER {b}_x", &format!("GRANT {granted} ON *.* TO {{b}} WITH GRANT OPTION")])
            .await;
        for may in [true, false] {
            if !may {
                turn_to_base(&pair).await;
                change(&pair, &[&format!("REVOKE {restricted} ON {{b}}_eu.* FROM {{b}}")]).await;
            }
            pair.turn_to_clone(restricted).await;
            let (user, password) = (pair.alternation.clone.0.clone(), "pw-Of-the-clone-1".to_owned());
            let mut clone =
                server.sign_in(&Credentials { user, password }, "").await.expect("the clone signs in");
            let given = format!("GRANT SELECT ON handson{number}_eu.* TO handson{number}_x");
            assert_eq!(testbed::mysql::run(&mut clone, &given).await.is_ok(), may, "{restricted}");
        }
    }
}

/// A server lets a restricted superuser revoke it beside a static privilege only.
#[tokio::test(flavor = "multi_thread")]
async fn a_restricted_master_revokes_a_dynamic_privilege_that_the_base_lost() {
    let Some(server) = server().await else { return };
    let pair = pair(server, "dynamic", true).await;
    change(&pair, &["GRANT XA_RECOVER_ADMIN, FLUSH_STATUS ON *.* TO {b}"]).await;
    pair.turn_to_clone("at first").await;
    for gone in ["XA_RECOVER_ADMIN", "FLUSH_STATUS"] {
        turn_to_base(&pair).await;
        change(&pair, &[&format!("REVOKE {gone} ON *.* FROM {{b}}")]).await;
        pair.set_up_next_user(Target::Clone, "pw-Of-the-clone-1")
            .await
            .unwrap_or_else(|error| panic!("{gone}: {error}"));
        pair.are_equal(gone).await;
    }
}

/// The server goes on with an interval in memory when it is told DEFAULT.
#[tokio::test(flavor = "multi_thread")]
async fn a_clone_whose_password_expires_otherwise_than_its_bases_is_equal_again() {
    let Some(server) = server().await else { return };
    let pair = pair(server, "expires", true).await;
    pair.turn_to_clone("at first").await;
    change(&pair, &["ALTER USER {c} PASSWORD EXPIRE INTERVAL 90 DAY"]).await;
    pair.turn_to_clone("an interval").await;
    let shown = server.values("SHOW CREATE USER expires_clone").await.concat();
    assert!(shown.contains("PASSWORD EXPIRE DEFAULT"), "{shown}");
}
