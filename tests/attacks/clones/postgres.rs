//! On PostgreSQL: a name proves nothing, nor a membership that others can grant.

use serde_json::json;
use testbed::{App, Application, Credentials, Postgres, Setup, postgres_versions, remedy};

use super::super::store_as_previous;
use crate::clones::clone_of;

pub(crate) async fn as_user(server: &Postgres, user: &Credentials, sql: &str) {
    let mut session = server.sign_in(user, "postgres").await.expect("the user signs in");
    testbed::postgres::run(&mut session, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

pub(crate) async fn role(server: &Postgres, name: &str, options: &str) -> Credentials {
    let role = Credentials::new(name);
    server.execute("postgres", &format!("CREATE ROLE \"{name}\" LOGIN {options}")).await;
    server.set_password(&role).await;
    role
}

/// Up to 15 any user may make others members of itself, also by way of a third one; from 16 on a role with CREATEROLE makes
/// a base of its own, and a stranger a member of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_that_others_made_a_member_is_not_taken_over() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let attacker = App::create(server, "mine").await;
        let stranger = role(server, &format!("{}_clone", attacker.user()), "").await;
        let (mine, strangers) = (attacker.user().to_owned(), stranger.user.clone());
        let mut application = Application::with(server, attacker, Setup::alternating_users()).await;
        if version < 16 {
            let third = role(server, &format!("third{version}{mine}"), "").await;
            let grant = format!("GRANT {mine} TO {} WITH ADMIN OPTION", third.user);
            as_user(server, &application.app.credentials, &grant).await;
            as_user(server, &third, &format!("GRANT {mine} TO {strangers}")).await;
        } else {
            let maker = role(server, &format!("maker{version}{mine}"), "CREATEROLE").await;
            let (foo, foo_clone) = (format!("foo_{mine}"), format!("foo_{mine}_clone"));
            let victim = role(server, &foo_clone, "").await;
            let own = Credentials::new(&foo);
            as_user(server, &maker, &format!("CREATE ROLE {foo} LOGIN PASSWORD '{}'", own.password)).await;
            as_user(server, &maker, &format!("GRANT {foo} TO {foo_clone}")).await;
            let admin = server.admin().await;
            server
                .execute("postgres", &format!("GRANT {foo}, {foo_clone} TO {} WITH ADMIN OPTION", admin.user))
                .await;
            let mut current = application.stored("AWSCURRENT").await.expect("a first version");
            current["username"] = json!(own.user);
            current["password"] = json!(own.password);
            current["dbname"] = json!("postgres");
            application.store_current(&current).await;
            application.app = App { credentials: own, database: "postgres".into() };
            refuses_to_take(&application, &victim).await;
            continue;
        }
        refuses_to_take(&application, &stranger).await;
    }
}

async fn refuses_to_take(application: &Application<'_>, stranger: &Credentials) {
    let server = application.server;
    let state = "SELECT rolname || coalesce(rolpassword, '') || rolcanlogin FROM pg_authid ORDER BY 1";
    let before = server.values("postgres", state).await;
    application.local.clear_calls();
    let log = server.log();
    let refusal = application.rotate_expect_err().await;
    assert!(refusal.contains("nothing shows that"), "{refusal} on {}", server.version());
    let ours = [application.app.user(), &stranger.user];
    let of_ours = |rows: Vec<String>| -> Vec<String> {
        rows.into_iter().filter(|row| ours.iter().any(|user| row.starts_with(user))).collect()
    };
    assert_eq!(of_ours(server.values("postgres", state).await), of_ours(before));
    assert!(server.signs_in(stranger, "postgres").await, "on {}", server.version());
    let tried = log.failed(&stranger.user) + log.authorized(&stranger.user);
    assert!(tried <= 4, "{tried} sign-ins");
}

/// Somebody takes the clone's name before the first rotation. Then each remedy of the refusal.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_there_before_the_first_rotation_gets_nothing_on_postgresql() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for way in ["store", "regrant", "drop"] {
            let application = Application::start(server, Setup::alternating_users()).await;
            let admin = server.admin().await.clone();
            let squatter = role(server, &clone_of(&application), "").await;
            if version >= 16 {
                server
                    .execute("postgres", &format!("GRANT {} TO master WITH ADMIN OPTION", squatter.user))
                    .await;
            }
            application.local.clear_calls();
            let refusal = application.rotate_expect_err().await;
            assert!(refusal.contains("nothing shows that"), "{refusal}");
            assert!(server.signs_in(&squatter, "postgres").await, "on {version}");
            match way {
                "store" => store_as_previous(&application, &refusal, &squatter).await,
                "regrant" => {
                    let run = remedy(&refusal, "the superuser").join("; ");
                    as_user(server, &admin, &run).await;
                }
                _ => {
                    let run = remedy(&refusal, "an administrator").join("; ");
                    server.execute("postgres", &run).await;
                }
            }
            for _turn in 0..3 {
                application.rotate_ok().await;
            }
            assert!(application.signs_in("AWSCURRENT").await, "{way} on {version}");
        }
    }
}

/// No proof by the grantor: no superuser's session either, until a version has signed in as the other user.
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_brings_no_superuser_to_postgresql() {
    for version in postgres_versions() {
        let server = Postgres::start(version, testbed::PostgresOptions::default()).await;
        let application = Application::start(&server, Setup::alternating_users()).await;
        role(&server, &clone_of(&application), "").await;
        let log = server.log();
        application.rotate_expect_err().await;
        assert_eq!((log.authorized("master"), log.failed("master")), (0, 0), "{}", log.text());
    }
}

/// Grants of a real superuser are recorded as the bootstrap superuser's: each turn takes a sign-in of AWSPREVIOUS. After a
/// rotation that was given up, of a version without a label.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_superuser_rotates_by_what_the_secret_holds() {
    for version in postgres_versions() {
        let server = Postgres::start(version, testbed::PostgresOptions::default()).await;
        let application = under_a_real_superuser(&server).await;
        for _turn in 0..4 {
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        }
        let pending = application.begin().await;
        for step in ["createSecret", "setSecret"] {
            application.step(step, &pending).await.expect(step);
        }
        application.abandon(&pending).await;
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
    }
}

/// Whose superuser's grants prove nothing, so that a version of the secret has to.
pub(crate) async fn under_a_real_superuser(server: &Postgres) -> Application<'_> {
    let boss = role(server, "boss", "SUPERUSER").await;
    let application = Application::start(server, Setup::alternating_users()).await;
    let superuser = server.secret(&boss, "postgres");
    application.store_superuser(&superuser).await;
    application
}
