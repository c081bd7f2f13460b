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
                application.rotate_ok().await;
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
