//! Single user on MySQL and MariaDB: a user can have several accounts, one for each host, and can change only its own.

use std::net::Ipv4Addr;

use serde_json::json;
use testbed::{Application, Credentials, MySql, MySqlOptions, Server, Setup, mysql_versions};

use crate::support::ADD_SUPERUSER;

const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A server, and an application whose user has an account at `localhost`, from where the functions come, one of the same password
/// elsewhere, and one of another.
async fn start<'a>(server: &'a MySql, setup: Setup<'_>) -> Application<'a, MySql> {
    let application = Application::start(server, setup).await;
    let user = application.app.user();
    let password = testbed::mysql::text(&application.app.credentials.password);
    server.allow_two_passwords(&application.app).await;
    for statement in [
        format!("RENAME USER `{user}`@`%` TO `{user}`@`localhost`"),
        format!("CREATE USER `{user}`@`127.0.0.2` IDENTIFIED BY {password}"),
        format!("CREATE USER `{user}`@`127.0.0.3` IDENTIFIED BY 'another-1-Password'"),
    ] {
        server.execute(&statement).await;
    }
    application
}

async fn add_superuser(application: &Application<'_, MySql>) {
    let mut current = application.stored("AWSCURRENT").await.expect("a first version");
    current["masterarn"] = json!(application.superuser_arn);
    application.store_current(&current).await;
}

async fn signs_in_elsewhere(application: &Application<'_, MySql>) -> bool {
    let current = application.credentials("AWSCURRENT").await.expect("a current version");
    application.server.sign_in_from(ELSEWHERE, &current).await.is_ok()
}

/// The account of another password is not this secret's.
async fn the_third_is_left_alone(application: &Application<'_, MySql>) {
    let user = application.app.user().to_owned();
    let third = Credentials { user, password: "another-1-Password".to_owned() };
    let session = application.server.sign_in_from(Ipv4Addr::new(127, 0, 0, 3), &third).await;
    assert!(session.is_ok(), "on {}", application.server.version());
}

/// How a user comes to see its other accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// It may read the accounts.
    InTheTable,
    /// By a session from there, which MariaDB shows up to 11.7 or so.
    ByASession,
}

#[tokio::test(flavor = "multi_thread")]
async fn other_accounts_that_a_user_can_see_are_refused_or_set_by_a_superuser() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        for seen in [Seen::InTheTable, Seen::ByASession] {
            if seen == Seen::ByASession && version == testbed::MySqlVersion::MariaDb118 {
                continue;
            }
            for setup in server.setups().into_iter().filter(|setup| !setup.function.contains("alternating")) {
                let application = start(&server, setup.clone()).await;
                let first = application.app.credentials.clone();
                let _session = match seen {
                    Seen::InTheTable => {
                        let grant = format!("GRANT SELECT ON mysql.* TO `{}`@`localhost`", first.user);
                        server.execute(&grant).await;
                        None
                    }
                    Seen::ByASession => {
                        Some(server.sign_in_from(ELSEWHERE, &first).await.expect("it signs in"))
                    }
                };
                let refusal = application.rotate_expect_err().await;
                assert!(refusal.starts_with("SetSecret Refused: "), "{refusal}");
                assert!(refusal.contains("127.0.0.2"), "{seen:?} on {version}: {refusal}");
                assert!(application.signs_in("AWSCURRENT").await && signs_in_elsewhere(&application).await);
                if setup.function.contains("dual") {
                    assert!(refusal.contains("rotate by alternating users"), "{refusal}");
                    continue;
                }
                assert!(refusal.ends_with(ADD_SUPERUSER), "{refusal}");
                add_superuser(&application).await;
                let log = server.log();
                application.rotate_ok().await;
                let log = log.text();
                let statement =
                    log.lines().find(|line| line.contains("ALTER USER IF EXISTS")).expect("it is logged");
                let at = |host| statement.find(host).expect("both accounts are changed");
                assert!(at("localhost") < at("127.0.0.2"), "the own account comes first: {statement}");
                assert_ne!(application.credentials("AWSCURRENT").await.expect("a version"), first);
                assert!(application.signs_in("AWSCURRENT").await && signs_in_elsewhere(&application).await);
                the_third_is_left_alone(&application).await;
            }
        }
    }
}

/// Every account that had the expired password gets the next one.
#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_sets_every_account_that_had_the_expired_password() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = start(&server, Setup::mysql_single_user()).await;
        add_superuser(&application).await;
        let expire = format!("ALTER USER `{}`@`localhost` PASSWORD EXPIRE", application.app.user());
        server.execute(&expire).await;
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await && signs_in_elsewhere(&application).await);
        the_third_is_left_alone(&application).await;
    }
}

/// A server that dies during ALTER USER of several accounts has changed some of them (MariaDB; on MySQL the statement is atomic).
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_broke_off_between_two_accounts_is_completed() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        // The own account is changed first.
        for (changed, is_given_up) in [("localhost", false), ("localhost", true), ("127.0.0.2", false)] {
            let application = start(&server, Setup::mysql_single_user()).await;
            add_superuser(&application).await;
            let grant = format!("GRANT SELECT ON mysql.* TO `{}`@`localhost`", application.app.user());
            server.execute(&grant).await;
            let rotation = application.begin().await;
            application.step("createSecret", &rotation).await.expect("it succeeds");
            let pending = application.credentials("AWSPENDING").await.expect("a pending version");
            let password = testbed::mysql::text(&pending.password);
            server
                .execute(&format!("ALTER USER `{}`@`{changed}` IDENTIFIED BY {password}", pending.user))
                .await;
            if is_given_up {
                application.abandon(&rotation).await;
                application.rotate_ok().await;
            } else {
                for step in ["setSecret", "testSecret", "finishSecret"] {
                    application.step(step, &rotation).await.expect(step);
                }
            }
            let context = format!("{changed} changed, given up: {is_given_up}, on {version}");
            assert!(application.signs_in("AWSCURRENT").await, "{context}");
            assert!(signs_in_elsewhere(&application).await, "{context}");
            the_third_is_left_alone(&application).await;
        }
    }
}
