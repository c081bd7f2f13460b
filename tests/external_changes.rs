//! Changes by others during a rotation: another implementation of the contract, people, and rotations of other secrets.

use serde_json::json;
use testbed::mysql::{name as quoted, text};
use testbed::{
    App, Application, Credentials, MySql, Postgres, STEPS, Server, Setup, mysql_versions, postgres_versions,
};
use tokio::task::JoinSet;

use crate::support::{nothing_is_lost, setups_that_a_function_keeps_equal, store_as_previous};

/// How many secrets of one server are rotated at once.
const SECRETS: usize = 8;

/// What another implementation does in createSecret: a value of its own, that differs in user and password.
async fn create_secret<S: Server>(application: &Application<'_, S>, pending: &str) -> Credentials {
    let mut secret = application.stored("AWSCURRENT").await.expect("a version");
    let current = secret["username"].as_str().expect("a user").to_owned();
    let next = match current.strip_suffix("_clone") {
        _ if secret.get("masterarn").is_none() => current,
        Some(base) => base.to_owned(),
        None => format!("{current}_clone"),
    };
    let next = Credentials::new(&next);
    secret["username"] = json!(next.user);
    secret["password"] = json!(next.password);
    application.store_pending(pending, &secret).await;
    next
}

/// And in finishSecret.
async fn finish_secret<S: Server>(application: &Application<'_, S>, pending: &str) {
    let labels = application.labels().await;
    let current =
        labels.iter().find_map(|label| label.strip_prefix("AWSCURRENT ")).expect("a current version");
    let call = application.client.update_secret_version_stage().secret_id(&application.arn);
    let call = call.version_stage("AWSCURRENT").move_to_version_id(pending).remove_from_version_id(current);
    call.send().await.expect("UpdateSecretVersionStage is accepted");
}

/// AWS's function on PostgreSQL: the clone is a member of the base, and a superuser sets its password.
async fn set_secret_on_postgres(server: &Postgres, app: &App, next: &Credentials) {
    let (user, clone) = (testbed::postgres::name(app.user()), testbed::postgres::name(&next.user));
    if next.user.ends_with("_clone")
        && server
            .values("postgres", &format!("SELECT 1 FROM pg_roles WHERE rolname = '{}'", next.user))
            .await
            .is_empty()
    {
        server.execute("postgres", &format!("CREATE ROLE {clone} LOGIN")).await;
        server.execute("postgres", &format!("GRANT {user} TO {clone}")).await;
    }
    server.set_password(next).await;
}

/// AWS's function on MySQL: the clone gets copies of the base's grants.
async fn set_secret_on_mysql(server: &MySql, app: &App, next: &Credentials) {
    let (account, password) = (format!("{}@'%'", quoted(&next.user)), text(&next.password));
    server.execute(&format!("CREATE USER IF NOT EXISTS {account} IDENTIFIED BY {password}")).await;
    if next.user.ends_with("_clone") {
        for grant in server.values(&format!("SHOW GRANTS FOR {}@'%'", quoted(app.user()))).await {
            // MariaDB shows the hash there.
            let grant = grant.split(" IDENTIFIED BY ").next().unwrap_or_default();
            server
                .execute(
                    &grant.replace(&format!("{}@", quoted(app.user())), &format!("{}@", quoted(&next.user))),
                )
                .await;
        }
    }
    server.execute(&format!("ALTER USER {account} IDENTIFIED BY {password}")).await;
}

/// Another implementation has run any number of the steps; ours runs all four after it, with the same token.
async fn take_over<S: Server>(
    application: &Application<'_, S>,
    set_secret: impl AsyncFn(&Credentials),
    context: &str,
) {
    for ran in 0..=STEPS.len() {
        for _turn in 0..2 {
            let context = format!("{context} after {ran} steps of another");
            let pending = application.begin().await;
            if ran > 0 {
                let next = create_secret(application, &pending).await;
                if ran > 1 {
                    set_secret(&next).await;
                }
            }
            if ran == STEPS.len() {
                finish_secret(application, &pending).await;
            }
            for step in STEPS {
                let result = application.step(step, &pending).await;
                assert!(result.is_ok(), "{context}: {step}: {result:?}");
                nothing_is_lost(application, context.contains("single"), &context).await;
            }
            assert!(application.labels().await.contains(&format!("AWSCURRENT {pending}")), "{context}");
            assert!(application.signs_in("AWSCURRENT").await, "{context}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_another_implementation_began_is_completed() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let early = server.setups_promoting_in_set_secret();
        for setup in setups_that_a_function_keeps_equal(server).into_iter().chain(early) {
            let context = format!("{} on {version}", setup.name());
            let application = Application::start(server, setup).await;
            let app = &application.app;
            take_over(&application, async |next| set_secret_on_postgres(server, app, next).await, &context)
                .await;
        }
    }
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let single_user = Setup::mysql_single_user();
        let early = single_user.clone().promoting_in_set_secret();
        for setup in [single_user, early, Setup::mysql_alternating_users()] {
            let context = format!("{} on {version}", setup.name());
            let application = Application::start(server, setup).await;
            let app = &application.app;
            take_over(&application, async |next| set_secret_on_mysql(server, app, next).await, &context)
                .await;
        }
    }
}

/// A person sets a password between setSecret and testSecret. Two users: the retry sets it again; on MySQL and MariaDB only once
/// that password is stored, since nothing else shows whose account it is. One user: no stored password signs in, because of that
/// person, and the error says what to do.
async fn a_person_sets_a_password<S: Server>(
    application: &Application<'_, S>,
    set: impl AsyncFn(&Credentials),
) {
    let pending = application.begin().await;
    for step in &STEPS[..2] {
        application.step(step, &pending).await.expect(step);
    }
    let user = application.credentials("AWSPENDING").await.expect("a pending version").user;
    let by_a_person = Credentials::new(&user);
    set(&by_a_person).await;
    let refused = application.step("testSecret", &pending).await.expect_err("another password");
    assert_eq!(refused.error_type, "SignInRefused", "{refused:?}");
    let again = application.step("setSecret", &pending).await;
    if user == application.app.user()
        && application.credentials("AWSCURRENT").await.is_some_and(|c| c.user == user)
    {
        let refused = again.expect_err("nobody proves who the user is");
        assert_eq!(refused.error_type, "Refused", "{refused:?}");
        assert!(refused.error_message.contains("then rotate again"), "{refused:?}");
        set(&application.credentials("AWSCURRENT").await.expect("a version")).await;
    } else if let Err(refused) = again {
        store_as_previous(application, &refused.error_message, &by_a_person).await;
    }
    for step in STEPS {
        application.step(step, &pending).await.expect(step);
    }
    assert!(application.signs_in("AWSCURRENT").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_a_person_sets_during_a_rotation_is_replaced_or_explained() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    for setup in server.setups() {
        let application = Application::start(server, setup).await;
        a_person_sets_a_password(&application, async |of| server.set_password(of).await).await;
    }
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for setup in [Setup::mysql_single_user(), Setup::mysql_alternating_users()] {
            let application = Application::start(server, setup).await;
            let set = async |of: &Credentials| {
                let statement =
                    format!("ALTER USER {}@'%' IDENTIFIED BY {}", quoted(&of.user), text(&of.password));
                server.execute(&statement).await;
            };
            a_person_sets_a_password(&application, set).await;
        }
    }
}

/// A person removes AWSPENDING (the rotation is refused), or makes the version current too early (it is done). Nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_moves_labels_during_a_rotation_loses_nothing() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    for ran in 1..STEPS.len() {
        let application = Application::start(server, Setup::alternating_users()).await;
        let taken = application.begin().await;
        for step in &STEPS[..ran] {
            application.step(step, &taken).await.expect(step);
        }
        application.abandon(&taken).await;
        for step in STEPS {
            let refused = application.step(step, &taken).await.expect_err(step);
            assert_eq!(refused.error_type, "Refused", "{step}: {refused:?}");
        }
        assert!(application.signs_in("AWSCURRENT").await);
        application.rotate_ok().await;

        let early = application.begin().await;
        for step in &STEPS[..ran] {
            application.step(step, &early).await.expect(step);
        }
        finish_secret(&application, &early).await;
        // It is current now, so there is nothing left to do. Before setSecret, that was a mistake of that person.
        for step in STEPS {
            application.step(step, &early).await.expect(step);
        }
        assert_eq!(application.signs_in("AWSCURRENT").await, ran > 1, "after {ran} steps");
    }
}

/// Secrets of one server, each rotated by a process of its own, at once.
async fn rotate_at_once<S: Server>(server: &'static S, setup: Setup<'static>) {
    let mut rotating = JoinSet::new();
    for _ in 0..SECRETS {
        let setup = setup.clone();
        rotating.spawn(async move {
            let application = Application::start(server, setup).await;
            server.allow_two_passwords(&application.app).await;
            for _ in 0..2 {
                application.rotate_ok().await;
                assert!(application.signs_in("AWSCURRENT").await);
            }
        });
    }
    rotating.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_rotations_of_different_secrets_on_one_server_all_succeed() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    for setup in server.setups() {
        rotate_at_once(server, setup).await;
    }
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for setup in server.setups() {
            rotate_at_once(server, setup).await;
        }
    }
}
