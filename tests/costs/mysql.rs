//! What a rotation may cost on MySQL and MariaDB.

use rotation::Strategy;
use testbed::crash::{Crash, Moment};
use testbed::{Application, InProcess, MySql, MySqlOptions, Server, Setup, mysql_versions};

use super::rotation_costs;
use crate::support::setups_that_a_function_keeps_equal;

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_costs_no_more_than_the_limits_on_mysql_and_mariadb() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let engine = if version.is_mariadb() { "MariaDB" } else { "MySQL" };
        for setup in server.setups_with_either_promotion() {
            rotation_costs(server, setup, engine).await;
        }
    }
}

/// One wrong sign-in would lock such an account, and none happens while nothing fails.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_locked_by_one_failed_sign_in_is_never_locked() {
    for version in mysql_versions() {
        let settings = [("max-password-errors", "1")];
        let settings: &[(&str, &str)] = if version.is_mariadb() { &settings } else { &[] };
        let server = MySql::start(version, MySqlOptions { settings, ..MySqlOptions::default() }).await;
        let early = server.setups_promoting_in_set_secret();
        for setup in setups_that_a_function_keeps_equal(&server).into_iter().chain(early) {
            let application = Application::start(&server, setup).await;
            let account = format!("`{}`@`%`", application.app.user());
            if !version.is_mariadb() {
                server
                    .execute(&format!(
                        "ALTER USER {account} FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME UNBOUNDED"
                    ))
                    .await;
                server.execute(&format!("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {account}")).await;
            }
            for _turn in 0..3 {
                application.rotate_ok().await;
                assert!(application.signs_in("AWSCURRENT").await, "on {version}");
            }
        }
    }
}

/// After a crash a user that changes its own password has to find out which is right; the others always know one.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_the_limits_of_failed_sign_ins_that_the_readme_names_are_enough() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let server = MySql::shared(version).await;
        let strategies: [(_, Strategy, _); 5] = [
            (Setup::mysql_single_user(), Strategy::SingleUser, 3),
            (Setup::mysql_single_user().promoting_in_set_secret(), Strategy::SingleUser, 3),
            (Setup::mysql_alternating_users(), Strategy::AlternatingUsers, 1),
            (Setup::mysql_alternating_users().without_superuser(), Strategy::AlternatingUsers, 2),
            (Setup::mysql_dual_password(), Strategy::DualPassword, 1),
        ];
        for (setup, strategy, limit) in strategies {
            let application = Application::start(server, setup).await;
            let mut users = vec![application.app.user().to_owned()];
            // The clone that a person has created.
            users.extend(application.credentials("AWSPREVIOUS").await.map(|clone| clone.user));
            for user in users {
                let rule = format!("FAILED_LOGIN_ATTEMPTS {limit} PASSWORD_LOCK_TIME UNBOUNDED");
                server.execute(&format!("ALTER USER `{user}`@`%` {rule}")).await;
                server.execute(&format!("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO `{user}`@`%`")).await;
            }
            let function = InProcess::of(&application, strategy).await;
            for at in 1..20 {
                let pending = application.begin().await;
                function.run(&application, &pending, &Crash::at(at, Moment::After)).await;
                assert!(function.run(&application, &pending, &Crash::never()).await, "crash after call {at}");
            }
        }
    }
}
