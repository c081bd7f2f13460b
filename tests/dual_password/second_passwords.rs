//! A second password of MySQL (RETAIN) outlives IDENTIFIED BY: one that was planted, or leaked, years ago would sign in after
//! every rotation.

use serde_json::json;
use testbed::mysql::{run, text};
use testbed::{Application, Credentials, MySql, STEPS, Server, Setup, mysql_versions};

async fn servers() -> Vec<&'static MySql> {
    let mut servers = Vec::new();
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        servers.push(MySql::shared(version).await);
    }
    servers
}

/// Gives a user a second password, which its stored versions do not have, and which signs in.
async fn plant(server: &MySql, user: &str, stored: &Credentials) -> Credentials {
    let planted = Credentials::new(user);
    for statement in [
        format!("ALTER USER `{user}`@`%` IDENTIFIED BY {}", text(&planted.password)),
        format!("ALTER USER `{user}`@`%` IDENTIFIED BY {} RETAIN CURRENT PASSWORD", text(&stored.password)),
    ] {
        server.execute(&statement).await;
    }
    assert!(server.signs_in(&planted, "").await && server.signs_in(stored, "").await);
    planted
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_password_ends_with_the_turn_of_either_of_two_users() {
    for server in servers().await {
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        application.rotate_ok().await;
        for _turn in 0..2 {
            let next = application.credentials("AWSPREVIOUS").await.expect("a previous version");
            let planted = plant(server, &next.user, &next).await;
            let log = server.log();
            application.rotate_ok().await;
            // Other tests use the server at the same time.
            let names = [format!("{}`@", next.user), format!("{}'@", next.user)];
            let ours = |line: &&str| names.iter().any(|name| line.contains(name));
            let log = log.text().lines().filter(ours).collect::<Vec<_>>().join("\n");
            let at =
                |statement: &str| log.find(statement).unwrap_or_else(|| panic!("no {statement} in: {log}"));
            assert!(
                at("IDENTIFIED WITH") < at("DISCARD OLD PASSWORD"),
                "not before the new one is set: {log}"
            );
            assert!(!server.signs_in(&planted, "").await, "the planted password of {} signs in", next.user);
            assert!(application.signs_in("AWSCURRENT").await && application.signs_in("AWSPREVIOUS").await);
        }
    }
}

/// By the user itself where it may, or by the superuser that installs for it; after a crash, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_password_of_a_single_user_ends_where_somebody_may_end_it() {
    for server in servers().await {
        for by_superuser in [false, true] {
            let application = Application::start(server, Setup::mysql_single_user()).await;
            let account = format!("`{}`@`%`", application.app.user());
            if by_superuser {
                let mut current = application.stored("AWSCURRENT").await.expect("a first version");
                current["masterarn"] = json!(application.superuser_arn);
                application.store_current(&current).await;
            } else {
                server.execute(&format!("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {account}")).await;
            }
            let stored = application.credentials("AWSCURRENT").await.expect("a first version");
            let planted = plant(server, application.app.user(), &stored).await;
            if by_superuser {
                server.execute(&format!("ALTER USER {account} PASSWORD EXPIRE")).await;
            }
            application.rotate_ok().await;
            assert!(!server.signs_in(&planted, "").await, "by the superuser: {by_superuser}");
            assert!(application.signs_in("AWSCURRENT").await);
        }
    }
}

/// An attempt that ended between the two statements left the second password; the next one finds the new password set.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_password_ends_where_an_earlier_attempt_stopped_before_that() {
    for server in servers().await {
        let application = Application::start(server, Setup::mysql_single_user()).await;
        let account = format!("`{}`@`%`", application.app.user());
        server.execute(&format!("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {account}")).await;
        let version = application.begin().await;
        application.step("createSecret", &version).await.expect("createSecret");
        let pending = application.credentials("AWSPENDING").await.expect("a pending version");
        let planted = plant(server, application.app.user(), &pending).await;
        application.step("setSecret", &version).await.expect("setSecret");
        assert!(!server.signs_in(&planted, "").await);
    }
}

/// Nobody may end it, or even see it: a line at INFO, and the rotation goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_single_user_without_the_privilege_rotates_and_says_so() {
    for server in servers().await {
        let application = Application::start(server, Setup::mysql_single_user()).await;
        application.rotate_ok().await;
        let output = application.output();
        let line = output.lines().find(|line| line.contains("APPLICATION_PASSWORD_ADMIN"));
        assert!(line.is_some_and(|line| line.contains("\"level\":\"INFO\"")), "{output}");
        assert!(!output.contains("\"level\":\"WARN\""), "{output}");
    }
}

/// After a rotation of dual password that was given up, AWSCURRENT is the second password: it signs in until the next one is
/// installed, and no longer.
#[tokio::test(flavor = "multi_thread")]
async fn current_that_is_the_second_password_is_not_ended_too_early() {
    for server in servers().await {
        let application = Application::start(server, Setup::mysql_dual_password()).await;
        let account = format!("`{}`@`%`", application.app.user());
        server.execute(&format!("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {account}")).await;
        let version = application.begin().await;
        for step in ["createSecret", "setSecret"] {
            application.step(step, &version).await.expect(step);
        }
        application.abandon(&version).await;
        assert!(application.signs_in("AWSCURRENT").await);
        application.functions.add("mysql-single-user", &[], std::time::Duration::from_secs(30)).await;
        let event = |step, version: &str| application.event(step, version);
        let version = application.begin().await;
        let old = application.credentials("AWSCURRENT").await.expect("a current version");
        for step in ["createSecret", "setSecret"] {
            let result = application.functions.invoke("mysql-single-user", &event(step, &version)).await;
            result.unwrap_or_else(|error| panic!("{step}: {error:?}"));
        }
        assert!(application.signs_in("AWSPENDING").await);
        assert!(!server.signs_in(&old, "").await, "it is ended with the new one in place");
        let mut root = server.root_session().await;
        let second = format!(
            "SELECT COUNT(*) FROM mysql.user WHERE User = '{}' AND User_attributes LIKE '%additional_password%'",
            application.app.user()
        );
        assert_eq!(run(&mut root, &second).await.expect("a count"), ["0"]);
    }
}

/// The former password of dual password ends with the first turn of its user, the second rotation of alternating users.
#[tokio::test(flavor = "multi_thread")]
async fn the_former_password_of_dual_password_ends_with_the_bases_first_turn_of_alternating_users() {
    for server in servers().await {
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        server.allow_two_passwords(&application.app).await;
        application.functions.add("mysql-dual-password", &[], std::time::Duration::from_secs(30)).await;
        let version = application.begin().await;
        for step in STEPS {
            let event = application.event(step, &version);
            let result = application.functions.invoke("mysql-dual-password", &event).await;
            result.unwrap_or_else(|error| panic!("{step}: {error:?}"));
        }
        let old = application.credentials("AWSPREVIOUS").await.expect("a previous version");
        for still in [true, false] {
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await && application.signs_in("AWSPREVIOUS").await);
            assert_eq!(server.signs_in(&old, "").await, still, "still: {still}");
        }
    }
}
