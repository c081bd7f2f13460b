//! On MySQL and MariaDB.

use std::net::Ipv4Addr;

use testbed::{Application, Credentials, MySql, MySqlOptions, Setup, mysql_versions};

use super::{
    Expected, Since, a_refusal_ends_when_the_sessions_do, exactly_the_three_that_never_refresh_are_named,
    wait_for,
};

fn setups() -> [Setup<'static>; 2] {
    [Setup::mysql_alternating_users(), Setup::mysql_alternating_users().without_superuser()]
}

async fn count(server: &MySql, user: &str, expected: usize) {
    let user = testbed::mysql::text(user);
    let query = format!("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = {user}");
    wait_for(expected, async || server.values(&query).await.concat()).await;
}

/// The driver of the tests gives no name. With the performance schema, which would hold it; the other tests are without.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_clients_exactly_the_three_that_never_refresh_are_named() {
    for version in mysql_versions() {
        let settings = [("performance-schema", "ON"), ("max-connections", "300")];
        let server =
            MySql::start(version, MySqlOptions { settings: &settings, ..MySqlOptions::default() }).await;
        for setup in setups() {
            let application = Application::start(&server, setup).await;
            let sign_in = async |address: Ipv4Addr, _name: &str, as_user: &Credentials| {
                server.sign_in_from(address, as_user).await.expect("it signs in")
            };
            let count = async |user: &str, expected| count(&server, user, expected).await;
            let expected = Expected { turns: 1, shows_names: false };
            exactly_the_three_that_never_refresh_are_named(&application, sign_in, count, expected).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_set_to_refuse_goes_on_when_the_sessions_have_ended() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for setup in setups() {
            let sign_in = async |as_user: &Credentials, database: &str| {
                server.sign_in(as_user, database).await.expect("it signs in")
            };
            let count = async |user: &str, expected| count(server, user, expected).await;
            a_refusal_ends_when_the_sessions_do(server, setup, sign_in, count).await;
        }
    }
}

/// Without PROCESS the server shows a superuser no session of others, and no error: none seen is not none.
#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_without_process_cannot_tell_and_only_a_function_that_is_set_to_refuse_stops() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let setup = Setup::mysql_alternating_users();
        let environment = vec![("REFUSE_WHILE_IDLE_USER_HAS_SESSIONS", "true")];
        let refusing = Application::start(&server, Setup { environment, ..setup.clone() }).await;
        let application = Application::start(&server, setup).await;
        for application in [&application, &refusing] {
            application.rotate_ok().await;
        }
        let holder = if version.is_mariadb() { "`master`@`%`" } else { "`master_role`" };
        server.execute(&format!("REVOKE PROCESS ON *.* FROM {holder}")).await;
        for _turn in 0..2 {
            let before = Since::now(&application);
            application.rotate_ok().await;
            assert_eq!(before.metric(), Vec::<f64>::new());
            let said = before.said("cannot see who has open sessions as ");
            assert!(said.len() == 1 && said[0].contains("1227: ") && said[0].contains("PROCESS"), "{said:?}");
        }
        let error = refusing.rotate_expect_err().await;
        assert!(
            error.starts_with("SetSecret MissingPrivilege: cannot see who has open sessions as "),
            "{error}"
        );
        server.execute("GRANT PROCESS ON *.* TO `master`@`%`").await;
        refusing.rotate_ok().await;
    }
}

/// `RotateImmediately=false` signs in as the idle user only without a superuser, and no other application's user sees its sessions.
#[tokio::test(flavor = "multi_thread")]
async fn a_test_without_rotating_names_the_clients_if_the_idle_user_itself_signs_in() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for (setup, metric) in setups().into_iter().zip([vec![], vec![1.0]]) {
            let application = Application::start(server, setup).await;
            application.rotate_ok().await;
            let old = application.credentials("AWSCURRENT").await.expect("a current version");
            let session = server.sign_in(&old, "").await.expect("it signs in");
            application.rotate_ok().await;
            let new = application.credentials("AWSCURRENT").await.expect("a current version");
            let refreshed = server.sign_in(&new, "").await.expect("it signs in");
            let before = Since::now(&application);
            application.probe().await;
            assert_eq!(before.metric(), metric);
            let said = before
                .said("has open sessions, and the next rotation changes its password: 1 session: 1 from ");
            assert_eq!(said.len(), metric.len(), "{said:?}");
            drop((session, refreshed));
            count(server, &old.user, 0).await;
        }
    }
}
