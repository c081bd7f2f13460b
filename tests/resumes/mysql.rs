//! Crashes, repeats and twins on MySQL and MariaDB.

use std::collections::BTreeSet;
use std::time::Duration;

use rotation::Strategy;
use stress::faults::lock_of_a_turn;
use testbed::crash::Crash;
use testbed::fault_proxy::Fault;
use testbed::mysql::run;
use testbed::{
    Application, FaultProxy, InProcess, MySql, MySqlOptions, MySqlVersion, STEPS, Server, Setup,
    mysql_versions,
};

use super::{
    TIMES, a_crash_at_any_call, at_once, every_step_twice, given_up_after_a_crash, nothing_is_lost,
    takes_over_from_abandoned_ones, two_crashes,
};

/// A server on which every application's user may have two passwords.
async fn server(version: MySqlVersion) -> MySql {
    let server = MySql::start(version, MySqlOptions::default()).await;
    if !version.is_mariadb() {
        server.execute("CREATE ROLE two").await;
        server.execute("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO two").await;
        server.execute("SET PERSIST mandatory_roles = 'two'").await;
        server.execute("SET PERSIST activate_all_roles_on_login = ON").await;
    }
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_call_is_mended_by_a_retry() {
    for version in mysql_versions() {
        let server = server(version).await;
        a_crash_at_any_call(&server, Setup::mysql_single_user(), Strategy::SingleUser, 14).await;
        a_crash_at_any_call(&server, Setup::mysql_alternating_users(), Strategy::AlternatingUsers, 19).await;
        if !version.is_mariadb() {
            a_crash_at_any_call(&server, Setup::mysql_dual_password(), Strategy::DualPassword, 14).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_crashes_in_a_row_and_rotations_given_up_after_one() {
    for version in mysql_versions() {
        let server = server(version).await;
        two_crashes(&server, Setup::mysql_single_user(), Strategy::SingleUser).await;
        two_crashes(&server, Setup::mysql_alternating_users(), Strategy::AlternatingUsers).await;
        given_up_after_a_crash(&server, Setup::mysql_single_user(), Strategy::SingleUser).await;
        given_up_after_a_crash(&server, Setup::mysql_alternating_users(), Strategy::AlternatingUsers).await;
        if !version.is_mariadb() {
            two_crashes(&server, Setup::mysql_dual_password(), Strategy::DualPassword).await;
            given_up_after_a_crash(&server, Setup::mysql_dual_password(), Strategy::DualPassword).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_may_be_delivered_twice_or_run_two_to_four_times_at_once() {
    for version in mysql_versions() {
        let server = server(version).await;
        for setup in server.setups() {
            let application = Application::start(&server, setup).await;
            for times in TIMES {
                every_step_twice(&application).await;
                at_once(&application, times).await;
            }
        }
    }
}

/// Two turns of one user would grant and revoke against each other.
#[tokio::test(flavor = "multi_thread")]
async fn a_turn_waits_for_another_of_the_same_user() {
    for version in mysql_versions() {
        let server = server(version).await;
        let application = Application::start(&server, Setup::mysql_alternating_users()).await;
        let log = server.log();
        application.rotate_ok().await;
        let lock = name_of_lock(&log.text());
        // The torture asks for it.
        let of_turn = lock_of_a_turn(&server.admin().await.password, application.app.user());
        assert_eq!(lock, format!("'{of_turn}'"));
        let pending = application.begin().await;
        application.step("createSecret", &pending).await.expect("createSecret");
        let mut other = server.root_session().await;
        assert_eq!(run(&mut other, &format!("SELECT GET_LOCK({lock}, 0) = 1")).await.expect("a lock"), ["1"]);
        let user = application.app.user();
        let verifier = format!("SELECT HEX(authentication_string) FROM mysql.user WHERE User = '{user}'");
        let before = server.values(&verifier).await;
        let waiting = format!(
            "SELECT ID FROM information_schema.PROCESSLIST WHERE STATE = 'User lock' AND INFO LIKE '%{}%'",
            lock.replace('\'', "''")
        );
        let waits = async {
            while server.values(&waiting).await.is_empty() && server.values(&verifier).await == before {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert_eq!(server.values(&verifier).await, before, "it did not wait");
            run(&mut other, &format!("DO RELEASE_LOCK({lock})")).await.expect("the lock is released");
        };
        let (answer, ()) = tokio::join!(application.step("setSecret", &pending), waits);
        answer.expect("setSecret");
        assert_ne!(server.values(&verifier).await, before);
    }
}

/// The lock that a turn took, as a text of SQL.
pub(crate) fn name_of_lock(log: &str) -> String {
    let (_, name) = log.split_once("GET_LOCK('").expect("a lock");
    format!("'{}'", name.split_once('\'').expect("an end").0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_rotation_takes_over_from_an_abandoned_one() {
    for version in mysql_versions() {
        let server = server(version).await;
        for setup in server.setups().into_iter().filter(|setup| !setup.function.contains("single")) {
            let application = Application::start(&server, setup).await;
            for _turn in 0..2 {
                takes_over_from_abandoned_ones(&application).await;
            }
        }
    }
}

/// As after a restore of the database to a moment before the last rotation.
#[tokio::test(flavor = "multi_thread")]
async fn a_single_user_whose_current_password_is_refused_rotates_with_the_previous_one() {
    for version in mysql_versions() {
        let application = Application::start(MySql::shared(version).await, Setup::mysql_single_user()).await;
        let mut wrong = application.stored("AWSCURRENT").await.expect("a first version");
        wrong["password"] = "not the password".into();
        application.store_current(&wrong).await;
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await);
        assert!(application.output().contains("rotating with AWSPREVIOUS"), "{}", application.output());
    }
}

/// The statements of setSecret are cut off one by one. A user that signs in has every right, whenever it does.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_any_two_statements_of_a_clones_turn_is_mended_by_a_retry() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let proxy = FaultProxy::to(server.port(), Fault::None).await;
        let mut reached = BTreeSet::new();
        let mut all = 0;
        // Less than the shortest statement takes on the wire.
        for cut in (1300..).step_by(50) {
            // A new one each time: making the clone takes the most statements.
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
            // What had arrived is carried out before the server notices that nobody waits for it.
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
async fn a_clone_that_could_not_get_a_right_is_never_promoted_without_it() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = Application::start(&server, Setup::mysql_alternating_users()).await;
        let user = application.app.user().to_owned();
        application.rotate_ok().await;
        application.rotate_ok().await;
        server.execute(&format!("GRANT TRIGGER ON {}.* TO `{user}`@`%`", application.app.database)).await;
        // GRANT waits for whoever holds this, and gives up.
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

/// The same for a clone that has had its turns: it signs in with the new password only when it has the new rights.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_any_two_statements_of_a_clones_later_turn_is_mended_by_a_retry() {
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
