//! Alternating users: a version without a label identifies the other user where no labelled version does.

use local_aws::Failure;
use serde_json::{Value, json};
use testbed::{
    Application, Credentials, MySql, Postgres, PostgresOptions, Server, Setup, mysql_versions,
    postgres_versions,
};

use crate::support::postgres::with_a_real_superuser;
use crate::support::store_as_previous;

/// Abandons a rotation after setSecret: only a version without a label then holds the other user's password.
async fn give_up<S: Server>(application: &Application<'_, S>) {
    let pending = application.begin().await;
    for step in ["createSecret", "setSecret"] {
        application.step(step, &pending).await.expect(step);
    }
    application.abandon(&pending).await;
}

/// Two users for which the server does not record that the superuser made the clone.
async fn pair_without_a_grantor(server: &Postgres) -> Application<'_> {
    let application = with_a_real_superuser(server).await;
    application.rotate_ok().await;
    application.rotate_ok().await;
    if server.version() < 16 {
        // Later versions record the grants of every role with SUPERUSER as this one's.
        let user = application.app.user();
        server
            .execute("postgres", &format!("REVOKE {user} FROM {user}_clone; GRANT {user} TO {user}_clone"))
            .await;
    }
    application
}

/// Without the permission the refusal is the same as without such versions, and the log names the permission.
async fn is_refused_by_a_role_that_may_not_list<S: Server>(application: &Application<'_, S>) {
    give_up(application).await;
    let pending = application.begin().await;
    application.step("createSecret", &pending).await.expect("createSecret");
    application.local.fail(Failure::refuse("ListSecretVersionIds", 1, "AccessDeniedException"));
    let error = application.step("setSecret", &pending).await.expect_err("nothing proves the other user");
    assert!(error.error_message.contains("nothing shows that"), "{}", error.error_message);
    let output = application.output();
    let warning = output.lines().find(|line| line.contains("versions without a label are not read"));
    let warning = warning.unwrap_or_else(|| panic!("no warning in: {output}"));
    assert!(warning.contains("secretsmanager:ListSecretVersionIds"), "{warning}");
    // With the permission the same version is rotated.
    application.local.clear_failures();
    for step in ["setSecret", "testSecret", "finishSecret"] {
        application.step(step, &pending).await.expect(step);
    }
    assert!(application.signs_in("AWSCURRENT").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_list_versions_is_told_so() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        application.rotate_ok().await;
        application.rotate_ok().await;
        is_refused_by_a_role_that_may_not_list(&application).await;
    }
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = pair_without_a_grantor(&server).await;
        is_refused_by_a_role_that_may_not_list(&application).await;
    }
}

/// What AWSCURRENT holds, as another user.
async fn with<S: Server>(application: &Application<'_, S>, other: &Credentials, fields: &Value) -> Value {
    let mut version = application.stored("AWSCURRENT").await.expect("a current version");
    version["username"] = json!(other.user);
    version["password"] = json!(other.password);
    for (name, value) in fields.as_object().into_iter().flatten() {
        version[name] = value.clone();
    }
    version
}

/// A step signs in five times at most, AWSCURRENT's own sign-in included; the refusal lists what was not tried.
#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_five_sign_ins_look_for_the_other_user() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = pair_without_a_grantor(&server).await;
        let clone = Credentials::new(&format!("{}_clone", application.app.user()));
        server.set_password(&clone).await;
        let current = application.stored("AWSCURRENT").await.expect("a current version");
        for _wrong in 0..6 {
            let wrong = with(&application, &Credentials::new(&clone.user), &json!({})).await;
            application.store_current(&wrong).await;
        }
        application.store_current(&current).await;
        application.store_current(&current).await;

        let pending = application.begin().await;
        application.step("createSecret", &pending).await.expect("createSecret");
        let log = server.log();
        let error = application.step("setSecret", &pending).await.expect_err("nothing proves the clone");
        let refusal = error.error_message;
        let untried = refusal.split_once("(not tried: the versions ").expect("a list").1;
        // There are six that are wrong, and the one of an earlier turn; AWSPENDING is tried before them.
        assert_eq!(untried.split(", ").count(), 4, "{refusal}");
        assert_eq!((log.failed(&clone.user), log.authorized(application.app.user())), (4, 1), "on {version}");
        // The command that the refusal prints, run for a password that a person has set.
        store_as_previous(&application, &refusal, &clone).await;
        for step in ["setSecret", "testSecret", "finishSecret"] {
            application.step(step, &pending).await.expect(step);
        }
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
    }
}

/// A person who turns TLS on stores a version without `"ssl": false`. The other user's version then has no label, and still has it.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_forbade_tls_still_proves_the_other_user() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        application.rotate_ok().await;
        application.rotate_ok().await;
        turns_tls_on(&application).await;
    }
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        turns_tls_on(&pair_without_a_grantor(&server).await).await;
    }
}

async fn turns_tls_on<S: Server>(application: &Application<'_, S>) {
    let current = application.stored("AWSCURRENT").await.expect("a current version");
    let clone = application.credentials("AWSPREVIOUS").await.expect("the clone's");
    for version in [
        with(application, &clone, &json!({"ssl": false})).await,
        with(
            application,
            &application.credentials("AWSCURRENT").await.expect("ours"),
            &json!({"ssl": false}),
        )
        .await,
        current,
    ] {
        application.store_current(&version).await;
    }
    application.rotate_ok().await;
    application.rotate_ok().await;
    assert!(application.signs_in("AWSCURRENT").await);
}

/// A person stores a wrong password as AWSPREVIOUS over and over: it is tried once, and the right one is still found.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_several_versions_hold_is_tried_once() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = pair_without_a_grantor(&server).await;
        give_up(&application).await;
        let clone = format!("{}_clone", application.app.user());
        let wrong = Credentials { user: clone.clone(), password: "wrong".to_owned() };
        for _ in 0..5 {
            application.store_previous(&wrong).await;
        }
        let log = server.log();
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        // AWSPREVIOUS, and AWSPENDING before it was set.
        assert_eq!(log.failed(&clone), 2, "on {version}");
    }
}
