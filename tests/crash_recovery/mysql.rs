//! Crashes on MySQL and MariaDB, where an alternation is not one transaction.

use std::collections::BTreeSet;

use rotation::Strategy;
use testbed::crash::Crash;
use testbed::fault_proxy::Fault;
use testbed::{
    Application, FaultProxy, InProcess, MySql, MySqlOptions, STEPS, Server, Setup, mysql_versions,
};

use super::{a_crash_at_any_call, given_up_after_a_crash, takes_over_from_abandoned_ones, two_crashes};
use crate::support::mysql::server_with_two_passwords;
use crate::support::nothing_is_lost;

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_call_is_fixed_by_a_retry() {
    for version in mysql_versions() {
        let server = server_with_two_passwords(version).await;
        let single_user = Setup::mysql_single_user();
        for setup in [single_user.clone(), single_user.promoting_in_set_secret()] {
            a_crash_at_any_call(&server, setup, Strategy::SingleUser, 14).await;
        }
        a_crash_at_any_call(&server, Setup::mysql_alternating_users(), Strategy::AlternatingUsers, 19).await;
        let alone = Setup::mysql_alternating_users().without_superuser();
        a_crash_at_any_call(&server, alone, Strategy::AlternatingUsers, 19).await;
        if !version.is_mariadb() {
            a_crash_at_any_call(&server, Setup::mysql_dual_password(), Strategy::DualPassword, 14).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_crashes_in_a_row_or_one_and_an_abandoned_rotation_lose_nothing() {
    for version in mysql_versions() {
        let server = server_with_two_passwords(version).await;
        let single_user = Setup::mysql_single_user();
        for setup in [single_user.clone(), single_user.promoting_in_set_secret()] {
            two_crashes(&server, setup.clone(), Strategy::SingleUser).await;
            given_up_after_a_crash(&server, setup, Strategy::SingleUser).await;
        }
        two_crashes(&server, Setup::mysql_alternating_users(), Strategy::AlternatingUsers).await;
        let alone = Setup::mysql_alternating_users().without_superuser();
        two_crashes(&server, alone.clone(), Strategy::AlternatingUsers).await;
        given_up_after_a_crash(&server, Setup::mysql_alternating_users(), Strategy::AlternatingUsers).await;
        given_up_after_a_crash(&server, alone, Strategy::AlternatingUsers).await;
        if !version.is_mariadb() {
            two_crashes(&server, Setup::mysql_dual_password(), Strategy::DualPassword).await;
            given_up_after_a_crash(&server, Setup::mysql_dual_password(), Strategy::DualPassword).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_rotation_takes_over_from_an_abandoned_one() {
    for version in mysql_versions() {
        let server = server_with_two_passwords(version).await;
        for setup in server.setups().into_iter().filter(|setup| !setup.function.contains("single")) {
            let application = Application::start(&server, setup).await;
            for _turn in 0..2 {
                takes_over_from_abandoned_ones(&application).await;
            }
        }
    }
}

/// The connection is cut after each statement of setSecret. Whenever the user signs in with the new password, it has every privilege.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_any_two_statements_of_a_new_clones_alternation_is_fixed_by_a_retry() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let proxy = FaultProxy::to(server.port(), Fault::None).await;
        let mut reached = BTreeSet::new();
        let mut all = 0;
        // Less than the bytes of the shortest statement.
        for cut in (1300..).step_by(50) {
            // A new application each time: creating the clone takes the most statements.
            let application =
                Application::through_proxy(&server, &proxy, Setup::mysql_alternating_users()).await;
            let user = application.app.user().to_owned();
            let (account, database) = (format!("`{user}`@`%`"), &application.app.database);
            for grant in [
                format!("GRANT SELECT ON *.* TO {account}"),
                format!("CREATE TABLE {database}.t (a INT)"),
                format!("GRANT TRIGGER, UPDATE (a) ON {database}.t TO {account}"),
                format!("ALTER USER {account} WITH MAX_USER_CONNECTIONS 50"),
            ] {
                server.execute(&grant).await;
            }
            let function = InProcess::of(&application, Strategy::AlternatingUsers).await;
            let context = format!("cut after {cut} bytes on {version}");
            let pending = application.begin().await;
            function.step(&application, STEPS[0], &pending, &Crash::never()).await.expect(STEPS[0]);
            proxy.becomes(Fault::CutsAfter(cut));
            let log = server.log();
            let set = function.step(&application, STEPS[1], &pending, &Crash::never()).await;
            // The server executes what has arrived before it notices that the client is gone.
            let superusers = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'master'";
            while server.values(superusers).await != ["0"] {}
            let text = log.text();
            let changes = text.lines().filter(|line| line.contains(&format!("{user}_clone")));
            let changes = changes.filter(|line| {
                ["Query\tCREATE", "Query\tGRANT", "Query\tALTER"].iter().any(|q| line.contains(q))
            });
            let changes = changes.count();
            reached.insert(changes);
            all = all.max(changes);
            proxy.becomes(Fault::None);
            nothing_is_lost(&application, false, &context).await;
            if application.signs_in("AWSPENDING").await {
                let (base, clone) =
                    (server.rows_about(&user).await, server.rows_about(&format!("{user}_clone")).await);
                assert_eq!(base, clone, "{context}: it signs in without every right");
            } else if changes > 0 {
                // With no other password either.
                let shown = server.values(&format!("SHOW CREATE USER `{user}_clone`@`%`")).await.concat();
                assert!(shown.contains("ACCOUNT LOCK"), "{context}: {shown}");
            }
            assert!(function.run(&application, &pending, &Crash::never()).await, "{context}");
            let (base, clone) =
                (server.rows_about(&user).await, server.rows_about(&format!("{user}_clone")).await);
            assert_eq!(base, clone, "{context}");
            if set.is_ok() {
                break;
            }
        }
        assert!(all >= 5, "only {all} statements on {version}");
        assert_eq!(reached, (0..=all).collect(), "not cut everywhere on {version}");
    }
}

/// A grant that fails in the middle: the password is not set, and nothing is promoted.
#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_could_not_get_a_privilege_is_never_promoted_without_it() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = Application::start(&server, Setup::mysql_alternating_users()).await;
        let user = application.app.user().to_owned();
        application.rotate_ok().await;
        application.rotate_ok().await;
        server.execute(&format!("GRANT TRIGGER ON {}.* TO `{user}`@`%`", application.app.database)).await;
        // GRANT waits for this lock, and gives up.
        let mut holder = server.root_session().await;
        testbed::mysql::run(&mut holder, "FLUSH TABLES WITH READ LOCK").await.expect("root may");
        let failure = application.rotate_expect_err().await;
        assert!(failure.starts_with("SetSecret LockTimeout: "), "{failure}");
        assert!(application.signs_in("AWSCURRENT").await && !application.signs_in("AWSPENDING").await);
        let current = application.credentials("AWSCURRENT").await.expect("a current version");
        assert_eq!(current.user, user);
        testbed::mysql::run(&mut holder, "UNLOCK TABLES").await.expect("root may");
        application.rotate_ok().await;
        let current = application.credentials("AWSCURRENT").await.expect("a current version");
        assert_eq!(current.user, format!("{user}_clone"));
        assert_eq!(server.rows_about(&user).await, server.rows_about(&current.user).await);
    }
}

/// The same for an existing clone: it signs in with the new password only once it has the new privileges.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_any_two_statements_of_an_existing_clones_alternation_is_fixed_by_a_retry() {
    let server = MySql::start(mysql_versions()[0], MySqlOptions::default()).await;
    let proxy = FaultProxy::to(server.port(), Fault::None).await;
    let application = Application::through_proxy(&server, &proxy, Setup::mysql_alternating_users()).await;
    let function = InProcess::of(&application, Strategy::AlternatingUsers).await;
    let (user, database) = (application.app.user().to_owned(), &application.app.database);
    let mut reached = BTreeSet::new();
    for (number, cut) in (1500..).step_by(50).enumerate() {
        for _turn in 0..2 {
            application.rotate_ok().await;
        }
        server.execute(&format!("CREATE TABLE {database}.t{number} (a INT)")).await;
        server.execute(&format!("GRANT SELECT ON {database}.t{number} TO `{user}`@`%`")).await;
        let pending = application.begin().await;
        function.step(&application, STEPS[0], &pending, &Crash::never()).await.expect(STEPS[0]);
        proxy.becomes(Fault::CutsAfter(cut));
        let set = function.step(&application, STEPS[1], &pending, &Crash::never()).await;
        let superusers = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'master'";
        while server.values(superusers).await != ["0"] {}
        proxy.becomes(Fault::None);
        let equal = server.rows_about(&user).await == server.rows_about(&format!("{user}_clone")).await;
        let signs_in = application.signs_in("AWSPENDING").await;
        assert!(equal || !signs_in, "cut after {cut} bytes: it signs in without every right");
        reached.insert((equal, signs_in));
        assert!(function.run(&application, &pending, &Crash::never()).await, "cut after {cut} bytes");
        application.rotate_ok().await;
        if set.is_ok() {
            break;
        }
    }
    assert_eq!(reached, [(false, false), (true, false), (true, true)].into(), "not cut everywhere");
}
