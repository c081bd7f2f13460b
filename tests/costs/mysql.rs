//! What a rotation may cost on MySQL and MariaDB.

use bed::crash::{Crash, Moment};
use bed::{Application, InProcess, MySql, MySqlOptions, Server, Setup, mysql_versions};
use rotation::{AlternatingUsers, DualPassword, SingleUser, Strategy};

use super::{counted, counts};

/// One rotation: how often values are read, beside the calls that every strategy makes, and who signs in.
async fn costs(application: &Application<'_, MySql>, values: usize, sign_ins: usize) {
    let version = application.server.version();
    application.local.clear_calls();
    let log = application.server.log();
    application.rotate_well().await;
    let calls = [
        ("RotateSecret", 1),
        ("DescribeSecret", 4),
        ("GetSecretValue", values),
        ("PutSecretValue", 1),
        ("UpdateSecretVersionStage", 1),
    ];
    assert_eq!(counted(application), counts(&calls), "on {version}");
    let base = application.app.user().to_owned();
    let users = [base.clone(), format!("{base}_clone"), application.server.admin().await.user.clone()];
    let signed_in: usize = users.iter().map(|user| log.authorized(user)).sum();
    let failed: usize = users.iter().map(|user| log.failed(user)).sum();
    assert_eq!((signed_in, failed), (sign_ins, 0), "on {version}: {}", log.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_of_one_user_costs_10_calls_and_2_sign_ins() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_single_user()).await;
        application.rotate_well().await;
        costs(&application, 4, 2).await;
        if !version.is_mariadb() {
            let application = Application::start(server, Setup::mysql_dual_password()).await;
            let grant =
                format!("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO `{}`@`%`", application.app.user());
            server.execute(&grant).await;
            application.rotate_well().await;
            costs(&application, 4, 2).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_of_alternating_users_costs_13_calls_and_4_sign_ins() {
    for version in mysql_versions() {
        // A server of its own: the superuser's sign-ins are counted as well.
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = Application::start(&server, Setup::mysql_alternating_users()).await;
        for _turn in 0..3 {
            costs(&application, 7, 4).await;
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
        for setup in server.setups() {
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
                application.rotate_well().await;
                assert!(application.signs_in("AWSCURRENT").await, "on {version}");
            }
        }
    }
}

/// After a crash single user has to find out which password is right; the others always know one.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_the_limits_of_failed_sign_ins_that_the_readme_names_are_enough() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let server = MySql::shared(version).await;
        let strategies: [(_, &'static dyn Strategy, _); 3] = [
            (Setup::mysql_single_user(), &SingleUser, 3),
            (Setup::mysql_alternating_users(), &AlternatingUsers, 1),
            (Setup::mysql_dual_password(), &DualPassword, 1),
        ];
        for (setup, strategy, limit) in strategies {
            let application = Application::start(server, setup).await;
            let account = format!("`{}`@`%`", application.app.user());
            let rule = format!("FAILED_LOGIN_ATTEMPTS {limit} PASSWORD_LOCK_TIME UNBOUNDED");
            server.execute(&format!("ALTER USER {account} {rule}")).await;
            server.execute(&format!("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {account}")).await;
            let function = InProcess::of(&application, strategy).await;
            for at in 1..20 {
                let pending = application.begin().await;
                function.run(&application, &pending, &Crash::at(at, Moment::After)).await;
                assert!(function.run(&application, &pending, &Crash::never()).await, "crash after call {at}");
            }
        }
    }
}
