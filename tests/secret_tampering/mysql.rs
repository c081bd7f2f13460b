//! Secrets that an attacker has written, on MySQL and MariaDB.

use local_aws::DbInstance;
use serde_json::json;
use testbed::{
    Application, Credentials, MySql, MySqlOptions, MySqlVersion, Server, Setup, mysql_versions, store,
};

use crate::support::mysql::accounts;
use crate::support::{MARK, superuser_was_not_touched};

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_version_that_differs_in_more_than_user_and_password_is_refused() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for setup in server.setups() {
            let application = Application::start(server, setup.clone()).await;
            let (user, clone) = (application.app.user(), format!("{}_clone", application.app.user()));
            let before = accounts(server, &[user, &clone]).await;
            for (field, value) in [
                ("host", json!("evil.example")),
                ("port", json!(1)),
                ("engine", json!("aurora-mysql")),
                ("dbname", json!("other")),
                ("ssl", json!(false)),
                ("masterarn", json!("arn:aws:secretsmanager:us-east-1:123456789012:secret:evil-AAAAAA")),
                ("note", json!(MARK)),
            ] {
                let pending = application.begin().await;
                let mut planted = application.stored("AWSCURRENT").await.expect("a first version");
                if setup.function.contains("alternating") {
                    planted["username"] = json!(clone);
                }
                planted["password"] = json!("planted");
                planted[field] = value;
                application.store_pending(&pending, &planted).await;
                application.local.clear_calls();
                let refusal = application.step("setSecret", &pending).await.expect_err(field);
                assert!(refusal.error_message.contains(&format!("{field} is")), "{refusal:?}");
                assert!(!refusal.error_message.contains(MARK), "{refusal:?}");
                superuser_was_not_touched(&application);
                assert_eq!(accounts(server, &[user, &clone]).await, before, "{field} on {version}");
                application.abandon(&pending).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_or_current_version_for_another_user_is_refused() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let victim = server.create_app("victim").await;
        for setup in server.setups() {
            let application = Application::start(server, setup).await;
            let mut planted = application.stored("AWSCURRENT").await.expect("a first version");
            planted["username"] = json!(victim.user());
            planted["password"] = json!("planted");
            let pending = application.begin().await;
            application.store_pending(&pending, &planted).await;
            let refusal = application.step("setSecret", &pending).await.expect_err("another user");
            assert!(refusal.error_message.contains("username is"), "{refusal:?}");
            application.abandon(&pending).await;
            // The secret names a superuser, whatever the strategy.
            planted["masterarn"] = json!(application.superuser_arn);
            application.store_current(&planted).await;
            application.local.clear_calls();
            let refusal = application.rotate_expect_err().await;
            assert!(refusal.starts_with("SetSecret Refused") && refusal.contains("1045"), "{refusal}");
            superuser_was_not_touched(&application);
            assert!(server.signs_in(&victim.credentials, &victim.database).await, "on {version}");
        }
    }
}

/// The worst a writer of the secret can have: a server of its own with a certificate that we trust, an account that
/// signs in there, and our superuser's ARN.
#[tokio::test(flavor = "multi_thread")]
async fn a_current_version_for_a_server_of_its_writers_own_is_refused() {
    for version in mysql_versions() {
        let [ours, theirs] = [start(version).await, start(version).await];
        for setup in [Setup::mysql_single_user(), Setup::mysql_alternating_users()] {
            let application = Application::start(&ours, setup.clone()).await;
            let writer = theirs.create_app("writer").await;
            if setup.function.contains("single") {
                // So that the user needs the superuser.
                theirs.execute(&format!("ALTER USER {}@`%` PASSWORD EXPIRE", writer.user())).await;
            }
            let mut current = writer.secret(&theirs);
            current["masterarn"] = json!(application.superuser_arn);
            application.store_current(&current).await;
            let before = accounts(&theirs, &[writer.user()]).await;
            let logs = [ours.log(), theirs.log()];
            let refusal = application.rotate_expect_err().await;
            assert!(refusal.contains("is neither the secret's host"), "{refusal}");
            assert_eq!(accounts(&theirs, &[writer.user()]).await, before, "on {version}");
            for log in logs {
                assert_eq!(
                    (log.authorized("master"), log.failed("master")),
                    (0, 0),
                    "the superuser signed in"
                );
            }
        }
    }
}

async fn start(version: MySqlVersion) -> MySql {
    let server = MySql::start(version, MySqlOptions::default()).await;
    server.admin().await;
    server
}

/// AWS's function compares the first label of a name: `localhost.evil.example` would pass there.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_with_only_the_same_first_label_is_refused() {
    for version in mysql_versions() {
        let server = start(version).await;
        let application = Application::start(&server, Setup::mysql_alternating_users()).await;
        let instance = |identifier: &str, address: &str, replica_of: Option<&str>| DbInstance {
            identifier: identifier.into(),
            address: address.into(),
            port: server.port(),
            engine: "mysql".into(),
            replica_of: replica_of.map(str::to_owned),
            cluster: None,
        };
        application.local.register_instance(instance("primary", "primary.example", None));
        application.local.register_instance(instance("localhost", "localhost.evil.example", Some("primary")));
        let mut superuser = server.superuser_secret().await;
        superuser["host"] = json!("primary.example");
        let mut current = application.stored("AWSCURRENT").await.expect("a first version");
        current["masterarn"] = json!(store(&application.client, "elsewhere", &superuser).await);
        application.store_current(&current).await;
        let log = server.log();
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.contains("is neither the secret's host"), "{refusal}");
        assert_eq!((log.authorized("master"), log.failed("master")), (0, 0), "the superuser signed in");
    }
}

/// What an unrelated account of the clone's name may hold, and whether MariaDB has it too.
const STRONGER: [(&str, bool); 5] = [
    ("GRANT CREATE USER ON *.* TO {clone}", true),
    ("GRANT SELECT ON *.* TO {clone} WITH GRANT OPTION", true),
    ("GRANT PROXY ON `root`@`localhost` TO {clone}", true),
    ("GRANT {role} TO {clone}", true),
    ("GRANT BINLOG_ADMIN ON *.* TO {clone}", false),
];

#[tokio::test(flavor = "multi_thread")]
async fn an_unrelated_stronger_account_that_is_named_as_a_clone_is_refused() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for (grant, _) in STRONGER.into_iter().filter(|(_, both)| *both || !version.is_mariadb()) {
            let application = Application::start(server, Setup::mysql_alternating_users()).await;
            let stranger = Credentials::new(&format!("{}_clone", application.app.user()));
            let (clone, role) = (format!("`{}`@`%`", stranger.user), format!("`{}_role`", stranger.user));
            let password = testbed::mysql::text(&stranger.password);
            server.execute(&format!("CREATE ROLE {role}")).await;
            server.execute(&format!("CREATE USER {clone} IDENTIFIED BY {password}")).await;
            server.execute(&grant.replace("{clone}", &clone).replace("{role}", &role)).await;
            let before = accounts(server, &[&stranger.user]).await;
            let refusal = application.rotate_expect_err().await;
            assert!(refusal.contains("nothing shows that"), "{refusal}");
            assert_eq!(accounts(server, &[&stranger.user]).await, before, "{grant} on {version}");
            assert!(server.signs_in(&stranger, "").await);
        }
    }
}

/// An earlier function made the clone, without a mark, and the base has been given more since: AWSPREVIOUS is the proof.
#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_may_do_less_than_its_base_rotates_by_its_previous_password() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        let user = application.app.user().to_owned();
        application.rotate_ok().await;
        if !version.is_mariadb() {
            server
                .execute(&format!(
                    "ALTER USER `{user}_clone`@`%` ATTRIBUTE '{{\"rotation.clone_of\": null}}'"
                ))
                .await;
        }
        server.execute(&format!("GRANT TRIGGER ON {}.* TO `{user}`@`%`", application.app.database)).await;
        let pending = application.begin().await;
        for step in ["createSecret", "setSecret", "setSecret", "testSecret", "finishSecret"] {
            application
                .step(step, &pending)
                .await
                .unwrap_or_else(|error| panic!("{step} on {version}: {error:?}"));
        }
        let current = application.credentials("AWSCURRENT").await.expect("a current version");
        assert_eq!(current.user, user);
        assert!(application.signs_in("AWSCURRENT").await && application.signs_in("AWSPREVIOUS").await);
    }
}
