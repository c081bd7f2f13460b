//! No password in any log of MySQL's or MariaDB's, and none in ours.

use local_aws::Failure;
use testbed::{Application, MySql, MySqlOptions, STEPS, Server, Setup, mysql_versions};

async fn passwords_of(application: &Application<'_, MySql>) -> Vec<String> {
    let mut passwords = vec![
        application.app.credentials.password.clone(),
        application.server.admin().await.password.clone(),
        "test-rotation-token".to_owned(),
    ];
    for stage in ["AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"] {
        passwords.extend(application.credentials(stage).await.map(|credentials| credentials.password));
    }
    passwords
}

/// Every statement is in the general log, those that fail as well; so are retries, expired passwords, and rotations that
/// take over from abandoned ones.
#[tokio::test(flavor = "multi_thread")]
async fn no_log_holds_a_password_whatever_happened() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        for setup in server.setups() {
            let application = Application::start(&server, Setup { attempts: 2, ..setup.clone() }).await;
            let mut users = vec![application.app.user().to_owned()];
            // A clone that a person has to keep equal.
            users.extend(application.credentials("AWSPREVIOUS").await.map(|clone| clone.user));
            if !version.is_mariadb() {
                // Without the privilege at first: a statement that fails is logged as well.
                application.rotate().await;
                for user in users {
                    server.execute(&format!("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO `{user}`@`%`")).await;
                    server.execute(&format!("ALTER USER `{user}`@`%` PASSWORD REQUIRE CURRENT")).await;
                }
            }
            let mut passwords = passwords_of(&application).await;
            for failing in ["GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"] {
                application.local.fail(Failure::refuse(failing, 1, "AccessDeniedException"));
                application.rotate().await;
                passwords.extend(passwords_of(&application).await);
            }
            if !setup.function.contains("single") {
                let abandoned = application.begin().await;
                for step in &STEPS[..2] {
                    application.step(step, &abandoned).await.expect(step);
                }
                passwords.extend(passwords_of(&application).await);
                application.abandon(&abandoned).await;
                application.rotate().await;
                passwords.extend(passwords_of(&application).await);
            }
            let output = application.output();
            assert!(output.contains("step done"), "{output}");
            let logs =
                ["general.log", "log"].map(|log| std::fs::read(server.folder().join(log)).expect("a log"));
            let logs = logs.map(|log| String::from_utf8_lossy(&log).into_owned());
            assert!(logs[0].contains("ALTER USER") || logs[0].contains("SET PASSWORD"), "nothing is logged");
            for password in passwords {
                assert!(
                    !output.contains(&password),
                    "a secret is in the output of {}: {output}",
                    setup.function
                );
                for log in &logs {
                    assert!(
                        !log.contains(&password),
                        "a secret is in a log of {version}: {}",
                        setup.function
                    );
                }
            }
        }
    }
}
